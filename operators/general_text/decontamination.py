"""Texts that contain items of evaluation sets, found by runs of words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import pyarrow as pa
from dataflow_rs import _native
from dataflow_rs.core.bases import FilterOperator
from dataflow_rs.core.evaluation_sets import EvaluationSet, EvaluationSets
from dataflow_rs.core.keys import Integer, ListColumn, Number, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Verdict, as_array
from dataflow_rs.core.validation import check_share
from dataflow_rs.exceptions import ParameterError

LARGEST = 1 << 32
"""Integer parameters lie below it."""


@dataclass(frozen=True)
class _Items:
    """The index over all items and what each of them is called."""

    index: _native.DecontaminationIndex
    names: list[str]


@operator
class DecontaminationFilter(FilterOperator):
    """Drop texts that contain items of evaluation sets.

    Every run of `ngram` words of every item is looked for; what is found is compared word by word. An item of
    fewer words, but at least `min_words`, counts where it occurs as a whole; a still shorter one, or one without
    words, only where it is the whole text. The judged value is the `measure`; the detail names the benchmark, the
    row and the column of the item that was found most, and quotes the longest span with its place in the text, in
    characters. Each text of each column is an item: no run crosses from a question into its answer.

    Args:
        benchmarks: name -> evaluation set: a path, glob or list of these, a table, an Arrow array of texts, or a
            mapping with `source` (one of these), `columns` (of texts; all by default) and `id` (the column that
            names a row in the detail; its number from 0 by default).
        ngram: words in a row that count, from 1 to 1000.
        min_words: shortest item that counts inside a text, in words, from 1 to `ngram`.
        normalization: what a word is: `words` (lower-cased runs of letters and digits, in NFC; each Chinese
            character and kana is one), `gpt3` (between whitespace, lower-cased, without ASCII punctuation) or
            `whitespace` (between whitespace, as it is).
        measure: what is judged: `ngrams` (number of places where a run begins), `text` (share of the text's words
            in such runs) or `item` (share of the item's words).
        threshold: smallest measure that is dropped: a count for `ngrams`, else a share above 0, up to 1.
        max_items: runs that more items than this share are no evidence, such as a benchmark's instructions; None
            is off.

    Keys:
        input_key: column of texts to judge.
        output_key: column for the label, 1 for rows that stay; by default none is written.
        output_score_key: column for the measure; by default none is written.
        output_span_key: column for the longest span, a list of its start and end in characters, null where nothing
            is found; by default none is written.

    Missing texts:
        Null, empty and blank texts stay. Null and blank items are found nowhere.

    Source:
        T. Brown et al., "Language models are few-shot learners" (2020), appendix C: runs of 13 words, of short items
        fewer but at least 8, frequent ones ignored. The normalisation `gpt3` is that of lm-evaluation-harness and
        NeMo Curator.

    Examples:
        >>> import pyarrow as pa
        >>> quiz = pa.array(["A train leaves at nine and goes sixty miles in one hour; how far is it by noon?"])
        >>> texts = pa.table({"text": ["Solved: a train leaves at nine and goes sixty miles in one hour, how far?",
        ...                            "A train leaves at nine."]})
        >>> kept, drops = DecontaminationFilter(benchmarks={"quiz": quiz}).apply(
        ...     texts, input_key="text", return_drops=True)
        >>> kept.num_rows, drops["value"].to_pylist()
        (1, [2.0])
        >>> print(drops["detail"][0])  # doctest: +NORMALIZE_WHITESPACE
        quiz row 0 (text), 78% of it:
        characters 8-72 "a train leaves at nine and goes sixty miles in one hour, how far"
    """

    benchmarks: dict[str, Any]
    ngram: int = 13
    min_words: int = 8
    normalization: Literal["words", "gpt3", "whitespace"] = "words"
    measure: Literal["ngrams", "text", "item"] = "ngrams"
    threshold: float = 1
    max_items: int | None = None

    def __post_init__(self) -> None:
        """Check the parameters; no benchmark is read."""
        if not self.benchmarks:
            raise ParameterError(f"{self.name}: benchmarks is empty; give at least one evaluation set")
        for name, value in (("ngram", self.ngram), ("min_words", self.min_words), ("max_items", self.max_items)):
            if value is not None and not 1 <= value < LARGEST:
                raise ParameterError(f"{self.name}: {name}={value} must be at least 1")
        if self.min_words > self.ngram:
            raise ParameterError(f"{self.name}: min_words={self.min_words} is above ngram={self.ngram}")
        if self.measure != "ngrams":
            check_share(self.name, threshold=self.threshold)
        if self.threshold <= 0:
            raise ParameterError(f"{self.name}: threshold={self.threshold} would drop every text; it is above 0")
        _ = self._sets  # raises if a benchmark cannot be understood

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments, with benchmarks that describe themselves."""
        return {**super().parameters, "benchmarks": self._sets}

    @cached_property
    def _sets(self) -> EvaluationSets:
        return EvaluationSets(
            tuple(EvaluationSet.read(self.name, name, given) for name, given in self.benchmarks.items())
        )

    @cached_property
    def _items(self) -> _Items:
        """Read the benchmarks, once."""
        names: list[str] = []
        texts: list[pa.Array] = []
        for one in self._sets.sets:
            for column, ids, values in one.items():
                names += [f"{one.name} row {row} ({column})" for row in ids]
                texts.append(as_array(values, pa.large_string()))
        index = _native.DecontaminationIndex(
            pa.chunked_array(texts, pa.large_string()),
            ngram=self.ngram,
            min_words=self.min_words,
            normalization=self.normalization,
            max_items=self.max_items,
        )
        return _Items(index, names)

    def process(
        self,
        batch: pa.RecordBatch,
        input_key: Text,
        output_key: Integer | None = None,
        output_score_key: Number | None = None,
        output_span_key: ListColumn | None = None,
    ) -> Verdict:
        """Judge the texts of a column."""
        found = pa.record_batch(self._items.index.check(batch[input_key]))
        values = found[self.measure].to_pylist()
        keep = [value < self.threshold for value in values]
        columns: dict[str, Any] = {}
        if output_key is not None:
            columns[output_key] = [int(stays) for stays in keep]
        if output_score_key is not None:
            columns[output_score_key] = values
        if output_span_key is not None:
            columns[output_span_key] = pa.array(
                [
                    None if start is None else [start, end]
                    for start, end in zip(found["start"].to_pylist(), found["end"].to_pylist(), strict=True)
                ],
                pa.list_(pa.int64()),
            )
        return Verdict(
            keep=keep, value=values, threshold=self.threshold, detail=self._detail(found, keep), columns=columns
        )

    def _detail(self, found: pa.RecordBatch, keep: list[bool]) -> list[str | None]:
        """Say of the rows that go which item was found where."""
        details: list[str | None] = [None] * len(keep)
        for row, stays in enumerate(keep):
            if not stays:
                number, start, end, quote, share = (
                    found[name][row].as_py() for name in ("number", "start", "end", "quote", "item")
                )
                details[row] = f'{self._items.names[number]}, {share:.0%} of it: characters {start}-{end} "{quote}"'
        return details
