"""Parquet files through `pyarrow.parquet`, which is imported when the first one is opened."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from dataflow_rs.exceptions import ExportError, MalformedInputError, ParameterError
from dataflow_rs.storage.schemas import conform, unify
from dataflow_rs.storage.sources import Reading, Source, bounded, decide

COMPRESSIONS = ("zstd", "snappy", "gzip", "lz4", "brotli", "none")
_ROW_GROUP_BYTES = 16 << 20
_ROW_GROUP_ROWS = 1 << 20
_READ_BUFFER = 1 << 18


class ParquetSource(Source):
    """Parquet files, read row group by row group; columns that nobody asked for are not read.

    Args:
        files: the files.
        reading: how to read them.
    """

    def __init__(self, files: list[Path], reading: Reading) -> None:
        super().__init__(files, reading)

    def _find_schema(self) -> pa.Schema:
        schemas = []
        for file in self.files:
            with _opened(file) as parquet:
                schemas.append((os.fspath(file), _original_schema(parquet)))
        return decide(unify(schemas), self.reading)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows in order."""
        schema = self.schema
        for file in self.files:
            with _opened(file) as parquet:
                for batch in _rows(parquet, file, schema, self.reading):
                    yield from bounded(conform(batch, schema, os.fspath(file)), self.reading)


def _rows(parquet: Any, file: Path, schema: pa.Schema, reading: Reading) -> Iterator[pa.RecordBatch]:
    columns = [name for name in schema.names if name in parquet.schema_arrow.names]
    if not columns:
        for group in range(parquet.metadata.num_row_groups):
            rows = parquet.metadata.row_group(group).num_rows
            yield pa.record_batch([pa.nulls(rows)], names=["\0rows"])
        return
    for group in range(parquet.metadata.num_row_groups):
        about = parquet.metadata.row_group(group)
        average = max(1, about.total_byte_size // max(1, about.num_rows))
        step = max(1, min(reading.batch_rows, reading.batch_bytes // average))
        batches = parquet.iter_batches(step, row_groups=[group], columns=columns, use_threads=False)
        while True:
            try:
                batch = next(batches)
            except StopIteration:
                break
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
                raise MalformedInputError(f"{file}: the Parquet file is damaged ({error})", os.fspath(file)) from None
            yield batch


def _opened(file: Path) -> Any:
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(file, buffer_size=_READ_BUFFER, pre_buffer=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise MalformedInputError(f"{file} is no readable Parquet file ({error})", os.fspath(file)) from None


def _original_schema(parquet: Any) -> pa.Schema:
    """The schema as it was written: Parquet has no seconds, but Arrow has noted the types."""
    schema = parquet.schema_arrow
    stored = (parquet.metadata.metadata or {}).get(b"ARROW:schema")
    fields = [field.remove_metadata() for field in schema]
    if stored is not None:
        original = pa.ipc.read_schema(pa.BufferReader(base64.b64decode(stored)))
        for position, field in enumerate(fields):
            was = original.get_field_index(field.name)
            if was >= 0 and _was_coarser(original.field(was).type, field.type):
                fields[position] = field.with_type(original.field(was).type)
    return pa.schema(fields)


def _was_coarser(original: pa.DataType, stored: pa.DataType) -> bool:
    if pa.types.is_date64(original):
        return bool(pa.types.is_date32(stored))
    if pa.types.is_timestamp(original) and pa.types.is_timestamp(stored):
        return bool(original.unit == "s" and original.tz == stored.tz)
    return bool(original == pa.time32("s") and stored == pa.time32("ms"))


def check(schema: pa.Schema) -> None:
    """Check that Parquet can hold every column, by writing an empty one.

    Raises:
        ExportError: it cannot; the message names column, type and remedy.
    """
    import pyarrow.parquet as pq

    if not schema.names:
        raise ExportError("Parquet cannot hold a table without columns; export to JSON Lines or Arrow IPC")
    for field in schema:
        trial = pa.BufferOutputStream()
        alone = pa.schema([field])
        try:
            with pq.ParquetWriter(trial, alone) as writer:
                writer.write_table(alone.empty_table())
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise ExportError(
                f"column '{field.name}' of type {field.type}: Parquet has no such type ({error}); export to Arrow IPC"
            ) from None
        back = _original_schema(pq.ParquetFile(pa.BufferReader(trial.getvalue()))).field(0)
        if back.type != field.type:
            raise ExportError(
                f"column '{field.name}' of type {field.type}: Parquet would give it back as {back.type}; "
                "cast it to that type, or export to Arrow IPC"
            )


def write(batches: Iterable[pa.RecordBatch], schema: pa.Schema, path: Path, compression: str | None) -> int:
    """Write batches to a Parquet file in row groups of about 16 MB and return the number of rows."""
    import pyarrow.parquet as pq

    compression = compression or "zstd"
    if compression not in COMPRESSIONS:
        raise ParameterError(f"compression: '{compression}' is not one of {', '.join(COMPRESSIONS)} for Parquet")
    rows = 0
    with pq.ParquetWriter(path, schema, compression=compression, write_statistics=True) as writer:
        for table in _groups(batches, schema):
            writer.write_table(table, row_group_size=_ROW_GROUP_ROWS)
            rows += table.num_rows
    return rows


def _groups(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    waiting: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        waiting.append(batch)
        size += batch.nbytes
        if size >= _ROW_GROUP_BYTES:
            yield pa.Table.from_batches(waiting, schema=schema)
            waiting, size = [], 0
    if waiting:
        yield pa.Table.from_batches(waiting, schema=schema)
