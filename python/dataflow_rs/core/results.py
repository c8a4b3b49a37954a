"""What an operator's `process` returns, and the one form (`StepOutput`) that storage and executors understand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Values: TypeAlias = "pa.Array | pa.ChunkedArray | Sequence[Any] | np.ndarray[Any, Any]"
"""A column as an operator may return it: an Arrow array, a list or a NumPy array, one value per row."""

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
class RowError:
    """Why one row could not be processed.

    Args:
        type: class name of the error, for example `RateLimitedError`.
        message: what happened.
        attempts: how often it was tried.
    """

    type: str
    message: str
    attempts: int = 1

    @classmethod
    def of(cls, error: BaseException) -> RowError:
        """Describe an exception."""
        return cls(type(error).__name__, str(error), getattr(error, "attempts", 1))


@dataclass(frozen=True)
class Rows:
    """New or changed columns of a batch, one value per row; the result of a `RowOperator`.

    Args:
        columns: column name -> values.
        errors: position in the batch -> why the row has no result.
    """

    columns: Mapping[str, Values]
    errors: Mapping[int, RowError] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """Which rows stay, and why the others do not; the result of a `FilterOperator`.

    Args:
        keep: one truth value per row; null counts as False.
        rule: the rule that decided, one name for all rows or one per row; by default the operator's name.
        value: the score that was judged, one per row, for kept rows too.
        threshold: the bound it was judged by, one number for all rows or one per row.
        detail: what was found, one text per row.
        columns: further columns to write, one value per input row.
        errors: position in the batch -> why the row could not be judged.
    """

    keep: Values
    rule: str | Values | None = None
    value: Values | None = None
    threshold: float | Values | None = None
    detail: Values | None = None
    columns: Mapping[str, Values] = field(default_factory=dict)
    errors: Mapping[int, RowError] = field(default_factory=dict)


@dataclass(frozen=True)
class Expansion:
    """New rows, each made from one row of the batch; the result of an `ExpandOperator`.

    New rows carry the columns of their parent besides the ones given here.

    Args:
        parents: for each new row the position of its parent in the batch, in ascending order.
        columns: column name -> values, one per new row.
        errors: position in the batch -> why that row yielded less than it should.
    """

    parents: Values
    columns: Mapping[str, Values]
    errors: Mapping[int, RowError] = field(default_factory=dict)


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
            batch = batch.take(self.take)
        return with_columns(batch, self.columns)


def with_columns(batch: pa.RecordBatch, columns: Mapping[str, pa.Array]) -> pa.RecordBatch:
    """Return the batch with columns added, or replaced where they exist."""
    for name, values in columns.items():
        position = batch.schema.get_field_index(name)
        if position < 0:
            batch = batch.append_column(name, values)
        else:
            batch = batch.set_column(position, name, values)
    return batch


def as_array(values: Values, dtype: pa.DataType | None = None) -> pa.Array:
    """Return values as one Arrow array, of the given type where one is given."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if isinstance(values, pa.Array):
        return values if dtype is None or values.type == dtype else values.cast(dtype)
    return pa.array(values, type=dtype, from_pandas=False)


def drop_log(rows: pa.Array, verdict: Verdict, default_rule: str) -> pa.RecordBatch:
    """Return the drop log of the rows (positions) that a verdict drops."""

    def column(values: Any, dtype: pa.DataType) -> pa.Array:
        if values is None or isinstance(values, (str, int, float)):
            return pa.repeat(pa.scalar(values, dtype), len(rows)) if len(rows) else pa.array([], dtype)
        return as_array(values, dtype).take(rows)

    rule = column(verdict.rule, pa.string())
    return pa.record_batch(
        [
            rows.cast(pa.uint64()),
            pc.fill_null(rule, default_rule) if len(rule) else rule,
            column(verdict.value, pa.float64()),
            column(verdict.threshold, pa.float64()),
            column(verdict.detail, pa.string()),
        ],
        schema=DROPS_SCHEMA,
    )


def error_log(errors: Mapping[int, RowError]) -> pa.RecordBatch | None:
    """Return the error log of a batch, or None where there is nothing to log."""
    if not errors:
        return None
    positions = sorted(errors)
    return pa.record_batch(
        [
            pa.array(positions, pa.uint64()),
            pa.array([errors[i].type for i in positions], pa.string()),
            pa.array([errors[i].message for i in positions], pa.string()),
            pa.array([errors[i].attempts for i in positions], pa.int64()),
        ],
        schema=ERRORS_SCHEMA,
    )
