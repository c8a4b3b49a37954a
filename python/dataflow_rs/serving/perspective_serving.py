"""`PerspectiveServing`: Google's Perspective comment analyser, which scores how a text may be received.

The key goes into a header and into no address. Google's default quota is one request per second; the engine keeps to
`requests_per_minute`, and slows down further where it is asked to.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa

from dataflow_rs.core.component import component
from dataflow_rs.core.environment import missing_extra
from dataflow_rs.exceptions import AuthenticationFailedError, InvalidRequestError, ParameterError, ServingError
from dataflow_rs.serving.base import Serving
from dataflow_rs.serving.chat import EndpointServing, weighted
from dataflow_rs.serving.measuring import MeasuringServing, text_of
from dataflow_rs.serving.openai_errors import BrokenReplyError, redacted
from dataflow_rs.serving.retry import RetryPolicy
from dataflow_rs.serving.settings import check_addresses, check_settings
from dataflow_rs.serving.types import Completion, Request

if TYPE_CHECKING:
    from dataflow_rs.serving.endpoints import Endpoint
    from dataflow_rs.serving.engine import Rates

_GOOGLE = "https://commentanalyzer.googleapis.com/v1alpha1"
_LONGEST_BYTES = 20_480
_WRONG_KEY = ("api key not valid", "api_key_invalid")


@dataclass(frozen=True)
class Scores:
    """The scores of texts.

    Attributes:
        columns: attribute -> `float64` array, one score from 0 to 1 per text; null where there is none.
        errors: position of the text -> why it has no scores. A null text has neither scores nor error.
    """

    columns: Mapping[str, pa.DoubleArray]
    errors: Mapping[int, ServingError] = field(default_factory=dict)


@component
class PerspectiveServing(MeasuringServing, EndpointServing):
    """Score texts with Google's Perspective API.

    Needs the extra `[openai]`, and a key of the Google Cloud project. Equal texts are sent once, scores are recorded in
    the call log, and every text ends as scores or as a typed error.

    Args:
        attributes: what is scored, such as `TOXICITY`, `INSULT`, `THREAT`.
        languages: languages of the texts, such as `["en"]`; None: Google finds out.
        longest_bytes: longer texts are cut to this many bytes of UTF-8; Google takes 20,480.
        do_not_store: ask Google not to keep the texts.
        api_key: the key, if it is not in the environment; not written into recipes.
        api_key_env: environment variable that holds the key.
        base_url: address of the interface.
        requests_per_minute: requests that are started per minute at most; the default quota is 60.
        max_concurrency: requests under way at once at most.
        max_retries: attempts after the first one, for errors that may pass.
        timeout_s: limit of one attempt, in seconds.
        deadline_s: limit of a text with all its attempts and waits, in seconds; None: no limit.

    Examples:
        >>> from dataflow_rs.testing import FakePerspectiveServer
        >>> with FakePerspectiveServer(lambda text, attribute: 0.9 if "stupid" in text else 0.1) as server:
        ...     serving = PerspectiveServing(base_url=server.url, api_key="k", requests_per_minute=None)
        ...     serving.scores(["You are stupid.", None, "Good morning."]).columns["TOXICITY"].to_pylist()
        [0.9, None, 0.1]
    """

    family: ClassVar[str] = "perspective"
    secrets: ClassVar[tuple[str, ...]] = ("api_key",)
    operational: ClassVar[frozenset[str]] = Serving.operational | {
        "api_key_env",
        "base_url",
        "do_not_store",
        "requests_per_minute",
        "max_concurrency",
        "max_retries",
        "timeout_s",
        "deadline_s",
    }

    attributes: Sequence[str] = ("TOXICITY",)
    languages: Sequence[str] | None = None
    longest_bytes: int = _LONGEST_BYTES
    do_not_store: bool = True
    api_key: str | None = None
    api_key_env: str = "PERSPECTIVE_API_KEY"
    base_url: str = _GOOGLE
    requests_per_minute: float | None = 60.0
    max_concurrency: int = 8
    max_retries: int = 5
    timeout_s: float = 30.0
    deadline_s: float | None = None

    def __post_init__(self) -> None:
        check_addresses(self.name, weighted(self.base_url))
        super().__post_init__()
        check_settings(self)
        if not self.attributes:
            raise ParameterError(f"{self.name}: attributes names nothing to score")
        if not 1 <= self.longest_bytes <= _LONGEST_BYTES:
            raise ParameterError(
                f"{self.name}: longest_bytes={self.longest_bytes} must lie between 1 and {_LONGEST_BYTES}"
            )

    def check(self) -> list[str]:
        """Return what is missing: the extra, or the key."""
        problems = missing_extra("openai", self.name)
        if self._key() is None:
            problems.append(f"the environment variable {self.api_key_env} holds no API key; set it")
        return problems

    @property
    def policy(self) -> RetryPolicy:
        """Retries and limits."""
        return RetryPolicy(self.max_retries, self.timeout_s, self.deadline_s)

    @property
    def rates(self) -> Rates:
        """Limits per minute."""
        from dataflow_rs.serving.engine import Rates

        return Rates(self.requests_per_minute, None)

    @property
    def concurrency(self) -> int:
        """How many requests may be under way at once."""
        return self.max_concurrency

    def connect(self) -> dict[str, Any]:
        """Return the address; the key is sent in a header of its own."""
        if self._key() is None:
            raise AuthenticationFailedError(
                f"{self.name}: the environment variable {self.api_key_env} holds no API key", attempts=0
            )
        return {"base_url": self.base_url, "api_key": None}

    def scores(self, texts: Iterable[str | None]) -> Scores:
        """Return the scores of texts, in order. A null has none; a blank text and a failed call have an error."""
        columns: dict[str, list[float | None]] = {attribute: [] for attribute in self.attributes}
        errors: dict[int, ServingError] = {}
        for position, completion in enumerate(self.measure(list(texts))):
            found = {}
            if completion is not None and completion.error is not None:
                errors[position] = completion.error
            elif completion is not None:
                found = completion.json()
            for attribute, values in columns.items():
                values.append(found.get(attribute))
        return Scores({name: pa.array(values, pa.float64()) for name, values in columns.items()}, errors)

    async def send(self, request: Request, endpoint: Endpoint) -> Completion:
        """Score a text once."""
        key = self._key()
        headers = {"Content-Type": "application/json", "x-goog-api-key": key or ""}
        content = json.dumps(self._body(text_of(request))).encode()
        try:
            reply = await self._client.exchange("POST", endpoint, "/comments:analyze", headers, data=content)
        except ServingError as error:
            text = redacted(str(error), key)
            if isinstance(error, InvalidRequestError) and any(word in text.lower() for word in _WRONG_KEY):
                raise AuthenticationFailedError(text, status=error.status) from None
            error.args = (text,)
            raise
        return Completion(json.dumps(self._read(reply)), finish_reason="stop")

    def _body(self, text: str) -> dict[str, Any]:
        cut = text.encode("utf-8", "replace")[: self.longest_bytes].decode("utf-8", "ignore")
        body: dict[str, Any] = {
            "comment": {"text": cut},
            "requestedAttributes": {attribute: {} for attribute in self.attributes},
            "doNotStore": self.do_not_store,
        }
        return body if self.languages is None else {**body, "languages": list(self.languages)}

    def _read(self, reply: Any) -> dict[str, float]:
        try:
            found = reply["attributeScores"]
            return {name: float(found[name]["summaryScore"]["value"]) for name in self.attributes}
        except (KeyError, TypeError, ValueError):
            raise BrokenReplyError(f"the reply does not hold the scores: {str(reply)[:200]}") from None

    def _key(self) -> str | None:
        return self.api_key or os.environ.get(self.api_key_env) or None
