"""Lines or paragraphs that occur in several texts, or several times in one."""

from __future__ import annotations

from typing import Any, Literal

import pyarrow as pa
from dataflow_rs import _native
from dataflow_rs.core.bases import Dataset, DatasetOperator
from dataflow_rs.core.deduplication import check_memory, label_mistakes, priorities
from dataflow_rs.core.keys import Integer, Number, RewrittenText
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Verdict
from dataflow_rs.core.span_cutting import Reason, cut_verdict, texts_of
from dataflow_rs.exceptions import ParameterError

LARGEST = 1 << 31


@operator
class LineDeduplicateRefiner(DatasetOperator):
    r"""Cut lines or paragraphs that repeat another one, and drop texts of which nothing is left.

    Of equal lines the one in the row of highest priority stays, of equal priorities the first. Blank lines are not
    compared; around what is cut, and at the ends of a text that was cut, whitespace may go.

    Args:
        unit: `line` (up to a line feed: what CCNet calls a paragraph), or `paragraph` (lines up to a blank one).
        normalization: which lines are equal: `exact`, `whitespace`, `lower`, `words` (lower-cased letters and digits
            only) or `ccnet` (lower case, digits are 0, some punctuation and control characters go).
        min_chars: lines with fewer characters in their normal form are not compared and stay.
        min_words: what is left of a text that was cut must have so many words (between whitespace).
        memory_mb: bound for what is sorted, in MiB; beyond it, sorted parts go to temporary files. None: everything
            in memory, 32 bytes per line. The result is the same.

    Keys:
        input_key: column of texts, changed in place.
        input_priority_key: column of numbers, larger is better; null is worst. By default the first line stays.
        output_removed_key: new column for the number of lines that were cut; by default none is written.

    Missing texts:
        Null, empty and blank texts stay.

    Source:
        G. Wenzek et al., "CCNet" (2020): `normalization="ccnet"`, with 64-bit keys where these have 128.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["Home | Login\nA story.", "Home | Login\nAnother one.", "HOME | Login"]})
        >>> kept, drops = LineDeduplicateRefiner().apply(texts, input_key="text", return_drops=True)
        >>> kept["text"].to_pylist(), drops["rule"].to_pylist()
        (['Home | Login\nA story.', 'Another one.'], ['line_deduplicate'])
    """

    unit: Literal["line", "paragraph"] = "line"
    normalization: Literal["exact", "whitespace", "lower", "words", "ccnet"] = "ccnet"
    min_chars: int = 0
    min_words: int = 1
    memory_mb: int | None = None

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_memory(self.name, self.memory_mb)
        for name, value in (("min_chars", self.min_chars), ("min_words", self.min_words)):
            if not 0 <= value < LARGEST:
                raise ParameterError(f"{self.name}: {name}={value} must not be negative")

    def column_mistakes(self, columns: dict[str, pa.DataType | None], keys: dict[str, Any]) -> list[str]:
        """Check that the output column is new, besides the columns."""
        return super().column_mistakes(columns, keys) + label_mistakes(self.name, columns, keys)

    def process(
        self,
        dataset: Dataset,
        input_key: RewrittenText,
        input_priority_key: Number | None = None,
        output_removed_key: Integer | None = None,
    ) -> Verdict:
        """Compare all lines, then cut."""
        spans = _native.RepeatedSpans(
            unit=self.unit,
            normalization=self.normalization,
            min_chars=self.min_chars,
            memory=check_memory(self.name, self.memory_mb),
        )
        for batch in dataset.batches():
            spans.add(batch[input_key], priorities(batch, input_priority_key))
        spans.finish()
        cut = [pa.record_batch(spans.cut(batch[input_key])) for batch in dataset.batches()]
        texts = texts_of(cut, "text", dataset.schema.field(input_key).type)
        removed, left = ([n for batch in cut for n in batch[name].to_pylist()] for name in ("removed", "left"))
        reasons: list[Reason | None] = []
        for text, gone in zip(texts, removed, strict=True):
            words = len(text.as_py().split()) if gone else self.min_words
            reasons.append(None if words >= self.min_words else ("line_deduplicate", words, self.min_words))
        details = [
            None if reason is None else f"{gone} of {gone + rest} {self.unit}s repeat another one"
            for reason, gone, rest in zip(reasons, removed, left, strict=True)
        ]
        extra = {} if output_removed_key is None else {output_removed_key: removed}
        return cut_verdict(input_key, texts, reasons, details, extra)
