"""The endpoints of a serving: who gets the next call, and who is left alone for a while.

A call goes to the endpoint with the fewest calls under way in relation to its weight, among those below their adaptive
limit. An endpoint that refuses everything is left alone for as long as it asks, and one that fails many times in a row
is tried with single calls, at growing distances, until it answers (a circuit breaker); meanwhile the others take over.
All of this runs on the engine's loop, so nothing here needs a lock.
"""

from __future__ import annotations

import asyncio
import collections
from collections.abc import Sequence
from dataclasses import dataclass, field

from dataflow_rs.exceptions import (
    RateLimitedError,
    RequestTimeoutError,
    ServerFailedError,
    ServingError,
    TransportError,
)
from dataflow_rs.serving.limits import AdaptiveLimit

_BREAKS_AFTER = 10
"""Failures in a row after which only single calls are tried."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0
PATIENCE_S = 60.0
"""How long calls wait for an endpoint that is down, before they fail with its last error."""
_OVERLOADED = (502, 503, 504, 529)


@dataclass(eq=False)
class Endpoint:
    """An address and how it is doing.

    Args:
        url: where paths such as `/chat/completions` are added.
        limit: calls at once.
        secret: API key.
        weight: share of the calls, in relation to the other endpoints.
    """

    url: str
    limit: AdaptiveLimit
    secret: str | None = field(default=None, repr=False)
    weight: float = 1.0
    under_way: int = 0
    free_at: float = 0.0
    failures: int = 0
    down_since: float | None = None
    last_error: ServingError | None = None
    _shrinks: int = 0

    def admits(self, now: float) -> bool:
        """Whether it may be given a call."""
        if now < self.free_at:
            return False
        return self.under_way < (1 if self.broken else self.limit.value)

    @property
    def broken(self) -> bool:
        """Whether it failed too many times in a row."""
        return self.failures >= _BREAKS_AFTER

    def answered(self, started: float, now: float, under_way: int, bound: int) -> None:
        """Take in an answer, or an error that only a working endpoint gives; see `AdaptiveLimit.answered`."""
        self.failures = self._shrinks = 0
        self.down_since = None
        self.limit.answered(started, now, under_way, bound)

    def failed(self, error: ServingError, started: float, now: float) -> None:
        """Take in a failed call."""
        self.last_error = error
        if _is_congestion(error) and self.limit.refused(started, now):
            self._shrinks += 1
            if self._shrinks > 1:  # nothing was answered since it shrank before
                self._pause(now, error.retry_after_s, self._shrinks - 2)
        if isinstance(error, RateLimitedError):
            return
        self.failures += 1
        if self.down_since is None:
            self.down_since = started
        if self.broken:
            self._pause(now, error.retry_after_s, self.failures - _BREAKS_AFTER)

    def _pause(self, now: float, asked_s: float | None, step: int) -> None:
        own = _FIRST_PAUSE_S * 2 ** min(step, 10)
        self.free_at = max(self.free_at, now + min(_LONGEST_PAUSE_S, own if asked_s is None else asked_s))


def _is_congestion(error: ServingError) -> bool:
    overloaded = isinstance(error, ServerFailedError) and error.status in _OVERLOADED
    return overloaded or isinstance(error, (RateLimitedError, RequestTimeoutError))


class EndpointPool:
    """Hands out endpoints to calls, first come first served.

    Args:
        endpoints: at least one.
    """

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        self.endpoints = list(endpoints)
        self._waiting: collections.deque[asyncio.Future[Endpoint]] = collections.deque()
        self._timer: asyncio.TimerHandle | None = None

    async def acquire(self, avoid: Endpoint | None = None) -> Endpoint:
        """Return an endpoint that takes a call now; it is to be given back with `release`.

        Args:
            avoid: where the same request failed just now; taken only if there is no other.

        Raises:
            ServingError: all endpoints have been down for `PATIENCE_S`: the last error of one of them.
        """
        loop = asyncio.get_running_loop()
        if not self._waiting:
            found = self._best(loop.time(), avoid)
            if found is not None:
                found.under_way += 1
                return found
        self._refuse_if_down(loop.time())
        waiter: asyncio.Future[Endpoint] = loop.create_future()
        self._waiting.append(waiter)
        self._schedule(loop)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self.release(waiter.result())
            raise

    def release(self, endpoint: Endpoint) -> None:
        """Give an endpoint back."""
        endpoint.under_way -= 1
        if self._waiting:
            self._serve(asyncio.get_running_loop())

    def _best(self, now: float, avoid: Endpoint | None = None) -> Endpoint | None:
        admitting = [endpoint for endpoint in self.endpoints if endpoint.admits(now)]
        others = [endpoint for endpoint in admitting if endpoint is not avoid]
        return min(others or admitting, key=lambda one: (one.under_way + 1) / one.weight, default=None)

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        while self._waiting:
            if self._waiting[0].done():  # cancelled
                self._waiting.popleft()
                continue
            found = self._best(now)
            if found is None:
                break
            found.under_way += 1
            self._waiting.popleft().set_result(found)
        try:
            self._refuse_if_down(now)
        except ServingError as error:
            while self._waiting:
                waiter = self._waiting.popleft()
                if not waiter.done():
                    waiter.set_exception(copy_of(error))
        if self._waiting:
            self._schedule(loop)

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look again when the first paused endpoint is free; calls that come back look at once."""
        pauses = [endpoint.free_at for endpoint in self.endpoints if endpoint.free_at > loop.time()]
        if pauses and (self._timer is None or self._timer.when() > min(pauses) or self._timer.when() < loop.time()):
            if self._timer is not None:
                self._timer.cancel()
            self._timer = loop.call_at(min(pauses) + 0.001, self._serve, loop)

    def _refuse_if_down(self, now: float) -> None:
        for endpoint in self.endpoints:
            if not endpoint.broken or endpoint.down_since is None or now - endpoint.down_since < PATIENCE_S:
                return
        error = self.endpoints[0].last_error
        assert error is not None, "a broken endpoint has failed"
        raise copy_of(error)


def copy_of(error: ServingError) -> ServingError:
    """Return an error of the same class and text for another request, which was not sent."""
    copied = type(error)(f"the endpoint is down: {error}", attempts=0)
    copied.retryable = False
    return copied


def is_outage(error: ServingError) -> bool:
    """Whether an error says something about the endpoint, rather than about the request."""
    return isinstance(error, (RateLimitedError, RequestTimeoutError, ServerFailedError, TransportError))
