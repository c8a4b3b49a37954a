"""Exact duplicates, by a hash of the whole text."""

from __future__ import annotations

from typing import Literal

from dataflow_rs import _native
from dataflow_rs.core.deduplication import DeduplicateFilter, check_memory
from dataflow_rs.core.registry import operator


@operator
class HashDeduplicateFilter(DeduplicateFilter):
    """Drop texts that another row has exactly.

    Of equal texts the one of highest priority stays, of equal priorities the first. Texts are compared by 128-bit
    keys, at the speed of memory. The detail names the row that stays.

    Args:
        hash_func: `md5` and `xxh3` compute XXH3 with 128 bits, `sha256` a cryptographic hash (BLAKE3, 128 bits) for
            texts that somebody may have made to collide. Equal texts are equal for all of them.
        normalization: what counts as equal: `exact`, `whitespace` (runs of whitespace are one space, none at the
            ends), `lower` (that, in lower case), `words` (lower-cased letters and digits only) or `ccnet` (lower case,
            digits are 0, some punctuation and control characters go). A text without anything in its normal form is
            compared as it is.
        memory_mb: bound for what is sorted, in MiB; beyond it, sorted parts go to temporary files. None: everything
            in memory, 32 bytes per row. The result is the same.

    Keys:
        input_key: column of texts to compare.
        input_keys: several columns of texts, compared as one; exactly one of the two keys is given.
        input_priority_key: column of numbers, larger is better; null is worst. By default the first row stays.
        output_key: new column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Null stays and is a duplicate of nothing. The empty text is a duplicate of the empty text. Of several
        columns a null counts as empty, unless all are null.

    Differences:
        None in the verdicts of open-dataflow 1.0.13 on texts; it fails on null.

    Source:
        `HashDeduplicateFilter` of open-dataflow 1.0.13.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["a", "b", "a"], "stars": [1, 5, 4]})
        >>> HashDeduplicateFilter().apply(texts, input_key="text")["stars"].to_pylist()
        [1, 5]
        >>> HashDeduplicateFilter().apply(texts, input_key="text", input_priority_key="stars")["stars"].to_pylist()
        [5, 4]
    """

    hash_func: Literal["md5", "sha256", "xxh3"] = "md5"
    normalization: Literal["exact", "whitespace", "lower", "words", "ccnet"] = "exact"
    memory_mb: int | None = None

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_memory(self.name, self.memory_mb)

    def finder(self) -> _native.ExactDuplicates:
        """Return a kernel without rows."""
        return _native.ExactDuplicates(
            normalization=self.normalization,
            cryptographic=self.hash_func == "sha256",
            memory=check_memory(self.name, self.memory_mb),
        )
