"""Let a model play user, assistant and functions until a task is done."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import FilterOperator
from dataflow_rs.core.keys import ListColumn, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import RowError, Verdict
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.operators.conversations.messages import MESSAGES
from dataflow_rs.prompts import Prompted, PromptTemplate, ask_rows
from dataflow_rs.prompts.conversations import (
    ConversationAssistantPrompt,
    ConversationToolPrompt,
    ConversationUserPrompt,
)

_Turn = dict[str, str]


@operator
class MultiTurnConversationGenerator(Prompted, FilterOperator):
    """Write a conversation in which an assistant fulfils a task by calling functions.

    A model plays the user, who states the task; then, round by round, the assistant, which calls a function or gives
    its final answer, and the function, whose result is made up. In the conversation a call is
    `<func_call>{"name": ..., "arguments": ...}</func_call>`, the last answer `<final>...</final>`, and a result has the
    role `tool`. All conversations of a batch go on side by side. Only finished ones are kept: a row whose conversation
    has no final answer after `max_turns` rounds is dropped by the rule `unfinished`, one without a task, a part or
    functions by the rule `empty`.

    Args:
        llm_serving: the model that plays all three.
        max_turns: most turns that the assistant has, 1 or more.
        on_error: what happens to a row with a failed call: `keep` it without a conversation, `drop` it, or `raise`.

    Keys:
        input_task_key: the task.
        input_sub_tasks_keys: list of the columns of its parts, in order.
        input_functions_key: definitions of the functions, JSON text.
        output_conversations_key: receives the conversation, a list of messages with `role` and `content`.
        output_user_response_key: receives the user's message.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.conversations import MultiTurnConversationGenerator
        >>> from dataflow_rs.testing import FakeServing
        >>> final = '{"action": "final", "function": "", "arguments": {}, "answer": "At noon."}'
        >>> table = pa.table({"composition_task": ["When?"], "atom_task": ["Find it."], "subsequent_task": [None],
        ...     "functions": ["[]"]})
        >>> serving = FakeServing(["When does it leave?", final])
        >>> result = MultiTurnConversationGenerator(serving).apply(table)
        >>> [turn["content"] for turn in result["conversations"][0].as_py()]
        ['When does it leave?', '<final>At noon.</final>']
    """

    prompts: ClassVar[tuple[type[PromptTemplate], ...]] = (
        ConversationUserPrompt,
        ConversationAssistantPrompt,
        ConversationToolPrompt,
    )

    max_turns: int = 5

    def __post_init__(self) -> None:
        if self.max_turns < 1:
            raise ParameterError(f"{self.name}: max_turns={self.max_turns} must be at least 1")
        self._user, self._assistant, self._tool = (prompt() for prompt in self.prompts)

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the three voices."""
        return self._user, self._assistant, self._tool

    def roles(self, keys: Any) -> dict[str, Any]:
        """Return the inputs; conversation and call come from the rounds before, not from columns of their own."""
        bound = super().roles(keys)
        return {**bound, "conversation": bound["task"], "call": bound["task"]} if "task" in bound else bound

    def process(
        self,
        batch: pa.RecordBatch,
        input_task_key: Text = "composition_task",
        input_sub_tasks_keys: list[Text] | tuple[Text, ...] = ("atom_task", "subsequent_task"),
        input_functions_key: Text = "functions",
        output_conversations_key: ListColumn = "conversations",
        output_user_response_key: Text = "user_response",
    ) -> Verdict:
        """Play all conversations, round by round."""
        keys = {"input_task_key": input_task_key, "input_sub_tasks_keys": input_sub_tasks_keys}
        functions = self.rows(batch, self._tool, {**keys, "input_functions_key": input_functions_key})
        opened = [
            None if given is None else row
            for row, given in zip(self.rows(batch, self._user, keys), functions, strict=True)
        ]
        opening = ask_rows(self.llm_serving, self._user, opened)
        talks = [None if text is None else [_turn("user", text)] for text in opening.column("message")]
        errors = dict(opening.errors)
        going = [row for row, talk in enumerate(talks) if talk is not None]
        for _ in range(self.max_turns):
            going = self._round(going, talks, functions, errors)
        finished = [_is_final(talk) for talk in talks]
        done = [talk if final else None for talk, final in zip(talks, finished, strict=True)]
        return Verdict(
            keep=finished,
            rule=["empty" if talk is None else "unfinished" for talk in talks],
            columns={
                output_conversations_key: pa.array(done, MESSAGES),
                output_user_response_key: opening.column("message"),
            },
            errors=errors,
        )

    def _round(
        self,
        going: Sequence[int],
        talks: Sequence[list[_Turn] | None],
        functions: Sequence[dict[str, Any] | None],
        errors: dict[int, RowError],
    ) -> list[int]:
        """Let the assistant and then the functions have their turn in some conversations; return those that go on."""
        shown = [{"functions": (functions[row] or {})["functions"], "conversation": talks[row]} for row in going]
        turns = ask_rows(self.llm_serving, self._assistant, shown)
        errors.update({going[position]: error for position, error in turns.errors.items()})
        calling: list[tuple[int, str]] = []
        for row, turn in zip(going, turns.values, strict=True):
            talk = talks[row]
            if turn is None or talk is None:
                continue
            if turn["action"] == "final":
                talk.append(_turn("assistant", f"<final>{turn['answer']}</final>"))
                continue
            call = json.dumps({"name": turn["function"], "arguments": turn["arguments"]}, ensure_ascii=False)
            talk.append(_turn("assistant", f"<func_call>{call}</func_call>"))
            calling.append((row, call))
        asked = [{"functions": (functions[row] or {})["functions"], "call": call} for row, call in calling]
        results = ask_rows(self.llm_serving, self._tool, asked)
        errors.update({calling[position][0]: error for position, error in results.errors.items()})
        going_on = []
        for (row, _), result in zip(calling, results.values, strict=True):
            talk = talks[row]
            if result is not None and talk is not None:
                talk.append(_turn("tool", json.dumps(result["result"], ensure_ascii=False)))
                going_on.append(row)
        return going_on


def _turn(role: str, content: str) -> _Turn:
    return {"role": role, "content": content}


def _is_final(talk: list[_Turn] | None) -> bool:
    return talk is not None and talk[-1]["role"] == "assistant" and talk[-1]["content"].startswith("<final>")
