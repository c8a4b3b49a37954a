"""The template that is one text with placeholders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from dataflow_rs.core.component import component
from dataflow_rs.prompts.base import PromptTemplate, filled, placeholders
from dataflow_rs.serving.messages import Message


@component
class FormatStrPrompt(PromptTemplate):
    """A user message with placeholders, which are filled all at once: what a row holds is never filled again.

    Args:
        f_str_template: the user message, with `{name}` where a value goes; other braces stay.
        system_prompt: the system message; empty: none.
        schema: JSON schema that the reply must follow; the reply is then JSON text.

    Examples:
        >>> prompt = FormatStrPrompt("Translate {word} into {language}: {}")
        >>> prompt.input_names()
        ('word', 'language')
        >>> prompt.render({"word": "{language}", "language": "Dutch"})[0]["content"]
        'Translate {language} into Dutch: {}'
    """

    allows_cut: ClassVar[bool] = True

    f_str_template: str = "{input_text}"
    system_prompt: str = ""
    schema: Mapping[str, Any] | None = None

    def input_names(self) -> tuple[str, ...]:
        """Return the placeholders."""
        return placeholders(self.f_str_template)

    def reply_schema(self) -> Mapping[str, Any] | None:
        """Return the given schema."""
        return self.schema

    def render(self, row: Mapping[str, Any]) -> list[Message]:
        """Return the messages for a row."""
        system: list[Message] = [{"role": "system", "content": self.system_prompt}] if self.system_prompt else []
        return [*system, {"role": "user", "content": filled(self.f_str_template, row)}]

    def parse(self, text: str) -> dict[str, Any]:
        """Return the whole reply."""
        return {"reply": text.strip()} if self.schema is not None else super().parse(text)
