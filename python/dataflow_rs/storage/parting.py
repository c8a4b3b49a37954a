"""Cut what a step decided about the whole table into the parts that the step store commits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

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
    take = None
    first, last = start, end
    if output.take is not None:
        inside = pc.sum(pc.less(output.take, end)).as_py() or 0
        first, last, taken = taken, inside, inside
        take = pc.subtract(output.take.slice(first, last - first), start)
        take = None if len(take) == rows else take
    drops = output.drops
    if drops is not None:
        mask = pc.and_(pc.greater_equal(drops["row"], start), pc.less(drops["row"], end))
        drops = drops.filter(mask)
        drops = drops.set_column(0, DROPS_SCHEMA.field("row"), pc.subtract(drops["row"], pa.scalar(start, pa.uint64())))
    part = replace(
        output,
        take=take,
        columns={name: values.slice(first, last - first) for name, values in output.columns.items()},
        drops=drops,
        errors=None,
        scores=None if output.scores is None else output.scores.slice(start, rows),
    )
    return part, taken
