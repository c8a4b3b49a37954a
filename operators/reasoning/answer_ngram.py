"""Bounds on how much an answer repeats itself."""

from __future__ import annotations

import json

import pyarrow as pa
from dataflow_rs import _native
from dataflow_rs.core.bases import FilterOperator
from dataflow_rs.core.keys import Number, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Verdict
from dataflow_rs.core.validation import check_range, check_share
from dataflow_rs.exceptions import ParameterError


@operator
class ReasoningAnswerNgramFilter(FilterOperator):
    """Keep the answers with a share of distinct n-grams in a range; a low share means repetition.

    N-grams are of words, in texts with a Chinese character of characters. The score is the answer's own; an answer of
    fewer tokens than one n-gram repeats nothing and has the score 1. An answer without any token is dropped by the rule
    `blank`, null by the rule `null`.

    Args:
        min_score: smallest share that is kept, from 0 to 1.
        max_score: largest share that is kept, from 0 to 1.
        ngrams: tokens of an n-gram, 1 or more.
        include_question: whether the question counts as part of the text, as in the reference.

    Keys:
        input_question_key: the question; it is read only with `include_question`.
        input_answer_key: the answer.
        output_key: receives the score; by default it is not written.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.reasoning import ReasoningAnswerNgramFilter
        >>> table = pa.table({"generated_cot": ["wait, let me think. " * 60, "Two and two are four."]})
        >>> ReasoningAnswerNgramFilter().apply(table, input_question_key=None)["generated_cot"].to_pylist()
        ['Two and two are four.']
    """

    min_score: float = 0.1
    max_score: float = 1.0
    ngrams: int = 5
    include_question: bool = False

    def __post_init__(self) -> None:
        check_share(self.name, min_score=self.min_score, max_score=self.max_score)
        check_range(self.name, min_score=self.min_score, max_score=self.max_score)
        if self.ngrams < 1:
            raise ParameterError(f"{self.name}: ngrams={self.ngrams} must be at least 1")
        bounds = {"min_score": self.min_score, "max_score": self.max_score, "ngrams": self.ngrams}
        self._rule = _native.TextFilter("reasoning_answer_ngram", json.dumps(bounds))

    def process(
        self,
        batch: pa.RecordBatch,
        input_question_key: Text | None = "instruction",
        input_answer_key: Text = "generated_cot",
        output_key: Number | None = None,
    ) -> Verdict:
        """Judge each answer."""
        texts = batch[input_answer_key]
        if self.include_question and input_question_key is not None:
            pairs = zip(batch[input_question_key].to_pylist(), texts.to_pylist(), strict=True)
            joined = [None if answer is None else f"{question or ''} {answer}" for question, answer in pairs]
            texts = pa.array(joined, pa.large_string())
        judged = pa.record_batch(self._rule.judge(texts))
        return Verdict(
            keep=judged["keep"],
            rule=judged["rule"],
            value=judged["value"],
            threshold=judged["threshold"],
            columns={} if output_key is None else {output_key: judged["value"]},
        )
