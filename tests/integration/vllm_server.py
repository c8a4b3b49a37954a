"""A real `vllm serve` on the CPU, with the model of `tools/make_tiny_model.py`, for as long as a `with` block runs."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VLLM = ROOT / ".venvs" / "vllm" / "bin" / "vllm"
MODEL = "tiny"
CONTEXT = 1024
SECONDS_TO_START = 600
SETTINGS = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",  # GiB
    "OMP_WAIT_POLICY": "passive",  # threads that spin take the cores from everybody else
    "KMP_BLOCKTIME": "0",
}
_PR_SET_PDEATHSIG = 1


def make_model(folder: Path) -> Path:
    subprocess.run([sys.executable, ROOT / "tools" / "make_tiny_model.py", folder], check=True)
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _end_with_parent() -> None:
    """Ask the kernel to end this process when the one that started it is gone, however that died."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server and the engine that it has started, which are one process group."""
    for end, seconds in ((signal.SIGTERM, 30), (signal.SIGKILL, 30)):
        try:
            os.killpg(process.pid, end)
            process.wait(seconds)
            break
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            break
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # what the server has left behind


@contextmanager
def serving_vllm(folder: Path) -> Iterator[str]:
    """Start a server, give its address when it answers, and end it with all its processes.

    Args:
        folder: where the model and the server's log are written.
    """
    port, log = free_port(), folder / "vllm.log"
    command = [
        *(VLLM, "serve", make_model(folder / "model"), "--served-model-name", MODEL),
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--max-model-len", str(CONTEXT), "--max-num-seqs", "8"),
        *("--enforce-eager", "--gpu-memory-utilization", "0.25"),
        *("--structured-outputs-config", '{"backend": "xgrammar", "disable_any_whitespace": true}'),
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **SETTINGS},
            start_new_session=True,
            preexec_fn=_end_with_parent,
        )
    try:
        deadline = time.monotonic() + SECONDS_TO_START
        while not _is_ready(port):
            assert process.poll() is None and time.monotonic() < deadline, f"vLLM did not start:\n{tail(log)}"  # noqa: PT018
            time.sleep(0.5)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        _stop(process)


def tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-40:])
