"""The templates of conversation synthesis: scenarios, tasks, functions, the voices of a conversation, its grade."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from dataflow_rs.core.component import component
from dataflow_rs.exceptions import MalformedReplyError
from dataflow_rs.prompts.base import PromptTemplate, as_text, object_schema, typed_fields
from dataflow_rs.serving.json_reply import excerpt, first_json
from dataflow_rs.serving.messages import Message

_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}


class FilledPrompt(PromptTemplate):
    """Base of templates whose fields are texts in JSON, none of which may be blank."""

    def reply_schema(self) -> Mapping[str, Any] | None:
        """Return the schema of the fields."""
        return object_schema(**dict.fromkeys(self.fields, _TEXT))

    def parse(self, text: str) -> dict[str, Any]:
        """Return the fields; a blank one is none."""
        found = super().parse(text)
        for name, value in found.items():
            if not value:
                raise MalformedReplyError(f"'{name}' is blank")
        return found


@component
class ExtractScenarioPrompt(PromptTemplate):
    """Describe the situation that a conversation takes place in."""

    system: ClassVar[str] = (
        "You describe situations in which people ask an assistant for help. A description says who wants what, where, "
        "and under which conditions, in two to four sentences, without quoting anybody."
    )
    user: ClassVar[str] = (
        "Conversation:\n{chat}\n\nDescribe the situation behind this conversation. Reply with the description and "
        "nothing else."
    )
    fields: ClassVar[Mapping[str, type]] = {"scenario": str}


@component
class ExpandScenarioPrompt(PromptTemplate):
    """Change a situation into a related one."""

    system: ClassVar[str] = (
        "You invent situations in which people ask an assistant for help. They are plausible, concrete and differ from "
        "each other."
    )
    user: ClassVar[str] = (
        "Situation:\n{scenario}\n\nWrite another situation of the same kind: change who is involved, what they want "
        "and at least one condition. Reply with the new situation, in two to four sentences, and nothing else."
    )
    fields: ClassVar[Mapping[str, type]] = {"scenario": str}


@component
class FuncAtomicTaskGeneratePrompt(PromptTemplate):
    """Find one small task in a situation."""

    system: ClassVar[str] = (
        "You write tasks for an assistant that can call functions. An atomic task is one request that a single "
        "function could fulfil, with all the details that the function needs."
    )
    user: ClassVar[str] = (
        "Situation:\n{scenario}\n\nWrite one atomic task that somebody in this situation would give the assistant. "
        "Reply with the task in one or two sentences and nothing else."
    )
    fields: ClassVar[Mapping[str, type]] = {"task": str}


@component
class SequentialTaskGeneratePrompt(FilledPrompt):
    """Find a task that follows a task, and the task that both make up."""

    system: ClassVar[str] = (
        "You write tasks for an assistant that can call functions. A subsequent task needs the result of the task "
        "before it. A composition task is one request that can only be fulfilled by doing all the given tasks in order."
    )
    user: ClassVar[str] = (
        "Task:\n{task}\n\nWrite a subsequent task, and the composition task of both. Reply as JSON: "
        '{"subsequent_task": "...", "composition_task": "..."}'
    )
    fields: ClassVar[Mapping[str, type]] = {"subsequent_task": str, "composition_task": str}


@component
class ParathenSeqTaskGeneratePrompt(FilledPrompt):
    """Find a task beside a task, one that follows both, and the task that all three make up."""

    system: ClassVar[str] = (
        "You write tasks for an assistant that can call functions. A parallel task can be done at the same time as the "
        "given one, because neither needs the other's result. A subsequent task needs the results of both. A "
        "composition task is one request that can only be fulfilled by doing all of them."
    )
    user: ClassVar[str] = (
        "Task:\n{task}\n\nWrite a parallel task, a subsequent task, and the composition task of all three. Reply as "
        "JSON: "
        '{"parallel_task": "...", "subsequent_task": "...", "composition_task": "..."}'
    )
    fields: ClassVar[Mapping[str, type]] = {"parallel_task": str, "subsequent_task": str, "composition_task": str}


@component
class CompositionTaskFilterPrompt(PromptTemplate):
    """Judge whether a composed task can be carried out by its sub-tasks."""

    system: ClassVar[str] = "You check plans. A plan is runnable if its steps, in their order, fulfil the task."
    user: ClassVar[str] = (
        "Task:\n{composition_task}\n\nSteps:\n{sub_tasks}\n\nIs every step possible with what the task and the earlier "
        "steps give, and is the task fulfilled after the last one? Reply as JSON, first the reason in one sentence, "
        "then "
        'yes or no: {"reason": "...", "runnable": "yes"}'
    )
    fields: ClassVar[Mapping[str, type]] = {"reason": str, "runnable": str}
    json_schema: ClassVar[Mapping[str, Any] | None] = object_schema(
        reason={"type": "string"}, runnable={"enum": ["yes", "no"]}
    )

    def render(self, row: Mapping[str, Any]) -> list[Message]:
        """Return the messages, with the steps as a numbered list."""
        return super().render({**row, "sub_tasks": numbered(row["sub_tasks"])})

    def parse(self, text: str) -> dict[str, Any]:
        """Return reason and verdict; what is neither yes nor no is none."""
        found = super().parse(text)
        verdict = found["runnable"].lower()
        if verdict not in ("yes", "no"):
            raise MalformedReplyError(f"the verdict is neither yes nor no: {excerpt(found['runnable'])}")
        return {**found, "runnable": verdict}


@component
class FuncGeneratePrompt(PromptTemplate):
    """Define the functions that a composed task needs."""

    system: ClassVar[str] = (
        "You define functions that an assistant can call. A function has a name in snake_case, a description of one "
        "sentence, and parameters with names, JSON types and descriptions. Functions are general: values from the task "
        "are arguments, never part of a function."
    )
    user: ClassVar[str] = (
        "Task:\n{composition_task}\n\nSteps:\n{sub_tasks}\n\nDefine the functions that fulfil these steps, one for "
        "each "
        'step. Reply as JSON: {"functions": [{"name": "find_flight", "description": "...", "parameters": [{"name": '
        '"city", "type": "string", "description": "..."}]}]}'
    )
    fields: ClassVar[Mapping[str, type]] = {"functions": list}
    json_schema: ClassVar[Mapping[str, Any] | None] = object_schema(
        functions={
            "type": "array",
            "minItems": 1,
            "items": object_schema(
                name=_TEXT,
                description=_TEXT,
                parameters={
                    "type": "array",
                    "items": object_schema(
                        name=_TEXT,
                        type={"enum": ["string", "integer", "number", "boolean", "array", "object"]},
                        description={"type": "string"},
                    ),
                },
            ),
        }
    )

    def render(self, row: Mapping[str, Any]) -> list[Message]:
        """Return the messages, with the steps as a numbered list."""
        return super().render({**row, "sub_tasks": numbered(row["sub_tasks"])})

    def parse(self, text: str) -> dict[str, Any]:
        """Return the functions as definitions in the form that chat endpoints take as tools."""
        value = first_json(text)
        found = value if isinstance(value, list) else typed_fields(value, self.fields)["functions"]
        if not found:
            raise MalformedReplyError("the reply defines no function")
        return {"functions": [_tool(function) for function in found]}


@component
class ConversationUserPrompt(PromptTemplate):
    """Say what a user who wants a task done would write first."""

    system: ClassVar[str] = "You play a user who asks an assistant for help, in a user's own words."
    user: ClassVar[str] = (
        "You want this done:\n{task}\n\nIt has these parts:\n{sub_tasks}\n\nWrite your message to the assistant. It "
        "names every detail that is needed, and does not tell the assistant which functions to call. Reply with the "
        "message and nothing else."
    )
    fields: ClassVar[Mapping[str, type]] = {"message": str}

    def render(self, row: Mapping[str, Any]) -> list[Message]:
        """Return the messages, with the parts as a numbered list."""
        return super().render({**row, "sub_tasks": numbered(row["sub_tasks"])})


@component
class ConversationAssistantPrompt(PromptTemplate):
    """Take the assistant's next turn: call a function, or give the final answer."""

    system: ClassVar[str] = (
        "You are an assistant that fulfils a user's request by calling functions, one at a time. You never make up "
        "what a function would return.\n\nFunctions:\n{functions}\n\nIn each turn reply as JSON, either with a call: "
        '{"action": "call", "function": "...", "arguments": {...}, "answer": ""} or, once you know everything that the '
        'user asked for, with the answer: {"action": "final", "function": "", "arguments": {}, "answer": "..."}'
    )
    inputs: ClassVar[tuple[str, ...]] = ("functions", "conversation")
    fields: ClassVar[Mapping[str, type]] = {"action": str, "function": str, "arguments": dict, "answer": str}
    json_schema: ClassVar[Mapping[str, Any] | None] = object_schema(
        action={"enum": ["call", "final"]},
        function={"type": "string"},
        arguments={"type": "object"},
        answer={"type": "string"},
    )

    def render(self, row: Mapping[str, Any]) -> list[Message]:
        """Return the conversation so far as the assistant sees it: results of functions come from the user's side."""
        turns: list[Message] = [
            {"role": "user", "content": f"Result of the function:\n{turn['content']}"}
            if turn["role"] == "tool"
            else {"role": turn["role"], "content": turn["content"]}
            for turn in row["conversation"]
        ]
        return [super().render({"functions": row["functions"]})[0], *turns]

    def parse(self, text: str) -> dict[str, Any]:
        """Return the turn; a call names a function, an answer is not blank."""
        found = super().parse(text)
        if found["action"] not in ("call", "final"):
            raise MalformedReplyError(f"the action is neither call nor final: {excerpt(found['action'])}")
        if not found["function" if found["action"] == "call" else "answer"]:
            raise MalformedReplyError(f"the turn is {found['action']}, but says nothing")
        return found


