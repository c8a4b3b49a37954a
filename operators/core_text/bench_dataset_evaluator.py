"""Compare answers with the right ones, row by row, and report the accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from dataflow_rs.core.bases import Dataset, DatasetOperator
from dataflow_rs.core.keys import Boolean, Integer
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import RowError, Rows
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.operators.core_text.bench_rows import Judging, column_values, write_report
from dataflow_rs.prompts import PromptTemplate, UserPrompt
from dataflow_rs.prompts.base import WithSystem, as_text, check_accepted
from dataflow_rs.prompts.bench import (
    AnswerJudgeMultipleQuestionsPrompt,
    AnswerJudgePrompt,
    AnswerJudgePromptQuestion,
)


class AnswerComparing(Judging):
    """What both evaluators share: comparison by answers or by a judge, and the report.

    Args:
        eval_result_path: file of the report.
        compare_method: `match` or `semantic`.
        system_prompt: system message of the judge.
        llm_serving: the judge.
        prompt_template: the judge's template.
        on_error: what happens to a row that could not be judged.
    """

    eval_result_path: str | None = None
    compare_method: Literal["match", "semantic"] = "match"
    system_prompt: str = ""
    prompt_template: PromptTemplate | None = None

    def __post_init__(self) -> None:
        if self.compare_method == "semantic" and self.llm_serving is None:
            raise ParameterError(f"{self.name}: compare_method='semantic' needs an llm_serving, the judge")

    def problems(self) -> list[str]:
        """Return what is missing for comparing answers."""
        from dataflow_rs.answers import AnswerChecker

        return [*super().problems(), *(AnswerChecker().problems() if self.compare_method == "match" else [])]

    def matches(self, golds: Sequence[Any], answers: Sequence[Any]) -> tuple[list[bool | None], dict[int, RowError]]:
        """Return whether answers are equivalent, by value."""
        from dataflow_rs.answers import AnswerChecker

        checks = AnswerChecker().check([_text(gold) for gold in golds], [_text(answer) for answer in answers])
        return checks.equal, dict(checks.errors)

    def report(self, verdicts: Sequence[bool | None], errors: dict[int, RowError]) -> None:
        """Write how many answers are right."""
        judged = [verdict for verdict in verdicts if verdict is not None]
        right = sum(judged)
        write_report(
            self.eval_result_path,
            {
                "compare_method": self.compare_method,
                "total_samples": len(verdicts),
                "judged_samples": len(judged),
                "failed_samples": len(errors),
                "matched_samples": right,
                "accuracy": right / len(judged) if judged else None,
            },
        )


def _text(value: Any) -> str | None:
    return None if value is None else as_text(value)


@operator
class BenchDatasetEvaluator(AnswerComparing, DatasetOperator):
    """Say for each row whether an answer is right, and report the accuracy.

    `match` takes the final answer of a solution and compares it by value, so that `0.5` is `1/2`; `semantic` asks a
    judge, whose reply is JSON: a reply without a verdict is an error of its row, not a match. A row without an answer
    or without a right answer has a null result and does not count.

    Args:
        llm_serving: the judge, for `semantic`.
        eval_result_path: file of the report, JSON; None: none is written.
        compare_method: `match` or `semantic`.
        system_prompt: system message of the judge; empty: that of the template.
        prompt_template: the judge's template; its inputs are `answer` and `reference`, its field `judgement_result`.
        on_error: what happens to a row that could not be judged: `keep` it with a null result, `drop` it, or `raise`.

    Keys:
        input_test_answer_key: the answer, or a whole solution.
        input_gt_answer_key: the right answer.
        output_key: receives whether the answer is right.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.core_text import BenchDatasetEvaluator
        >>> answers = ["So the answer is 0.5.", "7", None]
        >>> table = pa.table({"generated_cot": answers, "golden_answer": ["1/2", "8", "9"]})
        >>> BenchDatasetEvaluator().apply(table)["answer_match_result"].to_pylist()
        [True, False, None]
    """

    prompts: ClassVar[tuple[type[PromptTemplate], ...]] = (AnswerJudgePrompt, UserPrompt)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_accepted(self.name, "prompt_template", self.prompt_template, self.prompts[:1])
        self._prompt = with_system(self.prompt_template or AnswerJudgePrompt(), self.system_prompt)

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the judge's template."""
        return (self._prompt,)

    def process(
        self,
        dataset: Dataset,
        input_test_answer_key: str = "generated_cot",
        input_gt_answer_key: str = "golden_answer",
        output_key: Boolean = "answer_match_result",
    ) -> Rows:
        """Judge all answers."""
        answers, golds = column_values(dataset, input_test_answer_key), column_values(dataset, input_gt_answer_key)
        if self.compare_method == "match":
            verdicts, errors = self.matches(golds, answers)
        else:
            pairs = zip(answers, golds, strict=True)
            judged = self.judge(self._prompt, [{"answer": answer, "reference": gold} for answer, gold in pairs])
            verdicts, errors = judged.column("judgement_result"), judged.errors
        self.report(verdicts, errors)
        return Rows({output_key: verdicts}, errors)


