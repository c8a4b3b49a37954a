"""A lower bound on the number of lines that do not mention JavaScript."""

from __future__ import annotations

from dataflow_rs.core.native_text import NativeFilter
from dataflow_rs.core.registry import operator


@operator
class LineWithJavascriptFilter(NativeFilter):
    r"""Drop texts where too few lines are left beside those that mention JavaScript.

    Lines end at line feeds only. They are compared without ASCII punctuation and in lower case, so
    `Java-Script` counts, and lines of punctuation and whitespace only are ignored. Texts of up to three lines
    always stay, even if all of them mention JavaScript, because in running text a line is a paragraph. The
    judged value is the number of other lines; the detail is the first line that mentions JavaScript.

    Args:
        threshold: smallest number of other lines that stays; None is off.

    Keys:
        input_key: column of texts to judge.
        output_key: column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Null is dropped with the rule `null`, a text of whitespace and ASCII punctuation only with the rule
        `blank`.

    Source:
        The pipeline `text_pt_filter` of open-dataflow 1.0.13.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["Enable\nJavaScript\nto\njavascript", "About JavaScript"]})
        >>> LineWithJavascriptFilter().apply(texts, input_key="text")["text"].to_pylist()
        ['About JavaScript']
    """

    threshold: int | None = 3
