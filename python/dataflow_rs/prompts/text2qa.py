"""The templates of question-answer generation and of its evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from dataflow_rs.core.component import component
from dataflow_rs.exceptions import MalformedReplyError
from dataflow_rs.prompts.base import PromptTemplate, object_schema, typed_fields
from dataflow_rs.prompts.parsing import numbered_list, question_answers
from dataflow_rs.serving.json_reply import first_json

_TEXT = {"type": "string"}


@component
class Text2QAAutoPromptGeneratorPrompt(PromptTemplate):
    """Find what a text can be asked about: one task per question that is to be written.

    Args:
        count: number of tasks.
    """

    system: ClassVar[str] = (
        # No example: small models copy it in place of what the text says.
        "You plan a quiz about a text. For each question that somebody else will write, you name the one thing in the "
        "text that it should ask about - a fact, a name, a number, a reason or a step - in a short instruction that "
        "begins with Ask and uses the words of the text."
    )
    user: ClassVar[str] = (
        "Text:\n{text}\n\nWrite {count} different instruction(s), each about another fact or idea of the text that can "
        'be answered from the text alone. Reply as JSON: {"tasks": ["..."]}'
    )
    inputs: ClassVar[tuple[str, ...]] = ("text",)
    fields: ClassVar[Mapping[str, type]] = {"tasks": list}

    count: int = 1

    def render(self, row: Mapping[str, Any]) -> list[Any]:
        """Return the messages for a text."""
        return super().render({**row, "count": self.count})

    def reply_schema(self) -> Mapping[str, Any]:
        """Return the schema of a list of that many tasks."""
        return object_schema(tasks={"type": "array", "items": _TEXT, "minItems": self.count, "maxItems": self.count})

    def parse(self, text: str) -> dict[str, Any]:
        """Return the distinct tasks, from JSON or from a numbered list."""
        try:
            value = first_json(text)
            found = value if isinstance(value, list) else typed_fields(value, self.fields)["tasks"]
        except MalformedReplyError:
            found = numbered_list(text)
        tasks = [item.strip() for item in found if isinstance(item, str) and item.strip()]
        if not tasks:
            raise MalformedReplyError("the reply names no task")
        distinct = {" ".join(task.lower().split()): task for task in reversed(tasks)}
        return {"tasks": [task for task in dict.fromkeys(tasks) if task in distinct.values()][: self.count]}


@component
class Text2QASeedQuestionGeneratorPrompt(PromptTemplate):
    """Write one question and its answer about a text, following a task."""

    system: ClassVar[str] = (
        "You write questions and answers from which others learn. Question and answer rest on the text alone. The "
        "question makes sense to somebody who does not have the text before them: it names what it is about, and never "
        "speaks of the text, the passage or the author's words. The answer is correct, complete and to the point."
    )
    user: ClassVar[str] = 'Text:\n{text}\n\nTask: {task}\n\nReply as JSON: {"question": "...", "answer": "..."}'
    fields: ClassVar[Mapping[str, type]] = {"question": str, "answer": str}
    json_schema: ClassVar[Mapping[str, Any] | None] = object_schema(question=_TEXT, answer=_TEXT)

    def parse(self, text: str) -> dict[str, Any]:
        """Return question and answer, from JSON or from `Q:` and `A:` blocks of any number of lines."""
        try:
            pair = super().parse(text)
        except MalformedReplyError:
            question, answer = question_answers(text)[0]
            pair = {"question": question, "answer": answer}
        if not (pair["question"] and pair["answer"]):
            raise MalformedReplyError("the question or the answer is empty")
        return pair


class GradePrompt(PromptTemplate):
    """Base of templates that grade a question and its answer from 1 to 5, with a reason.

    Attributes:
        criterion: what is judged.
    """

    criterion: ClassVar[str] = ""
    inputs: ClassVar[tuple[str, ...]] = ("question", "answer")
    fields: ClassVar[Mapping[str, type]] = {"feedback": str, "grade": int}
    json_schema: ClassVar[Mapping[str, Any] | None] = object_schema(
        feedback=_TEXT, grade={"type": "integer", "minimum": 1, "maximum": 5}
    )
    user: ClassVar[str] = (
        "Question:\n{question}\n\nAnswer:\n{answer}\n\n{criterion}\n\nFirst say in one or two sentences what is good "
        "and what is not, then give a grade from 1 (unusable) to 5 (excellent). Reply as JSON: "
        '{"feedback": "...", "grade": 3}'
    )
    system: ClassVar[str] = (
        "You review questions and answers before they are used to train a model. You are strict and fair."
    )

    def render(self, row: Mapping[str, Any]) -> list[Any]:
        """Return the messages for a pair."""
        return super().render({**row, "criterion": self.criterion})

    def parse(self, text: str) -> dict[str, Any]:
        """Return grade and feedback; a grade outside of 1 to 5 is none."""
        found = super().parse(text)
        if not 1 <= found["grade"] <= 5:
            raise MalformedReplyError(f"the grade {found['grade']} lies outside of 1 to 5")
        return found


@component
class Text2QAQuestionQualityPrompt(GradePrompt):
    """Grade the question by itself."""

    criterion: ClassVar[str] = (
        "Judge only the question: is it clear, does it ask one thing, and can somebody understand it who sees nothing "
        "else?"
    )


@component
class Text2QAAnswerAlignmentPrompt(GradePrompt):
    """Grade whether the answer answers the question."""

    criterion: ClassVar[str] = (
        "Judge only how the answer fits the question: does it answer exactly what was asked, all of it, and nothing "
        "else?"
    )


@component
class Text2QAAnswerVerifiabilityPrompt(GradePrompt):
    """Grade whether the answer can be checked."""

    criterion: ClassVar[str] = (
        "Judge only whether the answer can be checked: does it state facts, steps or reasons that somebody could "
        "confirm or refute, rather than opinions and generalities?"
    )


@component
class Text2QADownstreamValuePrompt(GradePrompt):
    """Grade what a model could learn from the pair."""

    criterion: ClassVar[str] = (
        "Judge only the use of the pair for training: would a model that learns it become better at something that "
        "users ask for?"
    )
