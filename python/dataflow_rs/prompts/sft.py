"""The templates of instruction data: grades, tags, and pairs made from a text or from scratch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from dataflow_rs.core.component import component
from dataflow_rs.exceptions import MalformedReplyError
from dataflow_rs.prompts.base import PromptTemplate, object_schema
from dataflow_rs.serving.json_reply import first_json
from dataflow_rs.serving.messages import Message

_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
_MANY = 10_000


@component
class AlpagasusPrompt(PromptTemplate):
    """Grade an instruction with its answer on one dimension, from 0 to 5.

    Args:
        dimension: what is judged, such as `quality`, `accuracy` or `helpfulness`.
    """

    system: ClassVar[str] = "You review instructions and answers before they are used to train a model. You are strict."
    user: ClassVar[str] = (
        "Instruction:\n{instruction}\n\nInput:\n{input}\n\nAnswer:\n{output}\n\nJudge the {dimension} of the answer to "
        "this instruction (the input may be empty). First give the reason in one sentence, then a score from 0 "
        '(useless) to 5 (could not be better); halves are allowed. Reply as JSON: {"reason": "...", "score": 3}'
    )
    inputs: ClassVar[tuple[str, ...]] = ("instruction", "input", "output")
    fields: ClassVar[Mapping[str, type]] = {"reason": str, "score": float}
    json_schema: ClassVar[Mapping[str, Any] | None] = object_schema(
        reason={"type": "string"}, score={"type": "number", "minimum": 0, "maximum": 5}
    )

    dimension: str = "quality"

    def render(self, row: Mapping[str, Any]) -> list[Message]:
        """Return the messages for a pair."""
        return super().render({**row, "dimension": self.dimension})

    def parse(self, text: str) -> dict[str, Any]:
        """Return reason and score; a score outside of 0 to 5 is none."""
        found = super().parse(text)
        if not 0 <= found["score"] <= 5:
            raise MalformedReplyError(f"the score {found['score']:g} lies outside of 0 to 5")
        return found


@component
class TreeinstructPrompt(PromptTemplate):
    """Count the nodes of an instruction's syntax tree."""

    system: ClassVar[str] = (
        "You analyse how complex instructions are. You see an instruction as a tree: its root is the main verb, and "
        "every object, condition, constraint and modifier that says more about a node hangs below it."
    )
    user: ClassVar[str] = (
        "Instruction:\n{instruction}\n\nList the nodes of its tree, each in one or two words, then count them. Reply "
        "as "
        'JSON: {"nodes": ["write", "poem", "about autumn"], "count": 3}'
    )
    fields: ClassVar[Mapping[str, type]] = {"count": int}
    json_schema: ClassVar[Mapping[str, Any] | None] = object_schema(
        nodes={"type": "array", "items": {"type": "string"}}, count={"type": "integer", "minimum": 0}
    )

    def parse(self, text: str) -> dict[str, Any]:
        """Return the number of nodes: of those that are listed, where the reply lists them."""
        value = first_json(text)
        if isinstance(value, dict) and isinstance(value.get("nodes"), list) and value["nodes"]:
            return {"count": len(value["nodes"])}
        found = super().parse(text)
        if not 0 <= found["count"] <= _MANY:
            raise MalformedReplyError(f"the count {found['count']} is no number of nodes")
        return found


@component
class InstagPrompt(PromptTemplate):
    """Tag what an instruction asks for."""

    system: ClassVar[str] = (
        "You tag instructions. A tag is a short phrase in lower case that names one intention, skill or subject that "
        "the instruction involves, such as `poem writing` or `unit conversion`. Tags do not overlap."
    )
    user: ClassVar[str] = (
        "Instruction:\n{instruction}\n\nGive all of its tags, and none that it does not need. Reply as JSON: "
        '{"tags": ["...", "..."]}'
    )
    fields: ClassVar[Mapping[str, type]] = {"tags": list}
    json_schema: ClassVar[Mapping[str, Any] | None] = object_schema(tags={"type": "array", "items": _TEXT})

    def parse(self, text: str) -> dict[str, Any]:
        """Return the distinct tags in lower case, also from a bare JSON list."""
        value = first_json(text)
        found = value if isinstance(value, list) else super().parse(text)["tags"]
        tags = [" ".join(tag.lower().split()) for tag in found if isinstance(tag, str)]
        return {"tags": list(dict.fromkeys(tag for tag in tags if tag))}


class PairPrompt(PromptTemplate):
    """Base of templates whose reply is an instruction and its output."""

    fields: ClassVar[Mapping[str, type]] = {"instruction": str, "output": str}
    json_schema: ClassVar[Mapping[str, Any] | None] = object_schema(instruction=_TEXT, output=_TEXT)

    def parse(self, text: str) -> dict[str, Any]:
        """Return the pair; a blank instruction or output is none."""
        found = super().parse(text)
        if not (found["instruction"] and found["output"]):
            raise MalformedReplyError("the instruction or the output is blank")
        return found


