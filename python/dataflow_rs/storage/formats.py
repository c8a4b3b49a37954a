r"""One front for all formats, in and out: `open_source` and `write_file`.

In memory everything is Arrow; this is where it comes from and goes to. Types survive: "007" stays text,
64-bit integers stay exact, and what a format cannot hold is an error before a file is touched. All files are
read as streams of batches of bounded size, never as a whole.

How text becomes types, without a schema:

- JSON: strings stay strings, whatever they look like. Integers are int64, or uint64 where needed; mixed with
  fractions they are float64 if each of them is exact as a float. Objects are structs, arrays lists, missing
  keys null. Values of one column that no type holds (a string here, a number there) are an error that names
  the place; `schema={"x": "string"}` reads the JSON text of every value. A key twice in one object is an
  error. Half a surrogate pair (`\ud83d` alone) is no character: it becomes U+FFFD and is counted in
  `Source.replaced_surrogates`.
- CSV: an empty value is null, `""` the empty string, and what stands in quotes is text. A column is int64,
  float64 or boolean only if writing it back gives the same text for every value, so "007", "+1" and "0.50"
  stay text.
- Both: dates and times are text unless the schema says otherwise, then ISO 8601. Every value of every file is
  looked at before the first batch, so no later value is a surprise.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from dataflow_rs.exceptions import ParameterError
from dataflow_rs.storage import ipc_files, parquet_files, text_files
from dataflow_rs.storage.files import (
    FORMATS,
    TEXT_FORMATS,
    common_format,
    compression_of,
    format_of,
    is_paths,
    resolve,
)
from dataflow_rs.storage.schemas import GivenSchema, conform, parse_given
from dataflow_rs.storage.sources import BATCH_BYTES, BATCH_ROWS, BadLine, MemorySource, Reading, Source

__all__ = ["BATCH_BYTES", "BATCH_ROWS", "FORMATS", "BadLine", "Source", "open_source", "write_file"]

_LARGEST_BATCH_BYTES = 1 << 30


def open_source(
    source: Any,
    *,
    format: str | None = None,
    schema: GivenSchema | None = None,
    on_bad_line: Literal["stop", "skip"] = "stop",
    columns: list[str] | None = None,
    batch_rows: int = BATCH_ROWS,
    batch_bytes: int = BATCH_BYTES,
) -> Source:
    """Open files or a table in memory as a source of record batches.

    Args:
        source: a path, a glob (`crawl/*.jsonl.zst`, `**` for any depth), a list of these; or a table in
            memory: a `pyarrow.Table`, `RecordBatch` or `RecordBatchReader` (read once), a Polars frame or any
                other object with
            `__arrow_c_stream__`, or a list of dicts.
        format: `jsonl`, `json`, `csv`, `tsv`, `parquet` or `arrow`; by default the suffix says it. Whether a
            text file is gzip or zstd is told from its first bytes.
        schema: the schema as a `pyarrow.Schema`, or types for some columns as a mapping (`{"zip":
            "string"}`). A JSON value read as string that is no string becomes its JSON text.
        on_bad_line: what happens to a record that cannot be read: `stop` raises, `skip` leaves it out and
            records it in `Source.bad_lines`. Damage after which nothing can be read is always an error.
        columns: the columns to read, in this order; by default all.
        batch_rows: rows of a batch, at most; at least 1.
        batch_bytes: bytes of input after which a batch takes no further row, 1 to 2**30. A longer record is a
            batch of its own.

    Returns:
        The source. Files are not read before `schema` or `batches()` is asked for.

    Raises:
        SourceNotFoundError: a file does not exist, or a glob matches nothing.
        ParameterError: an argument does not fit.

    Examples:
        >>> source = open_source([{"id": 1, "text": "a"}, {"id": 2}])
        >>> source.schema.names
        ['id', 'text']
        >>> [batch.num_rows for batch in source.batches()]
        [2]
    """
    if on_bad_line not in ("stop", "skip"):
        raise ParameterError(f"on_bad_line: '{on_bad_line}' is neither 'stop' nor 'skip'")
    if batch_rows < 1 or not 1 <= batch_bytes <= _LARGEST_BATCH_BYTES:
        raise ParameterError("batch_rows must be at least 1, batch_bytes from 1 to 2**30")
    if columns is not None and len(set(columns)) < len(columns):
        raise ParameterError("columns: a column is named twice")
    given, whole = parse_given(schema)
    reading = Reading(given, whole, columns, on_bad_line == "skip", batch_rows, batch_bytes)
    if not is_paths(source):
        return MemorySource(source, reading)
    files = resolve(source)
    found = common_format(files, format)
    if found == "parquet":
        return parquet_files.ParquetSource(files, reading)
    if found == "arrow":
        return ipc_files.IpcSource(files, reading)
    return text_files.TextSource(files, found, reading)


def write_file(
    batches: Iterable[pa.RecordBatch],
    schema: pa.Schema,
    path: str | os.PathLike[str],
    *,
    format: str | None = None,
    compression: str | None = None,
) -> int:
    """Write batches to a file; it appears under its name when it is complete and safe on disk.

    JSON holds dates, times and decimals as strings. CSV and TSV hold no nested values. Folders that do not
    exist are made.

    Args:
        batches: the rows; each batch has the types of `schema`.
        schema: the schema.
        path: the file. An existing one is replaced at the end, not before.
        format: `jsonl`, `json`, `csv`, `tsv`, `parquet` or `arrow`; by default the suffix says it.
        compression: for text `none`, `gzip` or `zstd` (by default as the suffix says), for Parquet also
            `snappy`, `lz4` or `brotli` (default `zstd`), for Arrow IPC `none` (default), `lz4` or `zstd`.

    Returns:
        The number of rows.

    Raises:
        ExportError: the format cannot hold a type or a value; the message names the column. The file is as
            before.
        ParameterError: format or compression is unknown, or a batch does not follow the schema.

    Examples:
        >>> import tempfile
        >>> table = pa.table({"id": [1, 2], "text": ["007", None]})
        >>> path = Path(tempfile.mkdtemp()) / "rows.jsonl"
        >>> write_file(table.to_batches(), table.schema, path)
        2
        >>> print(path.read_text(), end="")
        {"id":1,"text":"007"}
        {"id":2,"text":null}
    """
    target = Path(path).expanduser()
    if format is None:
        format, _ = format_of(target, argument="path")
    elif format not in FORMATS:
        raise ParameterError(f"format: '{format}' is not one of {', '.join(FORMATS)}")
    if target.is_dir():
        raise ParameterError(f"path: {target} is a folder; name a file")
    schema = schema.remove_metadata()
    rows = (conform_exactly(batch, schema) for batch in batches)
    if format in TEXT_FORMATS:
        target.parent.mkdir(parents=True, exist_ok=True)
        return text_files.write(rows, schema, target, format, compression or compression_of(target))
    if format == "parquet":
        parquet_files.check(schema)
    return _write_binary(rows, schema, target, format, compression)


def conform_exactly(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return a batch that has the names and types of a schema, with the schema's metadata and nullability.

    Raises:
        ParameterError: names or types differ.
    """
    if batch.schema.names != schema.names or batch.schema.types != schema.types:
        raise ParameterError(
            f"a batch has the columns ({_listed(batch.schema)}), the file was begun with ({_listed(schema)})"
        )
    return conform(batch, schema, "batch")


def _listed(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name}: {field.type}" for field in schema)


def _write_binary(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, target: Path, format_: str, compression: str | None
) -> int:
    writer = parquet_files.write if format_ == "parquet" else ipc_files.write
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}-{id(batches)}.tmp")
    try:
        rows = writer(batches, schema, temporary, compression)
        _sync(temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    if os.name == "posix":
        _sync(target.parent)
    return rows


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
