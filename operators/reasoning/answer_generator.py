"""Solve questions step by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.core.keys import Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Rows
from dataflow_rs.prompts import Prompted, PromptTemplate
from dataflow_rs.prompts.base import check_accepted
from dataflow_rs.prompts.reasoning_answers import (
    DiyAnswerGeneratorPrompt,
    GeneralAnswerGeneratorPrompt,
    MathAnswerGeneratorPrompt,
)


@operator
class ReasoningAnswerGenerator(Prompted, RowOperator):
    """Let a model solve each question step by step; the whole solution is stored.

    A solution that was cut at `max_tokens` has no final answer and is an error of its row. A null or blank question is
    not sent. What an interrupted run has finished is not asked again.

    Args:
        llm_serving: the model that is asked.
        prompt_template: what is asked; by default `MathAnswerGeneratorPrompt`.
        on_error: what happens to a row whose call failed: `keep` it without a solution, `drop` it, or `raise`.

    Keys:
        input_key: the question.
        output_key: receives the solution.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.reasoning import ReasoningAnswerGenerator
        >>> from dataflow_rs.testing import FakeServing
        >>> serving = FakeServing(lambda prompt: "2 + 2 = 4. The answer is 4.")
        >>> table = pa.table({"instruction": ["What is 2 + 2?"]})
        >>> ReasoningAnswerGenerator(serving).apply(table)["generated_cot"].to_pylist()
        ['2 + 2 = 4. The answer is 4.']
    """

    prompts: ClassVar[tuple[type[PromptTemplate], ...]] = (
        MathAnswerGeneratorPrompt,
        GeneralAnswerGeneratorPrompt,
        DiyAnswerGeneratorPrompt,
    )

    prompt_template: PromptTemplate | None = None

    def __post_init__(self) -> None:
        check_accepted(self.name, "prompt_template", self.prompt_template, self.prompts)
        self._prompt: PromptTemplate = self.prompt_template or MathAnswerGeneratorPrompt()

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the template that is rendered."""
        return (self._prompt,)

    def process(
        self, batch: pa.RecordBatch, input_key: Text = "instruction", output_key: Text = "generated_cot"
    ) -> Rows:
        """Solve each question."""
        answers = self.ask(batch, self._prompt, {"input_key": input_key})
        return Rows({output_key: answers.column("answer")}, answers.errors)
