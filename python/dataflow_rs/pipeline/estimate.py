"""What a plan will ask of models, before the first call: the plan run on a sample of rows, with nothing sent.

Steps that call no model really run on the sample, so rows that rules drop are not counted. Where a step depends on
answers that nobody has yet, all rows are taken to stay, and answers to be as long as `max_tokens` allows: an upper
bound as far as the sample is like the whole. Nothing is written.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from dataflow_rs.core.bases import DatasetOperator, ExpandOperator, FilterOperator
from dataflow_rs.core.execution import apply_in_memory
from dataflow_rs.exceptions import DataFlowError
from dataflow_rs.storage.outcome import take

if TYPE_CHECKING:
    from dataflow_rs.core.bound_step import BoundStep
    from dataflow_rs.core.operator import Operator
    from dataflow_rs.pipeline.plan import PlannedStep
    from dataflow_rs.serving.base import Serving
    from dataflow_rs.serving.budget import Estimate
    from dataflow_rs.storage.file_storage import FileStorage

_log = logging.getLogger(__name__)
_FILLERS: tuple[tuple[Any, Any], ...] = (
    (pa.types.is_boolean, True),
    (pa.types.is_integer, 1),
    (pa.types.is_floating, 1.0),
    (pa.types.is_string, "so "),
    (pa.types.is_large_string, "so "),
)


@dataclass(frozen=True)
class StepEstimate:
    """What a step will ask.

    Args:
        index: number of the step.
        name: the operator.
        rows: rows that will reach it.
        asked: calls, tokens and cost; None where the step asks no model.
        note: what could not be taken into account; empty if nothing.
    """

    index: int
    name: str
    rows: int
    asked: Estimate | None
    note: str = ""


@dataclass(frozen=True)
class PlanEstimate:
    """What a plan will ask.

    Args:
        rows: rows of the sources.
        sampled: how many of them were looked at.
        steps: all steps, in order.
        total: sum over all steps.
        warnings: budgets that may not suffice.
    """

    rows: int
    sampled: int
    steps: tuple[StepEstimate, ...]
    total: Estimate
    warnings: tuple[str, ...] = ()

    @property
    def cost_per_row(self) -> float | None:
        """Cost of a row of the source, in all steps; None where no price is known."""
        return None if self.total.cost is None or not self.rows else self.total.cost / self.rows

    def to_dict(self) -> dict[str, Any]:
        """Return the estimate as JSON data."""
        return {
            "rows": self.rows,
            "sampled": self.sampled,
            "steps": [
                {
                    "index": step.index,
                    "name": step.name,
                    "rows": step.rows,
                    "asked": None if step.asked is None else step.asked.to_dict(),
                    "note": step.note,
                }
                for step in self.steps
            ],
            "total": self.total.to_dict(),
            "cost_per_row": self.cost_per_row,
            "warnings": list(self.warnings),
        }

    def __str__(self) -> str:
        """Return a line for each step that asks a model, and the sum."""
        lines = [f"estimate from {self.sampled:,} of {self.rows:,} rows:"]
        for step in self.steps:
            if step.asked is not None:
                note = f" ({step.note})" if step.note else ""
                lines.append(f"  {step.index:>3}. {step.name}, {step.rows:,} rows: {step.asked}{note}")
        per_row = "" if self.cost_per_row is None else f"; at most {self.cost_per_row:.3g} per row"
        return "\n".join([*lines, f"  in all: {self.total}{per_row}", *(f"  warning: {one}" for one in self.warnings)])


def asks_models(steps: Iterable[PlannedStep]) -> bool:
    """Whether any step has a serving."""
    from dataflow_rs.serving.rehearsal import has_serving

    return any(has_serving(list(step.operator.parameters.values())) for step in steps)


def estimate(steps: Iterable[PlannedStep], rows: int) -> PlanEstimate:
    """Return what steps will ask; see `Plan.estimate`."""
    from dataflow_rs.serving.call_log import recording_run
    from dataflow_rs.serving.rehearsal import combined

    planned = list(steps)
    found: list[StepEstimate] = []
    by_serving: dict[Serving, list[Estimate]] = {}
    warnings: list[str] = []
    whole = sampled = 0
    for storage in {id(step.storage): step.storage for step in planned}.values():
        sample, count = _sample(storage, rows)
        whole, sampled = whole + count, sampled + sample.num_rows
        with recording_run(storage.cache_path):
            rehearsed = _Rehearsed(sample, count)
            for step in planned:
                if step.storage is storage:
                    found.append(rehearsed.add(step.bind(), by_serving))
            for serving, asked in by_serving.items():
                if serving.budget.limited:
                    shortfall = serving.budget.shortfall(combined(asked).usage)
                    warnings += [] if shortfall is None else [f"{serving.name}: {shortfall}"]
    warnings = list(dict.fromkeys(warnings))
    for warning in warnings:
        _log.warning("%s", warning)
    total = combined(step.asked for step in found if step.asked is not None)
    return PlanEstimate(whole, sampled, tuple(found), total, tuple(warnings))


class _Rehearsed:
    """The tables of a sample after each step.

    Args:
        sample: rows of the source.
        count: how many rows the source has.
    """

    def __init__(self, sample: pa.Table, count: int) -> None:
        factor = count / sample.num_rows if sample.num_rows else 1.0
        self._after: dict[int, tuple[pa.Table, frozenset[str], float]] = {0: (sample, frozenset(), factor)}

    def add(self, bound: BoundStep, by_serving: dict[Serving, list[Estimate]]) -> StepEstimate:
        """Rehearse a step, add what it asks to `by_serving`, and return it."""
        from dataflow_rs.serving.rehearsal import Rehearsal, combined, has_serving

        table, unknown, factor = self._after[bound.parent]
        operator, rehearsal = bound.operator, Rehearsal()
        asks = has_serving(list(operator.parameters.values()))
        reads_unknown = bool(unknown & set(operator.columns_read(bound.keys)))
        rows_in = round(table.num_rows * factor)
        note = ""
        if asks:
            operator = _with_stand_ins(operator, rehearsal)
        guessed = asks or reads_unknown
        result = None
        if asks or not (reads_unknown and isinstance(operator, FilterOperator)):
            try:
                result = apply_in_memory(operator, table, bound.keys, return_drops=False)
            except DataFlowError as error:
                if not guessed:
                    raise
                note = f"calls that depend on answers are not counted: {error}"
        if isinstance(operator, DatasetOperator) and not operator.columns_read(bound.keys):
            factor = 1.0  # it makes its rows from nothing, whatever comes in
        if guessed:
            result = _all_stay(bound, table, result)
            unknown |= set(result.column_names) - set(table.column_names) | set(operator.columns_written(bound.keys))
        assert result is not None, "only a guessed step has no result"
        self._after[bound.index] = (result, unknown, factor)
        for serving, asked in rehearsal.asked.items():
            by_serving.setdefault(serving, []).append(asked.times(factor))
        counted = combined(rehearsal.asked.values()).times(factor) if asks else None
        return StepEstimate(bound.index, operator.name, rows_in, counted, note)


def _with_stand_ins(operator: Operator, rehearsal: Any) -> Operator:
    parameters = {name: rehearsal.stand_in(value) for name, value in operator.parameters.items()}
    if "on_error" in parameters:
        parameters["on_error"] = "keep"
    return type(operator)(**parameters)


def _all_stay(bound: BoundStep, before: pa.Table, after: pa.Table | None) -> pa.Table:
    """Return the table after a step whose answers nobody has: no row is dropped, no value missing."""
    operator = bound.operator
    makes_rows = isinstance(operator, (ExpandOperator, DatasetOperator)) and after is not None and after.num_rows > 0
    if after is None or (after.num_rows != before.num_rows and not makes_rows):
        after = before
    for name, kind in operator.columns_written(bound.keys).items():
        dtype = after.schema.field(name).type if name in after.column_names else kind.arrow_type or pa.string()
        values = after[name] if name in after.column_names else pa.nulls(after.num_rows, dtype)
        filler = next((value for fits, value in _FILLERS if fits(dtype)), None)
        if filler is not None:
            values = values.fill_null(filler)
        column = pa.field(name, dtype)
        position = after.schema.get_field_index(name)
        after = after.append_column(column, values) if position < 0 else after.set_column(position, column, values)
    return after


def _sample(storage: FileStorage, size: int) -> tuple[pa.Table, int]:
    """Return rows of a storage's source, spread evenly at random but the same every time, and how many it has."""
    chosen = random.Random(0)  # noqa: S311  # a sample, no secret
    kept: list[tuple[int, pa.RecordBatch]] = []
    count = 0
    for batch in storage.source_batches():
        for row in _drawn(chosen, batch.num_rows, count, size):
            entry = (count + row, batch.slice(row, 1))
            if len(kept) < size:
                kept.append(entry)
            else:
                kept[chosen.randrange(size)] = entry
        count += batch.num_rows
    schema = pa.schema([pa.field(name, kind) for name, kind in storage.columns.items()])
    rows = [_copied(batch) for _, batch in sorted(kept, key=lambda entry: entry[0])]
    return pa.Table.from_batches(rows, schema=schema).combine_chunks(), count


def _drawn(chosen: random.Random, rows: int, before: int, size: int) -> Iterator[int]:
    """Yield the rows of a batch that enter the reservoir."""
    for row in range(rows):
        if before + row < size or chosen.random() * (before + row + 1) < size:
            yield row


def _copied(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a row that does not keep the buffers of the batch it was cut from."""
    return pa.RecordBatch.from_arrays([take(values, pa.array([0])) for values in batch.columns], schema=batch.schema)
