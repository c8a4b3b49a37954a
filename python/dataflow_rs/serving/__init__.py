"""Servings: backends that answer model requests, with replay, retries and typed errors per request.

A backend is imported on first use: prompts and operators need its interface only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dataflow_rs.serving.base import Serving
from dataflow_rs.serving.call_log import CallLog, recording
from dataflow_rs.serving.embedding import Embeddings, EmbeddingServing, Vector
from dataflow_rs.serving.messages import Message, image_part, tool_message, user_message
from dataflow_rs.serving.types import Completion, Request, TokenLogprob, ToolCall, Usage

if TYPE_CHECKING:
    from dataflow_rs.serving.litellm_serving import LiteLLMServing
    from dataflow_rs.serving.local_embedding_serving import LocalEmbeddingServing
    from dataflow_rs.serving.local_serving import LocalServing
    from dataflow_rs.serving.openai_batch_serving import OpenAIBatchServing
    from dataflow_rs.serving.openai_embedding_serving import OpenAIEmbeddingServing
    from dataflow_rs.serving.openai_serving import OpenAIServing
    from dataflow_rs.serving.perspective_serving import PerspectiveServing, Scores
    from dataflow_rs.serving.vllm_server_serving import VLLMServerServing
    from dataflow_rs.serving.vllm_serving import VLLMServing

_ON_FIRST_USE = {
    "LiteLLMServing": "litellm_serving",
    "LocalEmbeddingServing": "local_embedding_serving",
    "LocalServing": "local_serving",
    "OpenAIBatchServing": "openai_batch_serving",
    "OpenAIEmbeddingServing": "openai_embedding_serving",
    "OpenAIServing": "openai_serving",
    "PerspectiveServing": "perspective_serving",
    "Scores": "perspective_serving",
    "VLLMServerServing": "vllm_server_serving",
    "VLLMServing": "vllm_serving",
}
"""Backend -> the module of this package that has it."""

__all__ = [
    "CallLog",
    "Completion",
    "EmbeddingServing",
    "Embeddings",
    "LiteLLMServing",
    "LocalEmbeddingServing",
    "LocalServing",
    "Message",
    "OpenAIBatchServing",
    "OpenAIEmbeddingServing",
    "OpenAIServing",
    "PerspectiveServing",
    "Request",
    "Scores",
    "Serving",
    "TokenLogprob",
    "ToolCall",
    "Usage",
    "VLLMServerServing",
    "VLLMServing",
    "Vector",
    "image_part",
    "recording",
    "tool_message",
    "user_message",
]


def __getattr__(name: str) -> Any:
    """Import a backend on first use."""
    if name not in _ON_FIRST_USE:
        raise AttributeError(f"module 'dataflow_rs.serving' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(f"dataflow_rs.serving.{_ON_FIRST_USE[name]}"), name)
