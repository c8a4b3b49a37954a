"""Substrings that occur in several texts, or several times in one."""

from __future__ import annotations

from typing import Any, Literal

import pyarrow as pa
from dataflow_rs import _native
from dataflow_rs.core.bases import Dataset, DatasetOperator
from dataflow_rs.core.deduplication import check_memory, label_mistakes, priorities
from dataflow_rs.core.keys import ListColumn, Number, RewrittenText
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Verdict
from dataflow_rs.core.span_cutting import cut_verdict, texts_of
from dataflow_rs.exceptions import ParameterError

LARGEST = 1 << 31


@operator
class SubstringDeduplicateRefiner(DatasetOperator):
    """Cut every stretch of at least `min_length` units that occurs before, and drop texts of which nothing is left.

    The occurrence in the row of highest priority stays, of equal priorities the first. What is cut are exactly the
    places that a suffix array would give: those inside a repeated window of `min_length` units. A stretch that overlaps
    its first occurrence stays, no stretch reaches from one text into the next, and no character is split. Positions
    are 64-bit numbers.

    Args:
        min_length: smallest length of a repeat that is cut, in units, at least 2.
        unit: what lengths are counted in: `characters`, `bytes` (of UTF-8) or `words` (between whitespace, which itself
            does not count).
        min_words: what is left of a text that was cut must have so many words (between whitespace).
        memory_mb: bound for what is sorted, in MiB; beyond it, sorted parts go to temporary files. None: everything
            in memory. The result is the same.

    Keys:
        input_key: column of texts, changed in place.
        input_priority_key: column of numbers, larger is better; null is worst. By default the first occurrence stays.
        output_span_key: new column for what was cut, a list of starts and ends in characters of the old text (start,
            end, start, end ...), ascending and apart; by default none is written.

    Missing texts:
        Null and empty texts, and texts shorter than `min_length`, stay.

    Source:
        K. Lee et al., "Deduplicating training data makes language models better" (2021), ExactSubstr. Its tool cuts at
        100 bytes and numbers positions with what the texts' size needs; datatrove's reader uses 32 bits.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["The quick brown fox.", "Look: the quick brown cat."]})
        >>> refiner = SubstringDeduplicateRefiner(min_length=10)
        >>> refiner.apply(texts, input_key="text", output_span_key="cut").to_pylist()[1]
        {'text': 'Look: tcat.', 'cut': [7, 22]}
    """

    min_length: int = 100
    unit: Literal["characters", "bytes", "words"] = "characters"
    min_words: int = 1
    memory_mb: int | None = None

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_memory(self.name, self.memory_mb)
        if not 2 <= self.min_length < LARGEST:
            raise ParameterError(f"{self.name}: min_length={self.min_length} must be at least 2")
        if not 0 <= self.min_words < LARGEST:
            raise ParameterError(f"{self.name}: min_words={self.min_words} must not be negative")

    def column_mistakes(self, columns: dict[str, pa.DataType | None], keys: dict[str, Any]) -> list[str]:
        """Check that the output column is new, besides the columns."""
        return super().column_mistakes(columns, keys) + label_mistakes(self.name, columns, keys)

    def process(
        self,
        dataset: Dataset,
        input_key: RewrittenText,
        input_priority_key: Number | None = None,
        output_span_key: ListColumn | None = None,
    ) -> Verdict:
        """Compare all texts, then cut."""
        substrings = _native.RepeatedSubstrings(
            min_length=self.min_length, unit=self.unit, memory=check_memory(self.name, self.memory_mb)
        )
        for _ in range(2):
            for batch in dataset.batches():
                substrings.add(batch[input_key], priorities(batch, input_priority_key))
            substrings.next_pass()
        cut = [pa.record_batch(substrings.cut(batch[input_key])) for batch in dataset.batches()]
        spans = [
            list(zip(starts, ends, strict=True))
            for batch in cut
            for starts, ends in zip(batch["starts"].to_pylist(), batch["ends"].to_pylist(), strict=True)
        ]
        texts = texts_of(cut, "text", dataset.schema.field(input_key).type)
        left = [len(text.as_py().split()) if gone else self.min_words for text, gone in zip(texts, spans, strict=True)]
        reasons = [
            None if words >= self.min_words else ("substring_deduplicate", words, self.min_words) for words in left
        ]
        details = [
            None if reason is None else f"{sum(end - start for start, end in gone)} characters repeat others"
            for reason, gone in zip(reasons, spans, strict=True)
        ]
        extra = {}
        if output_span_key is not None:
            flat = [[edge for span in gone for edge in span] for gone in spans]
            extra[output_span_key] = pa.array(flat, pa.list_(pa.int64()))
        return cut_verdict(input_key, texts, reasons, details, extra)
