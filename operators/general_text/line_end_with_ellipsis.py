"""An upper bound on the share of lines that end with an ellipsis."""

from __future__ import annotations

from dataflow_rs.core.native_text import NativeFilter
from dataflow_rs.core.registry import operator
from dataflow_rs.core.validation import check_share


@operator
class LineEndWithEllipsisFilter(NativeFilter):
    """Drop texts with many lines that end with an ellipsis: teasers.

    Lines end at line feeds only, blank lines do not count, and whitespace at a line's end is ignored. The
    judged value is the share of lines that end with `...` or U+2026; the detail is the first of them.

    Args:
        threshold: smallest share that is too large, from 0 to 1; None is off.

    Keys:
        input_key: column of texts to judge.
        output_key: column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Null is dropped with the rule `null`, a text of whitespace only with the rule `blank`.

    Source:
        The pipeline `text_pt_filter` of open-dataflow 1.0.13.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["Read more...", "All of it."]})
        >>> LineEndWithEllipsisFilter().apply(texts, input_key="text")["text"].to_pylist()
        ['All of it.']
    """

    threshold: float | None = 0.3

    def __post_init__(self) -> None:
        """Check the parameters."""
        super().__post_init__()
        check_share(self.name, threshold=self.threshold)
