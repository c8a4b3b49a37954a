"""`LocalEmbeddingServing`: sentence embeddings on this machine, without GPU and key."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, ClassVar

from dataflow_rs.core.component import component
from dataflow_rs.exceptions import (
    ContextLengthError,
    ParameterError,
    ServerFailedError,
)
from dataflow_rs.serving import models
from dataflow_rs.serving.embedding import EmbeddingServing
from dataflow_rs.serving.on_llama_server import OnLlamaServer
from dataflow_rs.serving.openai_embedding_serving import EndpointEmbeddingServing
from dataflow_rs.serving.retry import RetryPolicy
from dataflow_rs.serving.settings import check_settings
from dataflow_rs.serving.types import Completion, Request

if TYPE_CHECKING:
    from dataflow_rs.serving.endpoints import Endpoint

_TOO_LONG = re.compile(r"input \((\d+) tokens\) is too large")


@component
class LocalEmbeddingServing(OnLlamaServer, EndpointEmbeddingServing):
    """Embed texts with a model that runs on this machine.

    Needs the extra `[local]` and the model's weights, which are fetched only by `dataflow-rs models pull NAME`.
    llama.cpp runs in a child process, as for `LocalServing`. A text has the same vector in every run.

    Args:
        model: a name from `dataflow-rs models list`, or the path of a GGUF file.
        context: tokens of a text at most.
        cut: shorten longer texts until they fit; otherwise they end with `ContextLengthError`.
        pooling: how the vectors of the tokens become one: `model` as the file says, `mean`, `cls` or `last`.
        batch: texts in one call at most.
        threads: threads that compute; None: as many as there are cores.
        max_retries: attempts after the first one.
        timeout_s: limit of one attempt, in seconds.
        deadline_s: limit of a call with all its attempts, in seconds; None: no limit.

    Examples:
        >>> LocalEmbeddingServing(batch=16).describe()
        {'class': 'LocalEmbeddingServing', 'batch': 16}
    """

    family: ClassVar[str] = "llama.cpp-embeddings"
    operational: ClassVar[frozenset[str]] = EmbeddingServing.operational | {
        "model",
        "batch",
        "threads",
        "max_retries",
        "timeout_s",
        "deadline_s",
    }

    use: ClassVar[str] = "embeddings"

    model: str = models.DEFAULT_EMBEDDING
    context: int = 512
    cut: bool = True
    pooling: str = "model"
    batch: int = 32
    threads: int | None = None
    max_retries: int = 2
    timeout_s: float = 600.0
    deadline_s: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_settings(self)
        if self.context < 8:
            raise ParameterError(f"{self.name}: context={self.context} must be at least 8")
        if self.pooling not in ("model", "mean", "cls", "last"):
            raise ParameterError(f"{self.name}: pooling={self.pooling!r} must be 'model', 'mean', 'cls' or 'last'")

    @property
    def policy(self) -> RetryPolicy:
        """Retries and limits."""
        return RetryPolicy(self.max_retries, self.timeout_s, self.deadline_s)

    @property
    def concurrency(self) -> int:
        """How many calls may be under way at once."""
        return 1

    def server_settings(self) -> dict[str, Any]:
        """Return how the child is started."""
        return {
            "context": self.context,
            "parallel": 1,
            "threads": self.threads or os.cpu_count() or 1,
            "pooling": self.pooling,
        }

    def shortened(self, text: str, error: str) -> str | None:
        """Return a text that is shorter in the measure that the error says, if texts are to be cut."""
        found = _TOO_LONG.search(error)
        if not self.cut or found is None:
            return None
        kept = len(text) * (self.context - 2) // int(found[1])
        return text[: min(kept, len(text) - 1)] or None

    async def send(self, request: Request, endpoint: Endpoint) -> Completion:
        """Send the texts of a call once."""
        try:
            return await super().send(request, endpoint)
        except ServerFailedError as error:
            if _TOO_LONG.search(str(error)):  # llama.cpp calls it a failure of its own
                raise ContextLengthError(str(error), status=error.status) from None
            raise
