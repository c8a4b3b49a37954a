"""Keep the questions that a model finds complete, consistent and solvable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import FilterOperator
from dataflow_rs.core.keys import Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Verdict
from dataflow_rs.prompts import Prompted, PromptTemplate
from dataflow_rs.prompts.base import check_accepted
from dataflow_rs.prompts.reasoning import (
    DiyQuestionFilterPrompt,
    GeneralQuestionFilterPrompt,
    MathQuestionFilterPrompt,
)


@operator
class ReasoningQuestionFilter(Prompted, FilterOperator):
    """Keep the questions that a model finds complete, consistent and solvable.

    The verdict is a JSON truth value with a reason, which is in the drop log; prose such as "that is not true" is no
    verdict but an error of its row. A null or blank question is not sent and is dropped by the rule `empty`.

    Args:
        llm_serving: the model that is asked.
        system_prompt: takes the place of the default template's system message; empty: its own.
        prompt_template: what is asked; by default `MathQuestionFilterPrompt`.
        on_error: what happens to a row whose call failed: `keep` it, `drop` it, or `raise`.

    Keys:
        input_key: the question.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.reasoning import ReasoningQuestionFilter
        >>> from dataflow_rs.testing import FakeServing
        >>> verdict = '{"reason": "Of what?", "judgement_test": %s}'
        >>> serving = FakeServing(lambda prompt: verdict % str("2 + 2" in prompt).lower())
        >>> table = pa.table({"math_problem": ["What is 2 + 2?", "How many apples?", None]})
        >>> kept, drops = ReasoningQuestionFilter(serving).apply(table, return_drops=True)
        >>> kept["math_problem"].to_pylist(), drops["rule"].to_pylist()
        (['What is 2 + 2?'], ['not_solvable', 'empty'])
    """

    prompts: ClassVar[tuple[type[PromptTemplate], ...]] = (
        MathQuestionFilterPrompt,
        GeneralQuestionFilterPrompt,
        DiyQuestionFilterPrompt,
    )

    system_prompt: str = ""
    prompt_template: PromptTemplate | None = None

    def __post_init__(self) -> None:
        check_accepted(self.name, "prompt_template", self.prompt_template, self.prompts)
        self._prompt: PromptTemplate = self.prompt_template or MathQuestionFilterPrompt(self.system_prompt)

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the template that is rendered."""
        return (self._prompt,)

    def process(self, batch: pa.RecordBatch, input_key: Text = "math_problem") -> Verdict:
        """Judge each question."""
        answers = self.ask(batch, self._prompt, {"input_key": input_key})
        verdicts = answers.column("judgement_test")
        return Verdict(
            keep=[verdict is True for verdict in verdicts],
            rule=["empty" if verdict is None else "not_solvable" for verdict in verdicts],
            detail=[None if value is None else value.get("reason") for value in answers.values],
            errors=answers.errors,
        )
