"""The call log: answers of models, addressed by everything that determines them, so that no call is paid for twice.

A log is a journal (`storage/journal.py`): append-only, checksummed, and safe against being killed at any moment. Every
finished call is appended before its answer is returned; failures are never recorded. A record holds the question as
well as the answer, so a log can be read and checked without anything else.

The executor makes a run's log active with `recording()`; a serving's own `call_log=` takes precedence.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from dataflow_rs.exceptions import StoreLockedError
from dataflow_rs.serving.types import Completion
from dataflow_rs.storage.journal import Journal
from dataflow_rs.storage.lock import RunLock

LOG_FILE = "calls.log"
"""Name of the call log in a run's directory."""
_SECONDS_BETWEEN_SYNCS = 1.0


def call_key(call: Mapping[str, Any]) -> str:
    """Return the address of a call: SHA-256 of everything that determines its answer, as canonical JSON.

    Examples:
        >>> call_key({"model": "m", "sample": 0}) == call_key({"sample": 0, "model": "m"})
        True
    """
    text = json.dumps(call, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


class CallLog:
    """Finished calls on disk, found again by their key. Safe to use from several threads of one process.

    Args:
        path: the file; created with its directory by the first record.

    Examples:
        >>> import tempfile
        >>> from dataflow_rs.serving import CallLog, recording
        >>> from dataflow_rs.testing import FakeServing
        >>> serving = FakeServing(lambda prompt: prompt.upper())
        >>> with recording(CallLog(tempfile.mkdtemp() + "/calls.log")) as log:
        ...     first = serving.generate_from_input(["a", "b", "a"])
        ...     again = serving.generate_from_input(["a", "b"])
        >>> first, again, serving.calls, len(log)
        (['A', 'B', 'A'], ['A', 'B'], 2, 2)
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._journal = Journal(self.path)
        self._lock = threading.Lock()
        self._offsets: dict[bytes, int] | None = None
        self._writer: RunLock | None = None
        self._synced = 0.0

    def __len__(self) -> int:
        """Return the number of recorded calls."""
        with self._lock:
            return len(self._index())

    def find(self, key: str) -> Completion | None:
        """Return the recorded answer to a call, marked as replayed, or None.

        Raises:
            CorruptStoreError: the log does not match its checksums.
        """
        with self._lock:
            offset = self._index().get(bytes.fromhex(key)[:16])
        if offset is None:
            return None
        record = self._journal.read_at(offset)
        return Completion.from_dict(record["answer"]) if record["key"] == key else None

    def append(self, key: str, call: Mapping[str, Any], completion: Completion) -> None:
        """Record an answered call; the record is with the operating system when this returns.

        Raises:
            StoreLockedError: another process writes to the same log.
        """
        assert completion.ok, "failures are never recorded"
        record = {"key": key, "call": dict(call), "answer": completion.to_dict(), "time": round(time.time(), 3)}
        self.claim()
        with self._lock:
            now = time.monotonic()
            sync = now - self._synced >= _SECONDS_BETWEEN_SYNCS
            offset = self._journal.append(record, sync=sync)
            self._synced = now if sync else self._synced
            self._index()[bytes.fromhex(key)[:16]] = offset

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield all records, oldest first: `key`, `call` (the question), `answer`, `time`."""
        for _, record in self._journal.replay():
            yield record

    def close(self) -> None:
        """Let other processes write; the next record opens the log again."""
        with self._lock:
            self._journal.close()
            if self._writer is not None:
                self._writer.__exit__(None, None, None)
                self._writer = None
                self._offsets = None  # another process may write before this one reads again

    def _index(self) -> dict[bytes, int]:
        if self._offsets is None:
            self._offsets = {bytes.fromhex(record["key"])[:16]: offset for offset, record in self._journal.replay()}
        return self._offsets

    def claim(self) -> None:
        """Become the only writing process, before a call is paid for that could not be recorded.

        Raises:
            StoreLockedError: another process writes to the same log.
        """
        with self._lock:
            if self._writer is None:
                self._writer = self._locked()

    def _locked(self) -> RunLock:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        writer = RunLock(self.path.with_name(self.path.name + ".lock"))
        try:
            writer.__enter__()
        except StoreLockedError:
            raise StoreLockedError(
                f"the call log {self.path} is in use by another process. Wait for it, or give another call_log"
            ) from None
        return writer


_open_logs: dict[Path, CallLog] = {}
_open_logs_lock = threading.Lock()
_active: ContextVar[CallLog | None] = ContextVar("dataflow_rs_call_log", default=None)


def shared_log(path: str | os.PathLike[str]) -> CallLog:
    """Return the process's one log of a file, so that several servings can name the same file."""
    resolved = Path(path).resolve()
    with _open_logs_lock:
        return _open_logs.setdefault(resolved, CallLog(resolved))


@contextmanager
def recording(log: CallLog) -> Iterator[CallLog]:
    """Replay from and record into a log in the block, for servings without a `call_log` of their own."""
    token = _active.set(log)
    try:
        yield log
    finally:
        _active.reset(token)
        log.close()


@contextmanager
def recording_run(directory: Path) -> Iterator[CallLog]:
    """Record the calls of a run into its directory."""
    with recording(shared_log(directory / LOG_FILE)) as log:
        yield log


def active_log() -> CallLog | None:
    """Return the log that `recording()` has made active in this context."""
    return _active.get()
