"""Texts without emoji."""

from __future__ import annotations

from dataflow_rs.core.native_text import NativeRefiner, Profile
from dataflow_rs.core.registry import operator


@operator
class RemoveEmojiRefiner(NativeRefiner):
    r"""Remove emoji from texts.

    Whole sequences go: skin tones, joined families, flags, keycaps, and text characters that a variation
    selector turns into pictures. Joiners and selectors elsewhere stay, because Persian and Indic scripts need
    them.

    Args:
        profile: reproduce the texts of a published tool, faults included.

    Keys:
        input_key: column of texts to rewrite.

    Missing texts:
        Null stays null.

    Differences:
        The published rule removes U+1F600-1F64F, U+1F300-1F5FF, U+1F680-1F6FF, U+1F1E0-1F1FF and U+2702-27B0
        one by one; it leaves the rest of a sequence and the emoji of U+2600-26FF, U+1F900-1FAFF and smaller
        blocks, which go here too. With `profile="open-dataflow-1.0.13"` the published rule applies.

    Source:
        The pipeline `text_pt_filter` of open-dataflow 1.0.13.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["a \U0001f926\U0001f3fd\u200d\u2642\ufe0f b"]})
        >>> RemoveEmojiRefiner().apply(texts, input_key="text")["text"].to_pylist()
        ['a  b']
    """

    profile: Profile | None = None
