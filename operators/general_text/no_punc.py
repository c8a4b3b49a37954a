"""An upper bound on the length of stretches without punctuation."""

from __future__ import annotations

from dataflow_rs.core.native_text import NativeFilter, Profile
from dataflow_rs.core.registry import operator


@operator
class NoPuncFilter(NativeFilter):
    """Drop texts with a long stretch without punctuation: keyword lists, machine output.

    Stretches end at line feeds and at `. ! ? , ; : / |`, U+2013 (en dash), U+2022, U+2026 and the punctuation
    of Chinese and Japanese. The judged value is the number of words of the longest stretch, where a word is
    what whitespace separates, and each Chinese character or kana is a word; the detail is that stretch.

    Args:
        threshold: largest number of words that stays; None is off.
        profile: reproduce the verdicts of a published tool, faults included.

    Keys:
        input_key: column of texts to judge.
        output_key: column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Null is dropped with the rule `null`, the empty text with the rule `empty`.

    Differences:
        A colon ends a stretch, and Chinese and Japanese are judged by their own punctuation and characters;
        the published rule knows only the other ten separators and lets a text without spaces pass. With
        `profile="open-dataflow-1.0.13"` the published rule applies.

    Source:
        The pipeline `text_pt_filter` of open-dataflow 1.0.13.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["cheap buy now", "cheap, buy now"]})
        >>> NoPuncFilter(threshold=2).apply(texts, input_key="text")["text"].to_pylist()
        ['cheap, buy now']
    """

    threshold: int | None = 112
    profile: Profile | None = None
