"""Bounds on the number of sentences."""

from __future__ import annotations

from dataflow_rs.core.native_text import NativeFilter, Profile
from dataflow_rs.core.registry import operator
from dataflow_rs.core.validation import check_range


@operator
class SentenceNumberFilter(NativeFilter):
    """Keep texts whose number of sentences lies within bounds.

    A sentence is a stretch between full stops, exclamation marks, question marks and line feeds that holds a
    word character; abbreviations and decimals therefore count ("3.14" is two). The judged value is the number
    of sentences.

    Args:
        min_sentences: smallest number that stays; None is no bound.
        max_sentences: largest number that stays; None is no bound.
        profile: reproduce the verdicts of a published tool, faults included.

    Keys:
        input_key: column of texts to judge.
        output_key: column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Null is dropped with the rule `null`, the empty text with the rule `empty`.

    Differences:
        The full stops and marks of Chinese and Japanese (U+3002, U+FF01, U+FF1F, U+FF61) end a sentence; to
        the published rule a Chinese paragraph is one. With `profile="open-dataflow-1.0.13"` the published
        rule applies.

    Source:
        The pipeline `text_pt_filter` of open-dataflow 1.0.13.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["One. Two! Three?", "Only one."]})
        >>> SentenceNumberFilter().apply(texts, input_key="text")["text"].to_pylist()
        ['One. Two! Three?']
    """

    min_sentences: int | None = 3
    max_sentences: int | None = 7500
    profile: Profile | None = None

    def __post_init__(self) -> None:
        """Check the parameters."""
        super().__post_init__()
        check_range(self.name, min_sentences=self.min_sentences, max_sentences=self.max_sentences)
