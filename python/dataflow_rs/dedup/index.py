"""`DedupIndex`: texts on disk that the texts of tomorrow are compared with."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from dataflow_rs import _native
from dataflow_rs.dedup.clusters import MEMORY_MB, memory_bytes, minhash_settings
from dataflow_rs.dedup.stages import StageLines
from dataflow_rs.storage.lock import RunLock


class DedupIndex:
    """An index of texts in a folder; texts are added, and others are compared with all of them.

    Documents are numbered in the order of adding, from 0. An addition counts as a whole or not at all: a killed process
    leaves the index as it was. Every file is checked when it is read. One process changes an index at a time; any
    number may query it.

    Args:
        path: the folder; made when it is not there.
        memory_mb: bound of the buffers of each operation, in MB; no result depends on it.
        settings: shingle, normalization, ngram, family, num_perm, threshold, bands, rows, recall, verify; see
            `near_duplicates`. An existing index must be opened with the settings it was made with.

    Raises:
        ParameterError: a parameter is out of range, or differs from that of the existing index.
        CorruptStoreError: a file of the index is damaged.

    Examples:
        >>> import pyarrow as pa, tempfile
        >>> index = DedupIndex(tempfile.mkdtemp(), threshold=0.5)
        >>> index.add(pa.array(["one two three four five six seven", "something else"]))
        >>> len(index)
        2
        >>> found = index.query(pa.array(["one two three four five six eight", "new"]))
        >>> found["document"].to_pylist(), found["similarity"].to_pylist()
        ([0, None], [0.5, None])
    """

    def __init__(self, path: str | os.PathLike[str], *, memory_mb: int = MEMORY_MB, **settings: Any) -> None:
        self.path = Path(path)
        self._memory = memory_bytes(memory_mb)
        self._settings = minhash_settings(**settings)
        self._native = _native.DedupIndex(self.path, self._settings)

    def __len__(self) -> int:
        """Return the number of documents, nulls included."""
        return len(self._native)

    def add(self, texts: Any) -> None:
        """Add texts; when this returns, they survive a crash of the machine.

        Args:
            texts: an Arrow array or chunked array of strings, or an iterable of them, which may be larger than memory.
                A null gets a number and is a duplicate of nothing.

        Raises:
            StoreLockedError: another process changes the index.
            StorageError: the files cannot be written.
        """
        with self._changing():
            try:
                for column in _columns(texts):
                    self._native.add(column, self._memory)
            except BaseException:
                self._native.abandon()
                raise
            self._native.commit()

    def query(self, texts: Any) -> pa.Table:
        """Find for every text the most similar document of the index.

        Args:
            texts: an Arrow array or chunked array of strings.

        Returns:
            One row per text: `document` (its number; of equally similar ones the first) and `similarity` (true Jaccard
            similarity of the n-gram sets; null without `verify`). Both are null where no document reaches the
            threshold. Of documents that share one band, the first 256 of an addition are compared.

        Raises:
            CorruptStoreError: a file of the index is damaged.
        """
        return pa.Table.from_batches([pa.record_batch(self._native.query(texts, self._memory))])

    def clusters(self, priorities: Any = None) -> pa.Table:
        """Find the clusters of near-duplicates among all documents, as `near_duplicates` does.

        Args:
            priorities: what each document is worth, int64 or float64; None: the first one stays.

        Raises:
            CorruptStoreError: a file of the index is damaged.
        """
        found = self._native.clusters(self._memory, priorities, StageLines("DedupIndex"))
        return pa.Table.from_batches([pa.record_batch(found)])

    def merge(self, other: DedupIndex) -> None:
        """Take over all documents of another index with the same settings; their numbers follow those here.

        Raises:
            ParameterError: the settings differ.
            StoreLockedError: another process changes the index.
        """
        with self._changing():
            self._native.merge(other._native)

    def check(self) -> None:
        """Read all files.

        Raises:
            CorruptStoreError: one of them is not as it was written.
        """
        self._native.check()

    def refresh(self) -> None:
        """See what other processes have added since this one opened the index."""
        self._native.refresh()

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Lock the index against other writers, and see what they have added."""
        with RunLock(self.path / "LOCK"):
            self._native.refresh()
            yield


def _columns(texts: Any) -> Iterable[Any]:
    if hasattr(texts, "__arrow_c_array__") or hasattr(texts, "__arrow_c_stream__"):
        return (texts,)
    return (column for column in texts)
