"""The HTTP client of the backends: posts JSON to the endpoint it is given, and to nothing else.

Built on aiohttp, which parses HTTP in C: a call costs about a tenth of the processor time that the `openai` client
needs (benchmarks/serving_overhead.py). Redirects are not followed, no proxy's or `.netrc`'s credentials are sent to an
endpoint, and nothing is kept of a connection that failed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from dataflow_rs.core.environment import load
from dataflow_rs.exceptions import RequestTimeoutError, ServingError, TransportError
from dataflow_rs.serving.endpoints import Endpoint
from dataflow_rs.serving.openai_errors import BrokenReplyError, error_of_reply, redacted

_CONNECT_TIMEOUT_S = 10.0
_ENCODER = json.JSONEncoder(ensure_ascii=False)
_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}


class HttpClient:
    """Connections to endpoints. To be made, used and closed on one event loop.

    Args:
        needed_by: whom the error names if the extra is missing.
        extra: the extra that brings aiohttp.
        uses_proxy: whether the proxy of the environment (`HTTPS_PROXY`, `NO_PROXY` ...) is used.
    """

    def __init__(self, needed_by: str, extra: str = "openai", *, uses_proxy: bool = True) -> None:
        self._aiohttp: Any = load("aiohttp", extra, needed_by)
        self._uses_proxy = uses_proxy
        self._session: Any = None
        self._proxies: dict[str, str | None] = {}

    async def post(self, endpoint: Endpoint, path: str, body: Mapping[str, Any]) -> Any:
        """Post JSON and return the JSON of the reply.

        Args:
            endpoint: address and key.
            path: where at the endpoint, such as `/chat/completions`.
            body: what is sent.

        Raises:
            ServingError: of the kind that fits: the connection failed, the endpoint refused, the reply is no JSON.
        """
        content = _ENCODER.encode(body).encode("utf-8", "surrogatepass")
        return await self.exchange("POST", endpoint, path, data=content, headers=_HEADERS)

    async def get(self, endpoint: Endpoint, path: str) -> Any:
        """Return the JSON that is at a path; errors as for `post`."""
        return await self.exchange("GET", endpoint, path)

    async def exchange(
        self, method: str, endpoint: Endpoint, path: str, headers: Mapping[str, str] | None = None, **content: Any
    ) -> Any:
        """Send a request of any kind and return the JSON of the reply; errors as for `post`."""
        status, reply_headers, reply = await self.send(method, endpoint, path, headers, **content)
        if status >= 300:
            raise error_of_reply(status, reply_headers, reply, endpoint.secret)
        try:
            return json.loads(reply)
        except ValueError as error:
            raise BrokenReplyError(f"the endpoint's reply cannot be read: {error}") from None

    async def send(
        self, method: str, endpoint: Endpoint, path: str, headers: Mapping[str, str] | None = None, **content: Any
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send a request of any kind and return status, headers and body of the reply, whatever the status.

        Raises:
            TransportError: the connection failed.
            RequestTimeoutError: it could not be made in time.
        """
        given = dict(headers or {})
        if endpoint.secret:
            given["Authorization"] = f"Bearer {endpoint.secret}"
        aiohttp = self._aiohttp
        try:
            async with self._opened().request(
                method,
                endpoint.url + path,
                headers=given,
                allow_redirects=False,
                proxy=self._proxy(endpoint.url),
                **content,
            ) as reply:
                return reply.status, reply.headers, await reply.read()
        except aiohttp.ServerTimeoutError as error:
            raise _failed(RequestTimeoutError, "the endpoint did not answer in time", error, endpoint) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _failed(TransportError, "the connection failed", error, endpoint) from None

    async def close(self) -> None:
        """Close all connections; a later request opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _opened(self) -> Any:
        if self._session is None:
            aiohttp = self._aiohttp
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_TIMEOUT_S),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    def _proxy(self, url: str) -> str | None:
        if not self._uses_proxy:
            return None
        if url not in self._proxies:
            from urllib.request import getproxies, proxy_bypass

            parts = urlsplit(url)
            proxies = getproxies()
            proxy = proxies.get(parts.scheme) or proxies.get("all")
            self._proxies[url] = None if proxy is None or proxy_bypass(parts.netloc) else proxy
        return self._proxies[url]


def _failed(kind: type[ServingError], what: str, error: Exception, endpoint: Endpoint) -> ServingError:
    text = redacted(str(error) or type(error).__name__, endpoint.secret)
    return kind(f"{what}: {text}")
