"""The way of requests through a serving: replay, sending once, verification, repair, recording, metering.

The order of events for each distinct request: it is claimed (so that no other thread sends it too), looked up in the
call log, sent when the budget allows, verified against its schema, sent back for repair if need be, recorded, counted,
and only then handed out, in the order of the requests. Requests are taken from their source as others are handed out,
so that at most a window of them is in memory. Whatever ends the exchange early, what was answered is recorded.

Recorded answers cost no time before the first call: they are read when they are handed out, while calls are under way,
and what a process before this one left off with is looked for first (`_first_missing`).
"""

from __future__ import annotations

import collections
import logging
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from dataflow_rs.core.metering import active_meter
from dataflow_rs.exceptions import CorruptStoreError, InvalidRequestError, ReplayMissError, RunEndedError, ServingError
from dataflow_rs.serving.budget import cost, most_usage, total
from dataflow_rs.serving.call import Call
from dataflow_rs.serving.call_log import call_key
from dataflow_rs.serving.garbage import rarer_collections
from dataflow_rs.serving.repair import fault_of, repaired, verified
from dataflow_rs.serving.schema import check_schema
from dataflow_rs.serving.types import Completion, Request, Usage

if TYPE_CHECKING:
    from dataflow_rs.serving.base import Serving
    from dataflow_rs.serving.sessions import Session

_log = logging.getLogger(__name__)
_in_flight: dict[str, Future[Completion | None]] = {}
"""Key -> the end of a request that some exchange of this process works on; None if that one was given up."""
_in_flight_lock = threading.Lock()
_SLICE_S, _SHORT_SLICE_S = 0.5, 0.02
_REFILLS = 4
"""A window is filled up again when this part of it has been handed out."""
_TAKEN_AT_ONCE = 256
"""Requests that are taken before those that have to be sent are on their way, where others are made meanwhile."""
_RECORDED = Completion("")
"""The end of a request that the call log answers, until it is handed out."""


