"""What a source of rows is, whatever it is made of; and tables in memory as one."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from dataflow_rs import _native
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.storage.schemas import build, conform, override, select

BATCH_ROWS = 8192
"""Rows of a batch, at most."""
BATCH_BYTES = 1 << 20
"""Bytes after which a batch takes no further row."""
_CHUNK = 1 << 20


@dataclass(frozen=True)
class BadLine:
    """A record that could not be read and was left out.

    Args:
        file: path of the file.
        line: line number, from 1.
        column: byte column in the line, from 1.
        message: what was expected and what was found.
        text: the record, cut to 500 characters.
    """

    file: str
    line: int
    column: int
    message: str
    text: str


@dataclass(frozen=True)
class Reading:
    """How a source is read.

    Args:
        given: types that the user gave.
        whole: they are the whole schema.
        columns: the columns wanted, in this order; None = all.
        skip: leave out bad records and report them.
        batch_rows: rows of a batch, at most.
        batch_bytes: bytes after which a batch takes no further row.
    """

    given: pa.Schema | None = None
    whole: bool = False
    columns: list[str] | None = None
    skip: bool = False
    batch_rows: int = BATCH_ROWS
    batch_bytes: int = BATCH_BYTES


class Source(ABC):
    r"""Rows that can be read batch by batch, all of one schema.

    Attributes:
        files: the files, in the order in which they are read; empty for a table in memory.
        bad_lines: the records that the last `batches()` left out so far.
        replaced_surrogates: halves of surrogate pairs in JSON strings (`\ud83d` alone), which are no
            characters and were read as U+FFFD, by the last `batches()` so far.
    """

    def __init__(self, files: list[Path], reading: Reading) -> None:
        self.files = files
        self.reading = reading
        self.bad_lines: list[BadLine] = []
        self.replaced_surrogates = 0
        self._schema: pa.Schema | None = None

    @property
    def schema(self) -> pa.Schema:
        """The schema of all batches; the first access may read all files."""
        if self._schema is None:
            self._schema = self._find_schema()
            _native.release_memory()
        return self._schema

    @abstractmethod
    def _find_schema(self) -> pa.Schema:
        """Decide the schema."""

    @abstractmethod
    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows in order, in batches of bounded size; a source without rows yields nothing.

        Raises:
            MalformedInputError: a record cannot be read; what comes before it was yielded.
        """

    def identity(self) -> dict[str, Any]:
        """Return what tells cheaply whether the source has changed: paths, sizes and times (JSON-able)."""
        return {"kind": "files", "files": [_identity(file) for file in self.files]}

    def content_digest(self) -> str:
        """Return the BLAKE3 digest of the content, in hexadecimal; names and times do not count."""
        digest = _native.Digest()
        for file in self.files:
            digest.update(file.stat().st_size.to_bytes(8, "little"))
            with file.open("rb") as stream:
                while chunk := stream.read(_CHUNK):
                    digest.update(chunk)
        return digest.hexdigest()


def _identity(file: Path) -> dict[str, Any]:
    status = file.stat()
    return {"path": os.fspath(file.absolute()), "size": status.st_size, "mtime_ns": status.st_mtime_ns}


