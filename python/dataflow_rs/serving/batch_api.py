"""The files and batches of an OpenAI-compatible endpoint: submit a file of requests, ask how far it is, fetch the ends.

A handful of calls for thousands of requests, so the standard library's client is enough. Creating a batch is the one
call that must not happen twice: each carries a token in its metadata, by which one whose confirmation was lost is found
again before another is made.
"""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from dataflow_rs.exceptions import RequestTimeoutError, ServingError, TransportError
from dataflow_rs.serving.openai_errors import BrokenReplyError, error_of_reply, redacted
from dataflow_rs.serving.retry import RetryPolicy

_T = TypeVar("_T")
_TOKEN = "dataflow_rs_token"  # noqa: S105  # a name in the metadata, no secret
_LISTED = 100


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Only the configured endpoint is contacted."""

    def redirect_request(self, *_: Any) -> None:
        """Follow nothing; the status becomes an error."""


class BatchApi:
    """The endpoint.

    Args:
        base_url: its address.
        api_key: its key; in no error text.
        policy: retries and the limit of one attempt.
    """

    def __init__(self, base_url: str, api_key: str | None, policy: RetryPolicy) -> None:
        self._base_url, self._key, self._policy = base_url.rstrip("/"), api_key, policy
        self._opener = urllib.request.build_opener(_NoRedirect)

    def upload(self, lines: bytes) -> str:
        """Upload a file of requests and return its id."""
        boundary = uuid.uuid4().hex
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'.encode(),
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="requests.jsonl"\r\n'
            "Content-Type: application/jsonl\r\n\r\n".encode(),
            lines,
            f"\r\n--{boundary}--\r\n".encode(),
        ]
        kind = f"multipart/form-data; boundary={boundary}"
        return str(self._json("POST", "/files", b"".join(parts), kind)["id"])

    def create(self, file: str, route: str, window: str, token: str) -> dict[str, Any]:
        """Create the batch of a token, unless it exists.

        Args:
            file: id of the file of requests.
            route: what the requests are sent to, such as `/v1/chat/completions`.
            window: time that the endpoint may take, such as `24h`.
            token: names the batch in its metadata.
        """
        body = {
            "input_file_id": file,
            "endpoint": route,
            "completion_window": window,
            "metadata": {_TOKEN: token},
        }
        content = json.dumps(body).encode()

        def make() -> dict[str, Any]:
            return self.find(token) or self._once("POST", "/batches", content, "application/json")

        return self._persist(make)

    def find(self, token: str) -> dict[str, Any] | None:
        """Return the batch of a token, if it exists."""
        after = ""
        while True:
            page = self._json("GET", f"/batches?limit={_LISTED}{after}")
            for batch in page["data"]:
                if (batch.get("metadata") or {}).get(_TOKEN) == token:
                    return dict(batch)
            if not page.get("has_more") or not page["data"]:
                return None
            after = f"&after={urllib.parse.quote(page['data'][-1]['id'])}"

    def batch(self, identifier: str) -> dict[str, Any]:
        """Return how far a batch is."""
        return dict(self._json("GET", f"/batches/{urllib.parse.quote(identifier)}"))

    def lines(self, file: str) -> Iterator[dict[str, Any]]:
        """Yield the lines of a file; a line that is no JSON object is left out, and its request has then no end."""
        content = self._persist(lambda: self._raw("GET", f"/files/{urllib.parse.quote(file)}/content"))
        for line in content.split(b"\n"):
            try:
                value = json.loads(line)
            except ValueError:
                continue
            if isinstance(value, dict):
                yield value

    # -- one call ------------------------------------------------------------------------------------------------------

    def _json(self, method: str, path: str, body: bytes | None = None, kind: str | None = None) -> Any:
        return self._persist(lambda: self._once(method, path, body, kind))

    def _persist(self, call: Callable[[], _T]) -> _T:
        attempt = 0
        while True:
            attempt += 1
            try:
                return call()
            except ServingError as error:
                if not error.retryable or attempt > self._policy.max_retries:
                    error.attempts = attempt
                    raise
                time.sleep(self._policy.wait(attempt, error.retry_after_s))

    def _once(self, method: str, path: str, body: bytes | None = None, kind: str | None = None) -> Any:
        try:
            return json.loads(self._raw(method, path, body, kind))
        except ValueError as error:
            raise BrokenReplyError(f"the endpoint's reply cannot be read: {error}") from None

    def _raw(self, method: str, path: str, body: bytes | None = None, kind: str | None = None) -> bytes:
        headers: dict[str, str] = {} if kind is None else {"Content-Type": kind}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        request = urllib.request.Request(self._base_url + path, body, headers, method=method)  # noqa: S310  # checked
        try:
            with self._opener.open(request, timeout=self._policy.timeout_s) as reply:
                return bytes(reply.read())
        except urllib.error.HTTPError as error:
            raise error_of_reply(error.code, dict(error.headers), error.read(), self._key) from None
        except TimeoutError:
            raise RequestTimeoutError(f"no complete answer within {self._policy.timeout_s:g} s") from None
        except (OSError, http.client.HTTPException) as error:
            raise TransportError(f"the connection failed: {redacted(str(error), self._key)}") from None

    def ends_of(self, batch: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the ends of the requests of a batch that has ended: `custom_id`, `response` and `error`."""
        for name in ("output_file_id", "error_file_id"):
            if batch.get(name):
                yield from self.lines(batch[name])
