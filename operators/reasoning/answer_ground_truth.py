"""Keep the solutions whose final answer is right."""

from __future__ import annotations

from dataclasses import field
from typing import Literal

import pyarrow as pa
from dataflow_rs.answers import AnswerChecker, extract_answers, read_answers
from dataflow_rs.core.bases import FilterOperator
from dataflow_rs.core.keys import Text
from dataflow_rs.core.operator import OnError
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Verdict


@operator
class ReasoningAnswerGroundTruthFilter(FilterOperator):
    """Keep the solutions whose final answer is equivalent to the ground truth.

    The final answer of both is found, cleaned and compared: numbers, letters and words natively, everything else by
    `math-verify` in a process of its own with a time limit. Dropped are, by these rules: `wrong` (the detail says what
    was answered and what is right), `no_answer` and, if so chosen, `no_ground_truth`.

    Args:
        compare_method: `math_verify`: mathematical equivalence (needs the extra `math`); `exact`: equal as native
            comparison decides it, without algebra.
        without_truth: what happens to rows whose ground truth is null or blank, as that of synthesised questions:
            `drop` or `keep`.
        timeout_s: seconds for one comparison that takes algebra, above 0.
        on_error: what happens to a row whose comparison failed: `drop` it, `keep` it, or `raise`.

    Keys:
        input_test_answer_key: the solution, or only its answer.
        input_gt_answer_key: the ground truth, or a solution that ends with it.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.reasoning import ReasoningAnswerGroundTruthFilter
        >>> answers = ["The answer is 0.5.", "The answer is 2."]
        >>> table = pa.table({"generated_cot": answers, "golden_answer": ["1/2", "3"]})
        >>> kept, drops = ReasoningAnswerGroundTruthFilter().apply(table, return_drops=True)
        >>> kept.num_rows, drops.to_pylist()[0]["detail"]
        (1, 'answered 2, right is 3')
    """

    compare_method: Literal["math_verify", "exact"] = "math_verify"
    without_truth: Literal["drop", "keep"] = "drop"
    timeout_s: float = 5.0
    on_error: OnError = field(default="drop", kw_only=True)  # type: ignore[misc]  # a class variable of the base

    def __post_init__(self) -> None:
        self._checker = AnswerChecker(timeout_s=self.timeout_s, algebra=self.compare_method == "math_verify")

    def problems(self) -> list[str]:
        """Return why answers could not be compared here."""
        return [*super().problems(), *self._checker.problems()]

    def process(
        self,
        batch: pa.RecordBatch,
        input_test_answer_key: Text = "generated_cot",
        input_gt_answer_key: Text = "golden_answer",
    ) -> Verdict:
        """Compare each answer with its ground truth."""
        answers = extract_answers(batch[input_test_answer_key].to_pylist())
        truths = read_answers(batch[input_gt_answer_key].to_pylist())
        checks = self._checker.check_cleaned(truths, answers)
        judged = [self._judge(*row) for row in zip(truths, answers, checks.equal, strict=True)]
        return Verdict(
            keep=[keep for keep, _, _ in judged],
            rule=[rule for _, rule, _ in judged],
            detail=[detail for _, _, detail in judged],
            errors=checks.errors,
        )

    def _judge(self, truth: str | None, answer: str | None, equal: bool | None) -> tuple[bool, str | None, str | None]:
        """Return (keep, rule, detail)."""
        if truth is None:
            return self.without_truth == "keep", "no_ground_truth", None
        if answer is None:
            return False, "no_answer", f"right is {truth[:200]}"
        return equal is True, "wrong", f"answered {answer[:200]}, right is {truth[:200]}"
