"""Runs of sentences that occur in several texts, or several times in one."""

from __future__ import annotations

from typing import Any, Literal

import pyarrow as pa
from dataflow_rs import _native
from dataflow_rs.core.bases import Dataset, DatasetOperator
from dataflow_rs.core.deduplication import check_memory, label_mistakes, priorities
from dataflow_rs.core.keys import Integer, Number, RewrittenText
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Verdict
from dataflow_rs.core.span_cutting import Reason, cut_verdict, texts_of
from dataflow_rs.exceptions import ParameterError

LARGEST = 1 << 31


@operator
class SentenceDeduplicateRefiner(DatasetOperator):
    """Cut runs of sentences that repeat another one, and drop texts of which little is left.

    Every run of `n_sentences` sentences is compared; of equal runs the one in the row of highest priority stays, of
    equal priorities the first. A text that was cut goes if fewer than `min_doc_words` words or `min_num_sentences`
    sentences are left; a text that was not cut stays, however short.

    Args:
        n_sentences: sentences in a row that are compared.
        split_sentences: whether texts are cut into sentences; False cuts them into lines.
        normalization: which runs are equal: `exact`, `whitespace`, `lower`, `words` (lower-cased letters and digits
            only) or `ccnet`.
        min_doc_words: smallest number of words (between whitespace) of a text that was cut.
        min_num_sentences: smallest number of sentences of a text that was cut.
        min_words_to_remove_span: neighbouring sentences that would be cut stay if they have fewer words together.
        memory_mb: bound for what is sorted, in MiB; beyond it, sorted parts go to temporary files. None: everything
            in memory, 32 bytes per sentence. The result is the same.

    Keys:
        input_key: column of texts, changed in place.
        input_priority_key: column of numbers, larger is better; null is worst. By default the first run stays.
        output_removed_key: new column for the number of sentences that were cut; by default none is written.

    Missing texts:
        Null, empty and blank texts, and texts of fewer than `n_sentences` sentences, stay.

    Differences:
        From datatrove 0.10.1: a sentence ends with a mark before whitespace or with the line, not by spaCy; keys have
        128 bits instead of 64 and know where a sentence ends (datatrove joins the sentences of a run with a space, so
        that other cuts of the same words are equal); blank lines do not count; texts of more than 65535 sentences are
        cut, too; a run of which only a part would be cut with `min_words_to_remove_span` stays as a whole.

    Source:
        C. Raffel et al., "Exploring the limits of transfer learning" (2020): all but one of any three-sentence span.
        Parameters and defaults are those of datatrove's `SentDedupConfig`.

    Examples:
        >>> import pyarrow as pa
        >>> note = "We use cookies. You may refuse. Click here."
        >>> texts = pa.table({"text": [f"{note} First story.", f"Second story. {note} It goes on."]})
        >>> refiner = SentenceDeduplicateRefiner(min_doc_words=3, min_num_sentences=1)
        >>> refiner.apply(texts, input_key="text")["text"].to_pylist()
        ['We use cookies. You may refuse. Click here. First story.', 'Second story. It goes on.']
    """

    n_sentences: int = 3
    split_sentences: bool = True
    normalization: Literal["exact", "whitespace", "lower", "words", "ccnet"] = "words"
    min_doc_words: int = 50
    min_num_sentences: int = 3
    min_words_to_remove_span: int = 0
    memory_mb: int | None = None

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_memory(self.name, self.memory_mb)
        if not 1 <= self.n_sentences < LARGEST:
            raise ParameterError(f"{self.name}: n_sentences={self.n_sentences} must be at least 1")
        for name in ("min_doc_words", "min_num_sentences", "min_words_to_remove_span"):
            if not 0 <= getattr(self, name) < LARGEST:
                raise ParameterError(f"{self.name}: {name}={getattr(self, name)} must not be negative")

    def column_mistakes(self, columns: dict[str, pa.DataType | None], keys: dict[str, Any]) -> list[str]:
        """Check that the output column is new, besides the columns."""
        return super().column_mistakes(columns, keys) + label_mistakes(self.name, columns, keys)

    def process(
        self,
        dataset: Dataset,
        input_key: RewrittenText,
        input_priority_key: Number | None = None,
        output_removed_key: Integer | None = None,
    ) -> Verdict:
        """Compare all runs of sentences, then cut."""
        spans = _native.RepeatedSpans(
            unit="sentence" if self.split_sentences else "line",
            normalization=self.normalization,
            run=self.n_sentences,
            min_words=self.min_words_to_remove_span,
            memory=check_memory(self.name, self.memory_mb),
        )
        for batch in dataset.batches():
            spans.add(batch[input_key], priorities(batch, input_priority_key))
        spans.finish()
        cut = [pa.record_batch(spans.cut(batch[input_key])) for batch in dataset.batches()]
        texts = texts_of(cut, "text", dataset.schema.field(input_key).type)
        removed, left = ([n for batch in cut for n in batch[name].to_pylist()] for name in ("removed", "left"))
        reasons = [
            self._reason(text.as_py(), rest) if gone else None
            for text, gone, rest in zip(texts, removed, left, strict=True)
        ]
        details = [
            None if reason is None else f"{gone} of {gone + rest} sentences repeat others"
            for reason, gone, rest in zip(reasons, removed, left, strict=True)
        ]
        extra = {} if output_removed_key is None else {output_removed_key: removed}
        return cut_verdict(input_key, texts, reasons, details, extra)

    def _reason(self, text: str, sentences: int) -> Reason | None:
        """Return why a text that was cut goes: rule, value and bound; None if it stays."""
        if sentences < self.min_num_sentences:
            return "min_num_sentences", sentences, self.min_num_sentences
        words = len(text.split())
        return ("min_doc_words", words, self.min_doc_words) if words < self.min_doc_words else None
