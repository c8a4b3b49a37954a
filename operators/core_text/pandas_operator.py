"""Apply functions of tables, or SQL, to the whole table."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Literal

import pyarrow as pa
from dataflow_rs import _native
from dataflow_rs.core.bases import Dataset, DatasetOperator
from dataflow_rs.core.environment import load, missing_extra
from dataflow_rs.core.functions import function_identity
from dataflow_rs.core.registry import operator
from dataflow_rs.core.spec import Kind
from dataflow_rs.exceptions import OperatorError, ParameterError

_UNORDERED = re.compile(r"\b(?:group\s+by|distinct|union|join)\b", re.IGNORECASE)
_QUERY = re.compile(r"\s*(?:select|with)\b", re.IGNORECASE)
_FILES = re.compile(r"\bread_\w+\s*\(", re.IGNORECASE)
_ORDERED = re.compile(r"\border\s+by\b", re.IGNORECASE)


@operator
class PandasOperator(DatasetOperator):
    """Apply functions from table to table, one after the other, to the whole table.

    A function takes a table and returns one, as `frame` says: a `pyarrow.Table`, a `polars.DataFrame` or a
    `pandas.DataFrame` (with Arrow types, so that whole numbers stay whole beside nulls). A text is SQL over the table
    `self`, run by Polars; SQL whose rows come in no certain order is refused without `ORDER BY`. The result takes the
    place of the table; the rows are new ones.

    The whole table is in memory. A changed function redoes the step: its source, constants and closure are part of the
    step's fingerprint. A recipe can hold SQL only; a function makes the pipeline one that cannot be written down.

    Args:
        process_fn: the functions and SQL texts, at least one.
        frame: what the functions take: `pandas`, `polars` or `arrow`.

    Keys:
        output_key: a column that the functions make, so that a step can say what it is for; None: nothing is checked.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.core_text import PandasOperator
        >>> table = pa.table({"text": ["b", "aa", "c"], "score": [1, 5, 3]})
        >>> def shout(frame):
        ...     return frame.with_columns(frame["text"].str.to_uppercase())
        >>> steps = [shout, "SELECT text, LENGTH(text) AS size FROM self WHERE score > 1 ORDER BY size"]
        >>> PandasOperator(steps, frame="polars").apply(table).to_pylist()
        [{'text': 'C', 'size': 1}, {'text': 'AA', 'size': 2}]
    """

    kind: ClassVar[Kind | None] = "refine"

    process_fn: list[Any] | tuple[Any, ...]
    frame: Literal["pandas", "polars", "arrow"] = "pandas"

    def __post_init__(self) -> None:
        if not self.process_fn:
            raise ParameterError(f"{self.name}(process_fn=): there must be at least one function or SQL text")
        for number, step in enumerate(self.process_fn):
            place = f"{self.name}(process_fn[{number}]=)"
            if not (callable(step) or isinstance(step, str)):
                raise ParameterError(f"{place}: got {step!r}; it is a function from table to table, or SQL")
            if isinstance(step, str):
                _check_sql(place, step)

    def problems(self) -> list[str]:
        """Return what is missing for functions of pandas data frames."""
        needed = self.frame == "pandas" and any(callable(step) for step in self.process_fn)
        return [*super().problems(), *(missing_extra("pandas", self.name) if needed else [])]

    def describe_parameters(self) -> dict[str, Any]:
        """Return the parameters; functions by name."""
        named = [step if isinstance(step, str) else function_identity(step)["name"] for step in self.process_fn]
        return {"process_fn": named, "frame": self.frame}

    def fingerprint(self) -> str:
        """Return a digest of SQL and functions, their sources included."""
        steps = [step if isinstance(step, str) else function_identity(step) for step in self.process_fn]
        return _native.digest(repr((self.name, self.version, self.frame, steps)).encode())

    def select(self, schema: pa.Schema, keys: dict[str, Any]) -> list[str]:  # noqa: ARG002 - functions read anything
        """Return all columns."""
        return list(schema.names)

    def columns_after(
        self,
        columns: dict[str, pa.DataType | None],  # noqa: ARG002 - only a run can tell
        keys: dict[str, Any],  # noqa: ARG002
    ) -> None:
        """Return that only a run can tell."""
        return

    def process(self, dataset: Dataset, output_key: str | None = None) -> pa.Table:
        """Apply everything in order."""
        table = dataset.to_table()
        for step in self.process_fn:
            result = _sql(self.name, table, step) if isinstance(step, str) else self._call(step, table)
            table = like_before(result, table)
        if output_key is not None and output_key not in table.schema.names:
            raise OperatorError(
                f"{self.name}: there is no column '{output_key}' afterwards; columns: {', '.join(table.schema.names)}"
            )
        return table

    def _call(self, function: Any, table: pa.Table) -> pa.Table:
        """Apply a function to the table in the form that it takes."""
        result: Any
        wanted: Any
        if self.frame == "arrow":
            result = function(table)
            wanted = pa.Table
        elif self.frame == "polars":
            import polars as pl

            result, wanted = function(pl.DataFrame(table)), pl.DataFrame
        else:
            pandas = load("pandas", "pandas", self.name)
            result, wanted = function(table.to_pandas(types_mapper=pandas.ArrowDtype)), pandas.DataFrame
        if not isinstance(result, wanted):
            name = function_identity(function)["name"]
            raise OperatorError(f"{self.name}: {name} returned {type(result).__name__}, not a {wanted.__name__}")
        if self.frame == "pandas":
            return pa.Table.from_pandas(result, preserve_index=False).replace_schema_metadata()
        return result if self.frame == "arrow" else result.to_arrow()


def like_before(table: pa.Table, before: pa.Table) -> pa.Table:
    """Return a table whose texts and lists have the widths that they had before, and plain ones where they are new."""
    fields = []
    for field in table.schema:
        old = before.schema.field(field.name).type if field.name in before.schema.names else None
        plain = _plain(field.type)
        fields.append(pa.field(field.name, old if old is not None and _plain(old) == plain else plain))
    return table.cast(pa.schema(fields))


def _plain(kind: pa.DataType) -> pa.DataType:
    """Return a type with 32-bit offsets, and without views."""
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return pa.binary()
    if pa.types.is_large_list(kind) or pa.types.is_list(kind):
        return pa.list_(_plain(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([(part.name, _plain(part.type)) for part in kind])
    return kind


def _check_sql(place: str, query: str) -> None:
    if not _QUERY.match(query):
        raise ParameterError(f"{place}: {query!r} must begin with SELECT or WITH")
    if _FILES.search(query):
        raise ParameterError(f"{place}: SQL reads no files, only the table `self`; {query!r} does")
    if _UNORDERED.search(query) and not _ORDERED.search(query):
        raise ParameterError(f"{place}: the rows of {query!r} have no certain order; add ORDER BY")


def _sql(owner: str, table: pa.Table, query: str) -> pa.Table:
    import polars as pl

    try:
        found: pa.Table = pl.DataFrame(table).sql(query, table_name="self").to_arrow()
    except pl.exceptions.PolarsError as error:
        raise OperatorError(f"{owner}: {query!r} cannot be run: {error}") from None
    return found
