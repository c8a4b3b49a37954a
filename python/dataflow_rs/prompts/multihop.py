"""The template of questions that take several steps, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from dataflow_rs.core.component import component
from dataflow_rs.exceptions import MalformedReplyError
from dataflow_rs.prompts.base import PromptTemplate, filled, object_schema
from dataflow_rs.serving.messages import Message

_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
_STEPS: dict[str, Any] = {"type": "array", "items": _TEXT, "minItems": 2}
_FORM = (
    '{"question": "...", "reasoning_steps": ["...", "..."], "answer": "...", "supporting_facts": ["..."], "type": '
    '"..."}'
)
_WORDS = {
    "en": (
        "You write questions that can only be answered by putting several facts together. Every fact comes from the "
        "text. The question can be understood without the text, and the answer is short and certain.",
        "Text:\n{text}\n\nWrite one such question, the steps of reasoning that lead to its answer (at least two), the "
        "answer, the sentences of the text that it rests on, and the kind of question in one or two words. Reply as "
        "JSON: " + _FORM,
    ),
    "zh": (
        "你编写必须综合多个事实才能回答的问题。每个事实都来自文本。不看文本也能读懂问题，答案简短而确定。",
        "文本：\n{text}\n\n请写出一个这样的问题、得出答案的推理步骤（至少两步）、答案、所依据的文本原句，以及用一两个词概括的问题类型。"
        "请以 JSON 回答：" + _FORM,
    ),
}


@component
class Text2MultiHopQAGeneratorPrompt(PromptTemplate):
    """Write a question about a few sentences that takes at least two steps of reasoning.

    Args:
        lang: language of the instructions, `en` or `zh`.
    """

    inputs: ClassVar[tuple[str, ...]] = ("text",)
    fields: ClassVar[Mapping[str, type]] = {
        "question": str,
        "reasoning_steps": list,
        "answer": str,
        "supporting_facts": list,
        "type": str,
    }
    json_schema: ClassVar[Any] = object_schema(
        question=_TEXT,
        reasoning_steps=_STEPS,
        answer=_TEXT,
        supporting_facts={"type": "array", "items": _TEXT},
        type={"type": "string"},
    )

    lang: Literal["en", "zh"] = "en"

    def render(self, row: Mapping[str, Any]) -> list[Message]:
        """Return the messages for a piece of text."""
        system, user = _WORDS[self.lang]
        return [{"role": "system", "content": system}, {"role": "user", "content": filled(user, row)}]

    def parse(self, text: str) -> dict[str, Any]:
        """Return the pair; a blank question or answer, or fewer than two steps, is none."""
        found = super().parse(text)
        found["reasoning_steps"] = [_step(step) for step in found["reasoning_steps"] if _step(step)]
        found["supporting_facts"] = [str(fact) for fact in found["supporting_facts"]]
        if not (found["question"] and found["answer"]):
            raise MalformedReplyError("the question or the answer is blank")
        if len(found["reasoning_steps"]) < 2:
            raise MalformedReplyError(f"the answer takes {len(found['reasoning_steps'])} step, not several")
        return found


def _step(step: Any) -> str:
    """Return the text of a step, which models also write as `{"step": "..."}`."""
    if isinstance(step, dict):
        step = next(iter(step.values()), "")
    return str(step).strip()
