#!/usr/bin/env python3
"""What `vllm serve` is to its caller: an address that becomes healthy, a key, answers; and ways to die.

Environment: FAKE_FAIL (say this and end), FAKE_STARTS (file in which each start is counted), FAKE_DIE_AFTER (end after
so many requests of the first start), FAKE_CHILD (start a process of its own, as vLLM does, and write its number into
this file).
"""

import json
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def starts():
    file = os.environ.get("FAKE_STARTS")
    if not file:
        return 1
    with Path(file).open("a") as out:
        out.write("x")
    return len(Path(file).read_text())


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answered = 0

    def do_GET(self):
        self.send(200, {})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["Authorization"] != f"Bearer {os.environ['VLLM_API_KEY']}":
            return self.send(401, {"error": {"message": "who are you?"}})
        Handler.answered += 1
        if FIRST and Handler.answered > int(os.environ.get("FAKE_DIE_AFTER", 10**9)):
            os.write(2, b"CUDA error: an illegal memory access was encountered")
            os._exit(7)
        text = f"{body['model']}: {body['messages'][-1]['content']}"
        choice = {"message": {"content": text}, "finish_reason": "stop"}
        return self.send(200, {"choices": [choice], "usage": {"prompt_tokens": 1, "completion_tokens": 1}})

    def send(self, status, content):
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


sys.stdout.write(f"arguments: {' '.join(sys.argv[1:])}\n")
sys.stdout.flush()
if os.environ.get("FAKE_FAIL"):
    sys.exit(os.environ["FAKE_FAIL"])
FIRST = starts() == 1
if os.environ.get("FAKE_CHILD"):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(os.environ["FAKE_CHILD"]).write_text(f"{os.getpid()} {child.pid}")
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Handler).serve_forever()
