"""Texts without web addresses and HTML tags."""

from __future__ import annotations

from dataflow_rs.core.native_text import NativeRefiner, Profile
from dataflow_rs.core.registry import operator


@operator
class HtmlUrlRemoverRefiner(NativeRefiner):
    """Remove web addresses, then HTML tags, from texts.

    Addresses begin with http://, https://, ftp://, ftps:// or www. and end at whitespace. A tag has a name
    and attributes with values, or attributes that need none; comments and declarations are tags. Tags do not
    cross line breaks.

    Args:
        profile: reproduce the texts of a published tool, faults included.

    Keys:
        input_key: column of texts to rewrite.

    Missing texts:
        Null stays null.

    Differences:
        Line breaks after an address stay, www. and ftp addresses go, and `if a<b and c>d` stays; the
        published rule removes whatever is between `<` and `>` on a line. With
        `profile="open-dataflow-1.0.13"` the published rule applies.

    Source:
        The pipeline `text_pt_filter` of open-dataflow 1.0.13.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["<b class='x'>if a<b and c>d</b> see https://example.org/a?b ok"]})
        >>> HtmlUrlRemoverRefiner().apply(texts, input_key="text")["text"].to_pylist()
        ['if a<b and c>d see  ok']
    """

    profile: Profile | None = None
