"""`Operator`: what all operators have in common - parameters, keys, description, `run()` and `apply()`.

An author derives from one of the four classes in `bases.py` and writes `process()`. Parameters are annotated class
attributes, as in a dataclass (or the arguments of a hand-written `__init__`); columns are the `input_*` and `output_*`
arguments of `process()`. Reading, writing, key binding, batching, progress, statistics, drop log and error rows live
here and in `execution.py`, once for everybody.
"""

from __future__ import annotations

import inspect
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import pyarrow as pa

from dataflow_rs import _native
from dataflow_rs.core.keys import ColumnType
from dataflow_rs.core.parameters import OperatorMeta
from dataflow_rs.core.spec import Kind, OperatorSpec, describe, json_value
from dataflow_rs.exceptions import ColumnError, nearest
from dataflow_rs.storage import tracing

if TYPE_CHECKING:
    from dataflow_rs.storage.file_storage import FileStorage, StorageStep

OnError = Literal["keep", "drop", "raise"]


class Operator(ABC, metaclass=OperatorMeta):
    """One transformation of a table, with typed parameters and keys.

    Attributes:
        version: raise it when the same input gives another output, so that stored steps are redone.
        kind: generate, evaluate, filter or refine; by default read off the class name's suffix.
        domain: the family it belongs to; by default the folder below `operators`.
        extra: the optional dependency it needs, if any.
        at_once: how many batches `process()` should treat at once, in any order; 1: one at a time, in order; None: as
            many as the operators around it ask for, because it uses all cores for one batch anyway.
        streams: whether batches are independent of each other (False: needs the whole data set, a barrier).
    """

    version: ClassVar[str] = "1"
    kind: ClassVar[Kind | None] = None
    domain: ClassVar[str | None] = None
    extra: ClassVar[str | None] = None
    at_once: ClassVar[int | None] = 1
    streams: ClassVar[bool] = True

    @abstractmethod
    def process(self, batch: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Transform a batch; the only method an author writes."""

    @classmethod
    def spec(cls) -> OperatorSpec:
        """Return the description derived from signature and docstring."""
        return describe_once(cls)

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments, defaults included."""
        return dict(self._parameters)  # type: ignore[attr-defined]  # set by the metaclass

    def describe_parameters(self) -> dict[str, Any]:
        """Return the parameters as JSON data; servings and prompts describe themselves, without secrets."""
        return {name: json_value(value) for name, value in self.parameters.items()}

    @property
    def name(self) -> str:
        """The class name."""
        return type(self).__name__

    def run(self, storage: FileStorage | StorageStep, **keys: Any) -> list[str]:
        """Read the storage's current step, process it, and commit the result as the next step.

        Args:
            storage: `storage.step()`.
            **keys: the operator's `input_*` and `output_*` arguments.

        Returns:
            The names of the columns that the step writes.

        Raises:
            ParameterError: a key is unknown or missing.
            ColumnError: a key names a column that is not there.
        """
        from dataflow_rs.core.execution import run_eagerly
        from dataflow_rs.storage.file_storage import FileStorage

        place = storage.step() if isinstance(storage, FileStorage) else storage
        tracer = tracing.active()
        if tracer is not None:
            return tracer.record(self, place, keys)
        return run_eagerly(self, place, self.spec().bind_keys(keys))

    def apply(self, table: Any, *, return_drops: bool = False, **keys: Any) -> Any:
        """Process a table in memory, without storage.

        Args:
            table: `pyarrow.Table`, `pyarrow.RecordBatch`, `pyarrow.RecordBatchReader` or `polars.DataFrame`.
            return_drops: also return the drop log, a table with the columns row (position in the input), rule,
                value, threshold and detail.
            **keys: the operator's `input_*` and `output_*` arguments.

        Returns:
            What it was given; with `return_drops` the pair (table, drops).

        Raises:
            ColumnError: a key names a column that is not there or has the wrong type.
            OperatorError: a row failed and `on_error="raise"`.
        """
        from dataflow_rs.core.execution import apply_in_memory

        tracing.forbid(f"{self.name}.apply()")
        return apply_in_memory(self, table, self.spec().bind_keys(keys), return_drops=return_drops)

    def columns_read(self, keys: dict[str, Any]) -> dict[str, ColumnType]:
        """Return column -> type of what the operator reads with these keys."""
        return dict(_named_columns(self.spec(), keys, "input"))

    def columns_written(self, keys: dict[str, Any]) -> dict[str, ColumnType]:
        """Return column -> type of what the operator adds or changes with these keys."""
        rewritten = {name: kind for name, kind in self.columns_read(keys).items() if kind.rewrites}
        return {**rewritten, **dict(_named_columns(self.spec(), keys, "output"))}

    def columns_after(
        self, columns: dict[str, pa.DataType | None], keys: dict[str, Any]
    ) -> dict[str, pa.DataType | None] | None:
        """Return column -> type of the table after the operator, None where only a run can tell.

        Rewritten columns keep their type; an operator that puts a new table in place of the old one overrides this.
        """
        after = dict(columns)
        for name, kind in self.columns_written(keys).items():
            after[name] = columns.get(name) if kind.rewrites else kind.arrow_type
        return after

    def select(self, schema: pa.Schema, keys: dict[str, Any]) -> list[str]:
        """Return the columns to read, checked against a schema.

        Raises:
            ColumnError: a column is missing or has a type that the operator cannot read.
        """
        mistakes = self.column_mistakes({field.name: field.type for field in schema}, keys)
        if mistakes:
            raise ColumnError("; ".join(mistakes))
        return [name for name in schema.names if name in self.columns_read(keys)]

    def column_mistakes(self, columns: dict[str, pa.DataType | None], keys: dict[str, Any]) -> list[str]:
        """Return what is wrong with the columns that the keys name, given the table's columns and their types."""
        mistakes = []
        for column, kind in self.columns_read(keys).items():
            arguments = ", ".join(name for name, value in keys.items() if value == column or column in _listed(value))
            where = f"{self.name}({arguments or 'prompt'}={column!r})"
            if column not in columns:
                mistakes.append(
                    f"{where}: there is no column '{column}'{nearest(column, columns)}; "
                    f"columns here: {', '.join(columns) or 'none'}"
                )
            elif not kind.accepts(columns[column]):
                mistakes.append(f"{where}: the column holds {columns[column]}, but a {kind.holds} column is needed")
        return mistakes

    def batches_at_once(self, rows: int) -> int | None:  # noqa: ARG002  overridden where it matters
        """Return how many batches `process()` should treat at once, given the rows of an ordinary one."""
        return self.at_once

    def problems(self) -> list[str]:
        """Return why the operator could not run here and now (servings, prompts, files, extras); nothing is sent."""
        from dataflow_rs.core.environment import missing_extra

        found = [] if self.extra is None else missing_extra(self.extra, self.name)
        for name, value in self.parameters.items():
            if hasattr(value, "check"):
                found.extend(f"{self.name}({name}=): {problem}" for problem in value.check())
        return found

    def fingerprint(self) -> str:
        """Return a digest of everything in the operator that determines its output."""
        identity = {
            "operator": f"{type(self).__module__}.{type(self).__qualname__}",
            "version": self.version,
            "code": _code_digest(type(self)),
            "parameters": {name: _identity(value) for name, value in self.parameters.items()},
        }
        return _native.digest(json.dumps(identity, sort_keys=True).encode())

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.parameters.items())
        return f"{self.name}({arguments})"


@cache
def describe_once(cls: type[Operator]) -> OperatorSpec:
    """Return the description of a class, derived on the first call."""
    return describe(cls)


def _named_columns(spec: OperatorSpec, keys: dict[str, Any], direction: str) -> Iterator[tuple[str, ColumnType]]:
    for key in spec.keys:
        if key.direction == direction and key.column is not None:
            for column in _listed(keys.get(key.name)):
                yield column, key.column


def _listed(value: Any) -> list[str]:
    if isinstance(value, (list, tuple)):
        return [item for item in value if isinstance(item, str)]
    return [value] if isinstance(value, str) else []


def _identity(value: Any) -> Any:
    for method in ("identity", "fingerprint"):
        if hasattr(value, method):
            return getattr(value, method)()
    return json_value(value)


def _code_digest(cls: type[Operator]) -> str | None:
    """Digest of a user's operator, so that editing it redoes its steps; ours state a `version` instead."""
    if cls.__module__.startswith("dataflow_rs."):
        return None
    try:
        return _native.digest(inspect.getsource(cls).encode())
    except (OSError, TypeError):  # typed into a console
        code = cls.process.__code__
        return _native.digest(code.co_code + repr(code.co_consts).encode())
