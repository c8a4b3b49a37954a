"""`BoundStep`: an operator with its keys at a place in a run, and what every way of executing it shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from dataflow_rs.core.metering import Meter
from dataflow_rs.core.operator import Operator
from dataflow_rs.exceptions import ColumnError, DataFlowError, OperatorError
from dataflow_rs.storage.outcome import StepOutput
from dataflow_rs.storage.step_store import NewStep, Step


@dataclass(frozen=True)
class BoundStep:
    """An operator with its keys, at a place in a run.

    Args:
        operator: the operator.
        keys: all of its keys, defaults filled in.
        index: number of the step, from 1; step 0 is the source.
        parent: number of the step it reads.
    """

    operator: Operator
    keys: dict[str, Any]
    index: int
    parent: int

    def new_step(self, parent: Step) -> NewStep:
        """Return the step as the store begins it."""
        spec = self.operator.spec()
        return NewStep(
            index=self.index,
            name=self.operator.name,
            parent=parent.folder,
            identity={"operator": self.operator.fingerprint(), "keys": self.keys},
            description={
                "domain": spec.domain,
                "kind": spec.kind,
                "base": spec.base,
                "summary": spec.summary,
                "parameters": self.operator.describe_parameters(),
                "keys": self.keys,
                "reads": list(self.operator.columns_read(self.keys)),
                "writes": list(self.operator.columns_written(self.keys)),
            },
        )


def checked(operator: Operator, offset: int, work: Callable[[], StepOutput]) -> StepOutput:
    """Run an author's code; what it raises names the operator and the rows."""
    try:
        return work()
    except DataFlowError:
        raise
    except Exception as error:
        raise process_error(operator, offset, error) from error


def process_error(operator: Operator, offset: int, error: Exception) -> OperatorError:
    """Return the error for what an author's code raised in the batch that begins at a row."""
    return OperatorError(
        f"{operator.name}.process() raised {type(error).__name__} in the batch that begins at row {offset}: {error}"
    )


def refuse_mistakes(bound: BoundStep, columns: dict[str, pa.DataType | None]) -> None:
    """Raise what is wrong with the columns that a step names, given those that it will find."""
    mistakes = bound.operator.column_mistakes(columns, bound.keys)
    if mistakes:
        raise ColumnError("; ".join(mistakes))


def stats_of(meter: Meter | None, seconds: float) -> dict[str, Any]:
    """Return what the manifest records about a piece of work."""
    usage = {} if meter is None else meter.to_dict()
    return {"seconds": round(seconds, 6), **({"usage": usage} if usage else {})}
