"""Texts that end with a colon."""

from __future__ import annotations

from dataflow_rs.core.native_text import NativeFilter
from dataflow_rs.core.registry import operator


@operator
class ColonEndFilter(NativeFilter):
    """Drop texts that end with a colon: what was announced is missing.

    Only the ASCII colon as the very last character counts; a space, a line feed or a full-width colon at the
    end does not. The judged value is 1 for a colon, else 0; the detail is the last line.

    Keys:
        input_key: column of texts to judge.
        output_key: column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Null is dropped with the rule `null`, the empty text with the rule `empty`.

    Source:
        The pipeline `text_pt_filter` of open-dataflow 1.0.13.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["Ingredients:", "Ingredients: salt"]})
        >>> ColonEndFilter().apply(texts, input_key="text")["text"].to_pylist()
        ['Ingredients: salt']
    """
