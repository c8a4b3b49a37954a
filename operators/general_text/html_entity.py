"""Texts with named HTML entities."""

from __future__ import annotations

from dataflow_rs.core.native_text import NativeFilter, Profile
from dataflow_rs.core.registry import operator


@operator
class HtmlEntityFilter(NativeFilter):
    """Drop texts in which a named HTML entity is left.

    Entities are nbsp lt gt amp quot apos hellip ndash mdash lsquo rsquo ldquo rdquo, in lower case, between
    an ampersand and a semicolon, either of which may be full-width. The judged value is 1 if there is one,
    else 0; the detail is the entity.

    Args:
        profile: reproduce the verdicts of a published tool, faults included.

    Keys:
        input_key: column of texts to judge.
        output_key: column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Null is dropped with the rule `null`, the empty text with the rule `empty`.

    Differences:
        The semicolon is needed; the published rule also drops `?a=1&lt=2` and `&amplify`.
        With `profile="open-dataflow-1.0.13"` the published rule applies.

    Source:
        The pipeline `text_pt_filter` of open-dataflow 1.0.13.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["salt&nbsp;water", "?a=1&lt=2"]})
        >>> HtmlEntityFilter().apply(texts, input_key="text")["text"].to_pylist()
        ['?a=1&lt=2']
    """

    profile: Profile | None = None
