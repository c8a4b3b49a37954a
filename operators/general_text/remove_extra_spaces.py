"""Texts with single spaces."""

from __future__ import annotations

from dataflow_rs.core.native_text import NativeRefiner
from dataflow_rs.core.registry import operator


@operator
class RemoveExtraSpacesRefiner(NativeRefiner):
    r"""Make one space of every run of whitespace, and remove it at both ends.

    Line breaks are whitespace too, as in `" ".join(text.split())`: rules about lines then see a single one.
    With `keep_lines` they can follow this refiner.

    Args:
        keep_lines: whether a run of whitespace with a line feed becomes a line feed, and one with several
            becomes two.

    Keys:
        input_key: column of texts to rewrite.

    Missing texts:
        Null stays null.

    Source:
        The pipeline `text_pt_filter` of open-dataflow 1.0.13.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["  a \t b\r\n c "]})
        >>> RemoveExtraSpacesRefiner().apply(texts, input_key="text")["text"].to_pylist()
        ['a b c']
        >>> RemoveExtraSpacesRefiner(keep_lines=True).apply(texts, input_key="text")["text"].to_pylist()
        ['a b\nc']
    """

    keep_lines: bool = False
