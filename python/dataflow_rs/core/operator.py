"""`Operator`: what all operators have in common - parameters, keys, description, `run()` and `apply()`.

An author derives from one of the four classes in `bases.py` and writes `process()`. Parameters are annotated class
attributes, as in a dataclass (or the arguments of a hand-written `__init__`); columns are the `input_*` and `output_*`
arguments of `process()`. Reading, writing, key binding, batching, progress, statistics, drop log and error rows live
here and in `execution.py`, once for everybody.
"""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
from abc import ABC, ABCMeta, abstractmethod
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

import pyarrow as pa
from typing_extensions import dataclass_transform

from dataflow_rs.core import tracing
from dataflow_rs.core.keys import ColumnType
from dataflow_rs.core.spec import Kind, OperatorSpec, describe, json_value
from dataflow_rs.exceptions import ColumnError, ParameterError, nearest

if TYPE_CHECKING:
    from dataflow_rs.storage import FileStorage

OnError = Literal["keep", "drop", "raise"]
_T = TypeVar("_T")


@dataclass_transform(eq_default=False, field_specifiers=(dataclasses.field,))
class OperatorMeta(ABCMeta):
    """Turns annotated attributes into constructor parameters and checks arguments against their types."""

    handwritten_init: bool

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(name, bases, namespace, **kwargs)
        cls.handwritten_init = "__init__" in namespace
        if not cls.handwritten_init:
            dataclasses.dataclass(eq=False, repr=False)(cls)
        cls.__signature__ = _constructor_signature(cls)

    def __call__(cls: type[_T], *args: Any, **kwargs: Any) -> _T:
        parameters = _bind_parameters(cls, args, kwargs)  # type: ignore[type-var]  # every instance is an Operator
        instance = super().__call__(*args, **kwargs)  # type: ignore[misc]  # mypy: super() in a metaclass __call__
        instance._parameters = parameters
        return instance  # type: ignore[no-any-return]


class Operator(ABC, metaclass=OperatorMeta):
    """One transformation of a table, with typed parameters and keys.

    Attributes:
        version: raise it when the same input gives another output, so that stored steps are redone.
        kind: generate, evaluate, filter or refine; by default read off the class name's suffix.
        domain: the family it belongs to; by default the folder below `operators`.
        extra: the optional dependency it needs, if any.
        streams: whether batches are independent of each other (False: needs the whole data set, a barrier).
    """

    version: ClassVar[str] = "1"
    kind: ClassVar[Kind | None] = None
    domain: ClassVar[str | None] = None
    extra: ClassVar[str | None] = None
    streams: ClassVar[bool] = True

    @abstractmethod
    def process(self, batch: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Transform a batch; the only method an author writes."""

    @classmethod
    def spec(cls) -> OperatorSpec:
        """Return the description derived from signature and docstring."""
        return _spec(cls)

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments, defaults included."""
        return dict(self._parameters)  # type: ignore[attr-defined]  # set by the metaclass

    @property
    def name(self) -> str:
        """The class name."""
        return type(self).__name__

    def run(self, storage: FileStorage, **keys: Any) -> list[str]:
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
        tracer = tracing.active()
        if tracer is not None:
            return tracer.record(self, storage, keys)
        return storage.execute(self, self.spec().bind_keys(keys))

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
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.parameters.items())
        return f"{self.name}({arguments})"


@lru_cache(maxsize=None)
def _spec(cls: type[Operator]) -> OperatorSpec:
    return describe(cls)


def _constructor_signature(cls: type) -> inspect.Signature:
    signature = inspect.signature(cls.__init__)  # type: ignore[misc]  # the class's own, on purpose
    return signature.replace(parameters=list(signature.parameters.values())[1:], return_annotation=cls)


def _bind_parameters(cls: type[Operator], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    signature = inspect.signature(cls)
    for name in kwargs:
        if name not in signature.parameters:
            known = ", ".join(signature.parameters) or "none"
            raise ParameterError(
                f"{cls.__name__} has no parameter '{name}'{nearest(name, signature.parameters)}; it takes: {known}"
            )
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        raise ParameterError(f"{cls.__name__}: {error}") from None
    bound.apply_defaults()
    from dataflow_rs.core.validation import check_value

    for parameter in cls.spec().parameters:
        check_value(cls.__name__, parameter, bound.arguments[parameter.name])
    return dict(bound.arguments)


def _named_columns(
    spec: OperatorSpec, keys: dict[str, Any], direction: str
) -> Iterator[tuple[str, ColumnType]]:
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
        return hashlib.sha256(inspect.getsource(cls).encode()).hexdigest()
    except (OSError, TypeError):  # typed into a console
        code = cls.process.__code__
        return hashlib.sha256(code.co_code + repr(code.co_consts).encode()).hexdigest()
