"""Base of the templates of reasoning questions and answers, and the tables that they show to models."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from dataflow_rs.core.component import component
from dataflow_rs.exceptions import MalformedReplyError, ParameterError
from dataflow_rs.prompts.base import PromptTemplate, filled, object_schema
from dataflow_rs.serving.messages import Message


@cache
def table(name: str) -> tuple[tuple[str, str], ...]:
    """Return the rows of a table of two columns beside this module; lines that begin with `#` say where it is from."""
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return tuple((first, second) for first, second in rows)


class ReasoningPrompt(PromptTemplate):
    """Base: the system message can be replaced.

    Args:
        system_prompt: takes the place of the template's system message; empty: its own.
    """

    system_prompt: str = ""

    def render(self, row: Mapping[str, Any]) -> list[Message]:
        """Return the messages for a row."""
        messages = super().render(row)
        if not self.system_prompt:
            return messages
        return [{"role": "system", "content": self.system_prompt}, messages[-1]]


class DiyPrompt(ReasoningPrompt):
    """Base of templates whose user message is written by the user, with `{text}` where the question goes.

    Args:
        system_prompt: the system message; empty: none.
        prompt_template: the user message; without `{text}` the question follows it.
    """

    inputs: ClassVar[tuple[str, ...]] = ("text",)

    prompt_template: str = ""

    def __post_init__(self) -> None:
        if not self.prompt_template.strip():
            raise ParameterError(f"{self.name}(prompt_template=): the message to the model is missing")

    def render(self, row: Mapping[str, Any]) -> list[Message]:
        """Return the messages for a question."""
        asked = self.prompt_template if "{text}" in self.prompt_template else self.prompt_template + "\n\n{text}"
        system: list[Message] = [{"role": "system", "content": self.system_prompt}] if self.system_prompt else []
        return [*system, {"role": "user", "content": filled(asked, row)}]


class TruthPrompt(ReasoningPrompt):
    """Base of templates that ask for a verdict with a reason; anything but a JSON truth value is malformed.

    Attributes:
        verdict: name of the verdict in the reply.
    """

    verdict: ClassVar[str] = "judgement_test"
    fields: ClassVar[Mapping[str, type]] = {"judgement_test": bool, "reason": str}
    json_schema: ClassVar[Mapping[str, Any] | None] = object_schema(
        reason={"type": "string"}, judgement_test={"type": "boolean"}
    )

    def parse(self, text: str) -> dict[str, Any]:
        """Return verdict and reason; truth values may be written as text, prose around `true` is none."""
        from dataflow_rs.serving.json_reply import first_json

        value = first_json(text)
        found = value.get(self.verdict) if isinstance(value, dict) else None
        if isinstance(found, str):
            found = {"true": True, "false": False}.get(found.strip().lower())
        if not isinstance(found, bool):
            raise MalformedReplyError(f"the reply has no truth value '{self.verdict}': {text[:80]!r}")
        reason = value.get("reason")
        return {self.verdict: found, "reason": reason if isinstance(reason, str) else ""}


CHECKS = (
    "Go through this list: (1) it asks for something, and for one thing; (2) its words and formulas are complete and "
    "readable; (3) everything that is needed is given; (4) what is given does not contradict itself or common sense; "
    "(5) there is an answer that can be checked. "
)
"""What makes a question usable."""


class QuestionFilterPrompt(TruthPrompt):
    """Base: check a question against the list."""

    user: ClassVar[str] = (
        "Question:\n{text}\n\n"
        + CHECKS
        + "Do not solve it. Reply as JSON, the reason in one sentence, and judgement_test true only if all points "
        'hold: {"reason": "...", "judgement_test": true}'
    )


@component
class MathQuestionFilterPrompt(QuestionFilterPrompt):
    """Check whether a mathematical question is complete, consistent and solvable.

    Args:
        system_prompt: takes the place of the template's system message; empty: its own.
    """

    system: ClassVar[str] = (
        "You check mathematical problems before they go into a textbook. A problem with missing numbers, impossible "
        "quantities or without a definite answer must not pass."
    )


@component
class GeneralQuestionFilterPrompt(QuestionFilterPrompt):
    """Check whether a question of any field that takes reasoning is complete, consistent and answerable.

    Args:
        system_prompt: takes the place of the template's system message; empty: its own.
    """

    system: ClassVar[str] = (
        "You check questions of all fields of knowledge before they go into an examination. A question that is vague, "
        "contradicts itself or has no answer that can be checked must not pass."
    )


@component
class DiyQuestionFilterPrompt(DiyPrompt, TruthPrompt):
    """Check a question by your own instruction; the reply is JSON with `judgement_test`.

    Args:
        system_prompt: the system message; empty: none.
        prompt_template: the user message, with `{text}` where the question goes; else the question follows it.
    """


@component
class MathQuestionEvaluatorPrompt(TruthPrompt):
    """Judge whether a mathematical problem can be solved with what it gives.

    Args:
        system_prompt: takes the place of the template's system message; empty: its own.
    """

    system: ClassVar[str] = "You are a mathematician who finds out whether problems can be solved as they are stated."
    user: ClassVar[str] = (
        "Problem:\n{text}\n\nSketch in one or two sentences how it would be solved, and name what is missing or "
        'contradictory. Reply as JSON: {"reason": "...", "judgement_test": true}, with true only if it can be solved.'
    )
