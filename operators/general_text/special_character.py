"""Texts with characters that are traces of broken or decorated text."""

from __future__ import annotations

from dataflow_rs.core.native_text import NativeFilter, Profile
from dataflow_rs.core.registry import operator


@operator
class SpecialCharacterFilter(NativeFilter):
    r"""Drop texts with characters that broken or decorated text is full of.

    These are U+200E (left-to-right mark), U+00F7 (division sign) and its entity `&#247;`, U+FFFD and U+25A1
    (replacements of characters that could not be read or shown), `{/U}`, and the emoji U+2600-26FF,
    U+2733-2734, U+1F300-1F64F and U+1F680-1F6FF. The judged value is 1 if there is one, else 0; the detail is
    what was found.

    Args:
        profile: reproduce the verdicts of a published tool, faults included.

    Keys:
        input_key: column of texts to judge.
        output_key: column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Null is dropped with the rule `null`, the empty text with the rule `empty`.

    Differences:
        The characters count; in the published rule their escapes lost the backslash, so that it drops the
        notations `u200e` and `U+2600` and the text `? :` instead. With `profile="open-dataflow-1.0.13"` the
        published rule applies.

    Source:
        The pipeline `text_pt_filter` of open-dataflow 1.0.13.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["bro\ufffdken", "the character U+2600"]})
        >>> SpecialCharacterFilter().apply(texts, input_key="text")["text"].to_pylist()
        ['the character U+2600']
    """

    profile: Profile | None = None
