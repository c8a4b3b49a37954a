"""The child that runs a model server for a parent, and ends it with all its processes when the parent is gone.

Run as a script with an isolated interpreter; it imports nothing of this package. Its standard input is a pipe that the
parent holds open, with the settings on its first line (they hold a key, which other users must not see among the
arguments). The end of that pipe, however the parent died, ends the server: first politely, then not.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import subprocess
import sys

_PR_SET_PDEATHSIG = 1
_SECONDS_TO_END = 15.0


def main() -> None:
    """Run the server until it ends or the parent is gone."""
    settings = json.loads(sys.stdin.buffer.readline() or sys.exit(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle; it closes the pipe
    signal.signal(signal.SIGTERM, lambda *_: os.close(0))
    server = subprocess.Popen(
        settings["command"],
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        env={**os.environ, **settings["environment"]},
        start_new_session=True,
        preexec_fn=_end_with_parent if sys.platform == "linux" else None,
    )
    while server.poll() is None and not _is_gone(settings["parent"]):
        pass
    end(server)
    sys.exit(server.returncode if server.returncode and server.returncode > 0 else 1)


def end(server: subprocess.Popen[bytes]) -> None:
    """End the server's whole process group."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(server.pid, how)
            server.wait(_SECONDS_TO_END)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    server.wait()


def _is_gone(parent: int) -> bool:
    """Wait up to half a second, and say whether the pipe or the parent has ended."""
    try:
        readable, _, _ = select.select([0], [], [], 0.5)
        return (bool(readable) and not os.read(0, 1)) or os.getppid() != parent
    except (OSError, ValueError):  # the pipe was closed by the handler of SIGTERM
        return True


def _end_with_parent() -> None:
    """Ask the kernel to end the server if this process is killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


if __name__ == "__main__":
    main()