@operator
class BenchDatasetEvaluatorQuestion(AnswerComparing, DatasetOperator):
    """Say for each row whether an answer to its question is right, also part by part, and report the accuracy.

    As `BenchDatasetEvaluator`, but the judge sees the question. With `support_subquestions` the judge gives one verdict
    per part of the question: the row is right if all parts are, and the numbers of right parts and of parts are written
    as well; in the report they are summed up. `match` compares the answer as a whole.

    Args:
        llm_serving: the judge, for `semantic`.
        eval_result_path: file of the report, JSON; None: none is written.
        compare_method: `match` or `semantic`.
        system_prompt: system message of the judge; empty: that of the template.
        prompt_template: the judge's template; its inputs are `question`, `answer` and `reference`, its field
            `judgement_result`, or `judgement` with sub-questions.
        support_subquestions: whether the parts of a question are judged one by one; needs `semantic`.
        on_error: what happens to a row that could not be judged: `keep` it with null results, `drop` it, or `raise`.

    Keys:
        input_test_answer_key: the answer, or a whole solution.
        input_gt_answer_key: the right answer.
        input_question_key: the question; needed by `semantic`.
        output_key: receives whether the answer is right.
        output_correct_key: receives the number of right parts; null without `support_subquestions`.
        output_total_key: receives the number of parts; null without `support_subquestions`.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.core_text import BenchDatasetEvaluatorQuestion
        >>> from dataflow_rs.testing import FakeServing
        >>> judge = FakeServing(['{"judgement": [true, false]}'])
        >>> table = pa.table({"q": ["a) 1+1? b) 2+2?"], "generated_cot": ["2, 5"], "golden_answer": ["2, 4"]})
        >>> evaluator = BenchDatasetEvaluatorQuestion(judge, compare_method="semantic", support_subquestions=True)
        >>> row = evaluator.apply(table, input_question_key="q").to_pylist()[0]
        >>> row["answer_match_result"], row["correct_answer_num"], row["total_subquestions"]
        (False, 1, 2)
    """

    prompts: ClassVar[tuple[type[PromptTemplate], ...]] = (
        AnswerJudgePromptQuestion,
        AnswerJudgeMultipleQuestionsPrompt,
        UserPrompt,
    )

    support_subquestions: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.support_subquestions and self.compare_method != "semantic":
            raise ParameterError(f"{self.name}: support_subquestions=True needs compare_method='semantic'")
        accepted = self.prompts[1:2] if self.support_subquestions else self.prompts[:1]
        check_accepted(self.name, "prompt_template", self.prompt_template, accepted)
        self._prompt = with_system(self.prompt_template or accepted[0](), self.system_prompt)

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the judge's template."""
        return (self._prompt,)

    def process(
        self,
        dataset: Dataset,
        input_test_answer_key: str = "generated_cot",
        input_gt_answer_key: str = "golden_answer",
        input_question_key: str | None = None,
        output_key: Boolean = "answer_match_result",
        output_correct_key: Integer = "correct_answer_num",
        output_total_key: Integer = "total_subquestions",
    ) -> Rows:
        """Judge all answers."""
        answers, golds = column_values(dataset, input_test_answer_key), column_values(dataset, input_gt_answer_key)
        parts: list[list[bool] | None] = [None] * dataset.num_rows
        if self.compare_method == "match":
            verdicts, errors = self.matches(golds, answers)
        else:
            if input_question_key is None:
                raise ParameterError(f"{self.name}: compare_method='semantic' needs input_question_key")
            questions = column_values(dataset, input_question_key)
            rows = [
                {"question": question, "answer": answer, "reference": gold}
                for question, answer, gold in zip(questions, answers, golds, strict=True)
            ]
            judged = self.judge(self._prompt, rows)
            errors = judged.errors
            if self.support_subquestions:
                parts = judged.column("judgement")
                verdicts = [None if found is None else all(found) for found in parts]
            else:
                verdicts = judged.column("judgement_result")
        self.report(verdicts, errors)
        columns = {
            output_key: verdicts,
            output_correct_key: [None if found is None else sum(found) for found in parts],
            output_total_key: [None if found is None else len(found) for found in parts],
        }
        return Rows(columns, errors)


def with_system(prompt: PromptTemplate, system: str) -> PromptTemplate:
    """Return a template with another system message; the template itself where none is given."""
    return WithSystem(prompt, system) if system else prompt
