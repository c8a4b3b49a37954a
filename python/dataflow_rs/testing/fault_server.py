"""`FaultServer`: a real HTTP endpoint that speaks the OpenAI protocol and fails as told.

For tests of whatever talks to models: what happens to a request is drawn by a generator that the seed, the prompt and
the number of the prompt's request seed, so it does not depend on the order in which requests arrive, and can be
predicted with `FaultServer.drawn()`. By default the answer is a hash of the prompt, so that an answer that went to the
wrong prompt is seen. Standard library only; one thread serves thousands of requests a second.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from typing_extensions import Self

from dataflow_rs.exceptions import ParameterError
from dataflow_rs.testing.http_protocol import HttpProtocol

FAULTS: dict[str, str] = {
    "429": "refused with status 429",
    "429-retry-after": "refused with status 429 and a Retry-After of `retry_after_s`",
    "500": "refused with status 500",
    "502": "refused with status 502 and a page that is no JSON",
    "503": "refused with status 503 and no body",
    "hang": "no answer until the client or the server closes the connection",
    "reset": "the connection is reset in the middle of the body",
    "truncated": "JSON that ends too early, complete as HTTP",
    "invalid-json": "a body that is no JSON",
    "wrong-schema": "JSON in which nothing is where it should be",
    "empty-choices": "an answer without choices",
    "duplicate-id": "a good answer under the id of another one",
    "slow-drip": "a good answer, in pieces with pauses",
}
"""Kind of fault -> what happens."""
GOOD = frozenset({"duplicate-id", "slow-drip"})
"""Faults after which the answer is complete nevertheless."""
_ERROR = {"error": {"message": "a fault was asked for", "type": "fault"}}


def echo(prompt: str) -> str:
    """Return the answer that a `FaultServer` gives to a prompt by default.

    Examples:
        >>> echo("hello")
        'echo 2cf24dba5fb0a30e'
    """
    return "echo " + hashlib.sha256(prompt.encode()).hexdigest()[:16]


class FaultServer:
    """Serve chat completions, completions and embeddings on a port of this machine, with faults.

    Args:
        faults: kind of fault (a key of `FAULTS`) -> share of requests, 0 to 1; together at most 1.
        seed: seed of the draws.
        reply: function of the last user message that returns the answer; by default `echo`.
        capacity: requests that may be under way at once; those above are refused with status 429.
        latency_s: seconds until an answer.
        queues: with `capacity`, requests above it wait instead of being refused.
        retry_after_s: what a refusal asks for, where it asks.
        port: 0 takes a free one.

    Attributes:
        counts: what happened to requests -> how many: kinds of faults, `good`, and `refused` above the capacity.
        asked: hash of the prompt -> number of its requests.
        answered: hash of the prompt -> number of complete answers to it.
        most_under_way: most requests under way at once, refused ones left out.
        headers: headers of the latest request.

    Examples:
        >>> import json, urllib.request
        >>> with FaultServer(faults={"500": 0.1}, seed=3) as server:
        ...     body = json.dumps({"messages": [{"role": "user", "content": "hello"}]}).encode()
        ...     request = urllib.request.Request(server.url + "/chat/completions", body)
        ...     reply = json.load(urllib.request.urlopen(request))
        >>> reply["choices"][0]["message"]["content"], dict(server.counts)
        ('echo 2cf24dba5fb0a30e', {'good': 1})
    """

    def __init__(
        self,
        *,
        faults: Mapping[str, float] | None = None,
        seed: int = 0,
        reply: Callable[[str], str] = echo,
        capacity: int | None = None,
        latency_s: float = 0.0,
        queues: bool = False,
        retry_after_s: float = 0.05,
        port: int = 0,
    ) -> None:
        self.faults = dict(faults or {})
        unknown = set(self.faults) - set(FAULTS)
        if unknown or sum(self.faults.values()) > 1 or min(self.faults.values(), default=0) < 0:
            raise ParameterError(
                f"FaultServer(faults={self.faults!r}): shares of {', '.join(FAULTS)}, at most 1 in all"
            )
        self.seed, self.reply, self.capacity, self.latency_s = seed, reply, capacity, latency_s
        self.queues, self.retry_after_s, self.port = queues, retry_after_s, port
        self.counts: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.headers: dict[str, str] = {}
        self.under_way = self.most_under_way = 0
        self._waiting: list[tuple[HttpProtocol, str, dict[str, Any]]] = []
        self._loop: Any = None
        self._thread = threading.Thread(target=self._serve, name="fault-server", daemon=True)
        self._started = threading.Event()
        self._problem: OSError | None = None

    # -- life ----------------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Address for `base_url`."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def requests(self) -> int:
        """Number of requests so far."""
        return sum(self.counts.values())

    def start(self) -> Self:
        """Listen; returns when requests can be sent.

        Raises:
            OSError: the port is taken.
        """
        self._loop = asyncio.new_event_loop()
        self._thread.start()
        self._started.wait()
        if self._problem is not None:
            raise self._problem
        return self

    def stop(self) -> None:
        """Close all connections and the port."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _serve(self) -> None:
        connections: set[HttpProtocol] = set()
        try:
            listening = self._loop.create_server(
                lambda: HttpProtocol(self._arrived, connections), "127.0.0.1", self.port, backlog=1024
            )
            server = self._loop.run_until_complete(listening)
        except OSError as error:
            self._problem = error
            self._loop.close()
            self._started.set()
            return
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        try:
            self._loop.run_forever()
        finally:
            server.close()
            for connection in list(connections):
                connection.abort()
            self._loop.run_until_complete(asyncio.sleep(0))
            self._loop.close()

    # -- answering -----------------------------------------------------------------------------------------------------

    def drawn(self, prompt: str, number: int) -> str:
        """Return what happens to the request of that number, from 1, of a prompt: a kind of fault, or `good`."""
        digest = hashlib.blake2b(f"{self.seed}/{number}/{prompt}".encode(), digest_size=8).digest()
        place = int.from_bytes(digest, "big") / 2**64
        for kind, share in self.faults.items():
            place -= share
            if place < 0:
                return kind
        return "good"

    def _arrived(self, connection: HttpProtocol, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        if method == "GET":
            self._told(connection, path)
            return
        self.headers = headers
        try:
            asked = json.loads(body)
            prompt = prompt_of(asked)
        except (ValueError, LookupError, TypeError):
            connection.send(400, {"error": {"message": "this is no request", "type": "invalid_request_error"}})
            return
        if self.capacity is not None and self.under_way >= self.capacity:
            if self.queues:
                self._waiting.append((connection, path, asked))
            else:
                self.counts["refused"] += 1
                connection.send(429, _ERROR, {"Retry-After": f"{self.retry_after_s:g}"})
            return
        self._begin(connection, path, asked, prompt)

    def _begin(self, connection: HttpProtocol, path: str, asked: dict[str, Any], prompt: str) -> None:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        if self.latency_s:
            self._loop.call_later(self.latency_s, self._end, connection, path, asked, prompt)
        else:
            self._end(connection, path, asked, prompt)

    def _end(self, connection: HttpProtocol, path: str, asked: dict[str, Any], prompt: str) -> None:
        self.under_way -= 1
        if self._waiting:
            waiting, its_path, its_request = self._waiting.pop(0)
            self._begin(waiting, its_path, its_request, prompt_of(its_request))
        key = hashlib.sha256(prompt.encode()).hexdigest()[:16]
        self.asked[key] += 1
        kind = self.drawn(prompt, self.asked[key])
        self.counts[kind] += 1
        if connection.closed:
            return
        if kind == "good" or kind in GOOD:
            self.answered[key] += 1
            answer = answer_to(path, asked, self.reply(prompt), "1" if kind == "duplicate-id" else key)
            connection.send(200, answer, drip=kind == "slow-drip")
        else:
            self._fail(connection, kind, answer_to(path, asked, self.reply(prompt), key))

    def _fail(self, connection: HttpProtocol, kind: str, answer: dict[str, Any]) -> None:
        text = json.dumps(answer)
        if kind == "429-retry-after":
            connection.send(429, _ERROR, {"Retry-After": f"{self.retry_after_s:g}"})
        elif kind in ("429", "500"):
            connection.send(int(kind), _ERROR)
        elif kind in ("502", "503"):
            connection.send(int(kind), "<html>bad gateway</html>" if kind == "502" else "")
        elif kind == "reset":
            connection.send(200, text, cut=len(text) // 2)
        elif kind == "truncated":
            connection.send(200, text[: len(text) // 2])
        elif kind == "invalid-json":
            connection.send(200, "this is no JSON")
        elif kind == "wrong-schema":
            connection.send(200, {"result": [answer["id"]]})
        elif kind == "empty-choices":
            connection.send(200, {**answer, "choices": [], "data": []})

    def _told(self, connection: HttpProtocol, path: str) -> None:
        if path.endswith("/models"):
            connection.send(200, {"object": "list", "data": [{"id": "fault", "object": "model"}]})
        elif path.endswith("/counts"):
            most = {"most_under_way": self.most_under_way, "repeated": sum(n - 1 for n in self.answered.values())}
            connection.send(200, {**self.counts, **most})
        else:
            connection.send(200 if path.endswith("/health") else 404, {})


def prompt_of(asked: Mapping[str, Any]) -> str:
    """Return the text that a request is about: its last message, prompt or input."""
    if "messages" in asked:
        content = asked["messages"][-1]["content"]
        return content if isinstance(content, str) else json.dumps(content, sort_keys=True)
    text = asked["prompt"] if "prompt" in asked else asked["input"]
    return text if isinstance(text, str) else json.dumps(text)


def answer_to(path: str, asked: Mapping[str, Any], text: str, key: str) -> dict[str, Any]:
    """Return the body of a good answer; tokens are counted as words."""
    words = len(prompt_of(asked).split())
    usage = {"prompt_tokens": words, "completion_tokens": len(text.split()), "total_tokens": words + len(text.split())}
    answer = {"id": f"fault-{key}", "created": 0, "model": asked.get("model", "fault"), "usage": usage}
    if path.endswith("/embeddings"):
        inputs = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
        data = [{"object": "embedding", "index": i, "embedding": vector(str(one))} for i, one in enumerate(inputs)]
        return {**answer, "object": "list", "data": data}
    choices = []
    for index in range(int(asked.get("n") or 1)):
        choice: dict[str, Any] = {"index": index, "finish_reason": "stop"}
        if path.endswith("/chat/completions"):
            choice["message"] = {"role": "assistant", "content": text}
        else:
            choice["text"] = text
        choices.append(choice)
    kind = "chat.completion" if path.endswith("/chat/completions") else "text_completion"
    return {**answer, "object": kind, "choices": choices}


def vector(text: str) -> list[float]:
    """Return eight numbers, -1 to 1, that depend on the text alone."""
    return [byte / 127.5 - 1 for byte in hashlib.sha256(text.encode()).digest()[:8]]
