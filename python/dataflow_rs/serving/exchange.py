"""One `generate()` call: replay, sending once, verification, repair rounds, recording, metering.

The order of events for each distinct request: it is claimed (so that no other thread sends it too), looked up in the
call log, sent, verified against its schema, recorded, counted, and only then handed out.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING

from dataflow_rs.core.metering import active_meter
from dataflow_rs.exceptions import (
    InvalidRequestError,
    ReplayMissError,
    ServerFailedError,
    TransportError,
)
from dataflow_rs.serving.call_log import call_key
from dataflow_rs.serving.repair import fault_of, repaired, verified
from dataflow_rs.serving.types import Completion, Request

if TYPE_CHECKING:
    from dataflow_rs.serving.base import Serving

_in_flight: dict[str, Future[Completion]] = {}
_in_flight_lock = threading.Lock()


class Exchange:
    """The requests of one `generate()` call and how far they are.

    Args:
        serving: who answers.
        requests: complete requests.
    """

    def __init__(self, serving: Serving, requests: Sequence[Request]) -> None:
        self.serving = serving
        self.log = serving.active_log()
        self.meters = [meter for meter in (active_meter(), serving.totals) if meter is not None]
        calls = [serving.call(request) for request in requests]
        self.keys = [call_key(call) for call in calls]
        self.calls = dict(zip(self.keys, calls, strict=True))
        self.requests = dict(zip(self.keys, requests, strict=True))
        self.done: dict[str, Completion] = {}
        self.spent: dict[str, Completion] = {}

    def run(self) -> list[Completion]:
        """Return the ends of all requests, in order."""
        owned, foreign = self._claim()
        try:
            missing = [key for key in owned if not self._replayed(key)]
            if missing and self.serving.replay == "only":
                for key in missing:
                    self._settle(key, Completion.failed(ReplayMissError(_NEVER_RECORDED, attempts=0)))
            elif missing:
                if self.log is not None:
                    self.log.claim()
                self.serving.start()
                self._ask({key: self.requests[key] for key in missing})
        finally:
            self._release(owned)
        for key, future in foreign.items():
            self._adopt(key, future.result())
        seen: set[str] = set()
        return [self._handed_out(key, seen) for key in self.keys]

    # -- who sends -----------------------------------------------------------------------------------------------------

    def _claim(self) -> tuple[list[str], dict[str, Future[Completion]]]:
        """Return the requests that are ours to send, and those that another thread is sending right now."""
        owned, foreign = [], {}
        with _in_flight_lock:
            for key in self.requests:
                if key in _in_flight:
                    foreign[key] = _in_flight[key]
                else:
                    _in_flight[key] = Future()
                    owned.append(key)
        return owned, foreign

    def _release(self, owned: Sequence[str]) -> None:
        for key in owned:
            with _in_flight_lock:
                future = _in_flight.pop(key)
            if not future.done():
                error = TransportError("the identical request of another thread was cancelled")
                future.set_result(Completion.failed(error))

    def _adopt(self, key: str, completion: Completion) -> None:
        """Take over what another thread was answered."""
        if completion.ok:
            completion = completion.as_replayed()
            if self.log is not None and self.log.find(key) is None:
                self.log.append(key, self.calls[key], completion)
        self._count(completion)
        self.done[key] = completion

    def _handed_out(self, key: str, seen: set[str]) -> Completion:
        """Return a request's end; the second one of equal requests was not paid for."""
        completion = self.done[key]
        if key in seen and completion.ok:
            completion = completion.as_replayed()
            self._count(completion)
        seen.add(key)
        return completion

    def _replayed(self, key: str) -> bool:
        found = None
        if self.log is not None and self.serving.replay != "off":
            found = self.log.find(key)
        if found is not None:
            self._settle(key, found)
        return found is not None

    # -- sending -------------------------------------------------------------------------------------------------------

    def _ask(self, pending: dict[str, Request]) -> None:
        """Send requests; those whose reply cannot be used are sent back for repair, in rounds."""
        for rounds_left in range(self.serving.max_repairs, -1, -1):
            pending = self._ask_once(pending, repair=rounds_left > 0)
            if not pending:
                return

    def _ask_once(self, pending: dict[str, Request], *, repair: bool) -> dict[str, Request]:
        keys = list(pending)
        open_keys = set(keys)
        again: dict[str, Request] = {}

        def finished(position: int, completion: Completion) -> None:
            key = keys[position]
            if key not in open_keys:
                return
            refused = key in self.spent and isinstance(completion.error, InvalidRequestError)
            completion = verified(self._with_spent(key, completion), self.requests[key])
            fault = fault_of(completion, self.requests[key]) if repair and not refused else None
            if fault is None:
                self._settle(key, completion)
            else:
                self.spent[key] = completion
                again[key] = repaired(self.requests[key], completion, fault)
            open_keys.discard(key)

        self.serving.answer_all([pending[key] for key in keys], finished)
        for key in [key for key in keys if key in open_keys]:
            error = ServerFailedError(f"{self.serving.name} ended without an answer to this request")
            self._settle(key, self._with_spent(key, Completion.failed(error)))
        return again

    def _with_spent(self, key: str, completion: Completion) -> Completion:
        """Add what the earlier rounds of a request cost."""
        before = self.spent.get(key)
        if before is None:
            return completion
        refused = isinstance(completion.error, InvalidRequestError)  # the repair did not fit; the first reply stands
        return replace(
            before if refused else completion,
            usage=before.usage + completion.usage,
            attempts=before.attempts + completion.attempts,
            latency_s=before.latency_s + completion.latency_s,
        )

    def _settle(self, key: str, completion: Completion) -> None:
        if completion.error is not None:
            completion.error.attempts = completion.attempts
        if completion.ok and not completion.replayed and self.log is not None:
            self.log.append(key, self.calls[key], completion)
        self._count(completion)
        self.done[key] = completion
        with _in_flight_lock:
            _in_flight[key].set_result(completion)

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
                cost=self.serving.cost_of(usage),
            )


_NEVER_RECORDED = "replay='only', and this call was never recorded"
