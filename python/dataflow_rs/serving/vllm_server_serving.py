"""`VLLMServerServing`: `vllm serve` as a child process, started, restarted and ended by the serving.

For models on GPUs of this machine where several processes ask, or where tools and reasoning are to be read from the
text, which vLLM's server does and its offline engine does not.
"""

from __future__ import annotations

import logging
import shutil
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from dataflow_rs.core.component import component
from dataflow_rs.exceptions import ModelUnavailableError, ParameterError, TransportError
from dataflow_rs.serving.base import Serving
from dataflow_rs.serving.chat import ChatServing
from dataflow_rs.serving.retry import RetryPolicy
from dataflow_rs.serving.settings import check_settings
from dataflow_rs.serving.types import Completion, Request

if TYPE_CHECKING:
    from dataflow_rs.serving.endpoints import Endpoint
    from dataflow_rs.serving.server_process import ServerProcess

_log = logging.getLogger(__name__)


@component
class VLLMServerServing(ChatServing):
    """Ask a model that `vllm serve` runs on this machine.

    Needs the extra `[vllm]`, or another environment with vLLM that `command` names. The server starts with the first
    request that is really sent, is started again if it dies, and ends with the serving, when a plan has used it for the
    last time, or with this process, however that dies.

    Args:
        model: name of a model at the hub, or a directory with its weights.
        temperature: 0 and above; None leaves it to vLLM.
        top_p: share of probability mass to sample from, above 0, to 1; None leaves it to vLLM.
        max_tokens: limit of generated tokens; None leaves it to vLLM.
        seed: seed of the sampling.
        context: tokens of prompt and answer together; None: what the model was made for.
        tensor_parallel: number of GPUs that the model is spread over.
        gpu_memory: share of each GPU's memory that the server takes, above 0, to 1.
        lora: directory of a LoRA adapter.
        arguments: further arguments of `vllm serve`, such as `["--reasoning-parser", "qwen3"]`.
        environment: further environment variables of the server.
        command: the program `vllm`, by name or path.
        start_timeout_s: how long loading the model may take, in seconds.
        max_restarts: how often a server that has died is started again.
        max_concurrency: requests under way at once.
        max_retries: attempts after the first one.
        timeout_s: limit of one attempt, in seconds.
        deadline_s: limit of a request with all its attempts, in seconds; None: no limit.
        extra_body: further fields of the request body, such as `{"top_k": 20}`.
        structured: how an answer is made to follow a JSON schema. `native`: by guided decoding; `prompt`: by a sentence
            in the prompt; `auto`: by guided decoding, unless vLLM refuses the schema.
        price: cost of a million tokens, (prompt, generated), in any currency.
        call_log: file of recorded calls; by default the log of the run, if there is one.
        replay: `auto`, `only` (no call is made) or `off` (every call is made).
        max_repairs: how often a reply that cannot be used is sent back for repair.

    Examples:
        >>> VLLMServerServing("Qwen/Qwen3-8B", arguments=["--reasoning-parser", "qwen3"]).describe()
        {'class': 'VLLMServerServing', 'model': 'Qwen/Qwen3-8B', 'arguments': ['--reasoning-parser', 'qwen3']}
    """

    family: ClassVar[str] = "vllm-server"
    operational: ClassVar[frozenset[str]] = Serving.operational | {
        "context",
        "tensor_parallel",
        "gpu_memory",
        "environment",
        "command",
        "start_timeout_s",
        "max_restarts",
        "max_concurrency",
        "max_retries",
        "timeout_s",
        "deadline_s",
    }

    model: str
    temperature: float | None = 0.0
    top_p: float | None = None
    max_tokens: int | None = 1024
    seed: int | None = 0
    context: int | None = None
    tensor_parallel: int = 1
    gpu_memory: float = 0.9
    lora: str | None = None
    arguments: Sequence[str] = ()
    environment: Mapping[str, str] | None = None
    command: str = "vllm"
    start_timeout_s: float = 900.0
    max_restarts: int = 2
    max_concurrency: int = 64
    max_retries: int = 5
    timeout_s: float = 600.0
    deadline_s: float | None = None
    extra_body: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_settings(self)
        if self.tensor_parallel < 1 or self.max_restarts < 0:
            raise ParameterError(
                f"{self.name}: tensor_parallel={self.tensor_parallel} must be at least 1, "
                f"max_restarts={self.max_restarts} at least 0"
            )
        self._server: ServerProcess | None = None
        self._restarts = 0
        self._restarting = threading.Lock()

    def check(self) -> list[str]:
        """Return what is missing: the program `vllm`."""
        if self._program() is None:
            return [
                f"{self.name}: there is no program '{self.command}'. Install it with: pip install "
                "'open-dataflow-rs[vllm]', or name it with command="
            ]
        return []

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
        """The fields of `extra_body`."""
        return self.extra_body or {}

    @property
    def model_name(self) -> str:
        """The model, or the adapter, as the server calls it."""
        return "adapter" if self.lora else "model"

    @property
    def pid(self) -> int | None:
        """Process id of the child that runs the server, while it runs."""
        return None if self._server is None else self._server.process.pid

    def connect(self) -> dict[str, Any]:
        """Start the server, unless it runs, and return its address and key."""
        if self._server is None:
            self._server = self._started()
        return {"base_url": self._server.address, "api_key": self._server.api_key, "uses_proxy": False}

    def start(self) -> None:
        """Start the server, again if it has died since the last request."""
        with self._starting:
            if self._server is not None and not self._server.alive:
                self._stop()
                self._restarts = 0
            super().start()

    def close(self) -> None:
        """End the server; a later request starts it again."""
        super().close()
        with self._starting:
            self._stop()

    def release(self) -> None:
        """End the server, and free the memory of the GPU."""
        self.close()

    def _stop(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

    def _program(self) -> str | None:
        beside = Path(sys.executable).parent / self.command
        return shutil.which(self.command) or (str(beside) if beside.is_file() else None)

    def _started(self, port: int | None = None, api_key: str | None = None) -> ServerProcess:
        from dataflow_rs.serving.server_process import ServerProcess

        program = self._program()
        if program is None:
            raise ModelUnavailableError(self.check()[0])
        command = [program, "serve", self.model, "--host", "127.0.0.1", "--port", "{port}"]
        command += ["--uvicorn-log-level", "warning"]  # not a line for each request
        command += ["--served-model-name", "model", "--tensor-parallel-size", str(self.tensor_parallel)]
        command += ["--gpu-memory-utilization", str(self.gpu_memory)]
        if self.context is not None:
            command += ["--max-model-len", str(self.context)]
        if self.lora is not None:
            command += ["--enable-lora", "--lora-modules", f"adapter={self.lora}"]
        return ServerProcess(
            [*command, *self.arguments],
            key_variable="VLLM_API_KEY",
            environment={"VLLM_NO_USAGE_STATS": "1", **(self.environment or {})},
            start_timeout_s=self.start_timeout_s,
            port=port,
            api_key=api_key,
        )

    async def _send(self, request: Request, endpoint: Endpoint) -> Completion:
        import asyncio

        server = self._server
        if server is None:
            gone = TransportError("the server has ended and could not be started again")
            gone.retryable = False
            raise gone
        try:
            return await super()._send(request, endpoint)
        except TransportError as error:
            if not server.alive:
                await asyncio.to_thread(self._restart, server, error)
            raise

    def _restart(self, dead: ServerProcess, error: TransportError) -> None:
        """Start the server again at its port, once for all requests that found it dead."""
        with self._restarting:
            if self._server is not dead:
                return
            words = dead.last_words()
            if self._restarts >= self.max_restarts:
                error.args = (f"the server has ended, and was started {self._restarts} times again: {words}",)
                error.retryable = False
                return
            self._restarts += 1
            _log.warning("%s: the server has ended; starting it again: %s", self.name, words)
            code = dead.stop()
            try:
                self._server = self._started(dead.port, dead.api_key)
            except ModelUnavailableError as failure:
                self._server = None
                error.args = (f"the server ended with code {code} and cannot be started again: {failure}",)
                error.retryable = False
