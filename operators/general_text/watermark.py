"""Texts that contain one of several given texts."""

from __future__ import annotations

from dataflow_rs.core.native_text import NativeFilter
from dataflow_rs.core.registry import operator
from dataflow_rs.exceptions import ParameterError


@operator
class WatermarkFilter(NativeFilter):
    """Drop texts in which a watermark occurs.

    A watermark counts anywhere, inside words too; upper and lower case differ. The judged value is 1 if there
    is one, else 0; the detail is the watermark.

    Args:
        watermarks: the texts to look for; with none, every text stays.

    Keys:
        input_key: column of texts to judge.
        output_key: column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Null is dropped with the rule `null`, the empty text with the rule `empty`.

    Differences:
        Watermarks are texts. In open-dataflow 1.0.13 they are regular expressions, so that `(c)` finds every
        c, and an empty list drops everything. Where watermarks hold no special characters, verdicts are the
        same.

    Source:
        The pipeline `text_pt_filter` of open-dataflow 1.0.13.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["(c) 2020", "copy that"]})
        >>> WatermarkFilter(["(c)"]).apply(texts, input_key="text")["text"].to_pylist()
        ['copy that']
    """

    watermarks: list[str] | tuple[str, ...] = ("Copyright", "Watermark", "Confidential")

    def __post_init__(self) -> None:
        """Check the parameters."""
        super().__post_init__()
        if not all(self.watermarks):
            raise ParameterError(
                f"{self.name}: watermarks={self.watermarks} holds an empty text, which occurs everywhere"
            )
