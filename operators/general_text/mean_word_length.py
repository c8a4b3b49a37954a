"""Bounds on the mean length of words."""

from __future__ import annotations

from dataflow_rs.core.native_text import NativeFilter, Profile
from dataflow_rs.core.registry import operator
from dataflow_rs.core.validation import check_range


@operator
class MeanWordLengthFilter(NativeFilter):
    """Keep texts whose words have a usual length on average.

    A word is what whitespace separates; the judged value is the mean number of characters per word.

    Args:
        min_length: smallest mean that stays, in characters; None is no bound.
        max_length: smallest mean that is too large, in characters; None is no bound.
        profile: reproduce the verdicts of a published tool, faults included.

    Keys:
        input_key: column of texts to judge.
        output_key: column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Null is dropped with the rule `null`, a text of whitespace only with the rule `blank`.

    Differences:
        The mean is compared as it is; the published rule rounds it to two decimals first, which lets 2.995
        pass as 3. With `profile="open-dataflow-1.0.13"` the published rule applies.

    Source:
        The pipeline `text_pt_filter` of open-dataflow 1.0.13.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["a b c d", "some words of text"]})
        >>> MeanWordLengthFilter().apply(texts, input_key="text")["text"].to_pylist()
        ['some words of text']
    """

    min_length: float | None = 3
    max_length: float | None = 10
    profile: Profile | None = None

    def __post_init__(self) -> None:
        """Check the parameters."""
        super().__post_init__()
        check_range(self.name, min_length=self.min_length, max_length=self.max_length)
