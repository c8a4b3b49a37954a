"""Which batches a process has submitted, on disk, so that another one collects the answers and pays for none again."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dataflow_rs.storage.journal import Journal
from dataflow_rs.storage.lock import RunLock


@dataclass
class SubmittedBatch:
    """A batch as this machine knows it.

    Args:
        token: names it, also at the endpoint.
        file: id of its file of requests.
        keys: the calls in it.
        batch: its id at the endpoint; None where the process ended before it was confirmed.
        open_keys: calls whose ends have not been collected.
        creating: held while the batch is created at the endpoint.
    """

    token: str
    file: str
    keys: list[str]
    batch: str | None = None
    open_keys: set[str] = field(default_factory=set)
    creating: threading.Lock = field(default_factory=threading.Lock, repr=False)


class BatchState:
    """A journal of submitted and collected batches, for one process at a time and any number of its threads.

    Args:
        path: the file; created with its directory by the first record. None: nothing is kept.
    """

    def __init__(self, path: Path | None) -> None:
        self._journal = None if path is None else Journal(path)
        self._lock = None if path is None else RunLock(path.with_name(path.name + ".lock"))
        self._batches: dict[str, SubmittedBatch] = {}
        self._threads = threading.RLock()
        self._users = 0
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> BatchState:
        with self._threads:
            if self._users == 0 and self._lock is not None and self._journal is not None:
                self._lock.__enter__()
                self._batches.clear()
                for _, record in self._journal.replay():
                    self._apply(record)
            self._users += 1
        return self

    def __exit__(self, *_: object) -> None:
        with self._threads:
            self._users -= 1
            if self._users == 0 and self._lock is not None and self._journal is not None:
                self._journal.close()
                self._lock.__exit__(None, None, None)

    def submitting(self, file: str, keys: Iterable[str]) -> SubmittedBatch:
        """Record that a batch is about to be created, and return it."""
        record = {"event": "submitting", "token": uuid.uuid4().hex, "file": file, "keys": list(keys)}
        self._record(record)
        return self._batches[str(record["token"])]

    def submitted(self, token: str, batch: str) -> None:
        """Record the id of a batch."""
        self._record({"event": "submitted", "token": token, "batch": batch})

    def collected(self, token: str, keys: Iterable[str]) -> None:
        """Record that the ends of these calls have been handed out."""
        self._record({"event": "collected", "token": token, "keys": sorted(keys)})

    def waiting_for(self, keys: Iterable[str]) -> Iterator[SubmittedBatch]:
        """Yield the batches, oldest first, that hold the end of any of these calls."""
        wanted = set(keys)
        with self._threads:
            found = [batch for batch in self._batches.values() if batch.open_keys & wanted]
        yield from found

    def _record(self, record: dict[str, Any]) -> None:
        with self._threads:
            if self._journal is not None:
                self._journal.append(record, sync=True)
            self._apply(record)

    def _apply(self, record: dict[str, Any]) -> None:
        token = record["token"]
        if record["event"] == "submitting":
            keys = record["keys"]
            self._batches[token] = SubmittedBatch(token, record["file"], keys, open_keys=set(keys))
        elif record["event"] == "submitted":
            self._batches[token].batch = record["batch"]
        else:
            self._batches[token].open_keys -= set(record["keys"])


_open_states: dict[Path, BatchState] = {}
_open_states_lock = threading.Lock()


@contextmanager
def batch_state(path: Path | None) -> Iterator[BatchState]:
    """Open the process's one journal of a file, which several threads and servings may use at once.

    Raises:
        StoreLockedError: another process works on it.
    """
    if path is None:
        yield BatchState(None)
        return
    with _open_states_lock:
        state = _open_states.setdefault(path.resolve(), BatchState(path))
    with state:
        yield state