class MemorySource(Source):
    """A table in memory, or a stream of batches that can be read once.

    Args:
        table: a `pyarrow.Table`, `RecordBatch` or `RecordBatchReader`, an object with `__arrow_c_stream__`
            (Polars, pandas, DuckDB ...), or a list of dicts.
        reading: how to read it.
    """

    def __init__(self, table: Any, reading: Reading) -> None:
        super().__init__([], reading)
        self._reader: pa.RecordBatchReader | None = None
        self._table: pa.Table | None = None
        self._consumed = False
        if isinstance(table, pa.RecordBatchReader):
            self._reader = table
        else:
            self._table = as_table(table)

    def _find_schema(self) -> pa.Schema:
        held = self._reader if self._reader is not None else self._table
        assert held is not None
        schema = held.schema.remove_metadata()
        twice = [name for name in schema.names if schema.names.count(name) > 1]
        if twice:
            raise ParameterError(f"source: the column '{twice[0]}' comes twice; rename one of the two")
        return decide(schema, self.reading)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows in order; a `RecordBatchReader` can be read once."""
        schema = self.schema
        if self._table is not None:
            batches: Iterable[pa.RecordBatch] = self._table.to_reader()
        elif self._consumed or self._reader is None:
            raise ParameterError("source: the RecordBatchReader was read already; a table can be read again")
        else:
            self._consumed = True
            batches = self._reader
        for batch in batches:
            yield from bounded(conform(batch, schema, "source"), self.reading)

    def identity(self) -> dict[str, Any]:
        """Return the digest: a table in memory has nothing cheaper that tells whether it has changed."""
        return {"kind": "memory", "digest": self.content_digest()}

    def content_digest(self) -> str:
        """Return the BLAKE3 digest of the table's Arrow IPC bytes; a stream is first read into memory.

        The rows are cut into equal batches before, so that chunks do not count.
        """
        if self._table is None:
            if self._consumed or self._reader is None:
                raise ParameterError("source: the RecordBatchReader was read already, its digest is lost")
            self._table = self._reader.read_all()
        digest = _native.Digest()
        schema = self._table.schema.remove_metadata()
        digest.update(schema.serialize().to_pybytes())
        table = self._table.replace_schema_metadata(None)
        for start in range(0, table.num_rows, BATCH_ROWS):
            piece = table.slice(start, BATCH_ROWS).combine_chunks()
            for batch in piece.to_batches():
                digest.update(batch.serialize().to_pybytes())
        digest.update(table.num_rows.to_bytes(8, "little"))
        return digest.hexdigest()


def decide(schema: pa.Schema, reading: Reading) -> pa.Schema:
    """Return the schema that a source of a known schema has when it is read in a certain way."""
    whole = reading.whole and reading.columns is None
    return select(override(schema, reading.given, whole), reading.columns)


def as_table(table: Any) -> pa.Table:
    """Return a table in memory as Arrow, without copying where it is Arrow already.

    Raises:
        ParameterError: the object is no table, or its values have no common type.
    """
    if isinstance(table, pa.Table):
        return table
    if isinstance(table, pa.RecordBatch):
        return pa.Table.from_batches([table])
    if hasattr(table, "__arrow_c_stream__"):
        return pa.table(table)
    if isinstance(table, (list, tuple)) and all(isinstance(row, dict) for row in table):
        names = list(dict.fromkeys(name for row in table for name in row))
        return _from_dicts(list(table), names)
    raise ParameterError(
        f"source: {type(table).__module__}.{type(table).__qualname__} is no source; give a path, a "
        "glob, a list of paths, a pyarrow Table, RecordBatch or RecordBatchReader, an object with "
        "__arrow_c_stream__, or a list of dicts"
    )


def _from_dicts(rows: list[dict[str, Any]], names: list[str]) -> pa.Table:
    if not names:
        return pa.Table.from_batches([build([], pa.schema([]), len(rows))])
    arrays = []
    for name in names:
        try:
            arrays.append(pa.array([row.get(name) for row in rows], from_pandas=False))
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError) as error:
            raise ParameterError(f"source: the values of '{name}' have no common type: {error}") from None
    return pa.table(arrays, names=names)


def bounded(batch: pa.RecordBatch, reading: Reading) -> Iterator[pa.RecordBatch]:
    """Yield a batch in pieces of bounded size, without copying; an empty one is left out."""
    rows = batch.num_rows
    average = max(1, -(-batch.nbytes // rows)) if rows else 1
    step = max(1, min(reading.batch_rows, reading.batch_bytes // average))
    for start in range(0, rows, step):
        yield batch if step >= rows else batch.slice(start, step)
