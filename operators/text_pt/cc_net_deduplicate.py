"""Exact duplicates, by the first bits of a hash."""

from __future__ import annotations

from dataflow_rs import _native
from dataflow_rs.core.deduplication import DeduplicateFilter, check_memory
from dataflow_rs.core.registry import operator
from dataflow_rs.exceptions import ParameterError

MAX_BITS = 128


@operator
class CCNetDeduplicateFilter(DeduplicateFilter):
    """Drop texts whose hash begins with the same bits as that of another row.

    This is the published operator: it compares whole texts. What CCNet does, repeated paragraphs cut out of texts, is
    `LineDeduplicateRefiner` with `normalization="ccnet"`. Of equal texts the one of highest priority stays, of equal
    priorities the first.

    Args:
        bit_length: bits that are compared, from 1 to 128. With 32 of them, among 100,000 different texts one counts as
            a duplicate by chance; with 64, among 6 billion.
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
        The hash is XXH3, not SHA-1: with few bits, other texts are equal by chance. open-dataflow 1.0.13 fails on null.

    Source:
        `CCNetDeduplicateFilter` of open-dataflow 1.0.13.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["a", "b", "a"]})
        >>> CCNetDeduplicateFilter().apply(texts, input_key="text")["text"].to_pylist()
        ['a', 'b']
    """

    bit_length: int = 64
    memory_mb: int | None = None

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_memory(self.name, self.memory_mb)
        if not 1 <= self.bit_length <= MAX_BITS:
            raise ParameterError(f"{self.name}: bit_length={self.bit_length} must lie between 1 and {MAX_BITS}")

    def finder(self) -> _native.ExactDuplicates:
        """Return a kernel without rows."""
        return _native.ExactDuplicates(bits=self.bit_length, memory=check_memory(self.name, self.memory_mb))
