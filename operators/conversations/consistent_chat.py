"""Make chats of several turns that keep to one intent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import Dataset
from dataflow_rs.core.keys import ListColumn, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.operators.conversations.messages import MESSAGES
from dataflow_rs.prompts import FromScratch, PromptTemplate, ask_rows
from dataflow_rs.prompts.base import check_accepted
from dataflow_rs.prompts.consistent_chat import ConsistentChatPrompt
from dataflow_rs.prompts.conversations import numbered


@operator
class ConsistentChatGenerator(FromScratch):
    """Make a new table of chats: first all of the user's messages, then all answers, so that a chat is of a piece.

    The input is not looked at; the output takes its place. For every intent `num_dialogs_per_intent` chats are made,
    its topics taking turns; two chats on one topic are two samples, which differ if `temperature` is above 0. A chat
    that could not be made is a row with nulls and the reason in `error`.

    Args:
        llm_serving: the model that is asked, twice per chat.
        num_dialogs_per_intent: chats per intent, 1 or more.
        num_turns_per_dialog: the user's messages per chat, each with an answer; 1 or more.
        temperature: of the sampling, 0 and above.
        prompt_template: says which intents and topics there are.
        on_error: what becomes of chats that could not be made: `keep` the row with its error, `drop` it, or `raise`.

    Keys:
        output_category_key: receives the intent.
        output_topic_key: receives the topic.
        output_conversation_key: receives the chat, a list of messages with `role` and `content`.
        output_error_key: receives why there is no chat; null where there is one.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.conversations import ConsistentChatGenerator
        >>> from dataflow_rs.prompts.consistent_chat import ConsistentChatPrompt
        >>> from dataflow_rs.testing import FakeServing
        >>> serving = FakeServing(['{"turns": ["Which colour?"]}', '{"turns": ["Blue."]}'])
        >>> chats = ConsistentChatPrompt({"choosing": ["paint"]})
        >>> generator = ConsistentChatGenerator(serving, 1, 1, prompt_template=chats)
        >>> generator.apply(pa.table({"any": []}))["conversation"].to_pylist()
        [[{'role': 'user', 'content': 'Which colour?'}, {'role': 'assistant', 'content': 'Blue.'}]]
    """

    prompts: ClassVar[tuple[type[PromptTemplate], ...]] = (ConsistentChatPrompt,)

    num_dialogs_per_intent: int = 20
    num_turns_per_dialog: int = 6
    temperature: float = 0.9
    prompt_template: PromptTemplate | None = None

    def __post_init__(self) -> None:
        if min(self.num_dialogs_per_intent, self.num_turns_per_dialog) < 1 or self.temperature < 0:
            raise ParameterError(
                f"{self.name}: num_dialogs_per_intent={self.num_dialogs_per_intent} and num_turns_per_dialog="
                f"{self.num_turns_per_dialog} must be at least 1, temperature={self.temperature} at least 0"
            )
        check_accepted(self.name, "prompt_template", self.prompt_template, self.prompts)
        chats = self.prompt_template or ConsistentChatPrompt()
        assert isinstance(chats, ConsistentChatPrompt)
        self._chats = chats

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the two templates that are rendered."""
        return self._chats.queries(self.num_turns_per_dialog), self._chats.responses(self.num_turns_per_dialog)

    def columns_read(self, keys: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - nothing
        """Return nothing: the input is not looked at."""
        return {}

    def process(
        self,
        dataset: Dataset,  # noqa: ARG002 - the input is not looked at
        output_category_key: Text = "category",
        output_topic_key: Text = "topic",
        output_conversation_key: ListColumn = "conversation",
        output_error_key: Text = "error",
    ) -> pa.Table:
        """Write all messages, then all answers."""
        queries, responses = self.templates()
        rows, samples = self._plan()
        options: dict[str, Any] = {"samples": samples, "temperature": self.temperature}
        asked = ask_rows(self.llm_serving, queries, rows, **options)
        found = asked.column("turns")
        shown = [
            None if turns is None else {**row, "queries": numbered(turns)}
            for row, turns in zip(rows, found, strict=True)
        ]
        answered = ask_rows(self.llm_serving, responses, shown, **options)
        chats = [
            None if questions is None or answers is None else _chat(questions, answers)
            for questions, answers in zip(found, answered.column("turns"), strict=True)
        ]
        columns = {
            output_category_key: pa.array([row["intent"] for row in rows], pa.string()),
            output_topic_key: pa.array([row["topic"] for row in rows], pa.string()),
            output_conversation_key: pa.array(chats, MESSAGES),
        }
        return self.table_of(columns, output_error_key, {**asked.errors, **answered.errors}, len(rows))

    def _plan(self) -> tuple[list[dict[str, str]], list[int]]:
        """Return what each chat is about, and its number among the chats on the same topic."""
        topics: dict[str, list[str]] = {}
        for intent, topic in self._chats.pairs():
            topics.setdefault(intent, []).append(topic)
        rows, samples = [], []
        for intent, found in topics.items():
            for number in range(self.num_dialogs_per_intent):
                rows.append({"intent": intent, "topic": found[number % len(found)]})
                samples.append(number // len(found))
        return rows, samples


def _chat(questions: Sequence[str], answers: Sequence[str]) -> list[dict[str, str]]:
    return [
        {"role": role, "content": content}
        for pair in zip(questions, answers, strict=True)
        for role, content in zip(("user", "assistant"), pair, strict=True)
    ]
