"""JSON Lines, JSON, CSV and TSV files, read and written by the native library."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from dataflow_rs import _native
from dataflow_rs.exceptions import ExportError
from dataflow_rs.storage.nested import unsliced
from dataflow_rs.storage.schemas import build, conform, plain, select
from dataflow_rs.storage.sources import BadLine, Reading, Source


class TextSource(Source):
    """Text files of one format, each plain, gzip or zstd as its first bytes say.

    Args:
        files: the files.
        format_: `jsonl`, `json`, `csv` or `tsv`.
        reading: how to read them.
    """

    def __init__(self, files: list[Path], format_: str, reading: Reading) -> None:
        super().__init__(files, reading)
        self._format = format_
        self._names = [os.fspath(file) for file in files]

    def _find_schema(self) -> pa.Schema:
        reading = self.reading
        if reading.whole and reading.given is not None:
            return select(reading.given, reading.columns)
        given = None if reading.given is None else _plain(reading.given)
        found = pa.schema(
            _native.text_schema(self._names, self._format, given=given, columns=reading.columns, skip=reading.skip)
        )
        if reading.given is None:
            return found
        wanted = reading.given
        return pa.schema([wanted.field(f.name) if f.name in wanted.names else f for f in found])

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows in order; bad records are left out where the policy says so."""
        schema = self.schema
        self.bad_lines, self.replaced_surrogates = [], 0
        reader = _native.TextReader(
            self._names,
            self._format,
            _plain(schema),
            columns=self.reading.columns,
            skip=self.reading.skip,
            batch_rows=self.reading.batch_rows,
            batch_bytes=self.reading.batch_bytes,
        )
        for native in reader:
            batch = _imported(native)
            self._account(reader)
            yield conform(batch, schema, ", ".join(self._names[:3]))
        self._account(reader)

    def _account(self, reader: _native.TextReader) -> None:
        self.bad_lines += [BadLine(*bad) for bad in reader.take_bad_lines()]
        self.replaced_surrogates = reader.replaced_surrogates


def _imported(native: _native._Batch) -> pa.RecordBatch:
    if not native.num_columns:  # no columns, but rows
        return build([], pa.schema([]), native.num_rows)
    return pa.record_batch(native)


def _plain(schema: pa.Schema) -> pa.Schema:
    return pa.schema([field.with_type(plain(field.type)) for field in schema])


def write(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, path: Path, format_: str, compression: str | None
) -> int:
    """Write batches to a text file and return the number of rows; see `write_file`."""
    for name in _names(schema):
        if "\0" in name:
            raise ExportError(f"column {name!r}: text formats hold no name with the character NUL; rename it")
    writer = _native.TextWriter(path, format_, schema, compression or "none")
    try:
        for batch in batches:
            writer.write(unsliced(batch))
        return writer.finish()
    finally:
        writer.abort()


def _names(fields: Iterable[pa.Field]) -> Iterator[str]:
    for field in fields:
        yield field.name
        yield from _names(field.type.field(position) for position in range(field.type.num_fields))
