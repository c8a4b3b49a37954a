"""The engine of the HTTP backends: many requests at once, on an event loop in a thread of its own.

The loop has its own thread so that servings work where a loop is running already, as in notebooks. How many calls are
under way is decided by the endpoints (`endpoints.py`, `limits.py`), whichever threads and sessions call. A failed
attempt is repeated if its error is retryable, elsewhere if there is another endpoint, after a wait that doubles with
every attempt, is drawn at random below that bound (so that clients do not return in step), and is never shorter than
what the endpoint asked for. Who waits takes no place from others.
"""

from __future__ import annotations

import asyncio
import collections
import concurrent.futures
import sys
import threading
import weakref
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dataflow_rs.exceptions import RequestTimeoutError, ServingError
from dataflow_rs.serving.endpoints import Endpoint, EndpointPool, is_outage
from dataflow_rs.serving.limits import Bucket
from dataflow_rs.serving.openai_errors import redacted
from dataflow_rs.serving.retry import RetryPolicy
from dataflow_rs.serving.tokens import estimated_tokens
from dataflow_rs.serving.types import Completion, Request, changed

Send = Callable[[Request, Endpoint], Awaitable[Completion]]
"""Sends a request once to an endpoint and returns the answer, or raises a ServingError."""
_WAITING_PER_PLACE = 2
"""Requests in hand for each call that may be under way: the rest waits for a retry."""
_UNTIL_STOPPED_S = 10.0


@dataclass(frozen=True)
class Rates:
    """What may be sent in a minute; None: no limit.

    Args:
        requests: attempts per minute.
        tokens: tokens per minute, prompts and answers.
    """

    requests: float | None = None
    tokens: float | None = None


