"""The templates that solve questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from dataflow_rs.core.component import component
from dataflow_rs.prompts.reasoning import DiyPrompt, ReasoningPrompt


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
