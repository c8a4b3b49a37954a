"""The process that runs llama.cpp's server for `LocalServing`: started, spoken to, and always ended."""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from dataflow_rs.exceptions import ModelUnavailableError

_CHILD = Path(__file__).with_name("llama_child.py")
_START_TIMEOUT_S = 180.0


class LlamaServer:
    """The child process and its address.

    Args:
        settings: what `llama_child.py` reads: `model`, `context`, `parallel`, `threads`, and for embeddings `pooling`.

    Raises:
        ModelUnavailableError: the model cannot be loaded.
    """

    def __init__(self, **settings: Any) -> None:
        self.api_key = secrets.token_hex(16)
        self._messages: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the child
        self.process = subprocess.Popen(
            [sys.executable, "-I", str(_CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._messages,
            env=_environment(),
        )
        self._finalizer = weakref.finalize(self, _end, self.process, self._messages, os.getpid())
        try:
            self.address = self._start(settings)
        except BaseException:
            self.stop()
            raise

    def _start(self, settings: Mapping[str, Any]) -> str:
        """Give the child its settings and wait until it has loaded the model."""
        spec = importlib.util.find_spec("xllamacpp")
        assert spec is not None, "the serving has looked for it"
        assert spec.origin is not None
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        packages = str(Path(spec.origin).parent.parent)
        content = {**settings, "parent": os.getpid(), "packages": packages, "port": 0, "api_key": self.api_key}
        timer = threading.Timer(_START_TIMEOUT_S, self.process.kill)
        timer.start()
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

    def stop(self) -> int | None:
        """End the child and return its exit code. Garbage collection and the end of this process do it as well."""
        self._finalizer()
        return self.process.returncode


def _end(process: subprocess.Popen[bytes], messages: IO[bytes], owner: int) -> None:
    if os.getpid() != owner:  # a forked process has copies of everything, but the child is not its own
        return
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    messages.close()


def _environment() -> dict[str, str]:
    """Idle threads of llama.cpp must sleep; spinning costs most of the speed where cores are few."""
    return {**os.environ, "OMP_WAIT_POLICY": "passive"}
