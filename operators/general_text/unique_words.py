"""A lower bound on the share of distinct words."""

from __future__ import annotations

from dataflow_rs.core.native_text import NativeFilter
from dataflow_rs.core.registry import operator
from dataflow_rs.core.validation import check_share


@operator
class UniqueWordsFilter(NativeFilter):
    """Drop texts that repeat few words.

    A word is what whitespace separates, in lower case. The judged value is the number of distinct words
    divided by the number of words.

    Args:
        threshold: largest share that is too small, from 0 to 1; None is off.

    Keys:
        input_key: column of texts to judge.
        output_key: column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Null is dropped with the rule `null`, a text of whitespace only with the rule `blank`.

    Source:
        The pipeline `text_pt_filter` of open-dataflow 1.0.13.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["spam " * 20, "Spam is a kind of ham"]})
        >>> UniqueWordsFilter().apply(texts, input_key="text")["text"].to_pylist()
        ['Spam is a kind of ham']
    """

    threshold: float | None = 0.1

    def __post_init__(self) -> None:
        """Check the parameters."""
        super().__post_init__()
        check_share(self.name, threshold=self.threshold)
