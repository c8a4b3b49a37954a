"""`ChatServing`: what the backends that speak the OpenAI chat protocol share.

`OpenAIServing` speaks to any compatible endpoint, `LocalServing` to a model in a child process. A subclass says where
the endpoint is; sending, reading and typed errors are here, retries and concurrency in `engine.py`.
"""

from __future__ import annotations

import json
import threading
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dataflow_rs.core.environment import load
from dataflow_rs.exceptions import ContentFilteredError
from dataflow_rs.serving.base import Finished, Serving
from dataflow_rs.serving.openai_errors import BrokenReplyError, typed_error
from dataflow_rs.serving.retry import RetryPolicy
from dataflow_rs.serving.types import Completion, Request, Usage

if TYPE_CHECKING:
    from dataflow_rs.serving.engine import AsyncEngine

_CONNECT_TIMEOUT_S = 10.0


class ChatServing(Serving):
    """Base of backends behind the OpenAI chat protocol."""

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
        """Return `base_url` and `api_key` of the endpoint, which is ready when this returns; and `http_client`."""

    @property
    def model_name(self) -> str:
        """The model as the endpoint calls it."""
        return str(self.parameters["model"])

    @property
    def extra_fields(self) -> Mapping[str, Any]:
        """Fields of the request body that the protocol does not name."""
        return {}

    # -- life ----------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Connect to the endpoint."""
        from dataflow_rs.serving.engine import AsyncEngine

        with self._starting:
            if self._engine is None:
                self._engine = AsyncEngine(self.concurrency, self.policy)
            if self._client is None:
                openai = load("openai", self._extra, self.name)
                endpoint = self.connect()
                self._secret: str | None = endpoint["api_key"]
                self._client = openai.AsyncOpenAI(max_retries=0, timeout=self._timeout(openai), **endpoint)
                self._engine.on_close(self._client.close)

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

    def _timeout(self, openai: Any) -> Any:
        return openai.Timeout(self.policy.timeout_s, connect=min(_CONNECT_TIMEOUT_S, self.policy.timeout_s))

    # -- asking --------------------------------------------------------------------------------------------------------

    def answer_all(self, requests: Sequence[Request], finished: Finished) -> None:
        """Send the requests, as many at once as the serving allows."""
        assert self._engine is not None, "start() comes first"
        self._engine.answer_all(requests, self._send, finished)

    async def _send(self, request: Request) -> Completion:
        """Send a request once."""
        import openai

        try:
            reply = await self._client.chat.completions.with_raw_response.create(**self.body(request))
            content = json.loads(reply.content)
        except (openai.OpenAIError, ValueError) as error:
            raise typed_error(error, self._secret) from error
        return read_reply(content)

    def body(self, request: Request) -> dict[str, Any]:
        """Return the arguments of the client's `create` for a request."""
        settings = {
            "temperature": request.temperature,
            "top_p": request.top_p,
            "max_tokens": request.max_tokens,
            "seed": None if request.seed is None else request.seed + request.sample,
            "stop": list(request.stop) or None,
            "response_format": _response_format(request.json_schema),
            "extra_body": dict(self.extra_fields) or None,
        }
        given = {name: value for name, value in settings.items() if value is not None}
        return {"model": self.model_name, "messages": list(request.messages), **given}


_LOOSE = frozenset(
    ["minLength", "maxLength", "uniqueItems", "minProperties", "maxProperties", "prefixItems", "oneOf", "allOf", "not"]
)


def _response_format(schema: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if schema is None:
        return None
    form = {"name": "reply", "schema": dict(schema), "strict": is_strict(schema)}
    return {"type": "json_schema", "json_schema": form}


def is_strict(schema: Any) -> bool:
    """Whether a schema is in the subset that endpoints accept with `strict`; they refuse others with it.

    Examples:
        >>> is_strict({"type": "object", "properties": {"a": {}}, "required": ["a"], "additionalProperties": False})
        True
        >>> is_strict({"type": "object", "properties": {"a": {}}})
        False
    """
    if isinstance(schema, list):
        return all(map(is_strict, schema))
    if not isinstance(schema, Mapping):
        return True
    if schema.get("type") == "object" or "properties" in schema:
        closed = schema.get("additionalProperties") is False
        if not closed or set(schema.get("required", ())) != set(schema.get("properties", ())):
            return False
    parts = [
        part for name, part in schema.items() if name not in ("properties", "$defs", "definitions", "enum", "const")
    ]
    named = [part for name in ("properties", "$defs", "definitions") for part in schema.get(name, {}).values()]
    return not _LOOSE & set(schema) and all(map(is_strict, parts + named))


def read_reply(content: Any) -> Completion:
    """Return the completion in the body of a reply.

    Raises:
        BrokenReplyError: the body is not what the protocol says.
        ContentFilteredError: the endpoint withheld the answer.
    """
    try:
        choice = content["choices"][0]
        message = choice["message"]
        text, reasoning = message.get("content"), message.get("reasoning_content")
        finish_reason, refusal = choice.get("finish_reason"), message.get("refusal")
        usage = content.get("usage") or {}
        tokens = Usage(int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0))
    except (KeyError, IndexError, TypeError, AttributeError, ValueError):
        raise BrokenReplyError(f"the endpoint's reply has no answer in it: {str(content)[:200]}") from None
    if finish_reason == "content_filter" or (refusal and not text):
        raise ContentFilteredError(f"the endpoint withheld the answer: {refusal or 'content filter'}")
    if text is not None and not isinstance(text, str):
        raise BrokenReplyError(f"the endpoint's answer is no text: {str(text)[:200]}")
    return Completion(text or "", tokens, finish_reason, reasoning_content=reasoning or None)
