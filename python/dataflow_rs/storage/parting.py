"""Cut what a step decided about the whole table into the parts that the step store commits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa

from dataflow_rs import _native
from dataflow_rs.storage.outcome import DROPS_SCHEMA, StepOutput

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
    drops = output.drops
    if drops is not None:
        before, positions = _native.window(drops["row"].view(pa.int64()), start, end)
        inside = pa.array(positions)
        drops = drops.slice(before, len(inside))
        drops = drops.set_column(0, DROPS_SCHEMA.field("row"), inside.view(pa.uint64()))
    part = replace(
        output,
        take=kept,
        columns={name: values.slice(first, last - first) for name, values in output.columns.items()},
        drops=drops,
        errors=None,
        scores=None if output.scores is None else output.scores.slice(start, rows),
    )
    return part, taken
