"""An upper bound on the share of words in capitals."""

from __future__ import annotations

from dataflow_rs.core.native_text import NativeFilter
from dataflow_rs.core.registry import operator
from dataflow_rs.core.validation import check_share


@operator
class CapitalWordsFilter(NativeFilter):
    r"""Drop texts with many words in capitals: headlines, shouting.

    A word in capitals has an upper-case letter and none in lower or title case, as in `str.isupper()`: "A1"
    counts, "1" does not. The judged value is the share of words in capitals, 0 without words; the detail is
    the first of them.

    Args:
        threshold: largest share that stays, from 0 to 1; None is off.
        use_tokenizer: whether words are runs of word characters and runs of punctuation, instead of what
            whitespace
            separates.

    Keys:
        input_key: column of texts to judge.
        output_key: column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Null is dropped with the rule `null`, the empty text with the rule `empty`.

    Differences:
        With `use_tokenizer=True`, open-dataflow 1.0.13 asks NLTK's `word_tokenize`, which downloads a model;
        the tokens here are those of the pattern `\w+|[^\w\s]+`. With the default nothing differs.

    Source:
        The pipeline `text_pt_filter` of open-dataflow 1.0.13.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["BUY NOW and save", "Buy now, says NASA, and save"]})
        >>> CapitalWordsFilter().apply(texts, input_key="text")["text"].to_pylist()
        ['Buy now, says NASA, and save']
    """

    threshold: float | None = 0.2
    use_tokenizer: bool = False

    def __post_init__(self) -> None:
        """Check the parameters."""
        super().__post_init__()
        check_share(self.name, threshold=self.threshold)