@component
class ConversationToolPrompt(PromptTemplate):
    """Make up what a called function returns."""

    system: ClassVar[str] = (
        "You stand in for functions that do not exist. You return what such a function would plausibly return for its "
        "arguments, as JSON, without any comment. A call that does not fit the function's definition returns an error."
    )
    user: ClassVar[str] = "Functions:\n{functions}\n\nCall:\n{call}\n\nReturn the result as one JSON object."
    fields: ClassVar[Mapping[str, type]] = {"result": dict}
    json_schema: ClassVar[Mapping[str, Any] | None] = {"type": "object"}

    def parse(self, text: str) -> dict[str, Any]:
        """Return the JSON object."""
        value = first_json(text)
        if not isinstance(value, dict):
            raise MalformedReplyError(f"the result is no JSON object: {excerpt(text)}")
        return {"result": value}


@component
class ConversationEvalPrompt(PromptTemplate):
    """Grade a conversation with function calls from 1 to 5."""

    system: ClassVar[str] = (
        "You review conversations between a user and an assistant that calls functions, before they are used to train "
        "a model. You are strict and fair."
    )
    user: ClassVar[str] = (
        "Conversation:\n{conversation}\n\nJudge it: are the calls needed, well formed and in a sensible order, does "
        "the assistant use what they return, and does the last answer fulfil the request? First give the reason in one "
        "or "
        'two sentences, then a score from 1 (unusable) to 5 (excellent). Reply as JSON: {"reason": "...", "score": 3}'
    )
    fields: ClassVar[Mapping[str, type]] = {"reason": str, "score": int}
    json_schema: ClassVar[Mapping[str, Any] | None] = object_schema(
        reason={"type": "string"}, score={"type": "integer", "minimum": 1, "maximum": 5}
    )

    def parse(self, text: str) -> dict[str, Any]:
        """Return reason and score; a score outside of 1 to 5 is none."""
        found = super().parse(text)
        if not 1 <= found["score"] <= 5:
            raise MalformedReplyError(f"the score {found['score']} lies outside of 1 to 5")
        return found


def numbered(items: Any) -> str:
    r"""Return values as a numbered list; what is no list is shown as it is.

    Examples:
        >>> numbered(["Find it.", "Book it."])
        '1. Find it.\n2. Book it.'
    """
    if not isinstance(items, (list, tuple)):
        return as_text(items)
    return "\n".join(f"{number}. {as_text(item)}" for number, item in enumerate(items, 1))


def _tool(function: Any) -> dict[str, Any]:
    """Return one function as `{"name", "description", "parameters": <JSON schema of an object>}`."""
    given = typed_fields(function, {"name": str, "description": str})
    parameters = function.get("parameters", [])
    if not isinstance(parameters, list) or not all(isinstance(item, dict) and item.get("name") for item in parameters):
        raise MalformedReplyError(f"the parameters of '{given['name']}' are no list: {excerpt(json.dumps(parameters))}")
    properties = {
        str(item["name"]): {"type": item.get("type", "string"), "description": item.get("description", "")}
        for item in parameters
    }
    return {**given, "parameters": {"type": "object", "properties": properties, "required": list(properties)}}
