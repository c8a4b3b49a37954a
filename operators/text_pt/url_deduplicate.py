"""Pages with the same address."""

from __future__ import annotations

import pyarrow as pa
from dataflow_rs import _native
from dataflow_rs.core.bases import Dataset
from dataflow_rs.core.deduplication import DeduplicateFilter, check_memory, priorities
from dataflow_rs.core.keys import Integer, Number, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Verdict


@operator
class UrlDeduplicateFilter(DeduplicateFilter):
    """Drop rows whose address leads to the same page as that of another row.

    Addresses are compared without scheme, `www.`, user, default port, fragment and the slash at the end, host names in
    lower case, without parameters that only track visitors (`utm_...`, `fbclid`, `gclid` ...); other parameters count,
    in their order. Of equal addresses the row of highest priority stays, of equal priorities the first.

    Args:
        memory_mb: bound for what is sorted, in MiB; beyond it, sorted parts go to temporary files. None: everything
            in memory, 32 bytes per row. The result is the same.

    Keys:
        input_key: column of addresses.
        input_priority_key: column of numbers, larger is better (the date of the crawl, the length of the text); null
            is worst. By default the first row stays.
        output_key: new column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Rows without an address (null, empty, blank) stay.

    Source:
        The usual step before text is compared at all; FineWeb and RefinedWeb do it per crawl.

    Examples:
        >>> import pyarrow as pa
        >>> pages = pa.table({"url": ["http://example.org/a", "https://www.example.org/a/?utm_source=x#top"]})
        >>> UrlDeduplicateFilter().apply(pages, input_key="url")["url"].to_pylist()
        ['http://example.org/a']
    """

    memory_mb: int | None = None

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_memory(self.name, self.memory_mb)

    def finder(self) -> _native.ExactDuplicates:
        """Return a kernel without rows."""
        return _native.ExactDuplicates(url=True, memory=check_memory(self.name, self.memory_mb))

    def process(  # type: ignore[override]  # one column of addresses
        self,
        dataset: Dataset,
        input_key: Text = "url",
        input_priority_key: Number | None = None,
        output_key: Integer | None = None,
    ) -> Verdict:
        """Compare the addresses of all rows."""
        finder = self.finder()
        batch: pa.RecordBatch
        for batch in dataset.batches():
            finder.add(batch[input_key], priorities(batch, input_priority_key))
        return self.verdict(finder, dataset, output_key)
