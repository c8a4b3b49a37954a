"""HTTP/1.1 as far as the fault server needs it: one request after the other on a connection, bodies with a length."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 429: "Too Many Requests", 500: "Internal Server Error"}
_PIECES, _PAUSE_S = 5, 0.02

Arrived = Callable[["HttpProtocol", str, str, dict[str, str], bytes], None]
"""Takes connection, method, path, headers (lower case) and body of a request."""


class HttpProtocol(asyncio.Protocol):
    """A connection of a client.

    Args:
        arrived: called with every request; answers with `send()`, now or later.
        connections: where the connection is kept while it is open.
    """

    def __init__(self, arrived: Arrived, connections: set[HttpProtocol]) -> None:
        self._arrived, self._connections = arrived, connections
        self._received = bytearray()
        self._transport: Any = None
        self._busy = False
        self.closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """End."""
        self.closed = True
        self._connections.discard(self)

    def data_received(self, data: bytes) -> None:
        """Take in bytes; a request that is complete is handed over."""
        self._received += data
        if not self._busy:
            self._next()

    def abort(self) -> None:
        """Reset the connection."""
        self._transport.abort()

    def send(
        self,
        status: int,
        body: Mapping[str, Any] | str,
        headers: Mapping[str, str] | None = None,
        *,
        cut: int | None = None,
        drip: bool = False,
    ) -> None:
        """Answer the request under way.

        Args:
            status: HTTP status.
            body: object, sent as JSON, or text.
            headers: further headers.
            cut: reset the connection after this many bytes of the body.
            drip: send the body in pieces, with pauses.
        """
        if self.closed:
            return
        content = (body if isinstance(body, str) else json.dumps(body)).encode()
        lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Status')}", "Content-Type: application/json"]
        lines += [f"Content-Length: {len(content)}", *(f"{name}: {text}" for name, text in (headers or {}).items())]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode()
        if cut is not None:
            self._transport.write(head + content[:cut])
            asyncio.get_running_loop().call_later(0.001, self.abort)  # after what was written has left
        elif drip:
            self._drip(head + content)
        else:
            self._transport.write(head + content)
            self._free()

    def _drip(self, rest: bytes) -> None:
        if self.closed:
            return
        size = max(len(rest) // _PIECES, 100)
        self._transport.write(rest[:size])
        if len(rest) > size:
            asyncio.get_running_loop().call_later(_PAUSE_S, self._drip, rest[size:])
        else:
            self._free()

    def _free(self) -> None:
        self._busy = False
        if self._received:
            self._next()

    def _next(self) -> None:
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        first, *lines = self._received[:end].decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        if len(self._received) < end + 4 + length:
            return
        body = bytes(self._received[end + 4 : end + 4 + length])
        del self._received[: end + 4 + length]
        self._busy = True
        method, path, *_ = first.split(" ")
        self._arrived(self, method, path, headers, body)
