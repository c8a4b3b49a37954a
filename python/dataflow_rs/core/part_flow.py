"""Carry the parts of a table through a segment of batch operators, several parts at once.

Every part is carried through all steps of the segment by one thread, so that rules, model calls and writing overlap.
How many are under way is what the operators ask for (`batches_at_once`); an operator that asks for one gets its
batches one at a time and in order, whatever the others do. Parts are committed in order by the thread that called, so
what a run leaves behind does not depend on how many were under way.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any, TypeAlias

import pyarrow as pa

from dataflow_rs.core.bases import BatchOperator
from dataflow_rs.core.bound_step import BoundStep, process_error, refuse_mistakes, stats_of
from dataflow_rs.core.carrier import Carrier
from dataflow_rs.core.metering import metering
from dataflow_rs.core.progress import Progress
from dataflow_rs.core.text_stage import first_stage, run_stage
from dataflow_rs.exceptions import DataFlowError
from dataflow_rs.storage.outcome import Deferred, StepOutput
from dataflow_rs.storage.step_store import Step, StepStore, WrittenPart

_Written: TypeAlias = tuple[BoundStep, Step, WrittenPart]

MOST_PARTS = 64
"""Parts under way at most, whatever the operators ask for."""


def run_segment(store: StepStore, parent: Step, segment: list[BoundStep], progress: Progress) -> dict[int, Step]:
    """Execute batch operators that follow each other, and return number -> step."""
    steps: list[Step] = []
    for bound in segment:
        steps.append(store.begin(bound.new_step(steps[-1] if steps else parent)))
    known = {field.name: field.type for field in store.schema(parent)}
    for bound in segment:
        refuse_mistakes(bound, known)
        known.update({name: kind.arrow_type for name, kind in bound.operator.columns_written(bound.keys).items()})
    for bound, step in zip(segment, steps, strict=True):
        progress.begin(bound.index, bound.operator.name, sum(part.rows_out for part in parent.parts))
        progress.reused(bound.index, step.rows_in)
    _Flow(store, parent, list(zip(segment, steps, strict=True)), progress).run()
    for bound, step in zip(segment, steps, strict=True):
        store.finish(step)
        progress.end(bound.index, step.rows_out)
    return {bound.index: step for bound, step in zip(segment, steps, strict=True)}


class _ProcessFailedError(Exception):
    """An author's code raised; which row that was is known when the parts before it are committed."""

    def __init__(self, bound: BoundStep, step: Step, error: Exception) -> None:
        super().__init__()
        self.bound, self.step, self.error = bound, step, error


class _Turn:
    """Lets the parts in one after the other, in order."""

    def __init__(self, first: int) -> None:
        self._next = first
        self._changed = threading.Condition()

    @contextmanager
    def of(self, number: int) -> Iterator[None]:
        """Wait until all parts before `number` have been in here."""
        with self._changed:
            while self._next != number:
                self._changed.wait(0.2)  # in slices, so that a stopped thread notices
        yield
        with self._changed:
            self._next = number + 1
            self._changed.notify_all()


