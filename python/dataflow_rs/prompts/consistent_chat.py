"""The template of chats that keep to one intent: first all of the user's messages, then all answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from dataflow_rs.core.component import component
from dataflow_rs.exceptions import MalformedReplyError, ParameterError
from dataflow_rs.prompts.base import PromptTemplate, object_schema
from dataflow_rs.prompts.topics import topics

_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}


class TurnsPrompt(PromptTemplate):
    """Base of templates whose reply is a list of turns, as many as asked for.

    Args:
        turns: number of turns.
    """

    inputs: ClassVar[tuple[str, ...]] = ("intent", "topic")
    fields: ClassVar[Mapping[str, type]] = {"turns": list}

    turns: int = 6

    def render(self, row: Mapping[str, Any]) -> list[Any]:
        """Return the messages for a row."""
        return super().render({**row, "turns": self.turns})

    def reply_schema(self) -> Mapping[str, Any]:
        """Return the schema of a list of that many texts."""
        return object_schema(turns={"type": "array", "items": _TEXT, "minItems": self.turns, "maxItems": self.turns})

    def parse(self, text: str) -> dict[str, Any]:
        """Return the turns; another number of them, or a blank one, is an error."""
        found = super().parse(text)["turns"]
        turns = [turn.strip() for turn in found if isinstance(turn, str) and turn.strip()]
        if len(turns) != self.turns or len(found) != self.turns:
            raise MalformedReplyError(f"the reply has {len(turns)} turns, {self.turns} were asked for")
        return {"turns": turns}


class ChatQueriesPrompt(TurnsPrompt):
    """Write the user's messages of a chat.

    Args:
        turns: number of messages.
    """

    system: ClassVar[str] = (
        "You write what a user says in a conversation with an assistant. The messages build on each other and on the "
        "answers that the assistant will plausibly have given, and stay with one intent from beginning to end."
    )
    user: ClassVar[str] = (
        "Intent: {intent}\nTopic: {topic}\n\nWrite the user's {turns} messages, in order. Reply as JSON: "
        '{"turns": ["...", "..."]}'
    )


class ChatResponsesPrompt(TurnsPrompt):
    """Write the assistant's answers to all messages of a chat.

    Args:
        turns: number of answers.
    """

    inputs: ClassVar[tuple[str, ...]] = ("intent", "topic", "queries")
    system: ClassVar[str] = (
        "You are a helpful assistant. You see all messages of a user at once and answer each of them as if the later "
        "ones were not known yet. Answers are correct, complete and consistent with each other."
    )
    user: ClassVar[str] = (
        "Intent: {intent}\nTopic: {topic}\n\nThe user's messages:\n{queries}\n\nWrite the {turns} answers, in order. "
        'Reply as JSON: {"turns": ["...", "..."]}'
    )


@component
class ConsistentChatPrompt(PromptTemplate):
    """What chats of `ConsistentChatGenerator` are about.

    Args:
        intents: intent -> topics; None: the ten intents with four topics each that come with the library.

    Examples:
        >>> ConsistentChatPrompt({"planning": ["a party"]}).pairs()
        [('planning', 'a party')]
    """

    intents: Mapping[str, Sequence[str]] | None = None

    def __post_init__(self) -> None:
        if self.intents is not None and not all(self.intents.values()):
            raise ParameterError("ConsistentChatPrompt(intents=): every intent needs at least one topic")

    def pairs(self) -> list[tuple[str, str]]:
        """Return (intent, topic), in order."""
        if self.intents is None:
            return [(intent, topic) for intent, topic in topics("chat_topics")]
        return [(intent, topic) for intent, found in self.intents.items() for topic in found]

    def queries(self, turns: int) -> PromptTemplate:
        """Return the template that writes the user's messages."""
        return ChatQueriesPrompt(turns)

    def responses(self, turns: int) -> PromptTemplate:
        """Return the template that writes the answers."""
        return ChatResponsesPrompt(turns)
