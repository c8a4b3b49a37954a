"""`EndpointServing` and `ChatServing`: what the backends behind the OpenAI protocol share.

`OpenAIServing` speaks to any compatible endpoint, `LocalServing` to a model in a child process. A subclass says where
the endpoint is; sending and typed errors are here, the form of requests and replies in `openai_format.py`, retries and
concurrency in `engine.py`. What an endpoint turns out not to know (structured output, the name of a field) is learned
from its first refusal, and that request is sent again without it.
"""

from __future__ import annotations

import logging
import threading
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from dataflow_rs.exceptions import InvalidRequestError
from dataflow_rs.serving.base import Finished, Serving
from dataflow_rs.serving.openai_format import asked_by_prompt, chat_body, completions_body, read_reply
from dataflow_rs.serving.retry import RetryPolicy
from dataflow_rs.serving.types import Completion, Request

if TYPE_CHECKING:
    from dataflow_rs.serving.endpoints import Endpoint
    from dataflow_rs.serving.engine import AsyncEngine, Rates
    from dataflow_rs.serving.sessions import Ended, Session

Structured: TypeAlias = Literal["auto", "native", "prompt"]

_log = logging.getLogger(__name__)
SCHEMA, MAX_TOKENS, INSTEAD_OF_MAX_TOKENS = "response_format", "max_tokens", "max_completion_tokens"
SCHEMA_WORDS = ("response_format", "response format", "json_schema", "structured output", "guided", "grammar")


class EndpointServing(Serving):
    """Base of backends behind an address: the connection, and the engine that sends many requests at once."""

    works_in_background: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self._engine: AsyncEngine | None = None
        self._client: Any = None
        self._starting = threading.RLock()

    # -- what a subclass says ------------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def policy(self) -> RetryPolicy:
        """Retries and limits."""

    @property
    @abstractmethod
    def concurrency(self) -> int:
        """How many requests may be under way at once."""

    @abstractmethod
    def connect(self) -> dict[str, Any]:
        """Make the endpoint ready, and return where it is.

        Returns:
            `base_url`: an address, several of them, or a mapping of addresses to weights; `api_key`: or None; and
            `uses_proxy`: False for a server of our own on this machine.
        """

    @property
    def rates(self) -> Rates:
        """Limits per minute."""
        from dataflow_rs.serving.engine import Rates

        return Rates()

    @property
    def model_name(self) -> str:
        """The model as the endpoint calls it."""
        return str(vars(self)["model"])

    @property
    def extra_fields(self) -> Mapping[str, Any]:
        """Fields of the request body that the protocol does not name."""
        return {}

    # -- life ----------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Connect to the endpoints."""
        from dataflow_rs.serving.endpoints import Endpoint
        from dataflow_rs.serving.engine import AsyncEngine
        from dataflow_rs.serving.http_client import HttpClient
        from dataflow_rs.serving.limits import AdaptiveLimit

        with self._starting:
            if self._client is not None:
                return
            place = self.connect()
            weights = weighted(place["base_url"])
            most = max(weights.values())
            endpoints = [
                Endpoint(
                    url.rstrip("/"),
                    AdaptiveLimit(max(1, round(self.concurrency * weight / most))),
                    place.get("api_key"),
                    weight,
                )
                for url, weight in weights.items()
            ]
            client = HttpClient(self.name, self._extra, uses_proxy=place.get("uses_proxy", True))
            if self._engine is None:
                self._engine = AsyncEngine(endpoints, self.policy, self.rates)
            else:
                self._engine.pool.endpoints = endpoints
            self._client = client
            self._engine.on_close(client.close)

    def disconnect(self) -> None:
        """Forget the connection; the next `start()` connects again."""
        with self._starting:
            if self._engine is not None and self._client is not None:
                self._engine.run(self._client.close())
            self._client = None

    def close(self) -> None:
        """Close connections; a later request opens them again."""
        super().close()
        with self._starting:
            engine, self._engine, self._client = self._engine, None, None
            if engine is not None:
                engine.close()

    @property
    def _extra(self) -> str:
        return "openai"

    async def post(self, endpoint: Endpoint, path: str, body: Mapping[str, Any]) -> Any:
        """Send JSON to a route of an endpoint once, and return the JSON that comes back.

        Raises:
            ServingError: there is no reply, one that reports a failure, or one that is no JSON.
        """
        return await self._client.post(endpoint, path, body)

    # -- asking --------------------------------------------------------------------------------------------------------

    @abstractmethod
    async def send(self, request: Request, endpoint: Endpoint) -> Completion:
        """Send a request once.

        Raises:
            ServingError: there is no answer.
        """

    def answer_all(self, requests: Sequence[Request], finished: Finished) -> None:
        """Send the requests, as many at once as the endpoints take."""
        assert self._engine is not None, "start() comes first"
        self._engine.answer_all(requests, self.send, finished)

    def session(self, ended: Ended) -> Session:
        """Return a session of the engine, which works on requests while others are being made."""
        assert self._engine is not None, "start() comes first"
        return self._engine.session(self.send, ended)


