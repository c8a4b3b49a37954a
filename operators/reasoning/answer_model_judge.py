"""Let a model compare answers with reference answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import FilterOperator
from dataflow_rs.core.keys import Boolean, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Verdict
from dataflow_rs.prompts import Prompted, PromptTemplate
from dataflow_rs.prompts.base import WithSystem, check_accepted
from dataflow_rs.prompts.bench import AnswerJudgePrompt, AnswerJudgePromptQuestion


@operator
class ReasoningAnswerModelJudgeFilter(Prompted, FilterOperator):
    """Keep the answers that a model finds right, going by a reference answer.

    The verdict is a JSON truth value; "It is not true that ..." is no verdict but an error of its row. A row with a
    blank question, answer or reference is not sent: it is dropped by the rule `empty`.

    Args:
        llm_serving: the model that is asked.
        system_prompt: takes the place of the template's system message; empty: its own.
        prompt_template: what is asked; by default `AnswerJudgePromptQuestion`.
        keep_all_samples: whether all rows stay, and only the verdict is written.
        on_error: what happens to a row whose call failed: `keep` it without a verdict, `drop` it, or `raise`.

    Keys:
        input_question_key: the question.
        input_answer_key: the answer.
        input_reference_key: the reference answer.
        output_key: receives the verdict.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.reasoning import ReasoningAnswerModelJudgeFilter
        >>> from dataflow_rs.testing import FakeServing
        >>> serving = FakeServing({"*": '{"reason": "Same city.", "judgement_result": true}'})
        >>> table = pa.table({"question": ["Capital?"], "answer": ["It is Rome."], "reference_answer": ["Rome"]})
        >>> ReasoningAnswerModelJudgeFilter(serving).apply(table)["answer_match_result"].to_pylist()
        [True]
    """

    prompts: ClassVar[tuple[type[PromptTemplate], ...]] = (AnswerJudgePromptQuestion, AnswerJudgePrompt)

    system_prompt: str = ""
    prompt_template: PromptTemplate | None = None
    keep_all_samples: bool = False

    def __post_init__(self) -> None:
        check_accepted(self.name, "prompt_template", self.prompt_template, self.prompts)
        prompt = self.prompt_template or AnswerJudgePromptQuestion()
        self._prompt: PromptTemplate = WithSystem(prompt, self.system_prompt) if self.system_prompt else prompt

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the template that is rendered."""
        return (self._prompt,)

    def process(
        self,
        batch: pa.RecordBatch,
        input_question_key: Text = "question",
        input_answer_key: Text = "answer",
        input_reference_key: Text = "reference_answer",
        output_key: Boolean = "answer_match_result",
    ) -> Verdict:
        """Judge each answer."""
        keys = {
            "input_question_key": input_question_key,
            "input_answer_key": input_answer_key,
            "input_reference_key": input_reference_key,
        }
        answers = self.ask(batch, self._prompt, keys)
        verdicts = answers.column("judgement_result")
        return Verdict(
            keep=[self.keep_all_samples or verdict is True for verdict in verdicts],
            rule=["empty" if verdict is None else "wrong" for verdict in verdicts],
            columns={output_key: verdicts},
            errors=answers.errors,
        )
