"""The child process of `LocalServing`: llama.cpp's server, which ends when its parent does.

Run as a script with an isolated interpreter; it imports nothing of this package, so that the child stays small. Its
standard input is a pipe that the parent holds open, with the settings on its first line (they hold a key, which other
users must not see among the arguments). The end of that pipe, however the parent died, ends the child. Because a
process forked by the parent could hold the pipe open as well, a changed parent ends it, too.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import threading
from typing import Any


def main() -> None:
    """Serve the model until the parent is gone."""
    settings = json.loads(sys.stdin.buffer.readline() or sys.exit(0))
    parent = settings["parent"]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle; it closes the pipe
    threading.Thread(target=watch, args=(parent,), daemon=True).start()
    sys.path.append(settings["packages"])
    server = serve(settings)
    sys.stdout.write(json.dumps({"address": server.listening_address}) + "\n")
    sys.stdout.flush()
    threading.Event().wait()


def watch(parent: int) -> None:
    """End the process, whatever it is doing, when the pipe or the parent is gone."""
    stdin = sys.stdin.fileno()
    while True:
        if sys.platform == "win32":
            if not os.read(stdin, 1):
                break
            continue
        readable, _, _ = select.select([stdin], [], [], 1.0)
        if (readable and not os.read(stdin, 1)) or os.getppid() != parent:
            break
    os._exit(0)


def serve(settings: dict[str, Any]) -> Any:
    """Load the model and start the server on a free port of the loopback interface."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = settings["model"]
    params.hostnames = ["127.0.0.1"]
    params.port = settings["port"]
    params.api_keys = [settings["api_key"]]
    params.n_parallel = settings["parallel"]
    params.n_ctx = settings["context"] * settings["parallel"]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings["threads"]
    params.cache_prompt = False
    if "pooling" in settings:
        params.embedding = True
        params.n_batch = params.n_ubatch = settings["context"]  # a text is embedded in one piece
        if settings["pooling"] != "model":
            name = f"LLAMA_POOLING_TYPE_{settings['pooling'].upper()}"
            params.pooling_type = getattr(xllamacpp.llama_pooling_type, name)
    params.verbosity = -1
    return xllamacpp.Server(params)


if __name__ == "__main__":
    main()