class AsyncEngine:
    """Runs requests on an event loop of its own.

    Args:
        endpoints: where they are sent.
        policy: retries and limits of time.
        rates: limits per minute.
    """

    def __init__(self, endpoints: Sequence[Endpoint], policy: RetryPolicy, rates: Rates | None = None) -> None:
        self.policy = policy
        self.pool = EndpointPool(endpoints)
        rates = rates or Rates()
        self._requests = None if rates.requests is None else Bucket(rates.requests)
        self._tokens = None if rates.tokens is None else Bucket(rates.tokens)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="dataflow-rs-serving", daemon=True)
        self._thread.start()
        self._closers: list[Callable[[], Coroutine[Any, Any, Any]]] = []
        self._finalizer = weakref.finalize(self, _stop, self._loop, self._thread, self._closers)

    @property
    def most_in_hand(self) -> int:
        """How many requests of a session are worked on at once, those that wait for a retry included."""
        return _WAITING_PER_PLACE * sum(endpoint.limit.ceiling for endpoint in self.pool.endpoints)

    def session(self, send: Send, finished: Callable[[Any, Completion], None]) -> EngineSession:
        """Return a session: requests can be given to it at any time, and all of them be cancelled.

        Args:
            send: sends a request once.
            finished: called on the loop's thread with the name of each request that has ended, and its end.
        """
        return EngineSession(self, self._loop, send, finished)

    def answer_all(self, requests: Sequence[Request], send: Send, finished: Callable[[int, Completion], None]) -> None:
        """Send all requests and report each as it ends; an interruption cancels what is under way."""
        idle = threading.Event()
        session = self.session(send, finished)
        session.when_idle = idle.set
        try:
            session.submit(enumerate(requests))
            while not idle.wait(0.5):
                pass  # waiting in slices lets Ctrl-C through on every platform
            session.check()
        finally:
            session.cancel()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine on the loop and return its result; an interruption cancels it."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            while not concurrent.futures.wait([future], timeout=0.5).done:
                pass
        except BaseException:
            future.cancel()
            raise
        return future.result()

    def on_close(self, closer: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        """Run a coroutine function on the loop before it stops."""
        self._closers.append(closer)

    def close(self) -> None:
        """Stop the loop and its thread. Garbage collection and the end of the process do it as well."""
        self._finalizer()

    # -- one request ---------------------------------------------------------------------------------------------------

    async def persist(self, request: Request, send: Send) -> Completion:
        """Send a request until it is answered, cannot be, or has used up its attempts or its time."""
        started = self._loop.time()
        ends = None if self.policy.deadline_s is None else started + self.policy.deadline_s
        attempt = 0
        avoid = None
        while True:
            endpoint = await self._place(request, avoid, ends)
            if isinstance(endpoint, ServingError):
                endpoint.attempts = attempt
                return Completion.failed(endpoint, latency_s=self._loop.time() - started)
            attempt += 1
            outcome = await self._attempt(request, send, endpoint, ends)
            elapsed = self._loop.time() - started
            if isinstance(outcome, Completion):
                answered: Completion = changed(outcome, attempts=attempt, latency_s=elapsed)
                return answered
            wait = self.policy.wait(attempt, outcome.retry_after_s)
            late = ends is not None and started + elapsed + wait >= ends
            if not outcome.retryable or attempt > self.policy.max_retries or late:
                outcome.attempts = attempt
                return Completion.failed(outcome, latency_s=elapsed)
            avoid = endpoint
            if len(self.pool.endpoints) > 1 and outcome.retry_after_s is None:
                wait = min(wait, self.policy.first_wait_s)
            await asyncio.sleep(wait)

    async def _place(self, request: Request, avoid: Endpoint | None, ends: float | None) -> Endpoint | ServingError:
        """Return the endpoint that takes the next attempt, or why there is none."""
        limit = None if ends is None else ends - self._loop.time()
        try:
            if self._requests is None and self._tokens is None and limit is None:
                return await self.pool.acquire(avoid)
            endpoint: Endpoint = await _within(limit, self._allowed(request, avoid))
            return endpoint
        except ServingError as error:
            return error
        except TimeoutError:
            return RequestTimeoutError(f"no endpoint was free within {self.policy.deadline_s:.3g} s", attempts=0)

    async def _allowed(self, request: Request, avoid: Endpoint | None) -> Endpoint:
        now = self._loop.time()
        waits = [0.0 if self._requests is None else self._requests.take(1, now)]
        if self._tokens is not None:
            waits.append(self._tokens.take(estimated_tokens(request), now))
        if max(waits) > 0:
            await asyncio.sleep(max(waits))
        return await self.pool.acquire(avoid)

    async def _attempt(
        self, request: Request, send: Send, endpoint: Endpoint, ends: float | None
    ) -> Completion | ServingError:
        started = self._loop.time()
        under_way, bound = endpoint.under_way, endpoint.limit.value
        limit = self.policy.timeout_s if ends is None else min(self.policy.timeout_s, ends - started)
        outcome: Completion | ServingError
        try:
            try:
                outcome = await _within(limit, send(request, endpoint))
            except ServingError as error:
                outcome = error
            except TimeoutError:
                outcome = RequestTimeoutError(f"no complete answer within {limit:.3g} s")
            now = self._loop.time()
            if isinstance(outcome, ServingError):
                outcome.args = (redacted(str(outcome), endpoint.secret),)  # an endpoint may repeat what it was sent
            if isinstance(outcome, ServingError) and is_outage(outcome):
                endpoint.failed(outcome, started, now)
            else:
                endpoint.answered(started, now, under_way, bound)
        finally:
            self.pool.release(endpoint)
        if self._tokens is not None and isinstance(outcome, Completion):
            used = outcome.usage.prompt_tokens + outcome.usage.completion_tokens
            self._tokens.correct(used - estimated_tokens(request))
        return outcome


class EngineSession:
    """Requests that belong together; see `AsyncEngine.session`.

    Attributes:
        when_idle: called on the loop's thread whenever nothing is left to do, or the session has failed.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        loop: asyncio.AbstractEventLoop,
        send: Send,
        finished: Callable[[Any, Completion], None],
    ) -> None:
        self._engine, self._loop, self._send, self._finished = engine, loop, send, finished
        self._pending: collections.deque[tuple[Any, Request]] = collections.deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._problem: BaseException | None = None
        self._cancelled = False
        self.when_idle: Callable[[], None] = lambda: None

    def submit(self, requests: Iterable[tuple[Any, Request]]) -> None:
        """Take in requests, each with a name, and return at once."""
        self._pending.extend(requests)
        self._loop.call_soon_threadsafe(self._work_on)

    def check(self) -> None:
        """Raise what made the session fail, such as a fault in the program."""
        if self._problem is not None:
            raise self._problem

    def cancel(self) -> None:
        """Give up what has not ended; nothing is reported any more when this returns."""
        if self._loop.is_closed():
            return
        stopped = concurrent.futures.Future[None]()
        self._loop.call_soon_threadsafe(lambda: self._loop.create_task(self._stop(stopped)))
        concurrent.futures.wait([stopped], timeout=_UNTIL_STOPPED_S)

    async def _stop(self, stopped: concurrent.futures.Future[None]) -> None:
        self._cancelled = True
        self._pending.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        stopped.set_result(None)

    def _work_on(self) -> None:
        while self._pending and len(self._tasks) < self._engine.most_in_hand and not self._cancelled:
            task = self._loop.create_task(self._work(*self._pending.popleft()))
            self._tasks.add(task)
            task.add_done_callback(self._ended)
        if not self._tasks and not self._pending:
            self.when_idle()

    async def _work(self, name: Any, request: Request) -> None:
        while True:
            completion = await self._engine.persist(request, self._send)
            if self._cancelled:
                return
            self._finished(name, completion)
            if not self._pending:
                return
            name, request = self._pending.popleft()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None and self._problem is None:
            self._problem = task.exception()
            self._pending.clear()
            for other in self._tasks:
                other.cancel()
        if not self._tasks and not self._pending:
            self.when_idle()


async def _within(limit: float | None, work: Awaitable[Any]) -> Any:
    """Await something for at most so many seconds.

    Cheaper than `asyncio.timeout()`, and than `wait_for()`, which makes a task of its own. A session that is cancelled
    at the very moment remembers it, so that a cancellation which is taken for the timeout's is not lost.

    Raises:
        TimeoutError: it took longer, and was cancelled.
    """
    if limit is None:
        return await work
    task = asyncio.current_task()
    assert task is not None, "this is a coroutine"
    expired = False

    def expire() -> None:
        nonlocal expired
        expired = True
        task.cancel()

    timer = asyncio.get_running_loop().call_later(limit, expire)
    try:
        return await work
    except asyncio.CancelledError:
        if not expired:
            raise
        if sys.version_info >= (3, 11):
            task.uncancel()
        raise TimeoutError from None
    finally:
        timer.cancel()


def _stop(
    loop: asyncio.AbstractEventLoop, thread: threading.Thread, closers: list[Callable[[], Coroutine[Any, Any, Any]]]
) -> None:
    if thread.is_alive() and thread is not threading.current_thread():
        for closer in closers:
            closing = asyncio.run_coroutine_threadsafe(closer(), loop)
            concurrent.futures.wait([closing], timeout=5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
    if not loop.is_running():
        loop.close()
