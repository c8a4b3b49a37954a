"""The files of a part: one Arrow IPC file per kind, checksummed, written under a temporary name and renamed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from dataflow_rs import _native
from dataflow_rs.exceptions import CorruptStoreError, StorageError
from dataflow_rs.storage.nested import unsliced


def path_of(folder: Path, number: int, kind: str) -> Path:
    """Return the file of one kind of a part's data."""
    suffix = "" if kind == "rows" else f".{kind}"
    return folder / f"part-{number:06d}{suffix}.arrow"


def write(path: Path, batch: pa.RecordBatch) -> tuple[int, int]:
    """Write a batch so that either the whole file is there or none; return its size and CRC-32.

    A power failure may lose it until `sync`.

    Raises:
        StorageError: the disk is full or the folder cannot be written.
    """
    with _named(path):
        return _native.write_part(path, unsliced(batch))


def sync(paths: list[Path]) -> None:
    """Wait until the disk has the files.

    Raises:
        StorageError: it failed.
    """
    if paths:
        with _named(paths[0].parent):
            _native.sync_parts(paths)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except StorageError:
        raise
    except OSError as error:
        raise StorageError(
            f"{path} could not be written: {error.strerror}. Earlier steps are intact; make room or give another "
            "cache_path and run again, it goes on where it stopped"
        ) from error


def read(path: Path, expected: tuple[int, int], columns: list[str] | None = None) -> pa.RecordBatch:
    """Read a batch, or some of its columns, after checking size and checksum.

    Raises:
        CorruptStoreError: the file is not the one that was written.
    """
    try:
        found = _native.read_part(path, *expected, columns)
    except FileNotFoundError:
        raise CorruptStoreError(f"{path} is missing; start over with fresh=True") from None
    if found is None:
        raise CorruptStoreError(
            f"{path} does not match the manifest ({path.stat().st_size} bytes, expected {expected[0]}); the file was "
            "changed or damaged. Restore it from a copy, or start over with fresh=True"
        )
    batch = pa.record_batch(found)
    return batch if columns is None else batch.select(columns)
