"""The paragraph rule of mC4."""

from __future__ import annotations

from typing import Any

from dataflow_rs.core.native_text import NativeFilter
from dataflow_rs.core.published import DatatroveProfile
from dataflow_rs.core.registry import operator


@operator
class C4ParagraphFilter(NativeFilter):
    r"""Keep texts with some long lines: three of 200 characters or more. The judged value is their number.

    Args:
        min_paragraphs: smallest number of long lines.
        min_paragraph_len: smallest number of characters of a long line.
        profile: the tool whose rule this is.

    Keys:
        input_key: column of texts to judge.
        output_key: column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Null is dropped with the rule `null`.

    Source:
        mC4 (Xue et al. 2021, arXiv 2010.11934); datatrove 0.10.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["\n".join(["x" * 200] * 3), "short"]})
        >>> C4ParagraphFilter().apply(texts, input_key="text").num_rows
        1
    """

    min_paragraphs: int = 3
    min_paragraph_len: int = 200
    profile: DatatroveProfile = "datatrove-0.10"

    def native_parameters(self) -> dict[str, Any]:
        """Return the parameters as the rule takes them."""
        parameters = self.parameters
        del parameters["profile"]
        return parameters
