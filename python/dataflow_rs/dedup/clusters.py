"""Near-duplicates of a column as a table of clusters."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from dataflow_rs import _native
from dataflow_rs.dedup.stages import StageLines
from dataflow_rs.exceptions import ParameterError

MEMORY_MB = 1024
"""Memory for the buffers of a search where nothing else is said, in MB."""


def near_duplicates(
    texts: Any,
    *,
    priorities: Any = None,
    memory_mb: int = MEMORY_MB,
    spill_folder: str | None = None,
    **settings: Any,
) -> pa.Table:
    """Find the clusters of near-duplicates of a column of texts.

    Args:
        texts: the column: any Arrow array or chunked array of strings.
        priorities: what each row is worth, int64 or float64; of a cluster the most valuable row stays. Null is below
            all numbers. None: the first row stays.
        memory_mb: bound of the buffers, in MB; what does not fit goes to temporary files. Besides them, a search needs
            4 bytes per row (12 with priorities). The result does not depend on it.
        spill_folder: where temporary files go; by default the system's place for them.
        settings: shingle, normalization, ngram, family, num_perm, threshold, bands, rows, recall, verify; as in
            `MinHashDeduplicateFilter`, but by default of words: shingle "word", normalization "words", ngram 5,
            threshold 0.8.

    Returns:
        The rows of clusters of at least two, in row order: `row`, `cluster` (its smallest row), `keeper` (the row that
        stays), `size` of the cluster, and `similarity` to the keeper (the true Jaccard similarity; null without
        `verify`). Members that are joined by a chain can be less similar to the keeper than the threshold.

    Raises:
        ParameterError: a parameter is out of range.
        StorageError: temporary files cannot be written.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.array(["one two three four five six", "ONE two, three four five six!", "something else"])
        >>> near_duplicates(texts).to_pylist()[1]
        {'row': 1, 'cluster': 0, 'keeper': 0, 'size': 2, 'similarity': 1.0}
    """
    search = _native.MinHashSearch(minhash_settings(**settings), memory=memory_bytes(memory_mb), folder=spill_folder)
    search.add(texts, priorities)
    return pa.Table.from_batches([pa.record_batch(search.run(StageLines("near_duplicates")))])


def minhash_settings(**settings: Any) -> _native.MinHashSettings:
    """Return checked settings.

    Raises:
        ParameterError: one is out of range.
    """
    try:
        return _native.MinHashSettings(**settings)
    except OverflowError:
        given = ", ".join(f"{name}={value!r}" for name, value in settings.items())
        raise ParameterError(f"lengths and counts must not be negative: {given}") from None


def memory_bytes(memory_mb: int) -> int:
    """Return the memory in bytes.

    Raises:
        ParameterError: it is less than 1 MB.
    """
    if memory_mb < 1:
        raise ParameterError(f"memory_mb={memory_mb}: a search needs at least 1 MB; 1024 is usual")
    return memory_mb << 20
