"""`FakePerspectiveServer`: a real HTTP server with the comment analyser of the Perspective API, for tests."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from typing_extensions import Self


class FakePerspectiveServer:
    """Score texts by a function.

    Args:
        score: takes a text and an attribute, and returns the score.
        fail: takes a text and the number of the request, and returns None or `(status, message)` of a refusal.

    Attributes:
        seen: (body, headers in lower case) of the requests, in order.

    Examples:
        >>> from dataflow_rs.testing import FakePerspectiveServer
        >>> with FakePerspectiveServer(lambda text, attribute: 0.5) as server:
        ...     server.url.startswith("http://127.0.0.1:")
        True
    """

    def __init__(
        self,
        score: Callable[[str, str], float],
        fail: Callable[[str, int], tuple[int, str] | None] = lambda *_: None,
    ) -> None:
        self.score, self.fail = score, fail
        self.seen: list[tuple[dict[str, Any], Mapping[str, str]]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.fake = self  # type: ignore[attr-defined]  # how the handler finds it
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """Address of the interface."""
        return f"http://127.0.0.1:{self._server.server_port}/v1alpha1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:  # the name that http.server calls
        fake: FakePerspectiveServer = self.server.fake  # type: ignore[attr-defined]
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        fake.seen.append((body, {name.lower(): value for name, value in self.headers.items()}))
        text = body["comment"]["text"]
        refusal = fake.fail(text, len(fake.seen))
        if refusal is not None:
            self._send(refusal[0], {"error": {"code": refusal[0], "message": refusal[1]}})
        elif not self.path.endswith("/comments:analyze"):
            self._send(404, {"error": {"message": f"there is nothing at {self.path}"}})
        else:
            scores = {name: _score(fake.score(text, name)) for name in body["requestedAttributes"]}
            self._send(200, {"attributeScores": scores, "languages": ["en"]})

    def _send(self, status: int, answer: Any) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _score(value: float) -> dict[str, Any]:
    return {"summaryScore": {"value": value, "type": "PROBABILITY"}, "spanScores": []}