class _Flow:
    def __init__(
        self, store: StepStore, parent: Step, segment: list[tuple[BoundStep, Step]], progress: Progress
    ) -> None:
        self._store, self._parent, self._segment, self._progress = store, parent, segment, progress
        rows = max(1, math.ceil(parent.rows_out / max(1, len(parent.parts))))
        asked = {bound.index: bound.operator.batches_at_once(rows) for bound, _ in segment}
        self._width = min(MOST_PARTS, max(number or 1 for number in asked.values()))
        self._turns = {bound.index: _Turn(len(step.parts)) for bound, step in segment if asked[bound.index] == 1}

    def run(self) -> None:
        """Carry all parts that are not committed yet."""
        first = min(len(step.parts) for _, step in self._segment)
        todo = range(first, len(self._parent.parts))
        if min(self._width, len(todo)) <= 1:
            for number in todo:
                with self._named_failures():
                    carried = self._carry(number)
                self._commit(carried)
        else:
            self._carry_many(todo)

    def _carry_many(self, todo: Sequence[int]) -> None:
        under_way: deque[Carrier[list[_Written]]] = deque()
        try:
            for number in todo:
                if len(under_way) == self._width:
                    self._take_oldest(under_way)
                under_way.append(Carrier(partial(self._carry, number), f"dataflow-rs-part-{number}"))
            while under_way:
                self._take_oldest(under_way)
        finally:
            for carrier in under_way:  # none, unless the run ends early
                carrier.stop()
            for carrier in under_way:
                carrier.join()

    def _take_oldest(self, under_way: deque[Carrier[list[_Written]]]) -> None:
        with self._named_failures():
            carried = under_way[0].result()
        under_way.popleft()
        self._commit(carried)

    @contextmanager
    def _named_failures(self) -> Iterator[None]:
        try:
            yield
        except _ProcessFailedError as failed:
            raise process_error(failed.bound.operator, failed.step.rows_in, failed.error) from failed.error

    def _carry(self, number: int) -> list[_Written]:
        """Read a part after the last step that has it, and process it by the steps that follow."""
        todo = next(i for i, (_, step) in enumerate(self._segment) if len(step.parts) <= number)
        source = self._segment[todo - 1][1] if todo else self._parent
        rest = self._segment[todo:]
        batch = self._store.read_part(source, number, _columns_needed(rest))
        written: list[_Written] = []
        while rest:
            stage = rest[: len(first_stage([bound for bound, _ in rest], batch.schema))]
            after = Deferred(batch)
            for (bound, step), (output, stats) in zip(stage, self._outcomes(stage, batch, number), strict=True):
                part = self._store.write_part(step, number, after.num_rows, output, stats)
                written.append((bound, step, part))
                after.apply(output)
            rest = rest[len(stage) :]
            batch = after.batch(_columns_needed(rest))
        return written

    def _outcomes(
        self, stage: list[tuple[BoundStep, Step]], batch: pa.RecordBatch, number: int
    ) -> Iterator[tuple[StepOutput, dict[str, Any]]]:
        """Yield what each step of a stage does to the rows that reach it, and its statistics."""
        if len(stage) > 1:
            for output, seconds in run_stage(batch, [bound for bound, _ in stage]):
                yield output, stats_of(None, seconds)
            return
        [(bound, step)] = stage
        with self._turns[bound.index].of(number) if bound.index in self._turns else nullcontext():
            outcome = self._process(bound, step, batch)
        yield outcome

    def _process(self, bound: BoundStep, step: Step, batch: pa.RecordBatch) -> tuple[StepOutput, dict[str, Any]]:
        operator = bound.operator
        assert isinstance(operator, BatchOperator)
        given = batch.select(operator.select(batch.schema, bound.keys))
        start = time.perf_counter()
        with metering(self._progress.calls(bound.index)) as meter:
            try:
                output = operator.transform(given, bound.keys)
            except DataFlowError:
                raise
            except Exception as error:
                raise _ProcessFailedError(bound, step, error) from error
        return output, stats_of(meter, time.perf_counter() - start)

    def _commit(self, carried: list[_Written]) -> None:
        for bound, step, written in carried:
            self._store.append_part(step, written)
            self._progress.advance(bound.index, written.part.rows_in)
        self._store.commit(now=False)


def _columns_needed(rest: list[tuple[BoundStep, Step]]) -> list[str]:
    """Columns that the steps read and none of them writes first."""
    needed: dict[str, None] = {}
    written: set[str] = set()
    for bound, _ in rest:
        reads = bound.operator.columns_read(bound.keys)
        needed.update(dict.fromkeys(name for name in reads if name not in written))
        written.update(bound.operator.columns_written(bound.keys))
    return list(needed)
