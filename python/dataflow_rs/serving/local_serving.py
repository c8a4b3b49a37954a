"""`LocalServing`: a small model on this machine, without GPU and API key.

llama.cpp's own server runs in a child process that is spoken to over the loopback interface, by the same engine as any
other endpoint. It starts with the first request that is really sent (a run that is replayed never loads the model) and
ends with the serving or with this process, however that dies.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, ClassVar

from dataflow_rs.core.component import component
from dataflow_rs.exceptions import ParameterError, TransportError
from dataflow_rs.serving import models
from dataflow_rs.serving.base import Serving
from dataflow_rs.serving.chat import ChatServing
from dataflow_rs.serving.on_llama_server import OnLlamaServer
from dataflow_rs.serving.retry import RetryPolicy
from dataflow_rs.serving.settings import check_settings
from dataflow_rs.serving.types import Completion, Request

if TYPE_CHECKING:
    from dataflow_rs.serving.endpoints import Endpoint


@component
class LocalServing(OnLlamaServer, ChatServing):
    """Ask a model that runs on this machine.

    Needs the extra `[local]` and the model's weights, which are fetched only by `dataflow-rs models pull NAME`. The
    same question gets the same answer in every run: temperature 0, a fixed seed, and no state shared between requests.

    Args:
        model: a name from `dataflow-rs models list`, or the path of a GGUF file.
        temperature: 0 and above.
        top_p: share of probability mass to sample from, above 0, to 1; None leaves it to llama.cpp.
        max_tokens: limit of generated tokens.
        seed: seed of the sampling.
        context: tokens of prompt and answer together.
        parallel: requests worked on at once. More than 1 is no faster on few cores, and answers may then depend on
            which requests ran together.
        threads: threads that compute; None: as many as there are cores, two at least where there are two.
        max_retries: attempts after the first one.
        timeout_s: limit of one attempt, in seconds.
        deadline_s: limit of a request with all its attempts, in seconds; None: no limit.
        structured: how an answer is made to follow a JSON schema. `native`: by the endpoint (`response_format`);
            `prompt`: by a sentence in the prompt; `auto`: by the endpoint, unless it refuses.
        price: cost of a million tokens, (prompt, generated), in any currency.
        call_log: file of recorded calls; by default the log of the run, if there is one.
        replay: `auto`, `only` (no call is made) or `off` (every call is made).
        max_repairs: how often a reply that cannot be used is sent back for repair.

    Examples:
        >>> LocalServing(max_tokens=200).describe()
        {'class': 'LocalServing', 'max_tokens': 200}
    """

    family: ClassVar[str] = "llama.cpp"
    operational: ClassVar[frozenset[str]] = Serving.operational | {
        "model",
        "context",
        "parallel",
        "threads",
        "max_retries",
        "timeout_s",
        "deadline_s",
    }

    model: str = models.DEFAULT
    temperature: float = 0.0
    top_p: float | None = None
    max_tokens: int = 512
    seed: int = 0
    context: int = 4096
    parallel: int = 1
    threads: int | None = None
    max_retries: int = 2
    timeout_s: float = 600.0
    deadline_s: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_settings(self)
        cores = os.cpu_count() or 1
        if self.threads is not None and not 1 <= self.threads <= cores:
            raise ParameterError(f"{self.name}: threads={self.threads} must lie between 1 and the {cores} cores")
        if self.parallel < 1 or self.context < 1:
            raise ParameterError(f"{self.name}: parallel={self.parallel} and context={self.context} must be at least 1")

    @property
    def policy(self) -> RetryPolicy:
        """Retries and limits."""
        return RetryPolicy(self.max_retries, self.timeout_s, self.deadline_s)

    @property
    def concurrency(self) -> int:
        """How many requests may be under way at once."""
        return self.parallel

    @property
    def pid(self) -> int | None:
        """Process id of the child, while it runs."""
        return None if self._server is None else self._server.process.pid

    @property
    def address(self) -> str | None:
        """Address of the child's OpenAI-compatible interface, while it runs."""
        return None if self._server is None else self._server.address

    def server_settings(self) -> dict[str, Any]:
        """Return how the child is started."""
        return {
            "context": self.context,
            "parallel": self.parallel,
            "threads": self.threads or os.cpu_count() or 1,
        }

    async def _send(self, request: Request, endpoint: Endpoint) -> Completion:
        server = self._server
        if server is not None and server.process.poll() is not None:
            error = TransportError(f"the model's process ended with code {server.process.returncode}")
            error.retryable = False
            raise error
        return await super()._send(request, endpoint)
