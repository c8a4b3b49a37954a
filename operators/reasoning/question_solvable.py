"""Judge whether questions can be solved as they are stated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.core.keys import Boolean, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Rows
from dataflow_rs.prompts import Prompted, PromptTemplate
from dataflow_rs.prompts.base import check_accepted
from dataflow_rs.prompts.reasoning import MathQuestionEvaluatorPrompt


@operator
class ReasoningQuestionSolvableSampleEvaluator(Prompted, RowOperator):
    """Let a model judge whether each question can be solved as it is stated.

    The verdict is a truth value, not the raw reply; a reply without one is an error of its row. A null or blank
    question is not sent.

    Args:
        llm_serving: the model that is asked.
        prompt_template: what is asked; by default `MathQuestionEvaluatorPrompt`.
        on_error: what happens to a row whose call failed: `keep` it without a verdict, `drop` it, or `raise`.

    Keys:
        input_key: the question.
        output_key: receives the verdict.
        output_reason_key: receives the reason; by default none is written.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.reasoning import ReasoningQuestionSolvableSampleEvaluator
        >>> from dataflow_rs.testing import FakeServing
        >>> serving = FakeServing({"*": '{"reason": "Add them.", "judgement_test": true}'})
        >>> judge = ReasoningQuestionSolvableSampleEvaluator(serving)
        >>> table = pa.table({"question": ["What is 2 + 2?"]})
        >>> judge.apply(table, input_key="question", output_key="ok")["ok"].to_pylist()
        [True]
    """

    prompts: ClassVar[tuple[type[PromptTemplate], ...]] = (MathQuestionEvaluatorPrompt,)

    prompt_template: PromptTemplate | None = None

    def __post_init__(self) -> None:
        check_accepted(self.name, "prompt_template", self.prompt_template, self.prompts)
        self._prompt: PromptTemplate = self.prompt_template or MathQuestionEvaluatorPrompt()

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the template that is rendered."""
        return (self._prompt,)

    def process(
        self, batch: pa.RecordBatch, input_key: Text, output_key: Boolean, output_reason_key: Text | None = None
    ) -> Rows:
        """Judge each question."""
        answers = self.ask(batch, self._prompt, {"input_key": input_key})
        columns: dict[str, list[Any]] = {output_key: answers.column("judgement_test")}
        if output_reason_key is not None:
            columns[output_reason_key] = answers.column("reason")
        return Rows(columns, answers.errors)
