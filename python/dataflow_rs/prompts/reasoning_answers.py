"""The templates that solve questions, and those that compare answers with references."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from dataflow_rs.core.component import component
from dataflow_rs.prompts.base import object_schema
from dataflow_rs.prompts.reasoning import DiyPrompt, ReasoningPrompt, TruthPrompt


class AnswerPrompt(ReasoningPrompt):
    """Base of templates whose reply is a solution, taken as it is with its reasoning; a cut one is an error."""

    fields: ClassVar[Mapping[str, type]] = {"answer": str}

    def parse(self, text: str) -> dict[str, Any]:
        """Return the whole reply."""
        return {"answer": text.strip()}


@component
class MathAnswerGeneratorPrompt(AnswerPrompt):
    r"""Solve a mathematical problem step by step, with the result in `\boxed{}`.

    Args:
        system_prompt: takes the place of the template's system message; empty: its own.
    """

    system: ClassVar[str] = (
        "You solve mathematical problems. You write down every step with its reason, check the result against what was "
        "asked, and use LaTeX for formulas."
    )
    user: ClassVar[str] = (
        "{text}\n\nSolve it step by step. End with one line that gives nothing but the result, without its unit, in "
        "\\boxed{}."
    )


@component
class GeneralAnswerGeneratorPrompt(AnswerPrompt):
    """Answer a question of any field step by step.

    Args:
        system_prompt: takes the place of the template's system message; empty: its own.
    """

    system: ClassVar[str] = (
        "You answer questions that take reasoning. You state what you use, draw one conclusion at a time, and say "
        "where something is uncertain."
    )
    user: ClassVar[str] = "{text}\n\nReason step by step. End with one line that begins with `The answer is`."


@component
class DiyAnswerGeneratorPrompt(DiyPrompt, AnswerPrompt):
    """Answer a question by your own instruction.

    Args:
        system_prompt: the system message; empty: none.
        prompt_template: the user message, with `{text}` where the question goes; else the question follows it.
    """


class JudgePrompt(TruthPrompt):
    """Base of templates that compare an answer with a reference."""

    verdict: ClassVar[str] = "judgement_result"
    fields: ClassVar[Mapping[str, type]] = {"judgement_result": bool, "reason": str}
    json_schema: ClassVar[Mapping[str, Any] | None] = object_schema(
        reason={"type": "string"}, judgement_result={"type": "boolean"}
    )
    system: ClassVar[str] = (
        "You compare answers with reference answers. Only the final result counts, not the way to it and not its form."
    )


@component
class AnswerJudgePrompt(JudgePrompt):
    """Judge whether an answer has the result of a reference answer.

    Args:
        system_prompt: takes the place of the template's system message; empty: its own.
    """

    user: ClassVar[str] = (
        "Reference answer:\n{reference}\n\nAnswer:\n{answer}\n\nDo both have the same result? Reply as JSON: "
        '{"reason": "...", "judgement_result": true}'
    )


@component
class AnswerJudgePromptQuestion(JudgePrompt):
    """Judge whether an answer to a question has the result of a reference answer.

    Args:
        system_prompt: takes the place of the template's system message; empty: its own.
    """

    user: ClassVar[str] = (
        "Question:\n{question}\n\nReference answer:\n{reference}\n\nAnswer:\n{answer}\n\nIs the answer right, going by "
        'the reference? Reply as JSON: {"reason": "...", "judgement_result": true}'
    )