class Exchange:
    """Requests to a serving and how far they are.

    Args:
        serving: who answers.
        requests: taken one after the other; what they leave open is completed by the serving.
        window: how many are taken before the first of them has been handed out; None: all.
    """

    def __init__(self, serving: Serving, requests: Iterable[Request], window: int | None = None) -> None:
        self.serving = serving
        self.log = serving.active_log()
        self.meters = [meter for meter in (active_meter(), serving.totals) if meter is not None]
        self._source: Iterator[Request] | None = iter(requests)
        self._window = window
        self._order: collections.deque[Call] = collections.deque()
        self._calls: dict[str, Call] = {}
        self._to_send: collections.deque[tuple[Call, Request]] = collections.deque()
        self._schemas: dict[int, Any] = {}
        self._under_way = 0
        self._session: Session | None = None
        self._changed = threading.Condition()
        self._problem: ServingError | None = None
        self._owned: set[str] = set()
        self._stopped = False
        self._while_open = ExitStack()
        self._price = serving.unit_price
        self._first = 0
        whole = window is None and (serving.budget.limited or not serving.works_in_background)
        self._at_once = None if whole else _TAKEN_AT_ONCE

    def all(self, requests: Sequence[Request]) -> list[Completion]:
        """Return the ends of all requests, in order; they are the ones that the exchange was made for.

        Raises:
            RunEndedError: a limit of the run is reached; what has ended until then is in its `completions`.
        """
        if self._at_once is not None and self.log is not None:
            self._first = self._first_missing(requests)
            self._source = chain(islice(requests, self._first, None), islice(requests, self._first))
        done: list[Completion] = []
        try:
            done.extend(self.run())
        except RunEndedError as end:
            done += end.completions
            done += [_not_sent(end) for _ in range(len(requests) - len(done))]
            turned = 0 if self._source is None else len(requests) - self._first  # not all have been taken
            end.completions = done[turned:] + done[:turned]
            raise
        return done

    def run(self) -> Iterator[Completion]:
        """Yield the ends of all requests, in order."""
        try:
            while True:
                self._take()
                self._send()
                if self._window is None and self._source is not None:
                    continue
                while self._order and self._order[0].end is not None:
                    yield self._handed_out(self._order.popleft())
                    if self._can_take():
                        break
                if not self._order and self._source is None:
                    return
                if self._order and self._order[0].end is None and not self._can_take():
                    self._wait()
        except RunEndedError as end:
            self._stop()
            end.completions = [_not_sent(end) if call.end is None else self._handed_out(call) for call in self._order]
            raise
        finally:
            self._stop()

    # -- taking --------------------------------------------------------------------------------------------------------

    def _can_take(self) -> bool:
        return self._source is not None and (
            self._window is None or len(self._order) <= self._window - max(1, self._window // _REFILLS)
        )

    def _take(self) -> None:
        """Take requests from the source, up to the window, or a lot of them."""
        if self._source is None or not self._can_take():
            return
        for taken, request in enumerate(self._source, 1):
            self._begin(self.serving.complete(request))
            if taken == self._at_once or (self._window is not None and len(self._order) >= self._window):
                return
        self._source = None
        self._order.rotate(self._first)
        if self._window is None and self.serving.budget.limited:
            self._compare_with_budget()

    def _first_missing(self, requests: Sequence[Request]) -> int:
        """Return where to begin, so that calls are sent before all that is recorded has been looked up.

        Requests are sent in order, so what a process that was killed has recorded is more or less the first part of
        them. Wherever that guess leads, all requests are taken, those before it at the end.
        """
        recorded, missing = -1, len(requests)
        while missing - recorded > 1:
            middle = 0 if recorded < 0 else (recorded + missing) // 2
            if self._is_recorded(call_key(self.serving.call(self.serving.complete(requests[middle])))):
                recorded = middle
            else:
                missing = middle
        return missing % len(requests) if requests else 0

    def _begin(self, request: Request) -> None:
        schema = request.json_schema
        if schema is not None and id(schema) not in self._schemas:
            check_schema(schema)
            self._schemas[id(schema)] = schema  # kept, so that no other gets its id
        content = self.serving.call(request)
        key = call_key(content)
        call = self._calls.get(key)
        if call is None:
            call = self._calls[key] = Call(key, content, request)
            self._claim(call)
        call.uses += 1
        self._order.append(call)

    def _claim(self, call: Call) -> None:
        """Take on a request, unless it is recorded, or another thread is at it; then take over its end."""
        if self._is_recorded(call.key):
            self._end(call, _RECORDED)
            return
        with _in_flight_lock:
            if self._stopped:
                return
            foreign = _in_flight.get(call.key)
            if foreign is None:
                _in_flight[call.key] = Future()
                self._owned.add(call.key)
        if foreign is not None:
            foreign.add_done_callback(partial(self._adopt, call))
            return
        if self._is_recorded(call.key):  # since then, by a thread that was at it
            self._release(call, None)
            self._end(call, _RECORDED)
        elif self.serving.replay == "only":
            self._settle(call, Completion.failed(ReplayMissError(_NEVER_RECORDED, attempts=0)))
        else:
            assert call.request is not None, "it has just begun"
            with self._changed:
                self._to_send.append((call, call.request))

    def _is_recorded(self, key: str) -> bool:
        return self.log is not None and self.serving.replay != "off" and self.log.knows(key)

    def _adopt(self, call: Call, future: Future[Completion | None]) -> None:
        """Take over what another thread was answered, or begin anew if that one gave up."""
        completion = future.result()
        if completion is None:
            self._claim(call)
            self._notify()
            return
        if completion.ok:
            completion = completion.as_replayed()
            if self.log is not None and not self.log.knows(call.key) and call.call is not None:
                self.log.append(call.key, call.call, completion)
        self._count(completion)
        self._end(call, completion)
        self._notify()

    def _compare_with_budget(self) -> None:
        """Warn before the first call if the budget may not suffice."""
        usage = total(most_usage(request) for _, request in self._to_send)
        warning = self.serving.budget.shortfall(usage) if self._to_send else None
        if warning is not None:
            _log.warning("%s: %s", self.serving.name, warning)

    # -- sending -------------------------------------------------------------------------------------------------------

    def _send(self) -> None:
        """Hand over to the backend what waits and fits into the budget."""
        while True:
            lot: list[tuple[Call, Request]] = []
            with self._changed:
                while self._to_send and self._affordable(*self._to_send[0]):
                    lot.append(self._to_send.popleft())
                self._under_way += len(lot)
                if self._to_send and not self._under_way and self.serving.budget.idle:
                    raise self.serving.budget.exceeded()
            if not lot:
                return
            self._opened().submit(lot)
            self._check()

    def _affordable(self, call: Call, request: Request) -> bool:
        if self.serving.budget.limited:
            call.reserved = self.serving.budget.reserve(request)
            return call.reserved is not None
        return True

    def _opened(self) -> Session:
        if self._session is None:
            if self.log is not None:
                self.log.claim()
            self.serving.start()
            self._while_open.enter_context(rarer_collections())
            self._session = self.serving.session(self._finished)
            self._session.when_idle = self._notify
        return self._session

    def _finished(self, call: Call, completion: Completion) -> None:
        """Take in what a round of a request came to; on whatever thread."""
        request = call.request
        assert request is not None, "it has not ended"
        if call.reserved is not None:
            self.serving.budget.settle(call.reserved, completion.usage)
            call.reserved = None
        refused = call.spent is not None and isinstance(completion.error, InvalidRequestError)
        completion = verified(_with_spent(call.spent, completion), request)
        repairs_left = call.rounds < self.serving.max_repairs and not refused
        fault = fault_of(completion, request) if repairs_left else None
        if fault is None:
            self._settle(call, completion)
            with self._changed:
                self._under_way -= 1
                if self._to_send:
                    self._changed.notify()
            return
        call.spent, call.rounds = completion, call.rounds + 1
        with self._changed:
            self._under_way -= 1
            self._to_send.append((call, repaired(request, completion, fault)))
            self._changed.notify()

    def _settle(self, call: Call, completion: Completion) -> None:
        """Record, count and publish the end of a request that this exchange took on."""
        if completion.error is not None:
            completion.error.attempts = completion.attempts
        if not completion.replayed and completion.attempts:
            if completion.ok and self.log is not None and call.call is not None:
                self.log.append(call.key, call.call, completion)
            error = None if completion.error is None else type(completion.error).__name__
            self._problem = self._problem or self.serving.error_share.count(error)
        self._count(completion)
        self._release(call, completion)
        self._end(call, completion)

    def _release(self, call: Call, completion: Completion | None) -> None:
        """Tell threads that wait for a request how it ended; None: that they have to see for themselves."""
        with _in_flight_lock:
            self._owned.discard(call.key)
            future = _in_flight.pop(call.key, None)
        if future is not None:
            future.set_result(completion)

    def _end(self, call: Call, completion: Completion) -> None:
        call.call = call.request = call.spent = None
        with self._changed:
            call.end = completion
            if self._problem is not None or (self._order and self._order[0] is call and self._window is not None):
                self._changed.notify()

    # -- waiting and ending --------------------------------------------------------------------------------------------

    def _wait(self) -> None:
        """Wait until there is something to do; in slices, which lets Ctrl-C through on every platform."""
        with self._changed:
            self._check()
            if self._to_send and not self.serving.budget.limited:
                return
            if self._order[0].end is None:  # others, who hold what is left of the budget, do not notify this one
                self._changed.wait(_SHORT_SLICE_S if self._to_send and not self._under_way else _SLICE_S)
        self._check()
        if self.log is not None:
            self.log.sync()

    def _check(self) -> None:
        if self._problem is not None:
            raise self._problem
        if self._session is not None:
            self._session.check()

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify()

    def _stop(self) -> None:
        """Cancel what is under way and let other threads begin it anew."""
        self._while_open.close()
        if self._under_way and self._session is not None:
            self._session.cancel()
        for call in self._calls.values():
            if call.reserved is not None:
                self.serving.budget.settle(call.reserved, Usage())
                call.reserved = None
        with _in_flight_lock:
            self._stopped = True
            given_up = [_in_flight.pop(key) for key in self._owned]
            self._owned.clear()
        for future in given_up:
            future.set_result(None)

    def _handed_out(self, call: Call) -> Completion:
        """Return a request's end; the second one of equal requests was not paid for."""
        completion = call.end
        assert completion is not None, "only what has ended is handed out"
        call.uses -= 1
        if self._window is not None and not call.uses:
            del self._calls[call.key]
        if completion is _RECORDED:
            completion = self._recorded(call)
            self._count(completion)
        elif call.handed_out and completion.ok:
            completion = completion.as_replayed()
            self._count(completion)
        call.handed_out = True
        return completion

    def _recorded(self, call: Call) -> Completion:
        found = None if self.log is None else self.log.find(call.key)
        if found is None:
            raise CorruptStoreError(f"the call log does not hold the call {call.key[:16]} any more; was it replaced?")
        return found

    def _count(self, completion: Completion) -> None:
        usage = completion.usage
        for meter in self.meters:
            meter.record(
                replayed=completion.replayed,
                error=None if completion.error is None else type(completion.error).__name__,
                attempts=completion.attempts,
                prompt_tokens=usage.prompt_tokens,
                completion_tokens=usage.completion_tokens,
                seconds=completion.latency_s,
                cost=None if self._price is None else cost(usage, self._price),
            )


def _not_sent(end: RunEndedError) -> Completion:
    """Return the end of a request that was not answered when the run ended."""
    return Completion.failed(type(end)(str(end), attempts=0))


def _with_spent(before: Completion | None, completion: Completion) -> Completion:
    """Add what the earlier rounds of a request cost."""
    if before is None:
        return completion
    refused = isinstance(completion.error, InvalidRequestError)  # the repair did not fit; the first reply stands
    return replace(
        before if refused else completion,
        usage=before.usage + completion.usage,
        attempts=before.attempts + completion.attempts,
        latency_s=before.latency_s + completion.latency_s,
    )


_NEVER_RECORDED = "replay='only', and this call was never recorded"
