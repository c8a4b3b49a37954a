"""Score the answers to a benchmark of any kind, and report the score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from dataflow_rs.core.bases import Dataset, DatasetOperator
from dataflow_rs.core.keys import Boolean, Number, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import RowError, Rows
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.operators.core_text.bench_dataset_evaluator import with_system
from dataflow_rs.operators.core_text.bench_rows import Judging, as_list, column_values, write_report
from dataflow_rs.operators.core_text.choices import (
    chosen_one,
    chosen_several,
    contains_answer,
    label_position,
    normalised,
)
from dataflow_rs.prompts import PromptTemplate, UserPrompt
from dataflow_rs.prompts.base import as_text, check_accepted
from dataflow_rs.prompts.bench import AnswerJudgePrompt, EvalType, letter
from dataflow_rs.prompts.rows import is_blank

_BY_LIKELIHOOD = ("key1_text_score", "key3_q_a_rejected")
_KEYS = {
    "key2_qa": ("target",),
    "key2_q_ma": ("targets",),
    "key3_q_choices_a": ("choices", "label"),
    "key3_q_choices_as": ("choices", "labels"),
}


@dataclass
class Scored:
    """The score of one row: valid with a score, or not with the reason."""

    pred: str | None = None
    score: float | None = None
    error: str | None = None


@operator
class UnifiedBenchDatasetEvaluator(Judging, DatasetOperator):
    """Score the answers to a benchmark, each kind by its own rule, and report the mean.

    Questions with one or several right answers: right if the final answer is equivalent to one of them by value, the
    same text, or - in this direction only - holds its words one after the other; with `use_semantic_judge` a judge
    decides. One option: the letter that the answer settles on, not the first that occurs in it; several options: F1 of
    the named letters. A right option may be given as a position from 0, a letter, or its text. A row that cannot be
    scored is not valid and says why; in the report it counts in `score_of_all`, with 0, and not in `score`.

    Kinds that are scored by the likelihood of given texts (`key1_text_score`, `key3_q_a_rejected`) are refused: chat
    endpoints do not tell it.

    Args:
        llm_serving: the judge, for `use_semantic_judge`.
        eval_result_path: file of the report, JSON; None: none is written.
        eval_type: kind of the benchmark: `key2_qa`, `key2_q_ma`, `key3_q_choices_a` or `key3_q_choices_as`.
        prompt_template: the judge's template; its inputs are `answer` and `reference`, its field `judgement_result`.
        system_prompt: system message of the judge; empty: that of the template.
        metric_type: how answers to open questions are compared: `math` (by value), `exact` (the same text), `contains`
            (the words of the right answer); None: any of the three.
        use_semantic_judge: whether a judge decides about open questions.
        on_error: what happens to a row whose comparison failed: `keep` it, not valid, `drop` it, or `raise`.

    Keys:
        input_text_key: the text; not used by the kinds that are scored here.
        input_question_key: the question; not needed for the score.
        input_target_key: the right answer.
        input_targets_key: the right answers, a list or JSON text of one.
        input_choices_key: the options, a list or JSON text of one.
        input_label_key: the right option.
        input_labels_key: the right options, a list or JSON text of one.
        input_better_key: the better answer; not used by the kinds that are scored here.
        input_rejected_key: the rejected answer; not used by the kinds that are scored here.
        input_context_key: what the question is about; not needed for the score.
        input_pred_key: the answer that is scored.
        output_eval_valid_key: receives whether the row has a score.
        output_eval_error_key: receives why it has none.
        output_eval_pred_key: receives the answer as it was read: a final answer, or letters.
        output_eval_score_key: receives the score, from 0 to 1.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.core_text import UnifiedBenchDatasetEvaluator
        >>> table = pa.table({"generated_ans": ["A good answer is C", "A"], "options": [["x", "y", "z"]] * 2,
        ...     "right": ["C", "B"]})
        >>> evaluator = UnifiedBenchDatasetEvaluator(eval_type="key3_q_choices_a")
        >>> scored = evaluator.apply(table, input_choices_key="options", input_label_key="right")
        >>> scored["eval_pred"].to_pylist(), scored["eval_score"].to_pylist()
        (['C', 'A'], [1.0, 0.0])
    """

    prompts: ClassVar[tuple[type[PromptTemplate], ...]] = (AnswerJudgePrompt, UserPrompt)

    eval_result_path: str | None = None
    eval_type: EvalType = "key2_qa"
    prompt_template: PromptTemplate | None = None
    system_prompt: str = ""
    metric_type: Literal["math", "exact", "contains"] | None = None
    use_semantic_judge: bool = False

    def __post_init__(self) -> None:
        if self.eval_type in _BY_LIKELIHOOD:
            raise ParameterError(
                f"{self.name}: eval_type={self.eval_type!r} is scored by the likelihood of given texts, which chat "
                f"endpoints do not tell; scored here are: {', '.join(_KEYS)}"
            )
        if self.use_semantic_judge and (self.llm_serving is None or "choices" in self.eval_type):
            raise ParameterError(f"{self.name}: use_semantic_judge needs an llm_serving, and open questions")
        check_accepted(self.name, "prompt_template", self.prompt_template, self.prompts[:1])
        self._prompt = with_system(self.prompt_template or AnswerJudgePrompt(), self.system_prompt)

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the judge's template."""
        return (self._prompt,)

    def column_mistakes(self, columns: dict[str, Any], keys: dict[str, Any]) -> list[str]:
        """Return what is wrong with the columns, and which keys the kind needs."""
        missing = [
            f"{self.name}: eval_type={self.eval_type!r} needs the key input_{role}_key"
            for role in _KEYS[self.eval_type]
            if keys.get(f"input_{role}_key") is None
        ]
        return [*missing, *super().column_mistakes(columns, keys)]

    def process(
        self,
        dataset: Dataset,
        input_text_key: str | None = None,  # noqa: ARG002 - one set of keys for generator and evaluator
        input_question_key: str | None = None,  # noqa: ARG002
        input_target_key: str | None = None,
        input_targets_key: str | None = None,
        input_choices_key: str | None = None,
        input_label_key: str | None = None,
        input_labels_key: str | None = None,
        input_better_key: str | None = None,  # noqa: ARG002
        input_rejected_key: str | None = None,  # noqa: ARG002
        input_context_key: str | None = None,  # noqa: ARG002
        input_pred_key: str = "generated_ans",
        output_eval_valid_key: Boolean = "eval_valid",
        output_eval_error_key: Text = "eval_error",
        output_eval_pred_key: Text = "eval_pred",
        output_eval_score_key: Number = "eval_score",
    ) -> Rows:
        """Score all rows."""
        replies = [None if is_blank(v) else as_text(v) for v in column_values(dataset, input_pred_key)]
        errors: dict[int, RowError] = {}
        if "choices" in self.eval_type:
            choices = [as_list(value) for value in column_values(dataset, input_choices_key)]
            labels = column_values(dataset, input_label_key or input_labels_key)
            score = _one_option if self.eval_type == "key3_q_choices_a" else _several_options
            rows = [score(*row) for row in zip(replies, choices, labels, strict=True)]
        else:
            targets = [as_list(value) for value in column_values(dataset, input_targets_key or input_target_key)]
            if self.eval_type == "key2_qa":
                targets = [None if value is None else [value] for value in column_values(dataset, input_target_key)]
            rows, errors = self._open(replies, targets)
        self._report(rows)
        columns: dict[str, list[Any]] = {
            output_eval_valid_key: [row.score is not None for row in rows],
            output_eval_error_key: [row.error for row in rows],
            output_eval_pred_key: [row.pred for row in rows],
            output_eval_score_key: [row.score for row in rows],
        }
        return Rows(columns, errors)

    def _open(
        self, replies: Sequence[str | None], targets: Sequence[list[Any] | None]
    ) -> tuple[list[Scored], dict[int, RowError]]:
        """Score answers to open questions: the best of all right answers counts."""
        from dataflow_rs.answers import extract_answers

        finals = [
            None if reply is None else final or reply
            for reply, final in zip(replies, extract_answers(list(replies)), strict=True)
        ]
        rows = [Scored(pred=final) for final in finals]
        pairs = []
        for position, (reply, given) in enumerate(zip(replies, targets, strict=True)):
            right = [as_text(target) for target in given or () if not is_blank(target)]
            if reply is None or not right:
                rows[position].error = "there is no answer" if reply is None else "there is no right answer"
            pairs += [(position, reply, target) for target in right if reply is not None]
        verdicts, failed = self._compared(pairs)
        errors: dict[int, RowError] = {}
        for pair, ((position, _, _), verdict) in enumerate(zip(pairs, verdicts, strict=True)):
            if verdict is not None:
                rows[position].score = max(rows[position].score or 0.0, float(verdict))
            elif pair in failed:
                errors[position] = failed[pair]
        for position, error in list(errors.items()):
            if rows[position].score == 1.0:
                del errors[position]  # another right answer was recognised
                continue
            rows[position].score, rows[position].error = None, f"{error.type}: {error.message}"
        return rows, errors

    def _compared(self, pairs: Sequence[tuple[int, str, str]]) -> tuple[list[bool | None], dict[int, RowError]]:
        """Return a verdict per pair of answer and right answer, and why there is none."""
        if self.use_semantic_judge:
            judged = self.judge(self._prompt, [{"answer": reply, "reference": target} for _, reply, target in pairs])
            return judged.column("judgement_result"), judged.errors
        texts = [self._same_text(reply, target) for _, reply, target in pairs]
        if self.metric_type in ("exact", "contains"):
            return list(texts), {}
        from dataflow_rs.answers import AnswerChecker

        undecided = [number for number, same in enumerate(texts) if not same]
        checks = AnswerChecker().check(
            [pairs[number][2] for number in undecided], [pairs[number][1] for number in undecided]
        )
        verdicts: list[bool | None] = [True if same else None for same in texts]
        errors = {undecided[place]: error for place, error in checks.errors.items()}
        for number, equal in zip(undecided, checks.equal, strict=True):
            verdicts[number] = None if number in errors else bool(equal)
        return verdicts, errors

    def _same_text(self, reply: str, target: str) -> bool:
        if self.metric_type == "math":
            return False
        final = _final(reply)
        if normalised(final) == normalised(target):
            return True
        return self.metric_type != "exact" and contains_answer(final, target)

    def _report(self, rows: Sequence[Scored]) -> None:
        valid = [row.score for row in rows if row.score is not None]
        write_report(
            self.eval_result_path,
            {
                "eval_type": self.eval_type,
                "metric": "semantic_judge" if self.use_semantic_judge else self.metric_type or "any",
                "total_samples": len(rows),
                "valid_samples": len(valid),
                "score": sum(valid) / len(valid) if valid else None,
                "score_of_all": sum(valid) / len(rows) if rows else None,
            },
        )


