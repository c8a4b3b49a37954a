"""Bounds on the number of words."""

from __future__ import annotations

import pyarrow as pa
from dataflow_rs.core.native_text import NativeFilter
from dataflow_rs.core.registry import operator
from dataflow_rs.core.validation import check_range


@operator
class WordNumberFilter(NativeFilter):
    """Keep texts whose number of words lies within bounds.

    A word is what whitespace separates, as in `text.split()`. The empty text has 0 words. The judged value is
    the number of words.

    Args:
        min_words: smallest number that stays; None is no bound.
        max_words: smallest number that is too large; None is no bound.

    Keys:
        input_key: column of texts to judge.
        output_key: column for the number of words; by default none is written.

    Missing texts:
        Null is dropped with the rule `null`.

    Source:
        The pipeline `text_pt_filter` of open-dataflow 1.0.13.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["one two three", "one"]})
        >>> WordNumberFilter(min_words=2).apply(texts, input_key="text", output_key="words").to_pylist()
        [{'text': 'one two three', 'words': 3}]
    """

    min_words: int | None = 20
    max_words: int | None = 100000

    def __post_init__(self) -> None:
        """Check the parameters."""
        super().__post_init__()
        check_range(self.name, min_words=self.min_words, max_words=self.max_words)

    def label(self, judged: pa.RecordBatch) -> pa.Array:
        """Return the numbers of words."""
        return judged["value"].cast(pa.int64())
