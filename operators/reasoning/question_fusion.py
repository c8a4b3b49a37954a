"""Join two problems to a new one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.core.keys import ColumnType, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import RowError, Rows
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.prompts import Prompted, PromptTemplate, ask_rows
from dataflow_rs.prompts.base import check_accepted
from dataflow_rs.prompts.reasoning_questions import (
    MathQuestionConditionFusionGeneratorPrompt,
    MathQuestionParallelFusionGeneratorPrompt,
    MathQuestionSequentialFusionGeneratorPrompt,
)


@operator
class ReasoningQuestionFusionGenerator(Prompted, RowOperator):
    """Let a model join the two problems of each row to a new one.

    A row with a null or blank problem is not asked. Each round is a sample of its own and has a column of its own,
    `<output_key>_question_1` and so on.

    Args:
        llm_serving: the model that is asked.
        num_prompts: rounds, 1 or more.
        prompt_template: how the problems are joined: parallel, sequential (the default) or by a condition.
        on_error: what happens to a row with a failed call: `keep` it with nulls, `drop` it, or `raise`.

    Keys:
        input_problem_1: the first problem.
        input_problem_2: the second problem.
        output_key: beginning of the names of the columns that receive the new problems.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.reasoning import ReasoningQuestionFusionGenerator
        >>> from dataflow_rs.testing import FakeServing
        >>> serving = FakeServing(lambda prompt: '{"question": "What is 2 + 2, times 3?"}')
        >>> table = pa.table({"a": ["What is 2 + 2?"], "b": ["What is 5 times 3?"]})
        >>> fusion = ReasoningQuestionFusionGenerator(serving)
        >>> fusion.apply(table, input_problem_1="a", input_problem_2="b", output_key="fused").column_names
        ['a', 'b', 'fused_question_1']
    """

    prompts: ClassVar[tuple[type[PromptTemplate], ...]] = (
        MathQuestionParallelFusionGeneratorPrompt,
        MathQuestionSequentialFusionGeneratorPrompt,
        MathQuestionConditionFusionGeneratorPrompt,
    )

    num_prompts: int = 1
    prompt_template: PromptTemplate | None = None

    def __post_init__(self) -> None:
        check_accepted(self.name, "prompt_template", self.prompt_template, self.prompts)
        if self.num_prompts < 1:
            raise ParameterError(f"{self.name}: num_prompts={self.num_prompts} must be at least 1")
        self._prompt: PromptTemplate = self.prompt_template or MathQuestionSequentialFusionGeneratorPrompt()

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the template that is rendered."""
        return (self._prompt,)

    def columns_written(self, keys: dict[str, Any]) -> dict[str, ColumnType]:
        """Return a column per round."""
        return {f"{keys['output_key']}_question_{number + 1}": ColumnType("text") for number in range(self.num_prompts)}

    def process(self, batch: pa.RecordBatch, input_problem_1: Text, input_problem_2: Text, output_key: Text) -> Rows:
        """Join the problems, once per round."""
        keys = {"input_problem_1": input_problem_1, "input_problem_2": input_problem_2, "output_key": output_key}
        rows = self.rows(batch, self._prompt, keys)
        columns: dict[str, Any] = {}
        errors: dict[int, RowError] = {}
        for number, column in enumerate(self.columns_written(keys)):
            answers = ask_rows(self.llm_serving, self._prompt, rows, samples=[number] * len(rows))
            columns[column] = answers.column("question")
            errors = {**answers.errors, **errors}
        return Rows(columns, dict(sorted(errors.items())))
