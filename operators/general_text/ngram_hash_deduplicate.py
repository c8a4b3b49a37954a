"""Texts that share parts of equal length."""

from __future__ import annotations

from typing import Literal

from dataflow_rs import _native
from dataflow_rs.core.deduplication import DeduplicateFilter
from dataflow_rs.core.native_text import Profile
from dataflow_rs.core.registry import operator
from dataflow_rs.exceptions import ParameterError

MOST_PARTS = 65535


@operator
class NgramHashDeduplicateFilter(DeduplicateFilter):
    """Drop texts that share equal parts with another row.

    Each text is cut into `n_gram` parts of equal length in characters; what is left at the end does not count. A row
    goes if it shares at least `diff_size` different parts with a row that stays. Rows are decided by priority, then in
    order. The judged value is the number of shared parts, the detail names the row with which it shares most.

    The parts are no n-grams, whatever the published name says: one character put in front moves all of them.
    `NgramOverlapDeduplicateFilter` compares n-grams of words.

    Args:
        n_gram: parts of a text, from 1 to 65535.
        hash_func: accepted for compatibility: parts are compared by 128 bits of XXH3, and equal parts are equal for
            every hash.
        diff_size: shared parts from which texts are duplicates, at least 1.
        profile: reproduce the verdicts of a published tool, faults included.

    Keys:
        input_key: column of texts to compare.
        input_keys: several columns of texts, compared as one; exactly one of the two keys is given.
        input_priority_key: column of numbers, larger is better; null is worst. By default the first row stays.
        output_key: new column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Null stays and is a duplicate of nothing. A text with fewer characters than parts, the empty one among them, is
        a duplicate of equal texts only. Of several columns a null counts as empty, unless all are null.

    Differences:
        The published rule cuts a text with fewer characters than parts into empty parts, so that all of these are
        duplicates; with `profile="open-dataflow-1.0.13"` that fault applies.

    Source:
        `NgramHashDeduplicateFilter` of open-dataflow 1.0.13.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["one two three", "one xxxtwoxxx", "another text!"]})
        >>> kept, drops = NgramHashDeduplicateFilter().apply(texts, input_key="text", return_drops=True)
        >>> kept.num_rows, drops["detail"].to_pylist()
        (2, ['shares 1 part with row 0'])
    """

    n_gram: int = 3
    hash_func: Literal["md5", "sha256", "xxh3"] = "md5"
    diff_size: int = 1
    profile: Profile | None = None

    def __post_init__(self) -> None:
        """Check the parameters."""
        if not 1 <= self.n_gram <= MOST_PARTS:
            raise ParameterError(f"{self.name}: n_gram={self.n_gram} must lie between 1 and {MOST_PARTS}")
        if not 1 <= self.diff_size <= MOST_PARTS:
            raise ParameterError(f"{self.name}: diff_size={self.diff_size} must lie between 1 and {MOST_PARTS}")

    def finder(self) -> _native.ChunkDuplicates:
        """Return a kernel without rows."""
        return _native.ChunkDuplicates(
            n_gram=self.n_gram, diff_size=self.diff_size, as_published=self.profile is not None
        )

    def threshold_value(self) -> float:
        """Return the smallest number of shared parts of duplicates."""
        return self.diff_size

    def describe_duplicate(self, keeper: int, similarity: float) -> str:
        """Say with which row a dropped one shares parts."""
        return f"shares {similarity:.0f} part{'' if similarity == 1 else 's'} with row {keeper}"
