"""The four base classes of operators, by what happens to the rows.

    RowOperator      n -> n             new or changed columns for a batch
    FilterOperator   n -> at most n     keep-mask and reasons; the content of kept rows is unchanged
    ExpandOperator   n -> m             new rows, each with the row it was made from
    DatasetOperator  n -> m             decides from the whole data set; a barrier

Each turns what the author's `process()` returns into a `StepOutput`, which is all that storage and executors know.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Protocol

import pyarrow as pa

from dataflow_rs import _native
from dataflow_rs.core.keys import ColumnType
from dataflow_rs.core.operator import OnError, Operator
from dataflow_rs.core.results import (
    Expansion,
    RowError,
    Rows,
    Values,
    Verdict,
    as_array,
    drop_log,
    error_log,
)
from dataflow_rs.core.spec import stem
from dataflow_rs.exceptions import OperatorError
from dataflow_rs.storage.outcome import DROPS_SCHEMA, StepOutput, take

FAILED_RULE = "error"
"""The rule in the drop log of rows that are gone because their processing failed."""


class BatchOperator(Operator):
    """An operator that treats each batch on its own."""

    on_error: ClassVar[OnError] = "raise"

    @abstractmethod
    def transform(self, batch: pa.RecordBatch, keys: dict[str, Any]) -> StepOutput:
        """Return what the operator does to a batch of the columns it reads."""


class RowOperator(BatchOperator):
    """New or changed columns for each row; as many rows out as in.

    `process(batch, input_..., output_...)` returns a mapping of column name to values, or `Rows` where rows can fail.
    """

    def transform(self, batch: pa.RecordBatch, keys: dict[str, Any]) -> StepOutput:
        """Return the new columns."""
        result = self.process(batch, **keys)
        rows = result if isinstance(result, Rows) else Rows(result)
        return settle_rows(self, rows, batch, keys, rows=batch.num_rows)


class FilterOperator(BatchOperator):
    """Keeps some rows; the content of the kept ones stays as it is.

    `process(batch, input_..., output_...)` returns a `Verdict`, or just one truth value per row.
    """

    def transform(self, batch: pa.RecordBatch, keys: dict[str, Any]) -> StepOutput:
        """Return which rows stay and why the others do not."""
        result = self.process(batch, **keys)
        verdict = result if isinstance(result, Verdict) else Verdict(keep=result)
        return settle_verdict(self, verdict, batch, keys)


class ExpandOperator(BatchOperator):
    """Makes new rows, each from one row of the batch.

    `process(batch, input_..., output_...)` returns an `Expansion`. A row that yields nothing is in the drop log.
    """

    def transform(self, batch: pa.RecordBatch, keys: dict[str, Any]) -> StepOutput:
        """Return the new rows and their parents."""
        result: Expansion = self.process(batch, **keys)
        parents = as_array(result.parents, pa.int64())
        columns = _columns(self, result.columns, keys, batch, len(parents))
        if result.errors and self.on_error == "raise":
            _raise(self, result.errors)
        have = set(parents.to_pylist())
        reasons = {
            row: _reason(result.errors[row]) if row in result.errors else ("no_output", None)
            for row in range(batch.num_rows)
            if row not in have
        }
        return StepOutput(parents, columns, new_rows=True, drops=_drops_of(reasons), errors=error_log(result.errors))


class Dataset(Protocol):
    """What a `DatasetOperator` reads: the whole table, at once or batch by batch."""

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        ...

    @property
    def schema(self) -> pa.Schema:
        """The columns that the operator reads."""
        ...

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows in order; may be called again."""
        ...

    def to_table(self) -> pa.Table:
        """Return all rows at once."""
        ...

    def row_ids(self, positions: Sequence[int]) -> list[int]:
        """Return the ids of the rows at these positions, for messages that name a row."""
        ...


class DatasetOperator(Operator):
    """Decides from the whole data set: deduplication, selection, dataset-level metrics.

    `process(dataset, input_..., output_...)` gets a `Dataset` and returns a `Verdict` over all rows (a filter), a
    mapping of column name to values for all rows (`Rows` where rows can fail), or a `pyarrow.Table` that takes the
    place of the data set.
    """

    streams: ClassVar[bool] = False

    def transform_dataset(self, dataset: Dataset, keys: dict[str, Any]) -> StepOutput:
        """Return what the operator does to the data set."""
        result = self.process(dataset, **keys)
        empty = pa.RecordBatch.from_arrays([pa.array([], kind) for kind in dataset.schema.types], schema=dataset.schema)
        if isinstance(result, Verdict):
            return settle_verdict(self, result, empty, keys, rows=dataset.num_rows)
        if isinstance(result, Rows):
            return settle_rows(self, result, empty, keys, rows=dataset.num_rows)
        if isinstance(result, pa.Table):
            columns = {name: as_array(result[name]) for name in result.column_names}
            return StepOutput(None, columns, replaced=True)
        return StepOutput(None, _columns(self, result, keys, empty, dataset.num_rows))