@component
class SFTGeneratorSeedPrompt(PairPrompt):
    """Turn a text into an instruction and its output.

    Args:
        custom_prompt: what kind of pair is wanted.
    """

    system: ClassVar[str] = (
        "You make training examples out of texts: an instruction that a user could give, and an output that fulfils "
        "it. Both make sense to somebody who does not have the text, and what they say rests on it."
    )
    user: ClassVar[str] = '{custom_prompt}\n\nText:\n{text}\n\nReply as JSON: {"instruction": "...", "output": "..."}'
    inputs: ClassVar[tuple[str, ...]] = ("text",)

    custom_prompt: str

    def render(self, row: Mapping[str, Any]) -> list[Message]:
        """Return the messages for a text."""
        return super().render({**row, "custom_prompt": self.custom_prompt})


@component
class SFTFromScratchGeneratorPrompt(PromptTemplate):
    """Invent a training example in a domain."""

    system: ClassVar[str] = (
        "You invent training examples for an assistant: what a user asks, further input that the request needs (often "
        "none), and an output that is correct and complete. Examples are varied in subject, tone and difficulty, and "
        "harmless."
    )
    user: ClassVar[str] = (
        "Domain: {domain}\n\nInvent one example that is unlike the most obvious one. Reply as JSON: "
        '{"instruction": "...", "input": "", "output": "..."}'
    )
    fields: ClassVar[Mapping[str, type]] = {"instruction": str, "input": str, "output": str}
    json_schema: ClassVar[Mapping[str, Any] | None] = object_schema(
        instruction=_TEXT, input={"type": "string"}, output=_TEXT
    )


@component
class CondorQuestionPrompt(PromptTemplate):
    """Invent an easy, a medium and a hard question about a subject."""

    system: ClassVar[str] = (
        "You invent questions and requests from which a model learns to help people. Each can be understood by itself, "
        "names all that is needed, and has an answer."
    )
    user: ClassVar[str] = (
        "Topic: {topic}\nDomain: {domain}\nTheme: {theme}\n{task}\nWrite three of them in this area: an easy one that "
        "needs common knowledge, a medium one that needs experience, and a hard one that needs expert knowledge or "
        'several steps. Reply as JSON: {"easy": "...", "medium": "...", "hard": "..."}'
    )
    inputs: ClassVar[tuple[str, ...]] = ("topic", "domain", "theme", "task_type")
    fields: ClassVar[Mapping[str, type]] = {"easy": str, "medium": str, "hard": str}
    json_schema: ClassVar[Mapping[str, Any] | None] = object_schema(easy=_TEXT, medium=_TEXT, hard=_TEXT)

    def render(self, row: Mapping[str, Any]) -> list[Message]:
        """Return the messages for a subject; the task type is optional."""
        task = f"Kind of task: {row['task_type']}\n" if row.get("task_type") else ""
        return super().render({**row, "task": task})

    def parse(self, text: str) -> dict[str, Any]:
        """Return the three questions, each with all of its lines; a blank one is none."""
        found = super().parse(text)
        for name, question in found.items():
            if not question:
                raise MalformedReplyError(f"the {name} question is blank")
        return found


@component
class CondorAnswerPrompt(PromptTemplate):
    """Answer a question."""

    system: ClassVar[str] = "You answer questions and requests correctly, completely and to the point."
    user: ClassVar[str] = "{question}"
    fields: ClassVar[Mapping[str, type]] = {"answer": str}


@component
class CondorRefinePrompt(PromptTemplate):
    """Rewrite an answer by a critique of it; `critique` is the template of the critique."""

    system: ClassVar[str] = (
        "You improve answers. You follow the critique where it is right, keep what is good, and write the whole answer "
        "anew."
    )
    user: ClassVar[str] = (
        "Question:\n{instruction}\n\nAnswer:\n{output}\n\nCritique:\n{critique}\n\nReply with the improved answer and "
        "nothing else."
    )
    fields: ClassVar[Mapping[str, type]] = {"answer": str}

    def critique(self) -> PromptTemplate:
        """Return the template of the first call, with the field `critique`."""
        return CondorCritiquePrompt()


@component
class CondorCritiquePrompt(PromptTemplate):
    """Say what is good and bad about an answer."""

    system: ClassVar[str] = "You review answers. You are precise and fair, and you never rewrite the answer."
    user: ClassVar[str] = (
        "Question:\n{instruction}\n\nAnswer:\n{output}\n\nSay what is good, what is wrong or missing, and what should "
        "be changed, in at most six sentences."
    )
    fields: ClassVar[Mapping[str, type]] = {"critique": str}
