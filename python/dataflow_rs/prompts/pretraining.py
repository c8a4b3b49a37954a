"""The templates of pre-training data: grades on several dimensions, question-answer texts, and the language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from dataflow_rs.core.component import component
from dataflow_rs.exceptions import MalformedReplyError, ParameterError
from dataflow_rs.prompts.base import PromptTemplate, object_schema, typed_fields
from dataflow_rs.serving.json_reply import excerpt, first_json
from dataflow_rs.serving.messages import Message
from dataflow_rs.serving.reasoning import answer_of

DIMENSIONS: tuple[Mapping[str, Any], ...] = (
    {
        "dimension_name": "Text Structure",
        "description": "order, paragraphs and headings; each part leads to the next",
    },
    {
        "dimension_name": "Diversity and Complexity",
        "description": "variety of words, sentences and ideas; depth of what is said",
    },
    {
        "dimension_name": "Fluency and Understandability",
        "description": "natural language that is free of mistakes and easy to follow",
    },
    {
        "dimension_name": "Safety",
        "description": "free of hate, danger, private data and spam",
    },
    {
        "dimension_name": "Educational Value",
        "description": "what somebody who reads it learns",
    },
    {
        "dimension_name": "Content Accuracy and Effectiveness",
        "description": "correct, supported, and to the point",
    },
)
"""What `MetaSampleEvaluator` scores by default; each entry may have examples (`example_list` of `text` and `score`)."""

_CODE = re.compile(r"[^\w]*([A-Za-z]{2})[^\w]*")


@component
class MetaPrompt(PromptTemplate):
    """Score a text on several dimensions at once.

    Args:
        dimensions: what is scored: entries with `dimension_name`, `description` and, optionally, `example_list`, whose
            entries have `text` and `score`.
        scale_min: lowest score.
        scale_max: highest score.

    Examples:
        >>> prompt = MetaPrompt([{"dimension_name": "Wit", "description": "is it funny?"}])
        >>> prompt.parse('{"Wit": 4}')
        {'Wit': 4.0}
    """

    system: ClassVar[str] = (
        "You score texts that may be used to train a language model. Each dimension is judged by itself, from "
        "{scale_min} (worst) to {scale_max} (best).\n\n{criteria}"
    )
    user: ClassVar[str] = "Text:\n{text}\n\nReply as JSON with one number per dimension: {form}"
    inputs: ClassVar[tuple[str, ...]] = ("text",)

    dimensions: Sequence[Mapping[str, Any]] = DIMENSIONS
    scale_min: float = 1
    scale_max: float = 5

    def __post_init__(self) -> None:
        names = [dimension.get("dimension_name") for dimension in self.dimensions]
        if not names or not all(isinstance(name, str) and name for name in names) or len(set(names)) < len(names):
            raise ParameterError(
                "MetaPrompt(dimensions=): every dimension needs a 'dimension_name' of its own, and there must be one; "
                f"got {names}"
            )

    def names(self) -> list[str]:
        """Return the names of the dimensions."""
        return [str(dimension["dimension_name"]) for dimension in self.dimensions]

    def render(self, row: Mapping[str, Any]) -> list[Message]:
        """Return the messages for a text."""
        form = "{" + ", ".join(f'"{name}": {self.scale_max:g}' for name in self.names()) + "}"
        criteria = "\n".join(_criterion(dimension) for dimension in self.dimensions)
        given = {"scale_min": f"{self.scale_min:g}", "scale_max": f"{self.scale_max:g}"}
        return super().render({**row, **given, "criteria": criteria, "form": form})

    def reply_schema(self) -> Mapping[str, Any]:
        """Return the schema of one number per dimension."""
        number = {"type": "number", "minimum": self.scale_min, "maximum": self.scale_max}
        return object_schema(**dict.fromkeys(self.names(), number))

    def parse(self, text: str) -> dict[str, Any]:
        """Return one score per dimension; all of them must be there and on the scale."""
        found = typed_fields(first_json(text), dict.fromkeys(self.names(), float))
        for name, score in found.items():
            if not self.scale_min <= score <= self.scale_max:
                raise MalformedReplyError(
                    f"the score {score:g} of '{name}' lies outside of {self.scale_min:g} to {self.scale_max:g}"
                )
        return found


@component
class Phi4QAGeneratorPrompt(PromptTemplate):
    """Turn a text into questions and answers that teach what it says."""

    system: ClassVar[str] = (
        "You rewrite texts into study material for pre-training: a series of questions and detailed answers that "
        "covers what the text teaches, in its order, and adds the reasoning that the text leaves out. The material "
        "stands by itself: it never mentions the text."
    )
    user: ClassVar[str] = (
        "Text:\n{text}\n\nWrite the questions and answers, each question on a line that begins with Q: and each answer "
        "on one that begins with A:."
    )
    fields: ClassVar[Mapping[str, type]] = {"content": str}


@component
class LanguagePrompt(PromptTemplate):
    """Name the language of a text by its ISO 639-1 code."""

    system: ClassVar[str] = "You identify languages."
    user: ClassVar[str] = (
        "Text:\n{text}\n\nWhich language is most of this text written in? Reply as JSON with its ISO 639-1 code, such "
        "as "
        '{"language": "en"}'
    )
    fields: ClassVar[Mapping[str, type]] = {"language": str}
    json_schema: ClassVar[Mapping[str, Any] | None] = object_schema(
        language={"type": "string", "minLength": 2, "maxLength": 2}
    )

    def parse(self, text: str) -> dict[str, Any]:
        """Return the code in lower case, from JSON or from a reply of nothing but a code and punctuation."""
        try:
            code = super().parse(text)["language"]
        except MalformedReplyError:
            code = answer_of(text)
        found = _CODE.fullmatch(code)
        if found is None:
            raise MalformedReplyError(f"the reply is no language code: {excerpt(text)}")
        return {"language": found[1].lower()}


def _criterion(dimension: Mapping[str, Any]) -> str:
    """Return one dimension as the model is shown it, with its examples."""
    lines = [f"{dimension['dimension_name']}: {dimension.get('description', '')}".rstrip(": ")]
    lines += [f"  Example, score {one['score']}: {one['text']}" for one in dimension.get("example_list", ())]
    return "\n".join(lines)
