"""Rate how difficult questions are."""

from __future__ import annotations

from typing import ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.core.keys import Number, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Rows
from dataflow_rs.prompts import Prompted, PromptTemplate
from dataflow_rs.prompts.reasoning_questions import MathQuestionDifficultyPrompt


@operator
class ReasoningQuestionDifficultySampleEvaluator(Prompted, RowOperator):
    """Let a model rate how difficult each question is, from 1 to 10.

    The levels are those of `prompts/math_difficulty.tsv`. A reply without a clear rating is an error of its row, not a
    rating of -1. A null or blank question is not sent.

    Args:
        llm_serving: the model that is asked.
        on_error: what happens to a row whose call failed: `keep` it without a rating, `drop` it, or `raise`.

    Keys:
        input_key: the question.
        output_key: receives the rating, 1 to 10, or null.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.reasoning import ReasoningQuestionDifficultySampleEvaluator
        >>> from dataflow_rs.testing import FakeServing
        >>> rate = ReasoningQuestionDifficultySampleEvaluator(FakeServing({"*": '{"reason": "One sum.", "rating": 1}'}))
        >>> table = pa.table({"question": ["What is 2 + 2?", None]})
        >>> rate.apply(table, input_key="question")["difficulty_score"].to_pylist()
        [1.0, None]
    """

    prompts: ClassVar[tuple[type[PromptTemplate], ...]] = (MathQuestionDifficultyPrompt,)
    prompt: ClassVar[PromptTemplate | None] = MathQuestionDifficultyPrompt()

    def process(self, batch: pa.RecordBatch, input_key: Text, output_key: Number = "difficulty_score") -> Rows:
        """Rate each question."""
        answers = self.ask(batch, self.templates()[0], {"input_key": input_key})
        return Rows({output_key: answers.column("rating")}, answers.errors)
