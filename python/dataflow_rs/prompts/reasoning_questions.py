"""The templates that write questions, and those that sort them by difficulty and subject."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, ClassVar

from dataflow_rs.core.component import component
from dataflow_rs.exceptions import MalformedReplyError
from dataflow_rs.prompts.base import object_schema
from dataflow_rs.prompts.parsing import score
from dataflow_rs.prompts.reasoning import DiyPrompt, ReasoningPrompt, table
from dataflow_rs.serving.messages import Message

_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
_AS_JSON = 'Reply as JSON, the new question without a solution: {"question": "..."}'


class QuestionPrompt(ReasoningPrompt):
    """Base of templates whose reply is a question."""

    fields: ClassVar[Mapping[str, type]] = {"question": str}
    json_schema: ClassVar[Mapping[str, Any] | None] = object_schema(question=_TEXT)

    def parse(self, text: str) -> dict[str, Any]:
        """Return the question; an empty one is malformed."""
        found = super().parse(text)
        if not found["question"]:
            raise MalformedReplyError("the question is empty")
        return found


@component
class MathQuestionSynthesisPrompt(QuestionPrompt):
    """Write a new mathematical question from an old one, varied in one way.

    Args:
        system_prompt: takes the place of the template's system message; empty: its own.
    """

    system: ClassVar[str] = (
        "You write mathematical problems. Yours are complete and consistent, have one definite answer, and need no "
        "picture. You check the numbers before you write them down."
    )
    user: ClassVar[str] = "Old problem:\n{text}\n\nWrite a new problem. {variation}\n\n" + _AS_JSON


@component
class GeneralQuestionSynthesisPrompt(QuestionPrompt):
    """Write a new question that takes reasoning from an old one of any field, varied in one way.

    Args:
        system_prompt: takes the place of the template's system message; empty: its own.
    """

    system: ClassVar[str] = (
        "You write examination questions that take several steps of reasoning. Yours give all that is needed, and "
        "have an answer that an expert of the field can check."
    )
    user: ClassVar[str] = "Old question:\n{text}\n\nWrite a new question of the same field. {variation}\n\n" + _AS_JSON


@component
class DiyQuestionSynthesisPrompt(DiyPrompt, QuestionPrompt):
    """Write a new question by your own instruction; the reply is JSON with `question`.

    Args:
        system_prompt: the system message; empty: none.
        prompt_template: the user message, with `{text}` for the old question and, if you like, `{variation}`.
    """

    inputs: ClassVar[tuple[str, ...]] = ("text", "variation")


class FusionPrompt(QuestionPrompt):
    """Base of templates that join two problems to one.

    Attributes:
        way: how they are joined.
    """

    way: ClassVar[str] = ""
    inputs: ClassVar[tuple[str, ...]] = ("problem_1", "problem_2")
    system: ClassVar[str] = (
        "You join mathematical problems to new ones that are complete, consistent and have one definite answer."
    )
    user: ClassVar[str] = "Problem 1:\n{problem_1}\n\nProblem 2:\n{problem_2}\n\n{way}\n\n" + _AS_JSON

    def render(self, row: Mapping[str, Any]) -> list[Message]:
        """Return the messages for two problems."""
        return super().render({**row, "way": self.way})


@component
class MathQuestionParallelFusionGeneratorPrompt(FusionPrompt):
    """Join two problems side by side: both are solved, and their results are combined.

    Args:
        system_prompt: takes the place of the template's system message; empty: its own.
    """

    way: ClassVar[str] = (
        "Tell one story in which both problems are solved independently of each other, and ask for one number that is "
        "made of both results, such as their sum or their difference."
    )


@component
class MathQuestionSequentialFusionGeneratorPrompt(FusionPrompt):
    """Join two problems in a row: the result of the first is a quantity of the second.

    Args:
        system_prompt: takes the place of the template's system message; empty: its own.
    """

    way: ClassVar[str] = (
        "Make the result of problem 1 a quantity that problem 2 needs, in place of a number that it gives. Ask only "
        "for the result of problem 2."
    )


@component
class MathQuestionConditionFusionGeneratorPrompt(FusionPrompt):
    """Join two problems by a condition: a situation with the circumstances of both, and a choice or comparison.

    Args:
        system_prompt: takes the place of the template's system message; empty: its own.
    """

    way: ClassVar[str] = (
        "Describe one situation in which the circumstances of both problems hold, and ask for something that can only "
        "be decided by solving both and comparing them, such as which is larger and by how much."
    )


@component
class MathQuestionDifficultyPrompt(ReasoningPrompt):
    """Rate how difficult a mathematical problem is, from 1 to 10.

    Args:
        system_prompt: takes the place of the template's system message; empty: its own.
    """

    inputs: ClassVar[tuple[str, ...]] = ("text",)
    fields: ClassVar[Mapping[str, type]] = {"rating": float}
    json_schema: ClassVar[Mapping[str, Any] | None] = object_schema(
        reason={"type": "string"}, rating={"type": "number", "minimum": 1, "maximum": 10}
    )
    system: ClassVar[str] = "You rate how difficult mathematical problems are for a student who sees them first."
    user: ClassVar[str] = (
        "Problem:\n{text}\n\nThe levels:\n{levels}\n\nName the hardest step in one sentence, then the level; halves "
        'are allowed. Reply as JSON: {"reason": "...", "rating": 4}'
    )

    def render(self, row: Mapping[str, Any]) -> list[Message]:
        """Return the messages for a problem."""
        levels = "\n".join(f"{level}: {words}" for level, words in table("math_difficulty.tsv"))
        return super().render({**row, "levels": levels})

    def parse(self, text: str) -> dict[str, Any]:
        """Return the level, also from words such as `Rating: 4`."""
        return {"rating": score(text, 1, 10)}


@component
class MathQuestionCategoryPrompt(ReasoningPrompt):
    """Sort a mathematical problem into a table of two levels.

    Args:
        system_prompt: takes the place of the template's system message; empty: its own.
    """

    inputs: ClassVar[tuple[str, ...]] = ("text",)
    fields: ClassVar[Mapping[str, type]] = {"primary_category": str, "secondary_category": str}
    system: ClassVar[str] = "You sort mathematical problems by subject."
    user: ClassVar[str] = (
        "Problem:\n{text}\n\nThe subjects:\n{subjects}\n\nChoose the one subject that the main step of the solution "
        'belongs to. Reply as JSON: {"primary_category": "...", "secondary_category": "..."}'
    )

    def reply_schema(self) -> Mapping[str, Any]:
        """Return a schema that knows the names of the table."""
        firsts = list(dict.fromkeys(first for first, _ in table("math_categories.tsv")))
        seconds = [second for _, second in table("math_categories.tsv")]
        return object_schema(primary_category={"enum": firsts}, secondary_category={"enum": seconds})

    def render(self, row: Mapping[str, Any]) -> list[Message]:
        """Return the messages for a problem."""
        groups: dict[str, list[str]] = {}
        for first, second in table("math_categories.tsv"):
            groups.setdefault(first, []).append(second)
        subjects = "\n".join(f"{first}: {', '.join(seconds)}" for first, seconds in groups.items())
        return super().render({**row, "subjects": subjects})

    def parse(self, text: str) -> dict[str, Any]:
        """Return the subject as the table writes it; the second level decides about the first one.

        Raises:
            MalformedReplyError: the table has nothing like it.
        """
        found = super().parse(text)
        first_of = {second: first for first, second in table("math_categories.tsv")}
        by_name = {second.lower(): second for second in first_of}
        names = difflib.get_close_matches(found["secondary_category"].lower(), by_name, n=1, cutoff=0.8)
        if not names:
            raise MalformedReplyError(f"there is no subject {found['secondary_category'][:60]!r} in the table")
        second = by_name[names[0]]
        return {"primary_category": first_of[second], "secondary_category": second}
