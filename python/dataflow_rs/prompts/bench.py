"""The templates of benchmarks: answers to their questions, and the judge that compares answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, TypeAlias, get_args

from dataflow_rs.core.component import component
from dataflow_rs.exceptions import MalformedReplyError
from dataflow_rs.prompts.base import PromptTemplate, as_text, filled, object_schema, typed_fields
from dataflow_rs.serving.json_reply import excerpt, first_json
from dataflow_rs.serving.messages import Message

EvalType: TypeAlias = Literal[
    "key1_text_score", "key2_qa", "key2_q_ma", "key3_q_choices_a", "key3_q_choices_as", "key3_q_a_rejected"
]
"""Kinds of benchmarks: text alone; question with one answer, with several right answers; one choice, several choices;
a better and a rejected answer."""
EVAL_TYPES: tuple[EvalType, ...] = get_args(EvalType)

_VERDICT: dict[str, Any] = {"type": "boolean"}
_TAILS = {
    "key2_qa": "Think as long as you need, and end with a line of its own: Answer: <the answer>",
    "key3_q_choices_a": (
        "Options:\n{options}\n\nExactly one option is right. Think as long as you need, and end with a line of its "
        "own: Answer: <its letter>"
    ),
    "key3_q_choices_as": (
        'Options:\n{options}\n\nOne or more options are right. Reply as JSON with all of their letters: {"answer": '
        '["A"]}'
    ),
}


@component
class BenchAnswerPrompt(PromptTemplate):
    r"""Answer a question of a benchmark.

    Args:
        eval_type: kind of the benchmark.
        system_prompt: the system message; empty: none.

    Examples:
        >>> prompt = BenchAnswerPrompt("key3_q_choices_a")
        >>> prompt.render({"question": "1 + 1?", "choices": ["1", "2"]})[0]["content"].split("\n\n")[1]
        'Options:\nA. 1\nB. 2'
    """

    fields: ClassVar[Mapping[str, type]] = {"reply": str}
    allows_cut: ClassVar[bool] = False

    eval_type: EvalType = "key2_qa"
    system_prompt: str = ""

    def input_names(self) -> tuple[str, ...]:
        """Return the values that a question of this kind has."""
        if self.eval_type == "key1_text_score":
            return ("text",)
        return ("question", "choices", "context") if "choices" in self.eval_type else ("question", "context")

    def render(self, row: Mapping[str, Any]) -> list[Message]:
        """Return the messages for a question."""
        system: list[Message] = [{"role": "system", "content": self.system_prompt}] if self.system_prompt else []
        if self.eval_type == "key1_text_score":
            return [*system, {"role": "user", "content": as_text(row["text"])}]
        tail = _TAILS.get(self.eval_type, _TAILS["key2_qa"])
        context = "Context:\n{context}\n\n" if row.get("context") else ""
        given = {**row, "options": lettered(row.get("choices"))}
        return [*system, {"role": "user", "content": filled(context + "Question:\n{question}\n\n" + tail, given)}]


class JudgePrompt(PromptTemplate):
    """Base of templates that judge whether an answer is right: `{"judgement_result": true}` with a reason before."""

    system: ClassVar[str] = (
        "You compare an answer with a reference answer that is known to be right. The answer is right if it says the "
        "same in substance; wording, units in another notation and additional explanations do not matter. You never "
        "solve the task anew."
    )
    fields: ClassVar[Mapping[str, type]] = {"judgement_result": bool}
    json_schema: ClassVar[Any] = object_schema(reason={"type": "string"}, judgement_result=_VERDICT)

    def parse(self, text: str) -> dict[str, Any]:
        """Return the verdict; what is neither true nor false is none."""
        value = first_json(text)
        return {"judgement_result": _truth(value.get("judgement_result") if isinstance(value, dict) else None, text)}


@component
class AnswerJudgePrompt(JudgePrompt):
    """Judge an answer by the reference answer alone."""

    user: ClassVar[str] = (
        "Reference answer:\n{reference}\n\nAnswer:\n{answer}\n\nIs the answer right? Reply as JSON, the reason in one "
        'sentence first: {"reason": "...", "judgement_result": true}'
    )


@component
class AnswerJudgePromptQuestion(JudgePrompt):
    """Judge an answer by the question and the reference answer."""

    user: ClassVar[str] = (
        "Question:\n{question}\n\nReference answer:\n{reference}\n\nAnswer:\n{answer}\n\nIs the answer right? Reply as "
        'JSON, the reason in one sentence first: {"reason": "...", "judgement_result": true}'
    )


@component
class AnswerJudgeMultipleQuestionsPrompt(PromptTemplate):
    """Judge the answers to all parts of a question."""

    system: ClassVar[str] = JudgePrompt.system
    user: ClassVar[str] = (
        "Question with several parts:\n{question}\n\nReference answers:\n{reference}\n\nAnswers:\n{answer}\n\nJudge "
        "each part, in order; a part without an answer is wrong. Reply as JSON with one truth value per part of the "
        'reference: {"judgement": [true, false]}'
    )
    fields: ClassVar[Mapping[str, type]] = {"judgement": list}
    json_schema: ClassVar[Any] = object_schema(judgement={"type": "array", "items": _VERDICT, "minItems": 1})

    def parse(self, text: str) -> dict[str, Any]:
        """Return one verdict per part, also from a bare JSON list."""
        value = first_json(text)
        found = value if isinstance(value, list) else typed_fields(value, self.fields)["judgement"]
        if not found:
            raise MalformedReplyError("the reply judges no part")
        return {"judgement": [_truth(verdict, text) for verdict in found]}


def lettered(choices: Any) -> str:
    r"""Return options with letters, `A. first`.

    Examples:
        >>> lettered(["red", "blue"])
        'A. red\nB. blue'
    """
    options = choices if isinstance(choices, (list, tuple)) else []
    return "\n".join(f"{letter(number)}. {as_text(option)}" for number, option in enumerate(options))


def letter(number: int) -> str:
    """Return the letter of an option, counted from 0; after Z come AA, AB ...

    Examples:
        >>> letter(0), letter(25), letter(26)
        ('A', 'Z', 'AA')
    """
    return chr(ord("A") + number) if number < 26 else letter(number // 26 - 1) + letter(number % 26)


def _truth(value: Any, text: str) -> bool:
    if isinstance(value, str):
        value = {"true": True, "false": False}.get(value.strip().lower())
    if not isinstance(value, bool):
        raise MalformedReplyError(f"the verdict is neither true nor false: {excerpt(text)}")
    return value