def settle_rows(operator: Operator, result: Rows, batch: pa.RecordBatch, keys: dict[str, Any], rows: int) -> StepOutput:
    """Turn new columns into a step, without the failed rows where `on_error` says so."""
    columns = _columns(operator, result.columns, keys, batch, rows)
    keep, drops = _settle_errors(operator, result.errors, rows)
    if keep is not None:
        columns = {name: take(values, keep) for name, values in columns.items()}
    return StepOutput(keep, columns, drops=drops, errors=error_log(result.errors))


def settle_verdict(
    operator: Operator, verdict: Verdict, batch: pa.RecordBatch, keys: dict[str, Any], rows: int | None = None
) -> StepOutput:
    """Turn a verdict into the positions of the kept rows and a drop log."""
    count = batch.num_rows if rows is None else rows
    keep = as_array(verdict.keep, pa.bool_())
    if len(keep) != count:
        raise OperatorError(f"{operator.name}.process() gave {len(keep)} verdicts for {count} rows")
    _, error_drops = _settle_errors(operator, verdict.errors, count)
    if verdict.errors:
        stays = getattr(operator, "on_error", "raise") == "keep"
        keep = pa.array([stays if row in verdict.errors else kept for row, kept in enumerate(keep.to_pylist())])
    kept, dropped = (pa.array(positions) for positions in _native.split(keep))
    drops = drop_log(dropped, verdict, stem(operator.name))
    if error_drops is not None:
        drops = _overlay(drops, error_drops)
    columns = _columns(operator, verdict.columns, keys, batch, count)
    everything = len(kept) == count
    if not everything:
        columns = {name: take(values, kept) for name, values in columns.items()}
    return StepOutput(
        None if everything else kept,
        columns,
        drops=drops,
        errors=error_log(verdict.errors),
        scores=None if verdict.value is None else as_array(verdict.value, pa.float64()),
    )


def _columns(
    operator: Operator, given: Mapping[str, Values], keys: dict[str, Any], batch: pa.RecordBatch, rows: int
) -> dict[str, pa.Array]:
    """Check returned columns against what the operator declares, and bring them to the declared types."""
    declared = operator.columns_written(keys)
    columns = {}
    for name, values in given.items():
        if name not in declared:
            raise OperatorError(
                f"{operator.name}.process() returned the column '{name}', which none of its output keys names; "
                f"declared: {', '.join(declared) or 'none'}"
            )
        array = _typed(operator, name, values, _declared_type(declared[name], name, batch))
        if len(array) != rows:
            raise OperatorError(f"{operator.name}.process() returned {len(array)} values of '{name}' for {rows} rows")
        columns[name] = array
    return columns


def _declared_type(column: ColumnType, name: str, batch: pa.RecordBatch) -> pa.DataType | None:
    if column.rewrites:
        return batch.schema.field(name).type
    return column.arrow_type


def _typed(operator: Operator, name: str, values: Values, dtype: pa.DataType | None) -> pa.Array:
    try:
        return as_array(values, dtype)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError) as error:
        raise OperatorError(f"{operator.name}: column '{name}' cannot hold its values as {dtype}: {error}") from error


def _settle_errors(
    operator: Operator, errors: Mapping[int, RowError], rows: int
) -> tuple[pa.Int64Array | None, pa.RecordBatch | None]:
    """Return (positions of rows to keep or None for all, drop log or None), by the operator's `on_error`."""
    if not errors:
        return None, None
    on_error = getattr(operator, "on_error", "raise")
    if on_error == "raise":
        _raise(operator, errors)
    if on_error == "keep":
        return None, None
    keep = pa.array([row for row in range(rows) if row not in errors], pa.int64())
    return keep, _drops_of({row: _reason(error) for row, error in errors.items()})


def _reason(error: RowError) -> tuple[str, str]:
    return FAILED_RULE, f"{error.type}: {error.message}"


def _drops_of(reasons: Mapping[int, tuple[str, str | None]]) -> pa.RecordBatch:
    """Return the drop log of rows that are gone without a judged value: position -> (rule, detail)."""
    rows = sorted(reasons)
    return pa.RecordBatch.from_pylist(
        [{"row": row, "rule": reasons[row][0], "detail": reasons[row][1]} for row in rows],
        schema=DROPS_SCHEMA,
    )


def _overlay(drops: pa.RecordBatch, error_drops: pa.RecordBatch) -> pa.RecordBatch:
    """Put the error entries in place of the verdict's entries for the same rows."""
    entries = {entry["row"]: entry for entry in [*drops.to_pylist(), *error_drops.to_pylist()]}
    return pa.RecordBatch.from_pylist([entries[row] for row in sorted(entries)], schema=DROPS_SCHEMA)


def _raise(operator: Operator, errors: Mapping[int, RowError]) -> None:
    row = min(errors)
    error = errors[row]
    raise OperatorError(
        f"{operator.name}: row {row} of the batch failed with {error.type}: {error.message} "
        f"({len(errors)} rows failed; on_error='keep' or 'drop' goes on without them)"
    )
