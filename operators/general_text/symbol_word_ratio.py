"""An upper bound on the number of symbols per token."""

from __future__ import annotations

from dataflow_rs.core.native_text import NativeFilter
from dataflow_rs.core.registry import operator


@operator
class SymbolWordRatioFilter(NativeFilter):
    r"""Drop texts with many hash signs and ellipses per token.

    Symbols are `#`, `...` and U+2026. A token is a run of word characters or a run of other characters
    without whitespace, the pattern `\w+|[^\w\s]+` of NLTK's `WordPunctTokenizer`. NLTK 3.10 reads it with the
    package `regex`, where combining marks are word characters, and so does this rule. The judged value is
    symbols divided by tokens; the detail is the text from the first symbol on.

    Args:
        threshold: smallest ratio that is too large; None is off.

    Keys:
        input_key: column of texts to judge.
        output_key: column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Null is dropped with the rule `null`, a text of whitespace only with the rule `blank`.

    Source:
        The pipeline `text_pt_filter` of open-dataflow 1.0.13.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["# a # b", "# a title"]})
        >>> SymbolWordRatioFilter().apply(texts, input_key="text")["text"].to_pylist()
        ['# a title']
    """

    threshold: float | None = 0.4
