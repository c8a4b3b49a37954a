"""`FakeBatchServer`: a real HTTP server with the files and batches of the OpenAI protocol, for tests."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from typing_extensions import Self

Answer = Callable[[dict[str, Any]], Any]


class FakeBatchServer:
    """Takes files of requests, works on batches of them when it is asked how far they are, and counts what it sold.

    Args:
        answer: takes a request's body and returns the text of the answer, or `(status, body)` of a refusal, or None for
            a request that the batch expires with.
        polls: how often a batch is looked at before it has ended.
        status: what batches end as.
        api_key: the key that it wants to be shown; None: none.
        fail: `(method, path, number of the call of this kind)` -> HTTP status to fail with, or None. Status 0 does what
            was asked for and closes the connection without an answer.

    Attributes:
        sold: bodies of the requests that have been worked on, in order.
        batches: id -> batch.

    Examples:
        >>> from dataflow_rs.serving import OpenAIBatchServing
        >>> from dataflow_rs.testing import FakeBatchServer
        >>> with FakeBatchServer(lambda body: body["messages"][-1]["content"].upper()) as server:
        ...     serving = OpenAIBatchServing("m", base_url=server.url, poll_s=0.01)
        ...     serving.generate_from_input(["a", "b"]), len(server.batches)
        (['A', 'B'], 1)
    """

    def __init__(
        self,
        answer: Answer,
        *,
        polls: int = 1,
        status: str = "completed",
        api_key: str | None = None,
        fail: Callable[[str, str, int], int | None] = lambda *_: None,
    ) -> None:
        self.answer, self.polls, self.status, self.api_key, self.fail = answer, polls, status, api_key, fail
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.sold: list[dict[str, Any]] = []
        self.calls: dict[tuple[str, str], int] = {}
        self.lock = threading.Lock()
        self._looks: dict[str, int] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.fake = self  # type: ignore[attr-defined]  # how the handler finds it
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """Address of the interface."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def add_file(self, content: bytes) -> dict[str, Any]:
        """Keep a file."""
        name = f"file-{len(self.files) + 1}"
        self.files[name] = content
        return {"id": name, "object": "file"}

    def add_batch(self, body: dict[str, Any]) -> dict[str, Any]:
        """Begin a batch."""
        name = f"batch_{len(self.batches) + 1}"
        self.batches[name] = {"id": name, "status": "in_progress", "metadata": body.get("metadata"), **body}
        return self.batches[name]

    def look(self, name: str) -> dict[str, Any]:
        """Return a batch, which ends after it has been looked at often enough."""
        batch = self.batches[name]
        self._looks[name] = self._looks.get(name, 0) + 1
        if self._looks[name] > self.polls and batch["status"] == "in_progress":
            self._work(batch)
        return batch

    def _work(self, batch: dict[str, Any]) -> None:
        batch["status"] = self.status
        if self.status == "failed":
            batch["errors"] = {"data": [{"message": "the file is not valid", "line": 1}]}
            return
        done, refused = [], []
        for line in self.files[batch["input_file_id"]].splitlines():
            entry = json.loads(line)
            end = self.answer(entry["body"])
            if isinstance(end, str):
                self.sold.append(entry["body"])
                choice = {"index": 0, "message": {"role": "assistant", "content": end}, "finish_reason": "stop"}
                usage = {"prompt_tokens": 5, "completion_tokens": 2}
                response = {"status_code": 200, "body": {"choices": [choice], "usage": usage}}
                done.append({"custom_id": entry["custom_id"], "response": response, "error": None})
            elif end is None:
                error = {"code": "batch_expired", "message": "the batch has expired"}
                refused.append({"custom_id": entry["custom_id"], "response": None, "error": error})
            else:
                response = {"status_code": end[0], "body": end[1]}
                refused.append({"custom_id": entry["custom_id"], "response": response, "error": None})
        for name, lines in (("output_file_id", done[::-1]), ("error_file_id", refused)):  # in no certain order
            if lines:
                batch[name] = self.add_file(b"\n".join(json.dumps(line).encode() for line in lines))["id"]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def fake(self) -> FakeBatchServer:
        fake: FakeBatchServer = self.server.fake  # type: ignore[attr-defined]
        return fake

    def do_GET(self) -> None:  # the name that http.server calls
        self._handle("GET", b"")

    def do_POST(self) -> None:
        self._handle("POST", self.rfile.read(int(self.headers["Content-Length"])))

    def _handle(self, method: str, body: bytes) -> None:
        fake, path = self.fake, self.path.removeprefix("/v1").partition("?")[0]
        kind = re.sub(r"/(file-|batch_)\d+", "/ID", path)
        with fake.lock:
            fake.calls[method, kind] = fake.calls.get((method, kind), 0) + 1
            status = fake.fail(method, kind, fake.calls[method, kind])
            if status:
                return self._send(status, {"error": {"message": f"told to fail with {status}"}})
            if fake.api_key is not None and self.headers.get("Authorization") != f"Bearer {fake.api_key}":
                return self._send(401, {"error": {"message": f"wrong key: {self.headers.get('Authorization')}"}})
            answer = self._answer(method, path, body)
            if status == 0:
                self.close_connection = True
                return None
        return self._send(200, answer)

    def _answer(self, method: str, path: str, body: bytes) -> Any:
        if (method, path) == ("POST", "/files"):
            content = body.split(b"\r\n\r\n", 2)[2]
            return self.fake.add_file(content[: content.rindex(b"\r\n--")])
        if (method, path) == ("POST", "/batches"):
            return self.fake.add_batch(json.loads(body))
        if path == "/batches":
            return {"data": list(reversed(self.fake.batches.values())), "has_more": False}
        if path.startswith("/batches/"):
            return self.fake.look(path.rpartition("/")[2])
        return self.fake.files[path.split("/")[2]]

    def _send(self, status: int, answer: Any) -> None:
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
