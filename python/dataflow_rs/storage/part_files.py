"""The files of a part: one Arrow IPC file per kind, checksummed, written under a temporary name and renamed."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import pyarrow as pa

from dataflow_rs.exceptions import CorruptStoreError, StorageError

_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


def path_of(folder: Path, number: int, kind: str) -> Path:
    """Return the file of one kind of a part's data."""
    suffix = "" if kind == "rows" else f".{kind}"
    return folder / f"part-{number:06d}{suffix}.arrow"


def write(path: Path, batch: pa.RecordBatch) -> tuple[int, int]:
    """Write a batch so that either the whole file is there or none; return its size and CRC-32.

    Raises:
        StorageError: the disk is full or the folder cannot be written.
    """
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batch.schema, options=_OPTIONS) as writer:
        writer.write_batch(batch)
    content = sink.getvalue()
    temporary = path.with_name(path.name + ".tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StorageError(
            f"{path} could not be written: {error.strerror}. Earlier steps are intact; make room or give another "
            "cache_path and run again, it goes on where it stopped"
        ) from error
    return len(content), zlib.crc32(content)


def read(path: Path, expected: tuple[int, int], columns: list[str] | None = None) -> pa.RecordBatch:
    """Read a batch, or some of its columns, after checking size and checksum.

    Raises:
        CorruptStoreError: the file is not the one that was written.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise CorruptStoreError(f"{path} is missing; start over with fresh=True") from None
    size, checksum = expected
    if len(content) != size or zlib.crc32(content) != checksum:
        raise CorruptStoreError(
            f"{path} does not match the manifest ({len(content)} bytes, expected {size}); the file was changed or "
            "damaged. Restore it from a copy, or start over with fresh=True"
        )
    buffer = pa.py_buffer(content)
    options = pa.ipc.IpcReadOptions()
    if columns is not None:
        schema = pa.ipc.open_file(buffer).schema
        options = pa.ipc.IpcReadOptions(included_fields=[schema.get_field_index(name) for name in columns])
    batch: pa.RecordBatch = pa.ipc.open_file(buffer, options=options).get_batch(0)
    return batch if columns is None else batch.select(columns)
