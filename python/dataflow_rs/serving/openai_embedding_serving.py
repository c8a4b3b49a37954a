"""Embeddings behind the OpenAI protocol: `OpenAIEmbeddingServing`, and what it shares with the local model.

Many texts go in one call. One that the endpoint refuses makes the whole call fail, so a refused call is halved until
the texts at fault are alone with their errors.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from dataflow_rs.core.component import component
from dataflow_rs.exceptions import ContextLengthError, InvalidRequestError, ParameterError, ServingError
from dataflow_rs.serving.base import Serving
from dataflow_rs.serving.chat import EndpointServing
from dataflow_rs.serving.embedding import EmbeddingServing, Vector, VectorFinished
from dataflow_rs.serving.messages import user_message
from dataflow_rs.serving.openai_endpoint import OpenAIEndpoint
from dataflow_rs.serving.openai_errors import BrokenReplyError
from dataflow_rs.serving.types import Completion, Request, Usage

if TYPE_CHECKING:
    from dataflow_rs.serving.endpoints import Endpoint
    from dataflow_rs.serving.sessions import Ended, Session


class EndpointEmbeddingServing(EmbeddingServing, EndpointServing):
    """Base of embedding backends behind the OpenAI protocol."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.texts_per_call < 1:
            raise ParameterError(f"{self.name}: batch={self.texts_per_call} must be at least 1")

    @property
    def texts_per_call(self) -> int:
        """How many texts one call takes."""
        return int(getattr(self, "batch"))  # noqa: B009  # a parameter of the subclasses

    def session(self, ended: Ended) -> Session:
        """Return a session that takes texts in lots, so that they can share calls."""
        return Serving.session(self, ended)

    def embed_all(self, texts: Sequence[str], finished: VectorFinished) -> None:
        """Send the texts, many in a call; those of refused calls again, halved."""
        size, texts = self.texts_per_call, list(texts)
        waiting = [list(range(start, min(start + size, len(texts)))) for start in range(0, len(texts), size)]
        while waiting:
            refused: list[list[int]] = []
            self._send_groups(texts, waiting, finished, refused)
            waiting = refused

    def shortened(self, text: str, error: str) -> str | None:  # noqa: ARG002  # for subclasses that cut texts
        """Return what to send instead of a text that is too long; None: nothing, it ends with the error."""
        return None

    def _send_groups(
        self, texts: list[str], groups: list[list[int]], finished: VectorFinished, refused: list[list[int]]
    ) -> None:
        assert self._engine is not None, "start() comes first"
        calls = [Request(tuple(user_message(texts[position]) for position in group)) for group in groups]

        def ended(number: int, completion: Completion) -> None:
            group = groups[number]
            error = completion.error
            if isinstance(error, InvalidRequestError) and len(group) > 1:
                middle = len(group) // 2
                refused.extend([group[:middle], group[middle:]])
            elif isinstance(error, ContextLengthError) and (short := self.shortened(texts[group[0]], str(error))):
                texts[group[0]] = short
                refused.append(group)
            elif error is not None:
                for position in group:
                    finished(position, _copy(error))
            else:
                for position, vector in zip(group, _vectors(completion, [texts[p] for p in group]), strict=True):
                    finished(position, vector)

        self._engine.answer_all(calls, self.send, ended)

    async def send(self, request: Request, endpoint: Endpoint) -> Completion:
        """Send the texts of a call once; the vectors are JSON in the completion's text."""
        texts = [str(message["content"]) for message in request.messages]
        reply = await self.post(endpoint, "/embeddings", self.body(texts))
        numbers = read_embeddings(reply, len(texts))
        usage = reply.get("usage") or {}
        return Completion(json.dumps(numbers), Usage(int(usage.get("prompt_tokens") or 0), 0))

    def body(self, texts: Sequence[str]) -> dict[str, Any]:
        """Return the body of a call."""
        return {"model": self.model_name, "input": list(texts), **self.extra_fields}


@component
class OpenAIEmbeddingServing(EndpointEmbeddingServing, OpenAIEndpoint):
    """Embed texts at an OpenAI-compatible endpoint, such as OpenAI's or `vllm serve MODEL --runner pooling`.

    Needs the extra `[openai]`.

    Args:
        model: the model's name at the endpoint.
        dimensions: numbers per vector, for models that can shorten them; None: all.
        batch: texts in one call at most.

    Examples:
        >>> OpenAIEmbeddingServing("text-embedding-3-small", dimensions=256).describe()
        {'class': 'OpenAIEmbeddingServing', 'model': 'text-embedding-3-small', 'dimensions': 256}
    """

    family: ClassVar[str] = "openai-embeddings"
    operational: ClassVar[frozenset[str]] = OpenAIEndpoint.operational | {"batch"}

    model: str
    dimensions: int | None = None
    batch: int = 64

    @property
    def extra_fields(self) -> dict[str, Any]:
        """Size and form of the vectors."""
        size = {} if self.dimensions is None else {"dimensions": self.dimensions}
        return {**size, "encoding_format": "base64"}


def read_embeddings(reply: Any, count: int) -> list[list[float]]:
    """Return the vectors of a reply, in the order of the texts.

    Raises:
        BrokenReplyError: the reply is not what the protocol says.
    """
    try:
        found = {int(item["index"]): _numbers(item["embedding"]) for item in reply["data"]}
        return [found[position] for position in range(count)]
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, struct.error):
        raise BrokenReplyError(f"the endpoint's reply holds no {count} vectors: {str(reply)[:200]}") from None


def _numbers(value: Any) -> list[float]:
    """Return a vector, which endpoints write as numbers or as base64 of little-endian float32."""
    if isinstance(value, str):
        data = base64.b64decode(value, validate=True)
        return list(struct.unpack(f"<{len(data) // 4}f", data))
    if value and isinstance(value[0], list):  # llama.cpp nests them
        value = value[0]
    return [float(number) for number in value]


def _vectors(completion: Completion, texts: Sequence[str]) -> list[Vector]:
    """Return the vectors of a call; its tokens are divided by the lengths of the texts."""
    numbers = json.loads(completion.text or "[]")
    tokens, total = completion.usage.prompt_tokens, sum(map(len, texts)) or 1
    shares, length = [0], 0
    for text in texts:
        length += len(text)
        shares.append(tokens * length // total)
    return [
        Vector(vector, shares[n + 1] - shares[n], completion.attempts, completion.latency_s)
        for n, vector in enumerate(numbers)
    ]


def _copy(error: ServingError) -> ServingError:
    """Return an equal error: each text has one of its own, because attempts are counted in it."""
    return type(error)(str(error), attempts=error.attempts, status=error.status)
