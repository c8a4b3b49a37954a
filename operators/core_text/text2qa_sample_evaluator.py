"""Grade question-answer pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.core.keys import Integer, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import RowError, Rows
from dataflow_rs.prompts import (
    Prompted,
    PromptTemplate,
    Text2QAAnswerAlignmentPrompt,
    Text2QAAnswerVerifiabilityPrompt,
    Text2QADownstreamValuePrompt,
    Text2QAQuestionQualityPrompt,
)


@operator
class Text2QASampleEvaluator(Prompted, RowOperator):
    """Let a model grade each question-answer pair by four criteria, from 1 to 5, each with a reason.

    Four calls per row. A row with a null or blank question or answer is not sent and has null grades. Where one of the
    calls fails, its grade and reason are null, the others are there, and the run's errors say why.

    Args:
        llm_serving: the model that is asked.
        on_error: what happens to a row with a failed call: `keep` it, `drop` it, or `raise`.

    Keys:
        input_question_key: the question.
        input_answer_key: the answer.
        output_question_quality_key: receives the grade of the question by itself.
        output_question_quality_feedback_key: receives the reason for it.
        output_answer_alignment_key: receives the grade of how the answer fits the question.
        output_answer_alignment_feedback_key: receives the reason for it.
        output_answer_verifiability_key: receives the grade of whether the answer can be checked.
        output_answer_verifiability_feedback_key: receives the reason for it.
        output_downstream_value_key: receives the grade of what a model could learn from the pair.
        output_downstream_value_feedback_key: receives the reason for it.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.core_text import Text2QASampleEvaluator
        >>> from dataflow_rs.testing import FakeServing
        >>> serving = FakeServing(lambda prompt: '{"feedback": "Clear.", "grade": 4}')
        >>> table = pa.table({"generated_question": ["Why is it blue?"], "generated_answer": ["It scatters light."]})
        >>> row = Text2QASampleEvaluator(serving).apply(table).to_pylist()[0]
        >>> row["question_quality_grades"], row["question_quality_feedbacks"], row["downstream_value_grades"]
        (4, 'Clear.', 4)
    """

    prompts: ClassVar[tuple[type[PromptTemplate], ...]] = (
        Text2QAQuestionQualityPrompt,
        Text2QAAnswerAlignmentPrompt,
        Text2QAAnswerVerifiabilityPrompt,
        Text2QADownstreamValuePrompt,
    )

    def __post_init__(self) -> None:
        self._prompts: tuple[PromptTemplate, ...] = tuple(prompt() for prompt in self.prompts)

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the four templates."""
        return self._prompts

    def process(
        self,
        batch: pa.RecordBatch,
        input_question_key: Text = "generated_question",
        input_answer_key: Text = "generated_answer",
        output_question_quality_key: Integer = "question_quality_grades",
        output_question_quality_feedback_key: Text = "question_quality_feedbacks",
        output_answer_alignment_key: Integer = "answer_alignment_grades",
        output_answer_alignment_feedback_key: Text = "answer_alignment_feedbacks",
        output_answer_verifiability_key: Integer = "answer_verifiability_grades",
        output_answer_verifiability_feedback_key: Text = "answer_verifiability_feedbacks",
        output_downstream_value_key: Integer = "downstream_value_grades",
        output_downstream_value_feedback_key: Text = "downstream_value_feedbacks",
    ) -> Rows:
        """Grade each pair by each criterion."""
        keys = {"input_question_key": input_question_key, "input_answer_key": input_answer_key}
        outputs = (
            (output_question_quality_key, output_question_quality_feedback_key),
            (output_answer_alignment_key, output_answer_alignment_feedback_key),
            (output_answer_verifiability_key, output_answer_verifiability_feedback_key),
            (output_downstream_value_key, output_downstream_value_feedback_key),
        )
        columns: dict[str, list[Any]] = {}
        errors: dict[int, RowError] = {}
        for prompt, (grade_key, feedback_key) in zip(self._prompts, outputs, strict=True):
            answers = self.ask(batch, prompt, keys)
            columns[grade_key], columns[feedback_key] = answers.column("grade"), answers.column("feedback")
            errors = {**answers.errors, **errors}
        return Rows(columns, errors)
