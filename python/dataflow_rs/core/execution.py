"""Run operators: over tables in memory (`apply()`), and over the steps of a store (`run()` and plans).

Batch operators that follow each other are run part by part (`part_flow.py`): a part of the table flows through all of
them and every step commits what it produced, so that the text is read once and a killed process loses at most the
parts under way. A `DatasetOperator` is a barrier: it sees the whole table.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from dataflow_rs.core.bases import BatchOperator, DatasetOperator
from dataflow_rs.core.bound_step import BoundStep, checked, refuse_mistakes, stats_of
from dataflow_rs.core.metering import metering
from dataflow_rs.core.operator import Operator
from dataflow_rs.core.part_flow import run_segment
from dataflow_rs.core.progress import Progress, progress_of
from dataflow_rs.core.releasing import releasing
from dataflow_rs.storage.file_storage import StorageStep
from dataflow_rs.storage.outcome import DROPS_SCHEMA, StepOutput
from dataflow_rs.storage.parting import cut
from dataflow_rs.storage.step_store import Step, StepStore
from dataflow_rs.storage.table import as_batches, concat, like

around_runs: list[Callable[[Path], AbstractContextManager[object]]] = []
"""Context managers entered with the run's directory around every execution; servings register their call log here."""


@dataclass(frozen=True)
class TableDataset:
    """A table in memory as the `Dataset` that a `DatasetOperator` reads."""

    table: pa.Table

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        return int(self.table.num_rows)

    @property
    def schema(self) -> pa.Schema:
        """The columns."""
        return self.table.schema

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows in order."""
        yield from as_batches(self.table)

    def to_table(self) -> pa.Table:
        """Return all rows."""
        return self.table

    def row_ids(self, positions: Sequence[int]) -> list[int]:
        """Return the positions: rows in memory have no other ids."""
        return list(positions)


def apply_in_memory(operator: Operator, table: Any, keys: dict[str, Any], *, return_drops: bool) -> Any:
    """Process a table in memory; see `Operator.apply`."""
    drops: list[pa.RecordBatch] = []
    outputs = _outputs(operator, table, keys, drops)
    if not return_drops:
        return like(table, outputs)
    done = list(outputs)  # the drop log is complete only when every row has been judged
    return like(table, iter(done)), pa.Table.from_batches(drops, schema=DROPS_SCHEMA)


def _outputs(
    operator: Operator, table: Any, keys: dict[str, Any], drops: list[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    if isinstance(operator, DatasetOperator):
        whole = concat(list(as_batches(table)))
        dataset = TableDataset(whole.select(operator.select(whole.schema, keys)))
        output = checked(operator, 0, partial(operator.transform_dataset, dataset, keys))
        _collect(drops, output, 0)
        yield from _parts(output, whole)
        return
    assert isinstance(operator, BatchOperator)
    offset = 0
    for batch in as_batches(table):
        columns = batch.select(operator.select(batch.schema, keys))
        output = checked(operator, offset, partial(operator.transform, columns, keys))
        _collect(drops, output, offset)
        yield output.apply(batch)
        offset += batch.num_rows


def _parts(output: StepOutput, table: pa.Table) -> Iterator[pa.RecordBatch]:
    """Yield the table after a barrier, batch by batch: joined, its texts might not fit into one Arrow array."""
    if output.replaced:
        yield output.apply(pa.RecordBatch.from_pylist([], schema=table.schema))
        return
    start = taken = 0
    for batch in as_batches(table):
        part, taken = cut(output, start, start + batch.num_rows, taken)
        yield part.apply(batch)
        start += batch.num_rows


def _collect(drops: list[pa.RecordBatch], output: StepOutput, offset: int) -> None:
    if output.drops is not None and output.drops.num_rows:
        rows = pa.array([row + offset for row in output.drops["row"].to_pylist()], pa.uint64())
        drops.append(output.drops.set_column(0, DROPS_SCHEMA.field("row"), rows))


def run_eagerly(operator: Operator, place: StorageStep, keys: dict[str, Any]) -> list[str]:
    """Run one operator on its place in a storage, now; return the columns that it writes."""
    storage = place.storage
    storage.prepare()
    with storage.store.locked():
        place.take_number(storage.claim())
        run_steps(storage.store, [BoundStep(operator, keys, place.number, place.parent)])
    return list(operator.columns_written(keys))


def run_steps(
    store: StepStore, steps: Sequence[BoundStep], *, quiet: bool | None = None, release: bool = False
) -> dict[int, Step]:
    """Execute steps over a store whose step 0 is there, and return number -> step, step 0 and parents included.

    What the store has already committed under the same fingerprint is reused. With `release`, servings are told after
    the last step that uses them.
    """
    done = {0: store.step(0)}
    with ExitStack() as stack:
        users = stack.enter_context(releasing(steps if release else ()))
        for enter in around_runs:
            stack.enter_context(enter(store.path))
        progress = stack.enter_context(progress_of(quiet))
        for segment in _segments(steps):
            first = segment[0]
            if first.parent not in done:
                done[first.parent] = store.step(first.parent)
            parent = done[first.parent]
            if isinstance(first.operator, DatasetOperator):
                done[first.index] = _run_barrier(store, parent, first, progress)
            else:
                done.update(run_segment(store, parent, segment, progress))
            users.finished(segment)
    return done


def _segments(steps: Sequence[BoundStep]) -> Iterator[list[BoundStep]]:
    """Group steps that can follow each other part by part."""
    segment: list[BoundStep] = []
    for step in steps:
        barrier = isinstance(step.operator, DatasetOperator)
        if segment and (barrier or step.parent != segment[-1].index):
            yield segment
            segment = []
        segment.append(step)
        if barrier:
            yield segment
            segment = []
    if segment:
        yield segment


def _run_barrier(store: StepStore, parent: Step, bound: BoundStep, progress: Progress) -> Step:
    operator = bound.operator
    assert isinstance(operator, DatasetOperator)
    step = store.begin(bound.new_step(parent))
    refuse_mistakes(bound, {field.name: field.type for field in store.schema(parent)})
    progress.begin(bound.index, operator.name, parent.rows_out)
    if step.done:
        progress.reused(bound.index, step.rows_in)
    else:
        columns = operator.select(store.schema(parent), bound.keys)
        dataset = store.dataset(parent, columns, on_batch=lambda rows: progress.advance(bound.index, rows))
        start = time.perf_counter()
        with metering(progress.calls(bound.index)) as meter:
            output = checked(operator, 0, partial(operator.transform_dataset, dataset, bound.keys))
        store.add_all(step, parent, output, stats_of(meter, time.perf_counter() - start))
        store.finish(step)
    progress.end(bound.index, step.rows_out)
    return step
