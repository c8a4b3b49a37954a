"""`OpenAIServing`: any endpoint that speaks the OpenAI protocol, `vllm serve` included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from dataflow_rs.core.component import component
from dataflow_rs.serving.chat import ChatServing
from dataflow_rs.serving.openai_endpoint import OpenAIEndpoint


@component
class OpenAIServing(OpenAIEndpoint, ChatServing):
    """Ask an OpenAI-compatible endpoint.

    Needs the extra `[openai]`. The key is read from the environment when the first request is sent, and appears in no
    log, recipe, report or error text.

    Args:
        model: the model's name at the endpoint.
        temperature: 0 and above; None leaves it to the endpoint.
        top_p: share of probability mass to sample from, above 0, to 1; None leaves it to the endpoint.
        max_tokens: limit of generated tokens; None leaves it to the endpoint.
        seed: seed of the sampling, where the endpoint supports it; None sends none.
        api: `chat`, or `completions` for models without a chat template: their prompt is the texts of the messages.
        extra_body: further fields of the request body, such as `{"top_k": 20}`.

    Examples:
        >>> serving = OpenAIServing("qwen", base_url="http://localhost:8000/v1", api_key="secret")
        >>> serving.describe()
        {'class': 'OpenAIServing', 'model': 'qwen', 'base_url': 'http://localhost:8000/v1'}
    """

    family: ClassVar[str] = "openai-chat"

    model: str
    temperature: float | None = 0.0
    top_p: float | None = None
    max_tokens: int | None = 1024
    seed: int | None = None
    api: Literal["chat", "completions"] = "chat"
    extra_body: Mapping[str, Any] | None = None

    @property
    def path(self) -> str:
        """The route that requests are sent to."""
        return "/chat/completions" if self.api == "chat" else "/completions"

    @property
    def extra_fields(self) -> Mapping[str, Any]:
        """The fields of `extra_body`."""
        return self.extra_body or {}
