"""Servings: backends that answer model requests, with replay, retries and typed errors per request."""

from __future__ import annotations

from dataflow_rs.serving.base import Serving
from dataflow_rs.serving.call_log import CallLog, recording
from dataflow_rs.serving.embedding import Embeddings, EmbeddingServing, Vector
from dataflow_rs.serving.litellm_serving import LiteLLMServing
from dataflow_rs.serving.local_embedding_serving import LocalEmbeddingServing
from dataflow_rs.serving.local_serving import LocalServing
from dataflow_rs.serving.messages import Message, image_part, tool_message, user_message
from dataflow_rs.serving.openai_batch_serving import OpenAIBatchServing
from dataflow_rs.serving.openai_embedding_serving import OpenAIEmbeddingServing
from dataflow_rs.serving.openai_serving import OpenAIServing
from dataflow_rs.serving.perspective_serving import PerspectiveServing, Scores
from dataflow_rs.serving.types import Completion, Request, TokenLogprob, ToolCall, Usage
from dataflow_rs.serving.vllm_server_serving import VLLMServerServing
from dataflow_rs.serving.vllm_serving import VLLMServing

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