def weighted(urls: str | Sequence[str] | Mapping[str, float]) -> dict[str, float]:
    """Return address -> weight.

    Examples:
        >>> weighted("http://a/v1"), weighted(["http://a/v1", "http://b/v1"])
        ({'http://a/v1': 1.0}, {'http://a/v1': 1.0, 'http://b/v1': 1.0})
    """
    if isinstance(urls, Mapping):
        return {url: float(weight) for url, weight in urls.items()}
    return dict.fromkeys([urls] if isinstance(urls, str) else urls, 1.0)


class ChatServing(EndpointServing):
    """Base of backends behind the OpenAI chat protocol.

    Args:
        structured: how an answer is made to follow a JSON schema. `native`: by the endpoint (`response_format`);
            `prompt`: by a sentence in the prompt; `auto`: by the endpoint, unless it refuses.
        price: cost of a million tokens, (prompt, generated), in any currency.
        call_log: file of recorded calls; by default the log of the run, if there is one.
        replay: `auto`, `only` (no call is made) or `off` (every call is made).
        max_repairs: how often a reply that cannot be used is sent back for repair.
    """

    structured: Structured = field(default="auto", kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._refused: frozenset[str] = frozenset()

    @property
    def path(self) -> str:
        """The route that requests are sent to."""
        return "/chat/completions"

    async def send(self, request: Request, endpoint: Endpoint) -> Completion:
        """Send a request once, in the form that the endpoint accepts; see `_refusal`."""
        while True:
            refused = self._refused
            try:
                return await self._send(self._adapted(request, refused), endpoint)
            except InvalidRequestError as error:
                refusal = self._refusal(request, refused, str(error))
                if refusal is None:
                    raise
                _log.info("%s: the endpoint refuses '%s'; it is not sent any more", self.name, refusal)
                self._refused |= {refusal}

    def _adapted(self, request: Request, refused: frozenset[str]) -> Request:
        by_prompt = self.structured == "prompt" or SCHEMA in refused or not self.path.startswith("/chat")
        return asked_by_prompt(request) if by_prompt and request.json_schema is not None else request

    def _refusal(self, request: Request, refused: frozenset[str], text: str) -> str | None:
        """Return what the endpoint refuses that the request can do without, or None."""
        sent = self._adapted(request, refused).json_schema is not None
        native = sent and self.structured == "auto"
        if native and any(word in text.lower() for word in SCHEMA_WORDS):
            return SCHEMA
        if request.max_tokens is not None and MAX_TOKENS not in refused and INSTEAD_OF_MAX_TOKENS in text:
            return MAX_TOKENS
        return None

    async def _send(self, request: Request, endpoint: Endpoint) -> Completion:
        """Send a request once."""
        return read_reply(await self.post(endpoint, self.path, self.body(request)))

    def body(self, request: Request) -> dict[str, Any]:
        """Return the body of a request."""
        form = chat_body if self.path.startswith("/chat") else completions_body
        body = form(self.model_name, request)
        if MAX_TOKENS in self._refused and MAX_TOKENS in body:
            body[INSTEAD_OF_MAX_TOKENS] = body.pop(MAX_TOKENS)
        return {**body, **self.extra_fields}
