"""Write new questions from old ones, beside them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import ExpandOperator
from dataflow_rs.core.keys import RewrittenText, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Expansion
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.prompts import Prompted, PromptTemplate, ask_rows
from dataflow_rs.prompts.base import check_accepted
from dataflow_rs.prompts.reasoning import table
from dataflow_rs.prompts.reasoning_questions import (
    DiyQuestionSynthesisPrompt,
    GeneralQuestionSynthesisPrompt,
    MathQuestionSynthesisPrompt,
)

VARIATIONS = table("question_variations.tsv")


@operator
class ReasoningQuestionGenerator(Prompted, ExpandOperator):
    """Let a model write new questions from each question; old and new ones are rows, old ones first.

    Each new question follows another way of varying the old one (another story, other numbers, backwards, a further
    condition, more general), drawn with `seed`. New rows carry the other columns of their parent, except the answer,
    which is not theirs. Where a call fails, that question is missing and the run's errors say why.

    Args:
        llm_serving: the model that is asked.
        num_prompts: new questions per question, from 1 to 5.
        prompt_template: what is asked, with the inputs `text` and `variation`; by default
            `MathQuestionSynthesisPrompt`.
        seed: of the choice of variations; the same question and seed give the same ones.
        on_error: what happens when a call failed: `keep` and `drop` go on with the other questions, `raise` stops.

    Keys:
        input_key: the question; new rows hold the new one.
        input_answer_key: the answer to the old question, null in new rows; None: there is no such column.
        output_synth_or_input_flag: receives `input` or `synth`.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.reasoning import ReasoningQuestionGenerator
        >>> from dataflow_rs.testing import FakeServing
        >>> serving = FakeServing(lambda prompt: '{"question": "What is 3 + 3?"}')
        >>> table = pa.table({"question": ["What is 2 + 2?"], "golden_answer": ["4"]})
        >>> generator = ReasoningQuestionGenerator(serving)
        >>> made = generator.apply(table, input_key="question", input_answer_key="golden_answer")
        >>> [tuple(row.values()) for row in made.to_pylist()]
        [('What is 2 + 2?', '4', 'input'), ('What is 3 + 3?', None, 'synth')]
    """

    prompts: ClassVar[tuple[type[PromptTemplate], ...]] = (
        MathQuestionSynthesisPrompt,
        GeneralQuestionSynthesisPrompt,
        DiyQuestionSynthesisPrompt,
    )

    num_prompts: int = 1
    prompt_template: PromptTemplate | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        check_accepted(self.name, "prompt_template", self.prompt_template, self.prompts)
        if not 1 <= self.num_prompts <= len(VARIATIONS):
            raise ParameterError(
                f"{self.name}: num_prompts={self.num_prompts} must lie between 1 and {len(VARIATIONS)}"
            )
        self._prompt: PromptTemplate = self.prompt_template or MathQuestionSynthesisPrompt()

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the template that is rendered."""
        return (self._prompt,)

    def roles(self, keys: Any) -> dict[str, Any]:
        """Return the inputs that are no columns of their own: the question, and the way to vary it."""
        bound = super().roles(keys)
        return {**bound, "variation": bound["text"]}

    def process(
        self,
        batch: pa.RecordBatch,
        input_key: RewrittenText,
        input_answer_key: RewrittenText | None = None,
        output_synth_or_input_flag: Text = "Synth_or_Input",
    ) -> Expansion:
        """Write new questions, and put them behind the old ones."""
        given = self.rows(batch, self._prompt, {"input_key": input_key})
        asked = [
            (row, {**values, "variation": way})
            for row, values in enumerate(given)
            if values
            for way in self._ways(values)
        ]
        answers = ask_rows(self.llm_serving, self._prompt, [values for _, values in asked])
        made: dict[int, list[str]] = {}
        for (row, _), question in zip(asked, answers.column("question"), strict=True):
            if question is not None:
                made.setdefault(row, []).append(question)
        parents = [row for row in range(batch.num_rows) for _ in range(1 + len(made.get(row, [])))]
        olds = batch[input_key].to_pylist()
        flags = [flag for row in range(batch.num_rows) for flag in ["input"] + ["synth"] * len(made.get(row, []))]
        columns: dict[str, Any] = {
            input_key: [question for row, old in enumerate(olds) for question in [old, *made.get(row, [])]],
            output_synth_or_input_flag: flags,
        }
        if input_answer_key is not None:
            old_answers = batch[input_answer_key].to_pylist()
            pairs = zip(parents, flags, strict=True)
            columns[input_answer_key] = [old_answers[row] if flag == "input" else None for row, flag in pairs]
        errors = {asked[position][0]: error for position, error in reversed(answers.errors.items())}
        return Expansion(parents, columns, dict(sorted(errors.items())))

    def _ways(self, values: dict[str, Any]) -> list[str]:
        """Return the ways to vary a question, the same ones wherever it stands in the table."""
        drawn = random.Random(f"{self.seed} {values.get('text')}").sample(VARIATIONS, self.num_prompts)  # noqa: S311
        return [words for _, words in drawn]
