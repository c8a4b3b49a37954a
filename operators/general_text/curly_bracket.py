"""An upper bound on the share of curly brackets."""

from __future__ import annotations

from dataflow_rs.core.native_text import NativeFilter
from dataflow_rs.core.registry import operator
from dataflow_rs.core.validation import check_share


@operator
class CurlyBracketFilter(NativeFilter):
    """Drop texts with many curly brackets: code and templates.

    The judged value is the number of `{` and `}` divided by the number of characters; the detail is the text
    from the first bracket on.

    Args:
        threshold: smallest share that is too large, from 0 to 1; None is off.

    Keys:
        input_key: column of texts to judge.
        output_key: column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Null is dropped with the rule `null`, the empty text with the rule `empty`.

    Source:
        The pipeline `text_pt_filter` of open-dataflow 1.0.13.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["{{ title }}", "A title"]})
        >>> CurlyBracketFilter().apply(texts, input_key="text")["text"].to_pylist()
        ['A title']
    """

    threshold: float | None = 0.025

    def __post_init__(self) -> None:
        """Check the parameters."""
        super().__post_init__()
        check_share(self.name, threshold=self.threshold)
