"""Native text operators that follow each other on one column run as one pass over it.

The kernel gives every operator's result for the rows that reached it, exactly as one operator after the other does;
nothing is copied in between. Text of a dictionary type is left to the operators themselves.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import takewhile

import pyarrow as pa
import pyarrow.types as pat

from dataflow_rs import _native
from dataflow_rs.core.bound_step import BoundStep
from dataflow_rs.core.native_text import NativeFilter, NativeRefiner
from dataflow_rs.storage.outcome import StepOutput

NATIVE = (NativeFilter, NativeRefiner)


def first_stage(steps: Sequence[BoundStep], schema: pa.Schema) -> list[BoundStep]:
    """Return the steps at the beginning that run as one pass; where there is none, the first step alone.

    Args:
        steps: steps that follow each other.
        schema: columns of the rows that reach the first one.
    """
    column = _column(steps[0])
    if column is None or not _can_be_built(schema.field(column).type):
        return [steps[0]]
    return list(takewhile(lambda step: _column(step) == column, steps))


def run_stage(batch: pa.RecordBatch, steps: Sequence[BoundStep]) -> list[tuple[StepOutput, float]]:
    """Run the steps of a stage over a batch, and return each one's outcome and its share in the seconds."""
    operators = [step.operator for step in steps if isinstance(step.operator, NATIVE)]
    start = time.perf_counter()
    stage = _native.TextStage([operator.native() for operator in operators])
    results = stage.run(batch[steps[0].keys["input_key"]])
    seconds = time.perf_counter() - start
    types = batch.slice(0, 0)
    return [
        (operator.settle(result, types, step.keys), share * seconds)
        for operator, step, (result, share) in zip(operators, steps, results, strict=True)
    ]


def _column(step: BoundStep) -> str | None:
    """Return the column that a step could share a pass over, if its operator is of that kind."""
    for base in NATIVE:
        if isinstance(step.operator, base) and type(step.operator).process is base.process:
            return str(step.keys["input_key"])
    return None


def _can_be_built(kind: pa.DataType) -> bool:
    return bool(pat.is_string(kind) or pat.is_large_string(kind) or pat.is_string_view(kind))
