"""Answer the questions of a benchmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.core.keys import Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Rows
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.operators.core_text.bench_rows import as_list
from dataflow_rs.prompts import Prompted, PromptTemplate, UserPrompt, ask_rows
from dataflow_rs.prompts.bench import BenchAnswerPrompt, EvalType
from dataflow_rs.prompts.format_str import FormatStrPrompt

_GENERATED = ("key2_qa", "key2_q_ma", "key3_q_choices_as")


@operator
class BenchAnswerGenerator(Prompted, RowOperator):
    """Let a model answer the questions of a benchmark, for `UnifiedBenchDatasetEvaluator`.

    Options are lettered from A; where several may be right, the answer is a JSON list of letters. A row whose question
    or options are null or blank is not asked and has a null answer. A missing column is found before anything is asked,
    and so is an answer column that is there already, unless `allow_overwrite`.

    Args:
        llm_serving: the model that is asked.
        eval_type: `key2_qa` (question, one answer), `key2_q_ma` (several right answers), `key3_q_choices_as` (several
            options are right); with `force_generate` also `key1_text_score`, `key3_q_choices_a` (one option is right)
            and `key3_q_a_rejected`, which are usually scored by likelihood.
        prompt_template: a `FormatStrPrompt` or `UserPrompt` with the placeholders `text`, `question`, `choices` and
            `context` (those it needs), in place of the prompt of the kind.
        system_prompt: the system message.
        allow_overwrite: whether an answer column that is there already is written anew.
        force_generate: whether kinds that are usually scored by likelihood are answered.
        on_error: what happens to a row whose call failed: `keep` it with a null answer, `drop` it, or `raise`.

    Keys:
        input_text_key: the text, for `key1_text_score`.
        input_question_key: the question.
        input_target_key: the right answer; not shown to the model.
        input_targets_key: the right answers; not shown to the model.
        input_choices_key: the options, a list or JSON text of one.
        input_label_key: the right option; not shown to the model.
        input_labels_key: the right options; not shown to the model.
        input_better_key: the better answer; not shown to the model.
        input_rejected_key: the rejected answer; not shown to the model.
        input_context_key: what the question is about; may be blank.
        output_key: receives the answer.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.core_text import BenchAnswerGenerator
        >>> from dataflow_rs.testing import FakeServing
        >>> serving = FakeServing(lambda prompt: '{"answer": ["A"]}')
        >>> table = pa.table({"question": ["Which are even?"], "choices": [["2", "3"]]})
        >>> generator = BenchAnswerGenerator(serving, "key3_q_choices_as")
        >>> keys = {"input_question_key": "question", "input_choices_key": "choices"}
        >>> generator.apply(table, **keys)["generated_ans"].to_pylist()
        ['{"answer": ["A"]}']
    """

    prompts: ClassVar[tuple[type[PromptTemplate], ...]] = (FormatStrPrompt, UserPrompt)
    may_be_blank: ClassVar[frozenset[str]] = frozenset({"context"})

    eval_type: EvalType = "key2_qa"
    prompt_template: PromptTemplate | None = None
    system_prompt: str = "You answer the questions of an examination."
    allow_overwrite: bool = False
    force_generate: bool = False

    def __post_init__(self) -> None:
        if self.eval_type not in _GENERATED and not self.force_generate:
            raise ParameterError(
                f"{self.name}: eval_type={self.eval_type!r} is usually scored by likelihood, without an answer; "
                f"force_generate=True answers it. Answered by default are: {', '.join(_GENERATED)}"
            )
        template = self.prompt_template or BenchAnswerPrompt(self.eval_type, self.system_prompt)
        if not isinstance(template, (BenchAnswerPrompt, *self.prompts)):
            names = ", ".join(cls.__name__ for cls in self.prompts)
            raise ParameterError(
                f"{self.name}(prompt_template=): {template.name} is not accepted; accepted are {names} and subclasses"
            )
        if isinstance(template, FormatStrPrompt):
            system = template.system_prompt or self.system_prompt
            template = FormatStrPrompt(template.f_str_template, system, template.schema)
        self._prompt: PromptTemplate = template

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the template that is rendered."""
        return (self._prompt,)

    def unset(self, keys: Mapping[str, Any]) -> set[str]:
        """Return the inputs that are left open and may be: the context."""
        return super().unset(keys) & self.may_be_blank

    def column_mistakes(self, columns: dict[str, pa.DataType | None], keys: dict[str, Any]) -> list[str]:
        """Return what is wrong with the columns; an answer column that is there already is a mistake, too."""
        mistakes = super().column_mistakes(columns, keys)
        output = keys["output_key"]
        if output in columns and not self.allow_overwrite:
            mistakes.append(
                f"{self.name}(output_key={output!r}): the column is there already; allow_overwrite=True writes it anew"
            )
        return mistakes

    def process(
        self,
        batch: pa.RecordBatch,
        input_text_key: str | None = None,
        input_question_key: str | None = None,
        input_target_key: str | None = None,  # noqa: ARG002 - named for the evaluator; never shown to the model
        input_targets_key: str | None = None,  # noqa: ARG002
        input_choices_key: str | None = None,
        input_label_key: str | None = None,  # noqa: ARG002
        input_labels_key: str | None = None,  # noqa: ARG002
        input_better_key: str | None = None,  # noqa: ARG002
        input_rejected_key: str | None = None,  # noqa: ARG002
        input_context_key: str | None = None,
        output_key: Text = "generated_ans",
    ) -> Rows:
        """Ask about each question."""
        keys = {
            "input_text_key": input_text_key,
            "input_question_key": input_question_key,
            "input_choices_key": input_choices_key,
            "input_context_key": input_context_key,
        }
        rows = self.rows(batch, self._prompt, keys)
        for row in rows:
            if row is not None and "choices" in row:
                row["choices"] = as_list(row["choices"])
        answers = ask_rows(self.llm_serving, self._prompt, rows)
        return Rows({output_key: answers.column(next(iter(self._prompt.fields)))}, answers.errors)
