"""A model server in a child process: started, waited for, and always ended, whatever ends this process."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from dataflow_rs.exceptions import ModelUnavailableError

_CHILD = Path(__file__).with_name("server_child.py")
_LAST_WORDS = 2000
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class ServerProcess:
    """A server program on a free port of the loopback interface.

    Args:
        command: the program and its arguments; `{port}` in them becomes the port.
        key_variable: environment variable in which the program takes the key that it asks its clients for.
        environment: further environment variables.
        start_timeout_s: how long it may take until `/health` answers.
        port: the port; None: a free one.
        api_key: the key; None: a random one.

    Raises:
        ModelUnavailableError: the server has not started; the message ends with its last words.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        key_variable: str,
        environment: Mapping[str, str],
        start_timeout_s: float,
        port: int | None = None,
        api_key: str | None = None,
    ) -> None:
        self.api_key = api_key or secrets.token_hex(16)
        self.port = port or _free_port()
        self._messages: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the child
        self.process = subprocess.Popen(
            [sys.executable, "-I", str(_CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._messages,
        )
        self._finalizer = weakref.finalize(self, _end, self.process, self._messages, os.getpid())
        settings = {
            "command": [part.replace("{port}", str(self.port)) for part in command],
            "environment": {**environment, key_variable: self.api_key},
            "parent": os.getpid(),
        }
        try:
            self._start(settings, start_timeout_s)
        except BaseException:
            self.stop()
            raise

    @property
    def address(self) -> str:
        """Address of the OpenAI-compatible interface."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def alive(self) -> bool:
        """Whether the server runs."""
        return self.process.poll() is None

    def last_words(self) -> str:
        """Return the end of what the server has written, without its key."""
        file = self._messages.fileno()
        start = max(0, os.fstat(file).st_size - 4 * _LAST_WORDS)
        said = os.pread(file, 4 * _LAST_WORDS, start)  # the server writes at the file's position, which must not move
        text = said.decode(errors="replace").replace(self.api_key, "***").strip()
        return text[-_LAST_WORDS:] or f"it ended with code {self.process.poll()} and said nothing"

    def stop(self) -> int | None:
        """End the server and return its exit code. Garbage collection and the end of this process do it as well."""
        self._finalizer()
        return self.process.returncode

    def _start(self, settings: Mapping[str, object], timeout_s: float) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(settings).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        deadline = time.monotonic() + timeout_s
        while not self._is_healthy():
            if not self.alive:
                raise ModelUnavailableError(f"the server has ended before it was ready: {self.last_words()}")
            if time.monotonic() > deadline:
                raise ModelUnavailableError(f"the server is not ready after {timeout_s:g} s: {self.last_words()}")
            time.sleep(0.2)

    def _is_healthy(self) -> bool:
        try:
            with _NO_PROXY.open(f"http://127.0.0.1:{self.port}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError, ValueError):
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _end(process: subprocess.Popen[bytes], messages: IO[bytes], owner: int) -> None:
    if os.getpid() != owner:  # a forked process has copies of everything, but the child is not its own
        return
    if process.stdin is not None:
        process.stdin.close()  # the child ends the server, which may take its time
    try:
        process.wait(40)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    messages.close()
