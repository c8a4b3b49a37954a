"""An upper bound on occurrences of "lorem ipsum"."""

from __future__ import annotations

from dataflow_rs.core.native_text import NativeFilter
from dataflow_rs.core.registry import operator
from dataflow_rs.core.validation import check_share


@operator
class LoremIpsumFilter(NativeFilter):
    """Drop texts with the filler "lorem ipsum".

    Upper and lower case are the same. The judged value is the number of occurrences divided by the number of
    characters of the lower-cased text: with the default, one occurrence passes only in more than 33 million
    characters.

    Args:
        threshold: largest share that stays, from 0 to 1; None is off.

    Keys:
        input_key: column of texts to judge.
        output_key: column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Null is dropped with the rule `null`, the empty text with the rule `empty`.

    Source:
        The pipeline `text_pt_filter` of open-dataflow 1.0.13.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["Lorem ipsum dolor", "Text to come"]})
        >>> LoremIpsumFilter().apply(texts, input_key="text")["text"].to_pylist()
        ['Text to come']
    """

    threshold: float | None = 3e-8

    def __post_init__(self) -> None:
        """Check the parameters."""
        super().__post_init__()
        check_share(self.name, threshold=self.threshold)
