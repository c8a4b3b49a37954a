"""FineWeb's quality rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dataflow_rs.core.native_text import NativeFilter
from dataflow_rs.core.published import DatatroveProfile, Segmentation
from dataflow_rs.core.registry import operator


@operator
class FineWebQualityFilter(NativeFilter):
    r"""Keep texts whose lines are sentences: FineWeb's rules on punctuation, short and repeated lines, and lists.

    The rules are tried in a fixed order, and the drop log names the first that a text violates: `line_punct_ratio`,
    `short_line_ratio`, `char_dup_ratio`, `list_ratio`. Lines are what line feeds separate, blank ones left out.

    Args:
        line_punct_thr: smallest share of lines that end with terminal punctuation.
        line_punct_exclude_zero: whether a text without any such line passes that rule.
        stop_chars: what counts as terminal punctuation; None: the ends of sentences of all scripts. A quotation mark is
            none, and whitespace at the end of a line is not looked through.
        short_line_thr: largest share of short lines.
        short_line_length: longest short line, in characters.
        char_duplicates_ratio: largest share of characters in lines that occurred before.
        new_line_ratio: most line feeds per word.
        segmentation: what a word is.
        profile: the tool whose rules and order these are.

    Keys:
        input_key: column of texts to judge.
        output_key: column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Null is dropped with the rule `null`, a text without a line that is not blank with `empty`.

    Source:
        Penedo et al. 2024, arXiv 2406.17557; datatrove 0.10.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["A sentence of more than thirty characters.", "Home\nNews\nContact"]})
        >>> kept, drops = FineWebQualityFilter().apply(texts, input_key="text", return_drops=True)
        >>> kept.num_rows, drops["rule"].to_pylist()
        (1, ['line_punct_ratio'])
    """

    line_punct_thr: float = 0.12
    line_punct_exclude_zero: bool = False
    stop_chars: Sequence[str] | None = None
    short_line_thr: float = 0.67
    short_line_length: int = 30
    char_duplicates_ratio: float = 0.01
    new_line_ratio: float = 0.3
    segmentation: Segmentation = "whitespace"
    profile: DatatroveProfile = "datatrove-0.10"

    def native_parameters(self) -> dict[str, Any]:
        """Return the parameters as the rule takes them."""
        parameters = self.parameters
        del parameters["profile"]
        stop_chars = None if self.stop_chars is None else list(self.stop_chars)
        return {**parameters, "stop_chars": stop_chars}
