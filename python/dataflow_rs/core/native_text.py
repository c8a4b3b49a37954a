"""Operators whose rule is native: their classes hold parameters and words, the work is done once, here.

A rule's name is the stem of its class (`WordNumberFilter` -> `word_number`), its parameters are the class's. Columns go
to the kernel as Arrow arrays without copying, whatever their string type.
"""

from __future__ import annotations

import json
import math
from functools import lru_cache
from typing import Any, ClassVar, Literal, TypeAlias

import pyarrow as pa

from dataflow_rs import _native
from dataflow_rs.core.bases import FilterOperator, RowOperator, settle_verdict
from dataflow_rs.core.keys import Integer, RewrittenText, Text
from dataflow_rs.core.operator import Operator
from dataflow_rs.core.results import Verdict
from dataflow_rs.core.spec import stem
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.storage.outcome import StepOutput

Profile: TypeAlias = Literal["open-dataflow-1.0.13"]
"""A published tool whose verdicts an operator reproduces, its faults included."""


class NativeFilter(FilterOperator):
    """A filter whose verdicts come from a native rule.

    Thresholds that are None are off. Rows are dropped with the rule `null` if the text is missing, and with `empty` or
    `blank` if a rule rejects texts without anything to judge.
    """

    streams: ClassVar[bool] = True
    at_once: ClassVar[int | None] = None

    def __post_init__(self) -> None:
        """Check what all rules have in common: numbers are finite and not negative."""
        check_numbers(self)

    def native_parameters(self) -> dict[str, Any]:
        """Return the parameters as the native rule takes them."""
        return self.parameters

    def label(self, judged: pa.RecordBatch) -> pa.Array:
        """Return what is written to the output column: 1 for rows that stay."""
        return judged["keep"].cast(pa.int64())

    def native(self) -> _native.TextFilter:
        """Return the rule."""
        return _filter(stem(self.name), json.dumps(self.native_parameters()))

    def process(self, batch: pa.RecordBatch, input_key: Text, output_key: Integer | None = None) -> Verdict:
        """Judge the texts of a column."""
        return self.verdict(pa.record_batch(self.native().judge(batch[input_key])), output_key)

    def verdict(self, judged: pa.RecordBatch, output_key: str | None) -> Verdict:
        """Return what the rule's judgement means."""
        return Verdict(
            keep=judged["keep"],
            rule=judged["rule"],
            value=judged["value"],
            threshold=judged["threshold"],
            detail=judged["detail"],
            columns={} if output_key is None else {output_key: self.label(judged)},
        )

    def settle(self, result: Any, batch: pa.RecordBatch, keys: dict[str, Any]) -> StepOutput:
        """Return the outcome of a rule that judged the rows as one of a `TextStage`."""
        judged = pa.record_batch(result)
        return settle_verdict(self, self.verdict(judged, keys["output_key"]), batch, keys, rows=judged.num_rows)


class NativeRefiner(RowOperator):
    """A refiner whose texts come from a native rewriting rule; null stays null."""

    at_once: ClassVar[int | None] = None

    def process(self, batch: pa.RecordBatch, input_key: RewrittenText) -> dict[str, pa.Array]:
        """Rewrite the texts of a column; its Arrow type stays."""
        return {input_key: pa.array(self.native().refine(batch[input_key]))}

    def native(self) -> _native.TextRefiner:
        """Return the refiner."""
        return _refiner(stem(self.name), json.dumps(self.parameters))

    def settle(self, result: Any, batch: pa.RecordBatch, keys: dict[str, Any]) -> StepOutput:  # noqa: ARG002
        """Return the outcome of a refiner that rewrote the rows as one of a `TextStage`."""
        return StepOutput(None, {keys["input_key"]: pa.array(result)})


def check_numbers(operator: Operator) -> None:
    """Check that numeric parameters are finite and not negative.

    Raises:
        ParameterError: one is not.
    """
    for name, value in vars(operator).items():
        if isinstance(value, (int, float)) and not (math.isfinite(value) and value >= 0):
            raise ParameterError(f"{operator.name}: {name}={value} must be a finite number, 0 or more")


@lru_cache(maxsize=256)
def _filter(rule: str, parameters: str) -> _native.TextFilter:
    return _native.TextFilter(rule, parameters)


@lru_cache(maxsize=64)
def _refiner(refiner: str, parameters: str) -> _native.TextRefiner:
    return _native.TextRefiner(refiner, parameters)
