"""Solve each question several times, and let the answers vote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pyarrow as pa
from dataflow_rs.answers import AnswerChecker, extract_answers, majority
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.core.keys import ListColumn, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import RowError, Rows
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.prompts import Prompted, PromptTemplate, ask_rows
from dataflow_rs.prompts.base import check_accepted
from dataflow_rs.prompts.reasoning_answers import AnswerPrompt, MathAnswerGeneratorPrompt

TEXTS = pa.list_(pa.string())


@operator
class ReasoningPseudoAnswerGenerator(Prompted, RowOperator):
    """Let a model solve each question several times; the answer that most solutions agree on counts as right.

    Equivalent answers vote together (`1/2`, `0.5`); a solution without an answer does not vote; at a tie the earliest
    wins. Where a call fails the others vote, and the run's errors say why. A null or blank question is not sent.

    Args:
        llm_serving: the model that is asked; at temperature 0 all solutions may be the same.
        max_times: solutions per question, 1 or more.
        min_votes: an answer with fewer votes is none, 1 or more.
        temperature: of the sampling, in place of the serving's.
        timeout_s: seconds for the comparison of two answers.
        prompt_template: what is asked; by default `MathAnswerGeneratorPrompt`.
        on_error: what happens to a row with a failed call: `keep` it, `drop` it, or `raise`.

    Keys:
        input_key: the question.
        output_key_answer: receives the list of answers, null for a solution without one.
        output_key_answer_value: receives the answer that won, or null.
        output_key_solutions: receives the solutions with that answer.
        output_key_correct_solution_example: receives the first of them.
        output_key_other_solutions: receives the solutions with another answer or none; by default not written.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.reasoning import ReasoningPseudoAnswerGenerator
        >>> from dataflow_rs.testing import FakeServing
        >>> serving = FakeServing(["The answer is 4.", "The answer is 5.", "2 + 2 = 4, so the answer is 4."])
        >>> row = ReasoningPseudoAnswerGenerator(serving).apply(pa.table({"instruction": ["2 + 2?"]})).to_pylist()[0]
        >>> row["pseudo_answers"], row["pseudo_answer_value"], row["pseudo_correct_solution_example"]
        (['4', '5', '4'], '4', 'The answer is 4.')
    """

    prompts: ClassVar[tuple[type[PromptTemplate], ...]] = (AnswerPrompt,)
    extra: ClassVar[str | None] = "math"

    max_times: int = 3
    min_votes: int = 1
    temperature: float | None = None
    timeout_s: float = 5.0
    prompt_template: PromptTemplate | None = None

    def __post_init__(self) -> None:
        check_accepted(self.name, "prompt_template", self.prompt_template, self.prompts)
        if self.max_times < 1 or not 1 <= self.min_votes <= self.max_times:
            raise ParameterError(
                f"{self.name}: max_times={self.max_times} and min_votes={self.min_votes} must be at "
                "least 1, and min_votes at most max_times"
            )
        self._checker = AnswerChecker(timeout_s=self.timeout_s)
        self._prompt: PromptTemplate = self.prompt_template or MathAnswerGeneratorPrompt()

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the template that is rendered."""
        return (self._prompt,)

    def process(
        self,
        batch: pa.RecordBatch,
        input_key: Text = "instruction",
        output_key_answer: ListColumn = "pseudo_answers",
        output_key_answer_value: Text = "pseudo_answer_value",
        output_key_solutions: ListColumn = "pseudo_solutions",
        output_key_correct_solution_example: Text = "pseudo_correct_solution_example",
        output_key_other_solutions: ListColumn | None = None,
    ) -> Rows:
        """Solve each question several times, and count."""
        solutions, errors = self._solve(self.rows(batch, self._prompt, {"input_key": input_key}))
        answers = [extract_answers(of_row) for of_row in solutions]
        votes = majority(answers, self._checker)
        won = [vote.members if len(vote.members) >= self.min_votes else () for vote in votes]
        right = [[of_row[place] for place in places] for of_row, places in zip(solutions, won, strict=True)]
        wrong = [
            [s for at, s in enumerate(of_row) if at not in places]
            for of_row, places in zip(solutions, won, strict=True)
        ]
        columns: dict[str, Any] = {
            output_key_answer: pa.array(answers, TEXTS),
            output_key_answer_value: [vote.winner if places else None for vote, places in zip(votes, won, strict=True)],
            output_key_solutions: pa.array(right, TEXTS),
            output_key_correct_solution_example: [of_row[0] if of_row else None for of_row in right],
        }
        if output_key_other_solutions is not None:
            columns[output_key_other_solutions] = pa.array(wrong, TEXTS)
        return Rows(columns, errors)

    def _solve(self, rows: Sequence[dict[str, Any] | None]) -> tuple[list[list[str]], dict[int, RowError]]:
        """Return the solutions of each question, and the first error of each."""
        asked = [(row, sample) for row, given in enumerate(rows) if given for sample in range(self.max_times)]
        replies = ask_rows(
            self.llm_serving,
            self._prompt,
            [rows[row] for row, _ in asked],
            samples=[sample for _, sample in asked],
            temperature=self.temperature,
        )
        solutions: list[list[str]] = [[] for _ in rows]
        for (row, _), solution in zip(asked, replies.column("answer"), strict=True):
            if solution is not None:
                solutions[row].append(solution)
        errors = {asked[position][0]: error for position, error in reversed(replies.errors.items())}
        return solutions, dict(sorted(errors.items()))
