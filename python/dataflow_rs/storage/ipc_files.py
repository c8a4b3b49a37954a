"""Arrow IPC files, in the file format (also called Feather 2) and in the stream format."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from dataflow_rs.exceptions import ExportError, MalformedInputError, ParameterError
from dataflow_rs.storage.schemas import conform, unify
from dataflow_rs.storage.sources import Reading, Source, bounded, decide

COMPRESSIONS = ("none", "lz4", "zstd")
_FILE_MAGIC = b"ARROW1"


class IpcSource(Source):
    """Arrow IPC files; which of the two formats a file has is told from its first bytes.

    Args:
        files: the files.
        reading: how to read them.
    """

    def __init__(self, files: list[Path], reading: Reading) -> None:
        super().__init__(files, reading)

    def _find_schema(self) -> pa.Schema:
        schemas = []
        for file in self.files:
            with _opened(file) as reader:
                schemas.append((os.fspath(file), reader.schema.remove_metadata()))
        return decide(unify(schemas), self.reading)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows in order."""
        schema = self.schema
        for file in self.files:
            with _opened(file) as reader:
                for batch in _rows(reader, file):
                    yield from bounded(conform(batch, schema, os.fspath(file)), self.reading)


def _rows(reader: Any, file: Path) -> Iterator[pa.RecordBatch]:
    position = 0
    while True:
        try:
            if isinstance(reader, pa.RecordBatchFileReader):
                if position == reader.num_record_batches:
                    return
                batch = reader.get_batch(position)
            else:
                batch = reader.read_next_batch()
        except StopIteration:
            return
        except (pa.ArrowInvalid, OSError) as error:
            raise MalformedInputError(f"{file}: the Arrow file is damaged ({error})", os.fspath(file)) from None
        position += 1
        yield batch


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    with pa.OSFile(os.fspath(file)) as stream:
        whole = stream.read(len(_FILE_MAGIC)) == _FILE_MAGIC
        stream.seek(0)
        try:
            reader = pa.ipc.open_file(stream) if whole else pa.ipc.open_stream(stream)
        except (pa.ArrowInvalid, OSError) as error:
            raise MalformedInputError(f"{file} is no readable Arrow IPC file ({error})", os.fspath(file)) from None
        yield reader


def write(batches: Iterable[pa.RecordBatch], schema: pa.Schema, path: Path, compression: str | None) -> int:
    """Write batches to an Arrow IPC file (the file format) and return the number of rows."""
    compression = compression or "none"
    if compression not in COMPRESSIONS:
        raise ParameterError(f"compression: '{compression}' is not one of {', '.join(COMPRESSIONS)} for Arrow IPC")
    options = pa.ipc.IpcWriteOptions(
        compression=None if compression == "none" else compression, emit_dictionary_deltas=True
    )
    rows = 0
    with (
        pa.OSFile(os.fspath(path), "wb") as stream,
        pa.ipc.new_file(stream, schema, options=options) as writer,
    ):
        for batch in batches:
            try:
                writer.write_batch(batch)
            except pa.ArrowInvalid as error:
                raise ExportError(
                    f"Arrow IPC cannot hold the batch at row {rows}: {error}. Cast dictionaries to values"
                ) from None
            rows += batch.num_rows
    return rows