def _final(reply: str) -> str:
    """Return what follows the last "Answer:" of a reply, or the whole reply."""
    head, mark, tail = reply.rpartition("Answer:")
    return tail if mark and tail.strip() else head + mark + tail


def _one_option(reply: str | None, options: list[Any] | None, label: Any) -> Scored:
    if reply is None or not options or is_blank(label):
        return Scored(error="there is no answer" if reply is None else "there are no options, or no right one")
    right, chosen = label_position(label, options), chosen_one(reply, options)
    if right is None:
        return Scored(error=f"the right option {label!r} is none of {len(options)}")
    if chosen is None:
        return Scored(error="the answer names no certain option")
    return Scored(letter(chosen), float(chosen == right))


def _several_options(reply: str | None, options: list[Any] | None, labels: Any) -> Scored:
    given = as_list(labels)
    if reply is None or not options or not given:
        return Scored(error="there is no answer" if reply is None else "there are no options, or no right ones")
    right = {label_position(label, options) for label in given}
    if None in right:
        return Scored(error=f"the right options {given!r} are not all among {len(options)}")
    chosen = chosen_several(reply, options)
    if chosen is None:
        return Scored(error="the answer names no options")
    score = 2 * len(chosen & right) / (len(chosen) + len(right))
    return Scored(", ".join(letter(number) for number in sorted(chosen)), score)
