"""The templates behind the prompted operators: free instructions over one text, and scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from dataflow_rs.core.component import component
from dataflow_rs.exceptions import MalformedReplyError
from dataflow_rs.prompts.base import PromptTemplate, object_schema
from dataflow_rs.prompts.parsing import score
from dataflow_rs.serving.json_reply import excerpt
from dataflow_rs.serving.messages import Message


@component
class InstructionPrompt(PromptTemplate):
    r"""Apply an instruction to a text: the instruction is the system message, the text the user message.

    Args:
        system_prompt: the instruction.
        user_prompt: what goes before the text in the user message.
        schema: JSON schema that the reply must follow.

    Examples:
        >>> InstructionPrompt("Translate into German.", "Text:\n").render({"text": "yes {no}"})
        [{'role': 'system', 'content': 'Translate into German.'}, {'role': 'user', 'content': 'Text:\nyes {no}'}]
    """

    inputs: ClassVar[tuple[str, ...]] = ("text",)
    allows_cut: ClassVar[bool] = True

    system_prompt: str = ""
    user_prompt: str = ""
    schema: Mapping[str, Any] | None = None

    def render(self, row: Mapping[str, Any]) -> list[Message]:
        """Return the two messages; braces in the instruction are just braces."""
        system: list[Message] = [{"role": "system", "content": self.system_prompt}] if self.system_prompt else []
        return [*system, {"role": "user", "content": self.user_prompt + str(row["text"])}]

    def reply_schema(self) -> Mapping[str, Any] | None:
        """Return the given schema."""
        return self.schema

    def parse(self, text: str) -> dict[str, Any]:
        """Return the whole reply."""
        return {"reply": text.strip()} if self.schema is not None else super().parse(text)


@component
class RewritePrompt(InstructionPrompt):
    """Apply an instruction to a text, and take the reply in place of the text; a reply that was cut is none.

    Args:
        system_prompt: the instruction.
        user_prompt: what goes before the text in the user message.
        schema: JSON schema that the reply must follow.
    """

    allows_cut: ClassVar[bool] = False


@component
class ScorePrompt(PromptTemplate):
    """Score a text by an instruction.

    Args:
        system_prompt: what to judge.
        scale_min: lowest score.
        scale_max: highest score.

    Examples:
        >>> ScorePrompt("How clear is this text?").parse('{"score": 4}')
        {'score': 4}
    """

    inputs: ClassVar[tuple[str, ...]] = ("text",)
    fields: ClassVar[Mapping[str, type]] = {"score": int}

    system_prompt: str
    scale_min: int = 1
    scale_max: int = 5

    def render(self, row: Mapping[str, Any]) -> list[Message]:
        """Return the instruction as the system message, the text as the user message."""
        form = (
            f"Reply with a JSON object that holds nothing but the score, a whole number from {self.scale_min} (worst) "
            f'to {self.scale_max} (best), like this: {{"score": {self.scale_max}}}'
        )
        return [
            {"role": "system", "content": f"{self.system_prompt}\n\n{form}"},
            {"role": "user", "content": str(row["text"])},
        ]

    def reply_schema(self) -> Mapping[str, Any]:
        """Return the schema of a score on the scale."""
        return object_schema(score={"type": "integer", "minimum": self.scale_min, "maximum": self.scale_max})

    def parse(self, text: str) -> dict[str, Any]:
        """Return the score, also where it is given in words around a number."""
        found = score(text, self.scale_min, self.scale_max)
        if not found.is_integer():
            raise MalformedReplyError(f"the score {found:g} is not a whole number: {excerpt(text)}")
        return {"score": int(found)}
