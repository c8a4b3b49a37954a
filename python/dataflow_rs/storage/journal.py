"""An append-only file of checksummed JSON records, safe against being killed at any moment.

The run manifest and the call log are journals. Each line is the CRC-32 of a record and the record itself; a line is
written with a single `write`, so a killed process leaves at most one torn line at the end, which the next opening
cuts off. A damaged line anywhere else is an error and never skipped: silently losing a record would mean redoing
paid work or, worse, reading half a step.
"""

from __future__ import annotations

import json
import os
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dataflow_rs.exceptions import CorruptStoreError

_CHECKSUM_DIGITS = 8
_ENCODER = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), sort_keys=True)


class Journal:
    """A file of JSON objects to which records are only ever appended.

    Args:
        path: the file; its directory must exist. It is created by the first `append`.

    Examples:
        >>> import tempfile, pathlib
        >>> journal = Journal(pathlib.Path(tempfile.mkdtemp()) / "journal")
        >>> offset = journal.append({"step": 1})
        >>> [record for _, record in journal.replay()]
        [{'step': 1}]
        >>> journal.read_at(offset)
        {'step': 1}
        >>> journal.close()
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._fd: int | None = None
        self._end = 0
        self._lock = threading.Lock()

    def append(self, *records: dict[str, Any], sync: bool = True) -> int:
        """Add records, in order, and return the byte offset of the first one's line.

        Args:
            *records: JSON objects.
            sync: wait until the disk has it. Without, a power failure (not a killed process) may lose it.
        """
        line = b"".join(encode(record) for record in records)
        with self._lock:
            if self._fd is None:
                self._open()
            fd, offset = self._fd, self._end
            assert fd is not None
            written = os.write(fd, line)
            if written != len(line):  # a full disk: take the fragment back, so that the journal stays readable
                os.ftruncate(fd, offset)
                raise OSError(f"only {written} of {len(line)} bytes could be written to {self.path}: disk full?")
            self._end += len(line)
            if sync:
                os.fsync(fd)
            return offset

    def replay(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield (byte offset, record) for every record, oldest first; a torn last line is left out.

        Raises:
            CorruptStoreError: a line does not match its checksum.
        """
        for offset, text in self.texts():
            yield offset, json.loads(text)

    def texts(self) -> Iterator[tuple[int, bytes]]:
        """Yield (byte offset, JSON text) for every record, oldest first: `replay` for those who need not read it all.

        Raises:
            CorruptStoreError: a line does not match its checksum.
        """
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            offset = 0
            for number, line in enumerate(file, 1):
                text = checked(line, self.path, number)
                if text is None:
                    return
                yield offset, text
                offset += len(line)

    def read_at(self, offset: int) -> dict[str, Any]:
        """Return the record whose line starts at `offset`."""
        with self.path.open("rb") as file:
            file.seek(offset)
            record = decode(file.readline(), self.path, None)
        if record is None:
            raise CorruptStoreError(f"{self.path}: the record at byte {offset} is incomplete")
        return record

    def sync(self) -> None:
        """Wait until the disk has everything that was appended."""
        with self._lock:
            if self._fd is not None:
                os.fsync(self._fd)

    def close(self) -> None:
        """Close the file; the next `append` opens it again."""
        with self._lock:
            if self._fd is not None:
                os.close(self._fd)
                self._fd = None

    def _open(self) -> None:
        end, terminated = 0, True
        for offset, text in self.texts():
            end = offset + _CHECKSUM_DIGITS + 1 + len(text) + 1
        if self.path.exists():
            size = self.path.stat().st_size
            terminated = size >= end  # the last line may lack only its newline
        self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        if terminated:
            os.ftruncate(self._fd, end)
        else:
            os.write(self._fd, b"\n")
        self._end = end


def encode(record: dict[str, Any]) -> bytes:
    """Return the journal line of a record."""
    text = _ENCODER.encode(record).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def decode(line: bytes, path: Path, number: int | None) -> dict[str, Any] | None:
    """Return the record of a line, or None for the torn last line of a killed writer."""
    text = checked(line, path, number)
    if text is None:
        return None
    record: dict[str, Any] = json.loads(text)
    return record


def checked(line: bytes, path: Path, number: int | None) -> bytes | None:
    """Return the JSON text of a line whose checksum is right, or None for the torn last line of a killed writer.

    Raises:
        CorruptStoreError: it is wrong.
    """
    torn = not line.endswith(b"\n")
    body = line if torn else line[:-1]
    if _matches(body):
        return body[_CHECKSUM_DIGITS + 1 :]
    # A complete record with one wrong byte in place of its newline is damage, not a torn write.
    if torn and not _matches(body[:-1]):
        return None
    where = "" if number is None else f", line {number}"
    raise CorruptStoreError(
        f"{path}{where}: the record does not match its checksum, the file was changed or damaged. "
        "Restore it from a copy, or start over with fresh=True."
    )


def _matches(body: bytes) -> bool:
    digest, separator, text = body[:_CHECKSUM_DIGITS], body[_CHECKSUM_DIGITS : _CHECKSUM_DIGITS + 1], body[9:]
    return separator == b" " and digest == b"%08x" % zlib.crc32(text)
