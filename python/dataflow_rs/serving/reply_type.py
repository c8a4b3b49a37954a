"""Pydantic models, and other types that pydantic understands, as the form of a reply.

The schema made of the type is what the endpoint is asked for; pydantic, with the validators of the type, is what the
reply is checked by.
"""

from __future__ import annotations

import json
import typing
from functools import cache
from typing import Any

from dataflow_rs.core.component import source_of
from dataflow_rs.exceptions import ParameterError

_PYTHON: dict[Any, type] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "array": list,
    "object": dict,
}


def is_reply_type(value: Any) -> bool:
    """Whether a value is a type, and so no JSON schema."""
    return isinstance(value, type) or typing.get_origin(value) is not None


@cache
def schema_of(kind: Any) -> dict[str, Any]:
    """Return the JSON schema of a type; objects in it allow no other entries unless the type says so.

    Raises:
        ParameterError: pydantic makes no schema of it.

    Examples:
        >>> import pydantic
        >>> class Score(pydantic.BaseModel):
        ...     value: int
        >>> schema_of(Score)["required"], schema_of(Score)["additionalProperties"]
        (['value'], False)
    """
    import pydantic

    try:
        schema = _adapter(kind).json_schema()
    except pydantic.errors.PydanticUserError as error:
        raise ParameterError(f"json_schema: pydantic makes no JSON schema of {kind!r}: {error.message}") from None
    return dict(_closed(schema))


def fields_of(kind: Any) -> dict[str, type]:
    """Return name -> type of the entries of a model: `str`, `int`, `float`, `bool`, `list` or `dict`.

    Raises:
        ParameterError: the type has no named entries, or one whose values may be of several types.

    Examples:
        >>> import pydantic
        >>> class Topic(pydantic.BaseModel):
        ...     name: str
        ...     words: list[str]
        >>> fields_of(Topic)
        {'name': <class 'str'>, 'words': <class 'list'>}
    """
    schema = schema_of(kind)
    root = _resolved(schema, schema)
    if "properties" not in root:
        raise ParameterError(f"json_schema={kind!r} has no named entries; a prompt template needs a model with fields")
    fields = {}
    for name, part in root["properties"].items():
        found = _resolved(part, schema).get("type", "string" if "enum" in _resolved(part, schema) else None)
        if found not in _PYTHON:
            raise ParameterError(
                f"json_schema={kind!r}: the entry '{name}' has no single type; give the template `fields` of its own"
            )
        fields[name] = _PYTHON[found]
    return fields


def problem_with(text: str, kind: Any) -> str | None:
    """Return where and how JSON deviates from a type, or None if it follows it."""
    import pydantic

    try:
        _adapter(kind).validate_json(text)
    except pydantic.ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, found["loc"]))
        return f"{place}: {found['msg']}" if place else str(found["msg"])
    return None


def read_as(text: str, kind: Any) -> Any:
    """Return JSON as a value of a type.

    Raises:
        ValueError: it does not follow the type.
    """
    return _adapter(kind).validate_json(text)


@cache
def validators_of(kind: Any) -> str | None:
    """Return a digest of a model with validators of its own, which its schema does not show; None for others."""
    decorators = getattr(kind, "__pydantic_decorators__", None)
    if decorators is None or not any(
        (decorators.field_validators, decorators.model_validators, decorators.validators, decorators.root_validators)
    ):
        return None
    import hashlib

    return hashlib.sha256("".join(source_of(kind)).encode()).hexdigest()[:16]


@cache
def _adapter(kind: Any) -> Any:
    import pydantic

    return pydantic.TypeAdapter(kind)


def _resolved(part: Any, root: Any) -> Any:
    name = part.get("$ref", "").removeprefix("#/$defs/")
    return root["$defs"][name] if name else part


def _closed(schema: Any) -> Any:
    """Return a schema in which objects with named entries allow no other ones, unless they say so."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    result: dict[str, Any] = {}
    for name, part in schema.items():
        if name in ("properties", "$defs"):
            result[name] = {key: _closed(value) for key, value in part.items()}
        elif name in ("default", "const", "enum", "examples", "discriminator"):
            result[name] = json.loads(json.dumps(part))
        else:
            result[name] = _closed(part)
    if "properties" in result and "additionalProperties" not in result:
        result["additionalProperties"] = False
    return result
