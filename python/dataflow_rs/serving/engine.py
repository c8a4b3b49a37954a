"""The engine of the HTTP backends: many requests at once, with retries, on an event loop in a thread of its own.

The loop has its own thread so that servings work where a loop is running already, as in notebooks. Concurrency is
bounded per serving, whichever threads call it. A failed attempt is repeated if its error is retryable, after a wait
that doubles with every attempt, is drawn at random below that bound (so that clients do not return in step), and is
never shorter than what the endpoint asked for.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import time
import weakref
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any

from dataflow_rs.exceptions import RequestTimeoutError, ServingError
from dataflow_rs.serving.retry import RetryPolicy
from dataflow_rs.serving.types import Completion, Request

Send = Callable[[Request], Awaitable[Completion]]
"""Sends a request once and returns the answer, or raises a ServingError."""


class AsyncEngine:
    """Runs requests on an event loop of its own.

    Args:
        max_concurrency: how many attempts are under way at most.
        policy: retries and limits.
    """

    def __init__(self, max_concurrency: int, policy: RetryPolicy) -> None:
        self.policy = policy
        self.max_concurrency = max_concurrency
        self._loop = asyncio.new_event_loop()
        self._slots = asyncio.Semaphore(max_concurrency)
        self._thread = threading.Thread(target=self._loop.run_forever, name="dataflow-rs-serving", daemon=True)
        self._thread.start()
        self._closers: list[Callable[[], Coroutine[Any, Any, Any]]] = []
        self._finalizer = weakref.finalize(self, _stop, self._loop, self._thread, self._closers)

    def answer_all(self, requests: Sequence[Request], send: Send, finished: Callable[[int, Completion], None]) -> None:
        """Send all requests and report each as it ends; an interruption cancels what is under way."""
        self.run(self._answer_all(requests, send, finished))

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine on the loop and return its result; an interruption cancels it and waits for its end."""
        ended = threading.Event()

        async def watched() -> Any:
            try:
                return await work
            finally:
                ended.set()

        future = asyncio.run_coroutine_threadsafe(watched(), self._loop)
        try:
            while not concurrent.futures.wait([future], timeout=0.5).done:
                pass  # waiting in slices lets Ctrl-C through on every platform
        except BaseException:
            future.cancel()
            ended.wait(10)
            raise
        return future.result()

    def on_close(self, closer: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        """Run a coroutine function on the loop before it stops."""
        self._closers.append(closer)

    def close(self) -> None:
        """Stop the loop and its thread. Garbage collection and the end of the process do it as well."""
        self._finalizer()

    async def _answer_all(
        self, requests: Sequence[Request], send: Send, finished: Callable[[int, Completion], None]
    ) -> None:
        waiting = iter(enumerate(requests))

        async def work() -> None:
            for position, request in waiting:
                finished(position, await self._persist(request, send))

        workers = [asyncio.create_task(work()) for _ in range(min(self.max_concurrency, len(requests)))]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _persist(self, request: Request, send: Send) -> Completion:
        """Send a request until it is answered, cannot be, or has used up its attempts or its time."""
        async with self._slots:
            started = time.monotonic()
            attempt = 0
            while True:
                attempt += 1
                outcome = await self._attempt(request, send, started)
                elapsed = time.monotonic() - started
                if isinstance(outcome, Completion):
                    return replace(outcome, attempts=attempt, latency_s=elapsed)
                wait = self.policy.wait(attempt, outcome.retry_after_s)
                late = self.policy.deadline_s is not None and elapsed + wait >= self.policy.deadline_s
                if not outcome.retryable or attempt > self.policy.max_retries or late:
                    outcome.attempts = attempt
                    return Completion.failed(outcome, latency_s=elapsed)
                await asyncio.sleep(wait)

    async def _attempt(self, request: Request, send: Send, started: float) -> Completion | ServingError:
        limit = self.policy.timeout_s
        if self.policy.deadline_s is not None:
            limit = min(limit, started + self.policy.deadline_s - time.monotonic())
        try:
            return await asyncio.wait_for(send(request), limit)
        except ServingError as error:
            return error
        except asyncio.TimeoutError:
            return RequestTimeoutError(f"no complete answer within {limit:.3g} s")


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
