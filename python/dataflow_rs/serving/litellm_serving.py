"""`LiteLLMServing`: providers that do not speak the OpenAI protocol, through the package `litellm`.

litellm translates; retries, limits, replay and everything else stay with this library. Its own retries, telemetry and
the download of its price list are switched off, so that nothing but the provider is contacted.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from dataflow_rs.core.component import component
from dataflow_rs.core.environment import load, missing_extra
from dataflow_rs.exceptions import RequestTimeoutError, TransportError
from dataflow_rs.serving.base import Serving
from dataflow_rs.serving.chat import ChatServing
from dataflow_rs.serving.openai_errors import error_of_reply, redacted
from dataflow_rs.serving.retry import RetryPolicy
from dataflow_rs.serving.settings import check_settings

if TYPE_CHECKING:
    from dataflow_rs.serving.endpoints import Endpoint

_CODES = {"ContextWindowExceededError": "context_length_exceeded", "ContentPolicyViolationError": "content_filter"}


@component
class LiteLLMServing(ChatServing):
    """Ask a model of any provider that `litellm` knows.

    Needs the extra `[litellm]`. litellm reads the keys of the providers from their own environment variables, such as
    `ANTHROPIC_API_KEY`.

    Args:
        model: provider and model, as litellm names them, such as `anthropic/claude-sonnet-4-5`.
        temperature: 0 and above; None leaves it to the provider.
        top_p: share of probability mass to sample from, above 0, to 1; None leaves it to the provider.
        max_tokens: limit of generated tokens; None leaves it to the provider.
        seed: seed of the sampling, where the provider supports it; None sends none.
        api_base: address of the provider, where it is not the usual one.
        api_key: the key, if it is not in the environment; not written into recipes.
        max_concurrency: requests under way at once at most.
        max_retries: attempts after the first one, for errors that may pass.
        timeout_s: limit of one attempt, in seconds.
        deadline_s: limit of a request with all its attempts and waits, in seconds; None: no limit.
        options: further arguments of `litellm.acompletion`.

    Examples:
        >>> LiteLLMServing("bedrock/some-model", options={"aws_region_name": "eu-central-1"}).describe()
        {'class': 'LiteLLMServing', 'model': 'bedrock/some-model', 'options': {'aws_region_name': 'eu-central-1'}}
    """

    family: ClassVar[str] = "litellm"
    secrets: ClassVar[tuple[str, ...]] = ("api_key",)
    operational: ClassVar[frozenset[str]] = Serving.operational | {
        "api_base",
        "max_concurrency",
        "max_retries",
        "timeout_s",
        "deadline_s",
    }

    model: str
    temperature: float | None = 0.0
    top_p: float | None = None
    max_tokens: int | None = 1024
    seed: int | None = None
    api_base: str | None = None
    api_key: str | None = None
    max_concurrency: int = 16
    max_retries: int = 5
    timeout_s: float = 120.0
    deadline_s: float | None = None
    options: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_settings(self)

    def check(self) -> list[str]:
        """Return what is missing: the extra."""
        return missing_extra("litellm", self.name)

    @property
    def policy(self) -> RetryPolicy:
        """Retries and limits."""
        return RetryPolicy(self.max_retries, self.timeout_s, self.deadline_s)

    @property
    def concurrency(self) -> int:
        """How many requests may be under way at once."""
        return self.max_concurrency

    @property
    def extra_fields(self) -> Mapping[str, Any]:
        """The arguments of `options`."""
        return self.options or {}

    def connect(self) -> dict[str, Any]:
        """Load litellm; it finds the provider by itself."""
        os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
        litellm: Any = load("litellm", "litellm", self.name)
        litellm.telemetry = False
        self._litellm = litellm
        return {"base_url": f"litellm:{self.model}", "api_key": self.api_key}

    async def post(self, endpoint: Endpoint, path: str, body: Mapping[str, Any]) -> Any:  # noqa: ARG002
        """Ask litellm once; see `EndpointServing.post`."""
        place = {"api_base": self.api_base, "api_key": self.api_key}
        given = {name: value for name, value in place.items() if value is not None}
        try:
            reply = await self._litellm.acompletion(
                **body, **given, num_retries=0, max_retries=0, timeout=self.timeout_s, drop_params=True
            )
        except Exception as error:  # whatever a provider's package raises is an error of this row
            status = getattr(error, "status_code", None)
            if status is None:  # a mistake in litellm or in the options, not an answer of the provider
                raise TransportError(f"litellm failed: {redacted(f'{error!r}', self.api_key)}") from error
            raise self._typed(error, int(status)) from error
        return reply.model_dump()

    def _typed(self, error: Exception, status: int) -> Exception:
        text = redacted(str(error), self.api_key)
        kind = type(error).__name__
        if kind == "APIConnectionError":
            return TransportError(f"the connection failed: {text}")
        if kind == "Timeout":
            return RequestTimeoutError(f"the endpoint did not answer in time: {text}")
        response = getattr(error, "response", None)
        headers = dict(getattr(response, "headers", None) or {})
        body = {"error": {"message": text, "code": _CODES.get(kind)}}
        return error_of_reply(status, headers, json.dumps(body).encode(), self.api_key)

    @property
    def _extra(self) -> str:
        return "litellm"
