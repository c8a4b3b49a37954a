"""`LocalServing`: a small model on this machine, without GPU and API key.

llama.cpp's own server runs in a child process that is spoken to over the loopback interface, by the same engine as any
other endpoint. It starts with the first request that is really sent (a run that is replayed never loads the model) and
ends with the serving or with this process, however that dies.
"""

from __future__ import annotations

import atexit
import importlib.util
import json
import logging
import os
import secrets
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, ClassVar

from dataflow_rs.core.component import component
from dataflow_rs.core.environment import load, missing_extra
from dataflow_rs.exceptions import ModelUnavailableError, ParameterError, TransportError
from dataflow_rs.serving import models
from dataflow_rs.serving.base import Serving
from dataflow_rs.serving.chat import ChatServing
from dataflow_rs.serving.engine import RetryPolicy
from dataflow_rs.serving.openai_serving import check_settings
from dataflow_rs.serving.types import Completion, Request

_log = logging.getLogger(__name__)
_CHILD = Path(__file__).with_name("llama_child.py")
_START_TIMEOUT_S = 180.0


@component
class LocalServing(ChatServing):
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
        price: cost of a million tokens, (prompt, generated), in any currency.
        call_log: file of recorded calls; by default the log of the run, if there is one.
        replay: `auto`, `only` (no call is made) or `off` (every call is made).
        max_repairs: how often a reply that does not follow its JSON schema is sent back for repair.

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
        models.check_name(self.model)
        self._server: _Server | None = None

    def check(self) -> list[str]:
        """Return what is missing: the extra, or the model's weights."""
        problems = missing_extra("local", self.name)
        try:
            models.locate(self.model)
        except ModelUnavailableError as error:
            problems.append(str(error))
        return problems

    def identity(self) -> dict[str, Any]:
        """Return the weights' digest and the sampling parameters."""
        return {**super().identity(), "model": models.identity_of(self.model)}

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

    def connect(self) -> dict[str, Any]:
        """Start the child, unless it runs, and return its address and key."""
        import openai

        if self._server is None:
            cores = os.cpu_count() or 1
            self._server = _Server(
                self.name,
                model=str(models.locate(self.model)),
                context=self.context,
                parallel=self.parallel,
                threads=self.threads or cores,
            )
        client = openai.DefaultAsyncHttpxClient(trust_env=False)  # the loopback interface needs no proxy
        return {"base_url": self._server.address, "api_key": self._server.api_key, "http_client": client}

    def start(self) -> None:
        """Start the child, again if it has died since the last request."""
        with self._starting:
            if self._server is not None and self._server.process.poll() is not None:
                _log.warning(
                    "%s: the model's process ended with code %s; starting it again", self.name, self._server.stop()
                )
                self._server = None
                if self._engine is not None and self._client is not None:
                    self._engine.run(self._client.close())
                self._client = None
            super().start()

    def close(self) -> None:
        """End the child; a later request starts it again."""
        super().close()
        with self._starting:
            if self._server is not None:
                self._server.stop()
                self._server = None

    async def _send(self, request: Request) -> Completion:
        server = self._server
        if server is not None and server.process.poll() is not None:
            error = TransportError(f"the model's process ended with code {server.process.returncode}")
            error.retryable = False
            raise error
        return await super()._send(request)

    @property
    def _extra(self) -> str:
        return "local"


_running: weakref.WeakSet[_Server] = weakref.WeakSet()


class _Server:
    """The child process and its address."""

    def __init__(self, owner: str, **settings: Any) -> None:
        load("xllamacpp", "local", owner)
        self.api_key = secrets.token_hex(16)
        self._messages: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the child
        self.process = subprocess.Popen(
            [sys.executable, "-I", str(_CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._messages,
            env=_environment(),
        )
        _running.add(self)
        try:
            self.address = self._start(settings)
        except BaseException:
            self.stop()
            raise

    def _start(self, settings: Mapping[str, Any]) -> str:
        """Give the child its settings and wait until it has loaded the model."""
        spec = importlib.util.find_spec("xllamacpp")
        assert spec is not None, "it was imported above"
        assert spec.origin is not None
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        packages = str(Path(spec.origin).parent.parent)
        content = {**settings, "parent": os.getpid(), "packages": packages, "port": 0, "api_key": self.api_key}
        timer = _after(_START_TIMEOUT_S, self.process.kill)
        try:
            self.process.stdin.write(json.dumps(content).encode() + b"\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = b""
        finally:
            timer.cancel()
        if not line:
            self.process.wait()
            raise ModelUnavailableError(f"the model {settings['model']} could not be started: {self.last_words()}")
        return f"{json.loads(line)['address']}/v1"

    def last_words(self) -> str:
        """Return the end of what the child wrote to its standard error."""
        self._messages.seek(0)
        text = self._messages.read().decode(errors="replace").strip()
        return text[-500:] or f"it ended with code {self.process.returncode} and said nothing"

    def stop(self) -> int:
        """End the child and return its exit code."""
        _running.discard(self)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.process.terminate()
        try:
            return self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            self._messages.close()


def _after(seconds: float, action: Any) -> Any:
    import threading

    timer = threading.Timer(seconds, action)
    timer.daemon = True
    timer.start()
    return timer


def _environment() -> dict[str, str]:
    """Idle threads of llama.cpp must sleep; spinning costs most of the speed where cores are few."""
    return {**os.environ, "OMP_WAIT_POLICY": "passive"}


@atexit.register
def _stop_all() -> None:
    for server in list(_running):
        server.stop()
