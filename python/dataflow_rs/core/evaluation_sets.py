"""Evaluation sets as an operator takes them: where their items come from, and which item has which number."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from dataflow_rs.core.keys import ColumnType
from dataflow_rs.exceptions import ColumnError, ParameterError, nearest
from dataflow_rs.storage.formats import open_source
from dataflow_rs.storage.sources import Source

FIELDS = ("source", "columns", "id")
_TEXT = ColumnType("text")


@dataclass(frozen=True)
class EvaluationSet:
    """The items of one benchmark.

    Args:
        name: what messages call it.
        source: a path, a glob or a list of these; or a table in memory.
        columns: the columns whose texts are items, each text on its own; None = all columns of text.
        id: the column that names a row in messages; None = its number, from 0.
    """

    name: str
    source: Any
    columns: tuple[str, ...] | None = None
    id: str | None = None

    @classmethod
    def read(cls, owner: str, name: str, given: Any) -> EvaluationSet:
        """Read what a user wrote: a source, a list of texts, or a mapping with the fields of `FIELDS`.

        Raises:
            ParameterError: a field is unknown or has a wrong type.
        """
        if not isinstance(given, dict):
            return cls(name, _texts_as_table(given))
        place = f"{owner}(benchmarks[{name!r}]=)"
        for field in given:
            if field not in FIELDS:
                known = ", ".join(FIELDS)
                raise ParameterError(f"{place}: there is no field '{field}'{nearest(field, FIELDS)}; fields: {known}")
        if "source" not in given:
            raise ParameterError(f"{place}: the field 'source' is missing: a path or a table")
        columns, row_id = given.get("columns"), given.get("id")
        columns = [columns] if isinstance(columns, str) else columns
        if columns is not None and not (columns and all(isinstance(column, str) for column in columns)):
            raise ParameterError(f"{place}: columns={columns!r} is no list of column names")
        if row_id is not None and not isinstance(row_id, str):
            raise ParameterError(f"{place}: id={row_id!r} is no column name")
        return cls(name, _texts_as_table(given["source"]), None if columns is None else tuple(columns), row_id)

    @cached_property
    def opened(self) -> Source:
        """The source, not yet read."""
        return open_source(self.source)

    @property
    def in_memory(self) -> bool:
        """Whether the source is a table."""
        return not self.opened.files

    def items(self) -> Iterator[tuple[str, list[Any], pa.Array]]:
        """Yield (column, ids of its rows, texts) for every column and batch.

        Raises:
            ColumnError: a column is not there, or holds no text.
        """
        schema, first = self.opened.schema, 0
        columns = self._text_columns(schema)
        for batch in self.opened.batches():
            ids = range(first, first + batch.num_rows) if self.id is None else batch[self.id].to_pylist()
            for column in columns:
                yield column, list(ids), batch[column]
            first += batch.num_rows

    def _text_columns(self, schema: pa.Schema) -> list[str]:
        wanted = [*(self.columns or ()), *([] if self.id is None else [self.id])]
        for column in wanted:
            if column not in schema.names:
                raise ColumnError(
                    f"benchmark '{self.name}' has no column '{column}'{nearest(column, schema.names)}; "
                    f"columns: {', '.join(schema.names)}"
                )
        found = [field.name for field in schema if _TEXT.accepts(field.type) and field.name != self.id]
        for column in self.columns or ():
            if not _TEXT.accepts(schema.field(column).type):
                raise ColumnError(
                    f"benchmark '{self.name}': the column '{column}' holds {schema.field(column).type}, no text"
                )
        if self.columns is None and not found:
            raise ColumnError(f"benchmark '{self.name}' has no column of text; columns: {', '.join(schema.names)}")
        return list(self.columns) if self.columns is not None else found

    def describe(self) -> dict[str, Any]:
        """Return the fields as JSON data; of a table in memory, what tells it from others."""
        described: dict[str, Any] = {"source": self._described_source()}
        if self.columns is not None:
            described["columns"] = list(self.columns)
        if self.id is not None:
            described["id"] = self.id
        return described

    def _described_source(self) -> Any:
        if self.in_memory:
            return {"in_memory": self.opened.content_digest()}
        if isinstance(self.source, (list, tuple)):
            return [os.fspath(path) for path in self.source]
        return os.fspath(self.source)


@dataclass(frozen=True)
class EvaluationSets:
    """All benchmarks of an operator."""

    sets: tuple[EvaluationSet, ...]

    def describe(self) -> dict[str, Any]:
        """Return name -> description."""
        return {one.name: one.describe() for one in self.sets}

    def identity(self) -> dict[str, Any]:
        """Return what determines the items: the content of files, not their names."""
        return {one.name: {**one.describe(), "source": one.opened.content_digest()} for one in self.sets}

    def check(self) -> list[str]:
        """Return what is wrong with the sources."""
        from dataflow_rs.exceptions import DataFlowError

        found = []
        for one in self.sets:
            try:
                one._text_columns(one.opened.schema)
            except DataFlowError as error:
                found.append(f"benchmark '{one.name}': {error}")
        return found


def _texts_as_table(given: Any) -> Any:
    """Return a list of texts that are no paths as a table; whatever else is a source stays."""
    if isinstance(given, (pa.Array, pa.ChunkedArray)):
        return pa.table({"text": given})
    return given
