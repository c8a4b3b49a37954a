"""Near-duplicates, by fingerprints that differ in few bits."""

from __future__ import annotations

from dataflow_rs import _native
from dataflow_rs.core.deduplication import DeduplicateFilter
from dataflow_rs.core.native_text import Profile
from dataflow_rs.core.registry import operator
from dataflow_rs.core.validation import check_share
from dataflow_rs.exceptions import ParameterError

LARGEST = 128


@operator
class SimHashDeduplicateFilter(DeduplicateFilter):
    """Drop texts whose fingerprint differs in few bits from that of another row.

    A fingerprint is the weighted majority of the hashes of all runs of four characters (lower case, letters and digits
    only). All rows within the distance are found: fingerprints are cut into blocks, several of which must agree.
    Rows are decided by priority, then in order: a row stays unless a row that stays is near. The judged value is the
    share of equal bits.

    SimHash sees how often characters occur together and little else: it takes short or formulaic texts for
    duplicates. `MinHashDeduplicateFilter` finds the same pairs with fewer errors.

    Args:
        fingerprint_size: bits of a fingerprint, a multiple of 8 from 8 to 128.
        bound: share of differing bits up to which texts are duplicates, from 0 to 1.
        profile: reproduce the verdicts of a published tool, faults included.

    Keys:
        input_key: column of texts to compare.
        input_keys: several columns of texts, compared as one; exactly one of the two keys is given.
        input_priority_key: column of numbers, larger is better; null is worst. By default the first row stays.
        output_key: new column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Null stays and is a duplicate of nothing. Texts with fewer than four letters or digits, the empty one among
        them, are duplicates of equal texts only. Of several columns a null counts as empty, unless all are null.

    Differences:
        The share is of `fingerprint_size`; the published rule divides by the length of the longer number written in
        binary, which varies. It compares texts of fewer than four letters by fingerprint, so that all texts without
        any are duplicates. With `profile="open-dataflow-1.0.13"` both faults apply.

    Source:
        `SimHashDeduplicateFilter` of open-dataflow 1.0.13 with simhash 2.1.2; G. Manku et al., "Detecting
        near-duplicates for web crawling" (2007).

    Examples:
        >>> import pyarrow as pa
        >>> page = "All those moments will be lost in time, like tears in rain"
        >>> texts = pa.table({"text": [page, page + ".", "Something else entirely, said nobody"]})
        >>> SimHashDeduplicateFilter().apply(texts, input_key="text").num_rows
        2
    """

    fingerprint_size: int = 64
    bound: float = 0.1
    profile: Profile | None = None

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_share(self.name, bound=self.bound)
        if not 8 <= self.fingerprint_size <= LARGEST or self.fingerprint_size % 8:
            raise ParameterError(
                f"{self.name}: fingerprint_size={self.fingerprint_size} must be a multiple of 8 from 8 to {LARGEST}"
            )

    def finder(self) -> _native.SimHashDuplicates:
        """Return a kernel without rows."""
        return _native.SimHashDuplicates(
            fingerprint_size=self.fingerprint_size, bound=self.bound, as_published=self.profile is not None
        )

    def threshold_value(self) -> float:
        """Return the smallest share of equal bits of duplicates."""
        return 1 - self.bound

    def describe_duplicate(self, keeper: int, similarity: float) -> str:
        """Say which row a dropped one is near."""
        return f"duplicate of row {keeper} (similarity {similarity:.2f})"
