"""Make instruction data from nothing but a list of subjects."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import Dataset
from dataflow_rs.core.keys import Text
from dataflow_rs.core.registry import operator
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.prompts import FromScratch, PromptTemplate, UserPrompt, ask_rows
from dataflow_rs.prompts.base import check_accepted
from dataflow_rs.prompts.sft import CondorAnswerPrompt, CondorQuestionPrompt
from dataflow_rs.prompts.topics import topics

LEVELS = ("easy", "medium", "hard")


@operator
class CondorGenerator(FromScratch):
    """Make a new table of questions and answers: three questions per subject, each of another difficulty.

    The input is not looked at; the output takes its place and has exactly `num_samples` rows. Subjects (topic, domain
    and theme) are drawn from a table of the library by `seed`, all of them before any comes again; where one comes
    again, the model gives another sample. A row that could not be made has nulls and the reason in `error`.

    Args:
        llm_serving: the model that is asked: once per three questions, and once per answer.
        num_samples: rows to make, 1 or more.
        use_task_diversity: whether a kind of task is drawn for each subject as well.
        prompt_template: writes the three questions; its inputs are `topic`, `domain`, `theme` and `task_type`, its
            fields `easy`, `medium` and `hard`.
        seed: of the drawing.
        on_error: what becomes of rows that could not be made: `keep` them with their error, `drop` them, or `raise`.

    Keys:
        output_instruction_key: receives the question.
        output_output_key: receives the answer.
        output_difficulty_key: receives `easy`, `medium` or `hard`.
        output_error_key: receives why a row could not be made; null where it could.

    Source:
        Cao et al., Condor: Enhance LLM Alignment with Knowledge-Driven Data Synthesis and Refinement, 2025,
        https://arxiv.org/abs/2501.12273

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.text_sft import CondorGenerator
        >>> from dataflow_rs.testing import FakeServing
        >>> serving = FakeServing(['{"easy": "Why?", "medium": "How?", "hard": "Prove it."}', "Because.", "So."])
        >>> CondorGenerator(serving, num_samples=2).apply(pa.table({"any": []})).to_pylist()
        [{'instruction': 'Why?', 'output': 'Because.', 'difficulty': 'easy', 'error': None},
         {'instruction': 'How?', 'output': 'So.', 'difficulty': 'medium', 'error': None}]
    """

    prompts: ClassVar[tuple[type[PromptTemplate], ...]] = (CondorQuestionPrompt, UserPrompt)

    num_samples: int = 15
    use_task_diversity: bool = True
    prompt_template: PromptTemplate | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.num_samples < 1:
            raise ParameterError(f"{self.name}: num_samples={self.num_samples} must be at least 1")
        check_accepted(self.name, "prompt_template", self.prompt_template, self.prompts[:1])
        self._questions: PromptTemplate = self.prompt_template or CondorQuestionPrompt()

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the templates of questions and of answers."""
        return self._questions, CondorAnswerPrompt()

    def columns_read(self, keys: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - nothing
        """Return nothing: the input is not looked at."""
        return {}

    def process(
        self,
        dataset: Dataset,  # noqa: ARG002 - the input is not looked at
        output_instruction_key: Text = "instruction",
        output_output_key: Text = "output",
        output_difficulty_key: Text = "difficulty",
        output_error_key: Text = "error",
    ) -> pa.Table:
        """Write all questions, then all answers."""
        subjects, samples = self._subjects()
        asked = ask_rows(self.llm_serving, self._questions, subjects, samples=samples)
        rows = [(number // 3, LEVELS[number % 3]) for number in range(self.num_samples)]
        found = [None if (three := asked.values[subject]) is None else three[level] for subject, level in rows]
        answered = ask_rows(
            self.llm_serving,
            CondorAnswerPrompt(),
            [None if question is None else {"question": question} for question in found],
            samples=[samples[subject] for subject, _ in rows],
        )
        failed = {row: asked.errors[subject] for row, (subject, _) in enumerate(rows) if subject in asked.errors}
        columns = {
            output_instruction_key: pa.array(found, pa.string()),
            output_output_key: pa.array(answered.column("answer"), pa.string()),
            output_difficulty_key: pa.array([level for _, level in rows], pa.string()),
        }
        return self.table_of(columns, output_error_key, {**failed, **answered.errors}, len(rows))

    def _subjects(self) -> tuple[list[dict[str, str | None]], list[int]]:
        """Return what each group of three questions is about, and how often its subject came before."""
        source = random.Random(self.seed)  # noqa: S311 - no secret
        table, tasks = topics("condor_topics"), topics("condor_tasks")
        groups = -(-self.num_samples // 3)
        subjects: list[dict[str, str | None]] = []
        samples = []
        while len(subjects) < groups:
            for topic, domain, theme in source.sample(table, len(table)):
                task = source.choice(tasks)[0] if self.use_task_diversity else None
                samples.append(len(subjects) // len(table))
                subjects.append({"topic": topic, "domain": domain, "theme": theme, "task_type": task})
        return subjects[:groups], samples[:groups]
