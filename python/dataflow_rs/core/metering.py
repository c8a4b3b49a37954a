"""Counts of model calls, tokens and cost, per step.

The executor opens a `Meter` around the work of a step (`with metering(callback) as meter`); servings find it through a
context variable in the thread that calls them and record every finished call there, whichever thread finished it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any


class Meter:
    """What the model calls of a step amounted to.

    Replayed calls cost nothing and add no tokens; retries and repair rounds of a call add theirs.

    Attributes:
        calls: requests that were sent and ended, answered or failed; one per request, however often it was tried.
        replayed: requests answered from the call log or by an identical request, without being sent.
        failed: class name of the error -> number of requests that ended with it.
        retries: attempts beyond the first, of all requests.
        prompt_tokens: tokens sent.
        completion_tokens: tokens received.
        seconds: sum of the latencies of the calls; more than the step took where calls overlapped.
        cost: in the currency of the serving's `price`, or None where no serving stated one.
    """

    def __init__(self, on_call_finished: Callable[[], None] | None = None) -> None:
        self.calls = self.replayed = self.retries = 0
        self.prompt_tokens = self.completion_tokens = 0
        self.seconds = 0.0
        self.cost: float | None = None
        self.failed: dict[str, int] = {}
        self._on_call_finished = on_call_finished
        self._lock = threading.Lock()

    def record(
        self,
        *,
        replayed: bool = False,
        error: str | None = None,
        attempts: int = 1,
        prompt_tokens: int = 0,
        completion_tokens: int = 0,
        seconds: float = 0.0,
        cost: float | None = None,
    ) -> None:
        """Add one finished request; may be called from any thread.

        Args:
            replayed: it was not sent.
            error: class name of the error that it ended with.
            attempts: how often it was sent.
            prompt_tokens: tokens sent, all attempts.
            completion_tokens: tokens received, all attempts.
            seconds: from the first attempt to the end.
            cost: what it cost, where the price is known.
        """
        with self._lock:
            if error is not None:
                self.failed[error] = self.failed.get(error, 0) + 1
            if replayed:
                self.replayed += 1
            elif attempts:
                self.calls += 1
                self.retries += attempts - 1
                self.prompt_tokens += prompt_tokens
                self.completion_tokens += completion_tokens
                self.seconds += seconds
                if cost is not None:
                    self.cost = (self.cost or 0.0) + cost
            if self._on_call_finished is not None:
                self._on_call_finished()

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as JSON data; empty where no request was made."""
        if not (self.calls or self.replayed or self.failed):
            return {}
        counts = {
            "calls": self.calls,
            "replayed": self.replayed,
            "failed": dict(sorted(self.failed.items())),
            "retries": self.retries,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "seconds": round(self.seconds, 3),
        }
        return counts if self.cost is None else {**counts, "cost": round(self.cost, 6)}


_active: ContextVar[Meter | None] = ContextVar("dataflow_rs_meter", default=None)


@contextmanager
def metering(on_call_finished: Callable[[], None] | None = None) -> Iterator[Meter]:
    """Count the model calls made in the block.

    Args:
        on_call_finished: called after each finished request, from any thread but never twice at once.

    Examples:
        >>> from dataflow_rs.core.metering import metering
        >>> from dataflow_rs.testing import FakeServing
        >>> with metering() as meter:
        ...     _ = FakeServing(lambda prompt: "yes").generate_from_input(["Is it?"])
        >>> meter.calls, meter.failed
        (1, {})
    """
    meter = Meter(on_call_finished)
    token = _active.set(meter)
    try:
        yield meter
    finally:
        _active.reset(token)


def active_meter() -> Meter | None:
    """Return the meter of the step that is running in this context."""
    return _active.get()
