"""The template of answers from passages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from dataflow_rs.core.component import component
from dataflow_rs.prompts.base import PromptTemplate, filled
from dataflow_rs.serving.messages import Message


@component
class RetrievalPrompt(PromptTemplate):
    r"""Answer a question from passages.

    Args:
        system_prompt: the instruction.

    Examples:
        >>> messages = RetrievalPrompt("Answer.").render({"text": "How long?", "passages": "It is 518 km long."})
        >>> messages[1]["content"]
        'Passages:\nIt is 518 km long.\n\nQuestion: How long?'
    """

    inputs: ClassVar[tuple[str, ...]] = ("text", "passages")
    fields: ClassVar[Mapping[str, type]] = {"answer": str}
    allows_cut: ClassVar[bool] = True

    system_prompt: str

    def render(self, row: Mapping[str, Any]) -> list[Message]:
        """Return the messages for a question; without passages the question alone."""
        passages = "Passages:\n{passages}\n\n" if row["passages"] else ""
        return [
            {"role": "system", "content": self.system_prompt},
            {"role": "user", "content": filled(passages + "Question: {text}", row)},
        ]
