"""Texts most of whose n-grams were seen before."""

from __future__ import annotations

from typing import Any, Literal

import pyarrow as pa
from dataflow_rs import _native
from dataflow_rs.core.bases import Dataset, DatasetOperator
from dataflow_rs.core.deduplication import joined_texts, label_mistakes
from dataflow_rs.core.keys import Integer, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Verdict
from dataflow_rs.exceptions import ParameterError

LARGEST = 1 << 62


@operator
class NgramOverlapDeduplicateFilter(DatasetOperator):
    """Drop texts most of whose n-grams of words occur in earlier rows.

    The judged value is the share of a text's n-grams that rows before it contain; the n-grams of a row that stays join
    what was seen. Unlike MinHash, this sees a text that is put together from several others.

    Args:
        ngram: words per n-gram, at least 1.
        threshold: smallest share that is dropped, above 0, up to 1.
        normalization: what a word is: `words` (lower-cased runs of letters and digits), `gpt3` (between whitespace,
            lower-cased, without ASCII punctuation) or `whitespace`.
        expected_ngrams: None keeps every n-gram, 9 to 18 bytes each; a number keeps a Bloom filter of fixed size,
            made for so many n-grams.
        false_positive_rate: probability that the filter takes a new n-gram for a seen one, once it holds the expected
            number; each factor of 10 costs 4.8 bits per n-gram.

    Keys:
        input_key: column of texts to compare.
        input_keys: several columns of texts, compared as one; exactly one of the two keys is given.
        output_key: new column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Null stays. A text shorter than an n-gram, the empty one among them, is a duplicate of equal texts only.

    Differences:
        dolma lets the n-grams of dropped rows count as seen, too; here only what is left counts, so that no chain of
        overlaps removes what no remaining row contains.

    Source:
        The Bloom-filter deduplication of dolma and of DataComp-LM (bff: n-grams of 13 words, 0.8).

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["a b c d e f", "b c d e", "x y z"]})
        >>> kept, drops = NgramOverlapDeduplicateFilter(ngram=3).apply(texts, input_key="text", return_drops=True)
        >>> kept["text"].to_pylist(), drops["value"].to_pylist()
        (['a b c d e f', 'x y z'], [1.0])
    """

    ngram: int = 13
    threshold: float = 0.8
    normalization: Literal["words", "gpt3", "whitespace"] = "words"
    expected_ngrams: int | None = None
    false_positive_rate: float = 1e-5

    def __post_init__(self) -> None:
        """Check the parameters."""
        if not 1 <= self.ngram < LARGEST:
            raise ParameterError(f"{self.name}: ngram={self.ngram} must be at least 1")
        if not 0 < self.threshold <= 1:
            raise ParameterError(f"{self.name}: threshold={self.threshold} must lie above 0, up to 1")
        if not 0 < self.false_positive_rate < 1:
            raise ParameterError(
                f"{self.name}: false_positive_rate={self.false_positive_rate} must lie between 0 and 1"
            )
        if self.expected_ngrams is not None and not 1 <= self.expected_ngrams < LARGEST:
            raise ParameterError(f"{self.name}: expected_ngrams={self.expected_ngrams} must be at least 1")

    def column_mistakes(self, columns: dict[str, pa.DataType | None], keys: dict[str, Any]) -> list[str]:
        """Check that exactly one of the input keys is given and that the label is a new column, besides the columns."""
        mistakes = super().column_mistakes(columns, keys)
        if (keys["input_key"] is None) == (keys["input_keys"] is None):
            mistakes.insert(0, f"{self.name}: give exactly one of input_key and input_keys")
        return mistakes + label_mistakes(self.name, columns, keys)

    def process(
        self,
        dataset: Dataset,
        input_key: Text | None = None,
        input_keys: list[Text] | None = None,
        output_key: Integer | None = None,
    ) -> Verdict:
        """Compare the texts of all rows, in order."""
        seen = _native.SeenNgrams(
            ngram=self.ngram,
            threshold=self.threshold,
            normalization=self.normalization,
            expected=self.expected_ngrams,
            false_positives=self.false_positive_rate,
        )
        shares: list[float] = []
        for batch in dataset.batches():
            shares += pa.record_batch(seen.insert(joined_texts(batch, input_key, input_keys)))["share"].to_pylist()
        keep = [share < self.threshold for share in shares]
        return Verdict(
            keep=keep,
            value=shares,
            threshold=self.threshold,
            detail=[
                None if stays else f"{share:.0%} of its n-grams were seen"
                for stays, share in zip(keep, shares, strict=True)
            ],
            columns={} if output_key is None else {output_key: [int(stays) for stays in keep]},
        )
