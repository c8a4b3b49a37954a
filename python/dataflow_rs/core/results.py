"""What an operator's `process` returns, and its translation into the logs of a `StepOutput`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import pyarrow as pa

from dataflow_rs.storage.outcome import DROPS_SCHEMA, ERRORS_SCHEMA, take

Values: TypeAlias = "pa.Array | pa.ChunkedArray | Sequence[Any]"
"""A column as an operator may return it: an Arrow array, a list or any other sequence (a NumPy array, for example)."""


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


def as_array(values: Values, dtype: pa.DataType | None = None) -> pa.Array:
    """Return values as one Arrow array, of the given type where one is given."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if isinstance(values, pa.Array):
        return values if dtype is None or values.type == dtype else values.cast(dtype)
    return pa.array(values, type=dtype, from_pandas=False)


def drop_log(rows: pa.UInt64Array, verdict: Verdict, default_rule: str) -> pa.RecordBatch:
    """Return the drop log of the rows (positions) that a verdict drops."""

    def column(values: Any, dtype: pa.DataType) -> pa.Array:
        if values is None or isinstance(values, (str, int, float)):
            return pa.repeat(pa.scalar(values, dtype), len(rows)) if len(rows) else pa.array([], dtype)
        return take(as_array(values, dtype), rows)

    rule = column(default_rule if verdict.rule is None else verdict.rule, pa.string())
    if rule.null_count:
        rule = pa.array([name or default_rule for name in rule.to_pylist()], pa.string())
    return pa.record_batch(
        [
            rows,
            rule,
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
