"""Grade an instruction with its answer on one dimension; the filter is a threshold over the same score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import FilterOperator, RowOperator
from dataflow_rs.core.keys import Number, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Rows, Verdict
from dataflow_rs.core.score_range import score_range
from dataflow_rs.core.validation import check_range
from dataflow_rs.prompts import Prompted, PromptTemplate
from dataflow_rs.prompts.sft import AlpagasusPrompt


class Alpagasus(Prompted):
    """The score that evaluator and filter share.

    Args:
        llm_serving: the model that is asked.
        dimension: what is judged, such as `quality`, `accuracy` or `helpfulness`.
        on_error: what happens to a row whose call failed.
    """

    may_be_blank: ClassVar[frozenset[str]] = frozenset({"input"})

    dimension: str = "quality"

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the template that is rendered."""
        return (AlpagasusPrompt(self.dimension),)


@operator
class AlpagasusSampleEvaluator(Alpagasus, RowOperator):
    """Let a model grade each instruction with its answer on one dimension, from 0 to 5.

    A row whose instruction or answer is null or blank is not sent and has no score; the input may be blank, or have no
    column at all. A reply without a score from 0 to 5 is an error of its row.

    Args:
        llm_serving: the model that is asked.
        dimension: what is judged, such as `quality`, `accuracy` or `helpfulness`.
        on_error: what happens to a row whose call failed: `keep` it without a score, `drop` it, or `raise`.

    Keys:
        input_instruction_key: the instruction.
        input_input_key: further input of the instruction; None: there is none.
        input_output_key: the answer.
        output_key: receives the score.

    Source:
        Chen et al., AlpaGasus: Training A Better Alpaca with Fewer Data, 2023, https://arxiv.org/abs/2307.08701

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.text_sft import AlpagasusSampleEvaluator
        >>> from dataflow_rs.testing import FakeServing
        >>> serving = FakeServing(lambda prompt: '{"reason": "Correct and short.", "score": 4.5}')
        >>> table = pa.table({"instruction": ["Add 1 and 1."], "output": ["2"]})
        >>> AlpagasusSampleEvaluator(serving).apply(table)["AlpagasusScore"].to_pylist()
        [4.5]
    """

    def process(
        self,
        batch: pa.RecordBatch,
        input_instruction_key: Text = "instruction",
        input_input_key: Text | None = None,
        input_output_key: Text = "output",
        output_key: Number = "AlpagasusScore",
    ) -> Rows:
        """Grade each pair."""
        keys = {
            "input_instruction_key": input_instruction_key,
            "input_input_key": input_input_key,
            "input_output_key": input_output_key,
        }
        answers = self.ask(batch, self.templates()[0], keys)
        return Rows({output_key: answers.column("score")}, answers.errors)


@operator
class AlpagasusFilter(Alpagasus, FilterOperator):
    """Keep the rows whose grade, as `AlpagasusSampleEvaluator` gives it, lies in a range.

    A row whose instruction or answer is null or blank is not sent and is dropped by the rule `empty`.

    Args:
        llm_serving: the model that is asked.
        dimension: what is judged, such as `quality`, `accuracy` or `helpfulness`.
        min_score: lowest grade that is kept, 0 to 5.
        max_score: highest grade that is kept, 0 to 5.
        on_error: what happens to a row whose call failed: `keep` it without a score, `drop` it, or `raise`.

    Keys:
        input_instruction_key: the instruction.
        input_input_key: further input of the instruction; None: there is none.
        input_output_key: the answer.
        output_key: receives the score.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.text_sft import AlpagasusFilter
        >>> from dataflow_rs.testing import FakeServing
        >>> serving = FakeServing(['{"reason": "Good.", "score": 4}', '{"reason": "Bad.", "score": 2}'])
        >>> table = pa.table({"instruction": ["Add 1 and 1.", "Add 2 and 2."], "output": ["2", "5"]})
        >>> AlpagasusFilter(serving).apply(table)["output"].to_pylist()
        ['2']
    """

    min_score: float = 3
    max_score: float = 5

    def __post_init__(self) -> None:
        check_range(self.name, min_score=self.min_score, max_score=self.max_score)

    def process(
        self,
        batch: pa.RecordBatch,
        input_instruction_key: Text = "instruction",
        input_input_key: Text | None = None,
        input_output_key: Text = "output",
        output_key: Number = "AlpagasusScore",
    ) -> Verdict:
        """Judge each pair."""
        keys = {
            "input_instruction_key": input_instruction_key,
            "input_input_key": input_input_key,
            "input_output_key": input_output_key,
        }
        answers = self.ask(batch, self.templates()[0], keys)
        scores = answers.column("score")
        return score_range(
            scores,
            min_score=self.min_score,
            max_score=self.max_score,
            columns={output_key: scores},
            errors=answers.errors,
        )
