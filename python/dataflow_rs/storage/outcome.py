"""`StepOutput`: what a step does to a batch of rows, in the one form that operators and the step store share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.types as pat

from dataflow_rs import _native

DROPS_SCHEMA = pa.schema(
    [
        ("row", pa.uint64()),
        ("rule", pa.string()),
        ("value", pa.float64()),
        ("threshold", pa.float64()),
        ("detail", pa.string()),
    ]
)
"""The drop log: which row, the rule that dropped it, the value judged, the threshold, and what was found."""

ERRORS_SCHEMA = pa.schema(
    [("row", pa.uint64()), ("type", pa.string()), ("message", pa.string()), ("attempts", pa.int64())]
)
"""The error log: rows whose processing failed, with the error's class name, its text and the number of attempts."""


@dataclass(frozen=True)
class StepOutput:
    """What a step does to a batch of rows: take some of them, set columns, say why rows are gone.

    Args:
        take: positions of the input rows that the output rows come from, int64; None = all, in order.
        columns: column name -> array, one value per output row.
        new_rows: the output rows are new ones (they get ids of their own), with the taken rows as parents.
        drops: `DROPS_SCHEMA`, `row` = position in the batch; None = no drop log.
        errors: `ERRORS_SCHEMA`, `row` = position in the batch.
        scores: the value judged for every input row, float64; None where nothing was judged.
        replaced: the columns are the whole table; nothing of the input is carried over.
    """

    take: pa.Int64Array | None
    columns: dict[str, pa.Array]
    new_rows: bool = False
    drops: pa.RecordBatch | None = None
    errors: pa.RecordBatch | None = None
    scores: pa.Array | None = None
    replaced: bool = False

    def rows_out(self, rows_in: int) -> int:
        """Number of output rows."""
        if self.replaced:
            return len(next(iter(self.columns.values()))) if self.columns else 0
        return rows_in if self.take is None else len(self.take)

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the batch as it is after the step."""
        if self.replaced:
            return pa.record_batch(self.columns) if self.columns else batch.slice(0, 0)
        if self.take is not None:
            batch = take_rows(batch, self.take)
        return with_columns(batch, self.columns)


def take_rows(batch: pa.RecordBatch, positions: pa.Int64Array) -> pa.RecordBatch:
    """Return the rows at some positions."""
    return pa.RecordBatch.from_arrays([take(column, positions) for column in batch.columns], schema=batch.schema)


def take(values: pa.Array, positions: pa.Array) -> pa.Array:
    """Return the values at some positions, of the same type.

    The kernel is ours: pyarrow's cannot take from views, and loading its compute module costs 11 MB.
    """
    if pat.is_nested(values.type):  # slices of structs are imported wrongly by arrow-rs 59
        return values.take(positions)
    return pa.array(_native.take(values, positions))


def bare(rows: int) -> pa.RecordBatch:
    """Return a batch without columns that still knows its number of rows."""
    return pa.record_batch({"": pa.nulls(rows)}).select([])


class Deferred:
    """A batch on its way through several steps: rows are taken once, at the end, and only of columns that are read.

    Args:
        batch: the rows before the first step.
    """

    def __init__(self, batch: pa.RecordBatch) -> None:
        self.num_rows = batch.num_rows
        self._columns = {name: (values, 0) for name, values in zip(batch.schema.names, batch.columns, strict=True)}
        self._takes: list[pa.Int64Array] = []

    def apply(self, output: StepOutput) -> None:
        """Note what a step did."""
        self.num_rows = output.rows_out(self.num_rows)
        if output.take is not None:
            self._takes.append(output.take)
        self._columns.update({name: (values, len(self._takes)) for name, values in output.columns.items()})

    def batch(self, names: Sequence[str]) -> pa.RecordBatch:
        """Return some of the columns as they are after the last step."""
        positions: list[pa.Int64Array | None] = [None]
        for taken in reversed(self._takes):
            after = positions[-1]
            positions.append(taken if after is None else take(taken, after))
        positions.reverse()  # at [n]: which rows of a column that n takes came before are left
        columns = {}
        for name in names:
            values, age = self._columns[name]
            rows = positions[age]
            columns[name] = values if rows is None else take(values, rows)
        return pa.record_batch(columns) if columns else bare(self.num_rows)


def with_columns(batch: pa.RecordBatch, columns: Mapping[str, pa.Array]) -> pa.RecordBatch:
    """Return the batch with columns added, or replaced where they exist."""
    for name, values in columns.items():
        position = batch.schema.get_field_index(name)
        batch = batch.append_column(name, values) if position < 0 else batch.set_column(position, name, values)
    return batch
