"""A real HTTP server that answers chat requests as told, faults included."""

from __future__ import annotations

import json
import secrets
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def reply(text, finish_reason="stop", **message):
    """The body of an answer."""
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", "content": text, **message}}
        ],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
    }


class Answer:
    """What the server does with one request.

    Args:
        body: object (sent as JSON) or text.
        status: HTTP status.
        headers: further headers.
        hang: wait until the server is closed, and never answer.
        drop: close the connection after this many bytes of the body.
    """

    def __init__(self, body="", status=200, headers=None, hang=False, drop=None):
        self.body, self.status, self.headers = body, status, headers or {}
        self.hang, self.drop = hang, drop


class FaultServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.place = f"/{secrets.token_hex(4)}/v1"  # a client that had this port before does not know it
        self.seen = []
        self.lock = threading.Lock()
        self.closed = threading.Event()
        self.under_way = self.most_under_way = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}{self.place}"

    def handle_error(self, request, client_address):
        """A client that went away is no news."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        server = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.path.startswith(server.place):
            self.send(Answer("this is another server now", 404))
            return
        with server.lock:
            server.seen.append((body, {name.lower(): value for name, value in self.headers.items()}))
            number = len(server.seen)
            server.under_way += 1
            server.most_under_way = max(server.most_under_way, server.under_way)
        try:
            answer = server.answer(body, number)
        finally:
            with server.lock:
                server.under_way -= 1
        self.send(answer if isinstance(answer, Answer) else Answer(answer))

    def send(self, answer):
        if answer.hang:
            self.server.closed.wait()
            self.close_connection = True
            return
        content = (answer.body if isinstance(answer.body, str) else json.dumps(answer.body)).encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if answer.drop is not None:
            content = content[: answer.drop]
            self.close_connection = True
        self.wfile.write(content)

    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def serving_faults(answer):
    """Run a server; `answer(body, number)` gives the `Answer` (or its body) to the request of that number, from 1."""
    server = FaultServer(answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closed.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
