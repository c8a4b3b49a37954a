"""A lower bound on the number of characters."""

from __future__ import annotations

from dataflow_rs.core.native_text import NativeFilter
from dataflow_rs.core.registry import operator


@operator
class CharNumberFilter(NativeFilter):
    """Keep texts with enough characters.

    Whitespace around the text and all spaces, tabs and line feeds in it do not count; other whitespace does.
    The judged value is the number of characters (code points).

    Args:
        threshold: smallest number that stays; None is off.

    Keys:
        input_key: column of texts to judge.
        output_key: column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Null is dropped with the rule `null`, the empty text with the rule `empty`.

    Source:
        The pipeline `text_pt_filter` of open-dataflow 1.0.13.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": [" abc d ", "abc"]})
        >>> CharNumberFilter(threshold=4).apply(texts, input_key="text")["text"].to_pylist()
        [' abc d ']
    """

    threshold: int | None = 100
