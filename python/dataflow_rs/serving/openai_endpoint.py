"""`OpenAIEndpoint`: where an OpenAI-compatible endpoint is, its key, and how hard it may be asked.

What `OpenAIServing` and `OpenAIEmbeddingServing` share, beside what is asked.
"""

from __future__ import annotations

import os
from dataclasses import field
from typing import TYPE_CHECKING, Any, ClassVar

from dataflow_rs.core.environment import missing_extra
from dataflow_rs.exceptions import AuthenticationFailedError
from dataflow_rs.serving.base import Serving
from dataflow_rs.serving.chat import EndpointServing, weighted
from dataflow_rs.serving.prices import listed_price
from dataflow_rs.serving.retry import RetryPolicy
from dataflow_rs.serving.settings import check_addresses, check_settings

if TYPE_CHECKING:
    from dataflow_rs.serving.engine import Rates

OPENAI = "https://api.openai.com/v1"


class OpenAIEndpoint(EndpointServing):
    """Base of backends behind an OpenAI-compatible endpoint.

    Args:
        base_url: address of the endpoint, such as `http://localhost:8000/v1`; by default OpenAI's own. Several
            endpoints of the same model, as a list of addresses or a mapping from address to weight, share the calls
            and stand in for each other; all of them get the same key.
        api_key: the key, if it is not in the environment; not written into recipes.
        api_key_env: environment variable that holds the key. An endpoint given by `base_url` may need none.
        max_concurrency: requests under way at once at most; with several endpoints, at each, in proportion to its
            weight. How many there are adapts to what the endpoint can take.
        requests_per_minute: attempts that are started per minute at most, evenly spread; None: no limit.
        tokens_per_minute: tokens per minute at most, prompts and answers, evenly spread; None: no limit.
        max_retries: attempts after the first one, for errors that may pass.
        timeout_s: limit of one attempt, in seconds.
        deadline_s: limit of a request with all its attempts and waits, in seconds; None: no limit.
    """

    secrets: ClassVar[tuple[str, ...]] = ("api_key",)
    operational: ClassVar[frozenset[str]] = Serving.operational | {
        "base_url",
        "api_key_env",
        "max_concurrency",
        "requests_per_minute",
        "tokens_per_minute",
        "max_retries",
        "timeout_s",
        "deadline_s",
    }

    base_url: str | list[str] | dict[str, float] | None = field(default=None, kw_only=True)
    api_key: str | None = field(default=None, kw_only=True)
    api_key_env: str = field(default="OPENAI_API_KEY", kw_only=True)
    max_concurrency: int = field(default=64, kw_only=True)
    requests_per_minute: float | None = field(default=None, kw_only=True)
    tokens_per_minute: float | None = field(default=None, kw_only=True)
    max_retries: int = field(default=5, kw_only=True)
    timeout_s: float = field(default=120.0, kw_only=True)
    deadline_s: float | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        check_addresses(self.name, weighted(self.base_url or OPENAI))
        super().__post_init__()
        check_settings(self)

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
    def rates(self) -> Rates:
        """Limits per minute."""
        from dataflow_rs.serving.engine import Rates

        return Rates(self.requests_per_minute, self.tokens_per_minute)

    @property
    def concurrency(self) -> int:
        """How many requests may be under way at once."""
        return self.max_concurrency

    @property
    def unit_price(self) -> tuple[float, float] | None:
        """Cost of a million tokens: the parameter `price`, or the highest listed price of the model."""
        if self.price is not None:
            return super().unit_price
        listed = [listed_price(self.model_name, url) for url in weighted(self.base_url or OPENAI)]
        return max((price for price in listed if price is not None), default=None)

    def _no_price(self) -> str:
        return f"none is listed for '{self.model_name}' at this endpoint; {super()._no_price()}"

    def connect(self) -> dict[str, Any]:
        """Return addresses and key."""
        key = self._key()
        if key is None and self.base_url is None:
            raise AuthenticationFailedError(
                f"{self.name}: the environment variable {self.api_key_env} holds no API key", attempts=0
            )
        return {"base_url": self.base_url or OPENAI, "api_key": key}

    def _key(self) -> str | None:
        return self.api_key or os.environ.get(self.api_key_env) or None
