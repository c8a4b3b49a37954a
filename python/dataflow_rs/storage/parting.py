"""Cut what a step decided about the whole table into the parts that the step store commits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa

from dataflow_rs import _native
from dataflow_rs.storage.outcome import StepOutput

REPLACED_ROWS = 65_536
"""Rows per part of a table that takes the place of the data set."""


def slices(output: StepOutput) -> Iterator[StepOutput]:
    """Yield the parts of a table that takes the place of the data set; at least one, so that its schema is kept."""
    rows = output.rows_out(0)
    for start in range(0, max(rows, 1), REPLACED_ROWS):
        columns = {name: values.slice(start, REPLACED_ROWS) for name, values in output.columns.items()}
        yield replace(output, columns=columns)


def cut(output: StepOutput, start: int, end: int, taken: int) -> tuple[StepOutput, int]:
    """Return what a barrier did to the rows from `start` to `end`, and how many kept rows lie before `end`."""
    rows = end - start
    kept = None
    first, last = start, end
    if output.take is not None:
        _, inside = _native.window(output.take, start, end)
        kept = pa.array(inside)
        first, last, taken = taken, taken + len(kept), taken + len(kept)
        kept = None if len(kept) == rows else kept
    part = replace(
        output,
        take=kept,
        columns={name: values.slice(first, last - first) for name, values in output.columns.items()},
        drops=_log_between(output.drops, start, end),
        errors=_log_between(output.errors, start, end),
        scores=None if output.scores is None else output.scores.slice(start, rows),
    )
    return part, taken


def _log_between(log: pa.RecordBatch | None, start: int, end: int) -> pa.RecordBatch | None:
    """Return the entries of a log for the rows from `start` to `end`, counted from `start`."""
    if log is None:
        return None
    before, positions = _native.window(log["row"].view(pa.int64()), start, end)
    inside = pa.array(positions)
    return log.slice(before, len(inside)).set_column(0, log.schema.field("row"), inside.view(pa.uint64()))
