"""Texts without content."""

from __future__ import annotations

from dataflow_rs.core.native_text import NativeFilter
from dataflow_rs.core.registry import operator


@operator
class ContentNullFilter(NativeFilter):
    r"""Drop texts that are missing, empty or whitespace only.

    The judged value is 1 for a text without content, else 0.

    Keys:
        input_key: column of texts to judge.
        output_key: column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Null, the empty text and whitespace are all dropped with the rule `content_null`.

    Source:
        The pipeline `text_pt_filter` of open-dataflow 1.0.13.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": [None, "", " \n", "a"]})
        >>> ContentNullFilter().apply(texts, input_key="text")["text"].to_pylist()
        ['a']
    """
