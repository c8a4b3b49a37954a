"""The call log: answers of models, addressed by everything that determines them, so that no call is paid for twice.

A log is a journal (`storage/journal.py`): append-only, checksummed, and safe against being killed at any moment. Every
finished call is appended before its answer is returned; failures are never recorded. A log holds the questions as
well as the answers, so it can be read, checked, shared and merged without anything else. What calls have in common
(model, settings, schema, system message) is written once: later records name, in `like`, the key of the first one.

The executor makes a run's log active with `recording()`; a serving's own `call_log=` takes precedence.
"""

from __future__ import annotations

import json
import os
import threading
import time
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from dataflow_rs.exceptions import CorruptStoreError, DataError, StoreLockedError
from dataflow_rs.serving.types import Completion, Usage
from dataflow_rs.storage.journal import Journal, decode
from dataflow_rs.storage.lock import RunLock

LOG_FILE = "calls.log"
"""Name of the call log in a run's directory."""
_SECONDS_BETWEEN_SYNCS = 1.0
_FIRST_READ = 4096
_ENCODER = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), sort_keys=True)
_OWN = frozenset({"messages", "sample", "seed"})


def call_key(call: Mapping[str, Any]) -> str:
    """Return the address of a call: SHA-256 of everything that determines its answer, as canonical JSON.

    Examples:
        >>> call_key({"model": "m", "sample": 0}) == call_key({"sample": 0, "model": "m"})
        True
    """
    import hashlib

    return hashlib.sha256(_ENCODER.encode(call).encode()).hexdigest()


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
        self._first: dict[str, str] = {}  # what calls have in common, as text -> key of the first of them
        self._latest: tuple[dict[str, Any], str] = ({}, "")  # what the latest call had in common, and its text
        self._reader: Reader | None = None
        self._writer: RunLock | None = None
        self._synced = time.monotonic()

    def __len__(self) -> int:
        """Return the number of recorded calls."""
        with self._lock:
            return len(self._index())

    def knows(self, key: str) -> bool:
        """Whether the answer to a call is recorded; much faster than to `find` it."""
        with self._lock:
            return bytes.fromhex(key)[:16] in self._index()

    def find(self, key: str) -> Completion | None:
        """Return the recorded answer to a call, marked as replayed, or None.

        Raises:
            CorruptStoreError: the log does not match its checksums.
        """
        with self._lock:
            offset = self._index().get(bytes.fromhex(key)[:16])
            if offset is None:
                return None
            record = self._read(offset)
        return Completion.from_dict(record["answer"]) if record["key"] == key else None

    def append(self, key: str, call: Mapping[str, Any], completion: Completion) -> None:
        """Record an answered call; the record is with the operating system when this returns (see also `sync`).

        Raises:
            StoreLockedError: another process writes to the same log.
        """
        assert completion.ok, "failures are never recorded"
        self._append(key, call, completion.to_dict(), round(time.time(), 3))

    def _append(self, key: str, call: Mapping[str, Any], answer: Mapping[str, Any], when: float) -> None:
        self.claim()
        common, own = split(call)
        with self._lock:
            index = self._index()
            record = {"key": key, "answer": answer, "time": when}
            first = self._first.setdefault(self._text(common), key) if common else key
            record |= {"call": call} if first == key else {"call": own, "like": first}
            index[bytes.fromhex(key)[:16]] = self._journal.append(record, sync=False)

    def _text(self, common: dict[str, Any]) -> str:
        if common != self._latest[0]:
            self._latest = (common, _ENCODER.encode(common))
        return self._latest[1]

    def sync(self) -> None:
        """Make sure, at most once a second, that the disk has everything: a power failure loses no more than that."""
        now = time.monotonic()
        if now - self._synced >= _SECONDS_BETWEEN_SYNCS:
            self._synced = now
            self._journal.sync()

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield all records, oldest first: `key`, `call` (the question), `answer`, `time`."""
        commons: dict[str, dict[str, Any]] = {}
        for _, record in self._journal.replay():
            like = record.pop("like", None)
            if like is None:
                commons[record["key"]] = record["call"]
            else:
                record["call"] = joined(commons[like], record["call"])
            yield record

    def take_over(self, records: Iterable[Mapping[str, Any]]) -> int:
        """Add records of another log that are not here, and return how many they were.

        Raises:
            DataError: a record's key is not that of its call.
            StoreLockedError: another process writes to the same log.
        """
        added = 0
        for record in records:
            key = record["key"]
            if call_key(record["call"]) != key:
                raise DataError(f"the record of the call {key[:16]} was changed: its key belongs to another call")
            with self._lock:
                known = bytes.fromhex(key)[:16] in self._index()
            if not known:
                self._append(key, record["call"], record["answer"], record["time"])
                added += 1
        return added

    def usage(self, identity: Mapping[str, Any]) -> Usage:
        """Return the tokens of all recorded calls of the same family and model, whoever made them."""
        prompt = completion = 0
        for record in self.records():
            call, answer = record["call"], record["answer"]
            if all(call.get(name) == identity.get(name) for name in ("family", "model")):
                prompt += answer["prompt_tokens"]
                completion += answer["completion_tokens"]
        return Usage(prompt, completion)

    def close(self) -> None:
        """Let other processes write; the next record opens the log again."""
        with self._lock:
            if self._writer is not None:
                self._journal.sync()
            self._journal.close()
            if self._reader is not None:
                self._reader.close()
                self._reader = None
            if self._writer is not None:
                self._writer.__exit__(None, None, None)
                self._writer = None
                self._offsets = None  # another process may write before this one reads again

    def _index(self) -> dict[bytes, int]:
        """Return where the records are, from a scan that reads no more of them than the key."""
        if self._offsets is None:
            self._offsets, self._first = {}, {}
            for offset, text in self._journal.texts():
                # Keys are sorted, and what follows "key" holds no text: its last occurrence is the record's own.
                start = text.rindex(b'"key":"') + 7
                key = text[start : start + 64].decode()
                self._offsets[bytes.fromhex(key)[:16]] = offset
                if not text.startswith(b'","like"', start + 64):
                    self._first.setdefault(self._text(split(json.loads(text)["call"])[0]), key)
        return self._offsets

    def _read(self, offset: int) -> dict[str, Any]:
        if self._reader is None:
            self._reader = Reader(self.path)
        record = decode(self._reader.line_at(offset), self.path, None)
        if record is None:
            raise CorruptStoreError(f"{self.path}: the record at byte {offset} is incomplete")
        return record

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


class Reader:
    """Reads single lines of a file that is open all the while, also of what was appended since.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDONLY)
        self.close = weakref.finalize(self, os.close, self._fd)

    def line_at(self, offset: int) -> bytes:
        """Return the line that starts at an offset; without a newline if the file ends before it does."""
        parts = []
        size = _FIRST_READ
        while True:
            part = os.pread(self._fd, size, offset)
            end = part.find(b"\n") + 1
            parts.append(part[:end] if end else part)
            if end or not part:
                return b"".join(parts)
            offset, size = offset + len(part), 2 * size


def split(call: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a call has in common with others, and the rest; nothing is in common where there are no messages.

    Examples:
        >>> system, user = {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}
        >>> split({"model": "m", "messages": [system, user], "sample": 1})[1]
        {'messages': [{'role': 'user', 'content': 'Why?'}], 'sample': 1}
    """
    messages = call.get("messages")
    if not messages:
        return {}, dict(call)
    leading = [message for message in messages[:1] if message["role"] == "system"]
    common = {name: value for name, value in call.items() if name not in _OWN} | {"messages": leading}
    own = {name: value for name, value in call.items() if name in _OWN} | {"messages": messages[len(leading) :]}
    return common, own


def joined(first: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return a call from the first one of its kind, and what is its own."""
    leading = [message for message in first["messages"][:1] if message["role"] == "system"]
    common = {name: value for name, value in first.items() if name not in _OWN}
    return {**common, **own, "messages": [*leading, *own["messages"]]}


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
