"""`OpenAIServing`: any endpoint that speaks the OpenAI protocol, `vllm serve` included."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from dataflow_rs.core.component import component
from dataflow_rs.core.environment import missing_extra
from dataflow_rs.exceptions import AuthenticationFailedError, ParameterError
from dataflow_rs.serving.base import Serving
from dataflow_rs.serving.chat import ChatServing
from dataflow_rs.serving.retry import RetryPolicy
from dataflow_rs.serving.settings import check_settings

_NO_KEY = "none"


@component
class OpenAIServing(ChatServing):
    """Ask an OpenAI-compatible endpoint.

    Needs the extra `[openai]`. The key is read from the environment when the first request is sent, and appears in no
    log, recipe, report or error text.

    Args:
        model: the model's name at the endpoint.
        base_url: address of the endpoint, such as `http://localhost:8000/v1`; by default OpenAI's own.
        api_key: the key, if it is not in the environment; not written into recipes.
        api_key_env: environment variable that holds the key. An endpoint given by `base_url` may need none.
        temperature: 0 and above; None leaves it to the endpoint.
        top_p: share of probability mass to sample from, above 0, to 1; None leaves it to the endpoint.
        max_tokens: limit of generated tokens; None leaves it to the endpoint.
        seed: seed of the sampling, where the endpoint supports it; None sends none.
        max_concurrency: requests under way at once.
        max_retries: attempts after the first one, for errors that may pass.
        timeout_s: limit of one attempt, in seconds.
        deadline_s: limit of a request with all its attempts and waits, in seconds; None: no limit.
        api: `chat`, or `completions` for models without a chat template: their prompt is the texts of the messages.
        extra_body: further fields of the request body, such as `{"top_k": 20}`.
        structured: how an answer is made to follow a JSON schema. `native`: by the endpoint (`response_format`);
            `prompt`: by a sentence in the prompt; `auto`: by the endpoint, unless it refuses.
        price: cost of a million tokens, (prompt, generated), in any currency.
        call_log: file of recorded calls; by default the log of the run, if there is one.
        replay: `auto`, `only` (no call is made) or `off` (every call is made).
        max_repairs: how often a reply that cannot be used is sent back for repair.

    Examples:
        >>> serving = OpenAIServing("qwen", base_url="http://localhost:8000/v1", api_key="secret")
        >>> serving.describe()
        {'class': 'OpenAIServing', 'model': 'qwen', 'base_url': 'http://localhost:8000/v1'}
    """

    family: ClassVar[str] = "openai-chat"
    secrets: ClassVar[tuple[str, ...]] = ("api_key",)
    operational: ClassVar[frozenset[str]] = Serving.operational | {
        "base_url",
        "api_key_env",
        "max_concurrency",
        "max_retries",
        "timeout_s",
        "deadline_s",
    }

    model: str
    base_url: str | None = None
    api_key: str | None = None
    api_key_env: str = "OPENAI_API_KEY"
    temperature: float | None = 0.0
    top_p: float | None = None
    max_tokens: int | None = 1024
    seed: int | None = None
    max_concurrency: int = 16
    max_retries: int = 5
    timeout_s: float = 120.0
    deadline_s: float | None = None
    api: Literal["chat", "completions"] = "chat"
    extra_body: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_settings(self)
        if self.base_url is not None and urlsplit(self.base_url).scheme not in ("http", "https"):
            raise ParameterError(f"{self.name}: base_url={self.base_url!r} must begin with http:// or https://")

    def check(self) -> list[str]:
        """Return what is missing: the extra, or the key."""
        problems = missing_extra("openai", self.name)
        if self._key() is None and self.base_url is None:
            problems.append(f"the environment variable {self.api_key_env} holds no API key; set it, or give base_url")
        return problems

    @property
    def policy(self) -> RetryPolicy:
        """Retries and limits."""
        return RetryPolicy(self.max_retries, self.timeout_s, self.deadline_s)

    @property
    def concurrency(self) -> int:
        """How many requests may be under way at once."""
        return self.max_concurrency

    @property
    def path(self) -> str:
        """The route that requests are sent to."""
        return "/chat/completions" if self.api == "chat" else "/completions"

    @property
    def extra_fields(self) -> Mapping[str, Any]:
        """The fields of `extra_body`."""
        return self.extra_body or {}

    def connect(self) -> dict[str, Any]:
        """Return the endpoint's address and key."""
        key = self._key()
        if key is None and self.base_url is None:
            raise AuthenticationFailedError(
                f"{self.name}: the environment variable {self.api_key_env} holds no API key", attempts=0
            )
        endpoint: dict[str, Any] = {"api_key": key or _NO_KEY}
        return endpoint if self.base_url is None else {**endpoint, "base_url": self.base_url}

    def _key(self) -> str | None:
        return self.api_key or os.environ.get(self.api_key_env) or None
