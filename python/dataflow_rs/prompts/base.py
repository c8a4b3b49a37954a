"""`PromptTemplate`: builds messages from the values of a row, and reads the reply into typed fields.

An operator binds a template's inputs to columns: `text` to the column that its `input_key` names, `question` to the one
of `input_question_key`, and so on; any other input is the column of that name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from dataflow_rs.core.component import Component, source_of
from dataflow_rs.exceptions import MalformedReplyError, ParameterError
from dataflow_rs.serving.json_reply import excerpt, first_json
from dataflow_rs.serving.messages import Message
from dataflow_rs.serving.reasoning import answer_of
from dataflow_rs.serving.reply_type import fields_of, is_reply_type, schema_of

_PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w*)\}")


class PromptTemplate(Component):
    r"""Base of prompt templates; a subclass with a few class attributes is complete.

    Attributes:
        system: system message, with `{name}` where the value of an input goes; empty: none.
        user: user message, with placeholders.
        inputs: names of the values it uses; by default the placeholders.
        fields: name -> type of what a reply is read into: `str`, `int`, `float`, `bool`, `list` or `dict`.
        json_schema: JSON schema that the reply must follow, or a pydantic model, whose entries are then the `fields` if
            those are not given; None: free text.
        allows_cut: whether a reply that was cut at `max_tokens` counts as one.
        version: raise it when the same row should be asked anew although no text has changed.

    Examples:
        >>> from dataflow_rs.prompts import PromptTemplate
        >>> class TitlePrompt(PromptTemplate):
        ...     '''Find a title.'''
        ...     system = "You name documents."
        ...     user = "Give this text a title of at most six words.\n\n{text}"
        ...     fields = {"title": str}
        >>> prompt = TitlePrompt()
        >>> prompt.input_names(), prompt.render({"text": "Once upon a time ..."})[1]["content"]
        (('text',), 'Give this text a title of at most six words.\n\nOnce upon a time ...')
        >>> prompt.parse(" A Tale ")
        {'title': 'A Tale'}
    """

    version: ClassVar[str] = "1"
    system: ClassVar[str] = ""
    user: ClassVar[str] = ""
    inputs: ClassVar[tuple[str, ...]] = ()
    fields: ClassVar[Mapping[str, type]] = {"reply": str}
    json_schema: ClassVar[Any] = None
    allows_cut: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if is_reply_type(cls.__dict__.get("json_schema")) and "fields" not in cls.__dict__:
            cls.fields = fields_of(cls.json_schema)

    def input_names(self) -> tuple[str, ...]:
        """Return the names of the values that `render` needs."""
        found = _PLACEHOLDER.findall(self.system) + _PLACEHOLDER.findall(self.user)
        return self.inputs or tuple(dict.fromkeys(found))

    def reply_schema(self) -> Mapping[str, Any] | None:
        """Return the JSON schema that is sent with the request."""
        schema: Mapping[str, Any] | None = self.json_schema
        return schema_of(schema) if is_reply_type(schema) else schema

    def render(self, row: Mapping[str, Any]) -> list[Message]:
        """Return the messages for a row.

        Args:
            row: name -> value of the inputs. Null is rendered as nothing, what is no text as JSON.
        """
        messages: list[Message] = [{"role": "system", "content": filled(self.system, row)}] if self.system else []
        return [*messages, {"role": "user", "content": filled(self.user, row)}]

    def parse(self, text: str) -> dict[str, Any]:
        """Read a reply into the fields. A template of one text field takes the whole reply, any other one its JSON.

        Raises:
            MalformedReplyError: the reply does not hold them.
        """
        if self.reply_schema() is None and list(self.fields.values()) == [str]:
            return {name: answer_of(text).strip() for name in self.fields}
        return typed_fields(first_json(text), self.fields)

    def identity(self) -> dict[str, Any]:
        """Return everything that determines what is asked and how the reply is read."""
        import hashlib

        source = "".join(source_of(type(self)))
        return {
            **super().identity(),
            "version": self.version,
            "texts": [self.system, self.user, list(self.input_names())],
            "fields": {name: kind.__name__ for name, kind in self.fields.items()},
            "json_schema": self.reply_schema(),
            "source": hashlib.sha256(source.encode()).hexdigest() if source else None,
        }


class UserPrompt(PromptTemplate):
    """Base of a user's own templates for operators that accept only certain ones.

    It is accepted wherever its `fields` hold those of the template it takes the place of.
    """


class WithSystem(PromptTemplate):
    """A template with another system message.

    Args:
        prompt: the template.
        system_prompt: the system message in place of its own.
    """

    prompt: PromptTemplate
    system_prompt: str

    def __post_init__(self) -> None:
        self.fields = self.prompt.fields  # type: ignore[misc]  # of this template, not of the class
        self.json_schema = self.prompt.json_schema  # type: ignore[misc]
        self.allows_cut = self.prompt.allows_cut  # type: ignore[misc]

    def input_names(self) -> tuple[str, ...]:
        """Return the inputs of the template."""
        return self.prompt.input_names()

    def reply_schema(self) -> Mapping[str, Any] | None:
        """Return the schema of the template."""
        return self.prompt.reply_schema()

    def render(self, row: Mapping[str, Any]) -> list[Message]:
        """Return the messages of the template after the other system message."""
        rest = [message for message in self.prompt.render(row) if message["role"] != "system"]
        return [{"role": "system", "content": self.system_prompt}, *rest]

    def parse(self, text: str) -> dict[str, Any]:
        """Read a reply as the template does."""
        return self.prompt.parse(text)

    def identity(self) -> dict[str, Any]:
        """Return the identity of the template, and the message."""
        return {"system_prompt": self.system_prompt, "prompt": self.prompt.identity()}


def filled(template: str, row: Mapping[str, Any]) -> str:
    """Return a text with its placeholders replaced; names that are no value of the row stay as they are.

    Examples:
        >>> filled('Text: {text} {"score": 1}', {"text": "a {text}"})
        'Text: a {text} {"score": 1}'
    """
    return _PLACEHOLDER.sub(lambda found: as_text(row[found[1]]) if found[1] in row else found[0], template)


def placeholders(template: str) -> tuple[str, ...]:
    """Return the names that a text has placeholders for, each once, in order.

    Examples:
        >>> placeholders('{question} {context} {question} {"json": 1}')
        ('question', 'context')
    """
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(template)))


def as_text(value: Any) -> str:
    """Return a value as it is shown to a model."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def object_schema(**fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON schema of an object that has exactly these entries.

    Examples:
        >>> object_schema(score={"type": "integer"})["required"]
        ['score']
    """
    return {
        "type": "object",
        "properties": {name: dict(schema) for name, schema in fields.items()},
        "required": list(fields),
        "additionalProperties": False,
    }


def typed_fields(value: Any, fields: Mapping[str, type]) -> dict[str, Any]:
    """Return the fields of a JSON object with their declared types; whole numbers may be written as text.

    Raises:
        MalformedReplyError: a field is missing or of another type.

    Examples:
        >>> typed_fields({"score": "4", "more": 1}, {"score": int})
        {'score': 4}
    """
    if not isinstance(value, dict):
        raise MalformedReplyError(f"the reply is no JSON object but {excerpt(json.dumps(value))}")
    for name in fields:
        if name not in value:
            raise MalformedReplyError(f"the reply has no '{name}': {excerpt(json.dumps(value))}")
    return {name: _typed(name, value[name], kind) for name, kind in fields.items()}


def _typed(name: str, value: Any, kind: type) -> Any:
    if kind in (int, float) and not isinstance(value, bool):
        try:
            number = float(value) if isinstance(value, (int, float, str)) else None
        except (ValueError, OverflowError):
            number = None
        if number is not None and kind is float:
            return number
        if number is not None and number.is_integer() and abs(number) < 2**53:
            return int(number)
    elif isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value.strip() if isinstance(value, str) else value
    raise MalformedReplyError(f"'{name}' is {excerpt(json.dumps(value))}, which is no {kind.__name__}")


def check_accepted(
    owner: str, parameter: str, prompt: PromptTemplate | None, accepted: Iterable[type[PromptTemplate]]
) -> None:
    """Raise ParameterError unless an operator accepts a prompt template.

    Args:
        owner: name of the operator.
        parameter: name of its parameter.
        prompt: what was given; None is always accepted.
        accepted: the classes that the operator names; a `UserPrompt` with the fields of one of them is accepted, too.
    """
    classes = tuple(accepted)
    if prompt is None or isinstance(prompt, classes):
        return
    if isinstance(prompt, UserPrompt):
        lacking = [sorted(set(cls.fields) - set(prompt.fields)) for cls in classes]
        if not all(lacking):
            return
        raise ParameterError(
            f"{owner}({parameter}=): {prompt.name} reads replies into {', '.join(prompt.fields)}; the operator needs "
            f"{', '.join(classes[0].fields)}"
        )
    names = ", ".join(cls.__name__ for cls in classes)
    raise ParameterError(
        f"{owner}({parameter}=): {prompt.name} is not accepted; accepted are {names}, and subclasses of UserPrompt"
    )
