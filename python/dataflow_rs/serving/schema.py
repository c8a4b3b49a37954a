"""Check a value against a JSON schema, with a message that says where it deviates.

The part of draft 2020-12 that endpoints accept for structured output: types, enum, const, objects, arrays, bounds,
patterns, combinations, and references inside the schema. A keyword that constrains and is not understood is an error
when the schema is given, never ignored.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dataflow_rs.exceptions import ParameterError, nearest

_ANNOTATIONS = frozenset(
    [
        "$schema",
        "$id",
        "$comment",
        "$defs",
        "definitions",
        "title",
        "description",
        "default",
        "examples",
        "format",
        "deprecated",
        "readOnly",
        "writeOnly",
        "strict",
        "name",
        "discriminator",
        "contentMediaType",
        "contentEncoding",
    ]
)
_MAX_DEPTH = 200


def check_schema(schema: Any, where: str = "json_schema") -> None:
    """Raise ParameterError unless the schema is one that `mismatches` understands completely."""
    if isinstance(schema, bool):
        return
    if not isinstance(schema, Mapping):
        raise ParameterError(f"{where}: a JSON schema is an object, not {type(schema).__name__}")
    for keyword, value in schema.items():
        if keyword not in _RULES and keyword not in _ANNOTATIONS:
            raise ParameterError(f"{where}: the keyword '{keyword}' is not supported{nearest(str(keyword), _RULES)}")
        place = f"{where}.{keyword}"
        if keyword in ("properties", "$defs", "definitions"):
            if not isinstance(value, Mapping):
                raise ParameterError(f"{place}: expected an object")
            for name, part in value.items():
                check_schema(part, f"{place}.{name}")
        elif keyword in ("anyOf", "oneOf", "allOf", "prefixItems"):
            for position, part in enumerate(value):
                check_schema(part, f"{place}[{position}]")
        elif keyword in ("items", "additionalProperties", "not"):
            check_schema(value, place)
        elif keyword == "type" and not set(_listed(value)) <= set(_TYPES):
            raise ParameterError(f"{place}: unknown type {value!r}{nearest(str(value), _TYPES)}")
        elif keyword == "pattern":
            _compile(value, place)


def mismatches(value: Any, schema: Any) -> Iterator[str]:
    """Yield where and how a value deviates from a schema that `check_schema` accepts; nothing if it follows it.

    Examples:
        >>> score = {"type": "integer", "maximum": 5}
        >>> schema = {"type": "object", "properties": {"score": score}, "required": ["score"]}
        >>> list(mismatches({"score": 7}, schema)), list(mismatches({}, schema))
        (['score: 7 is above the maximum 5'], ["'score' is missing"])
    """
    yield from _check(value, schema, schema, "", 0)


def _check(value: Any, schema: Any, root: Any, path: str, depth: int) -> Iterator[str]:
    if isinstance(schema, bool):
        if not schema:
            yield _at(path, "nothing is allowed here")
        return
    if depth > _MAX_DEPTH:
        yield _at(path, "nested too deeply")
        return
    if "$ref" in schema:
        yield from _check(value, _resolve(schema["$ref"], root), root, path, depth + 1)
    for keyword, rule in _RULES.items():
        if keyword in schema and keyword != "$ref":
            yield from rule(value, schema, root, path, depth)


def _at(path: str, problem: str) -> str:
    return f"{path}: {problem}" if path else problem


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "integer": lambda v: _is_number(v) and (isinstance(v, int) or v.is_integer()),
    "number": _is_number,
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _same(left: Any, right: Any) -> bool:
    """Equality of JSON values: true is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[name], right[name]) for name in left)
    return bool(left == right)


def _type(value: Any, schema: Any, _root: Any, path: str, _depth: int) -> Iterator[str]:
    if not any(_TYPES[name](value) for name in _listed(schema["type"])):
        yield _at(path, f"{_show(value)} is not of type {' or '.join(_listed(schema['type']))}")


def _enum(value: Any, schema: Any, _root: Any, path: str, _depth: int) -> Iterator[str]:
    if not any(_same(value, allowed) for allowed in schema["enum"]):
        yield _at(path, f"{_show(value)} is not one of {_show(schema['enum'])}")


def _const(value: Any, schema: Any, _root: Any, path: str, _depth: int) -> Iterator[str]:
    if not _same(value, schema["const"]):
        yield _at(path, f"{_show(value)} is not {_show(schema['const'])}")


def _properties(value: Any, schema: Any, root: Any, path: str, depth: int) -> Iterator[str]:
    if isinstance(value, dict):
        for name, part in schema["properties"].items():
            if name in value:
                yield from _check(value[name], part, root, f"{path}.{name}" if path else name, depth + 1)


def _required(value: Any, schema: Any, _root: Any, path: str, _depth: int) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (_at(path, f"'{name}' is missing") for name in schema["required"] if name not in value)


def _additional(value: Any, schema: Any, root: Any, path: str, depth: int) -> Iterator[str]:
    if isinstance(value, dict):
        for name in value:
            if name in schema.get("properties", {}):
                continue
            if schema["additionalProperties"] is False:
                yield _at(path, f"'{name}' is not allowed")
            else:
                place = f"{path}.{name}" if path else name
                yield from _check(value[name], schema["additionalProperties"], root, place, depth + 1)


def _items(value: Any, schema: Any, root: Any, path: str, depth: int) -> Iterator[str]:
    if isinstance(value, list):
        start = len(schema.get("prefixItems", ()))
        for position in range(start, len(value)):
            yield from _check(value[position], schema["items"], root, f"{path}[{position}]", depth + 1)


def _prefix_items(value: Any, schema: Any, root: Any, path: str, depth: int) -> Iterator[str]:
    if isinstance(value, list):
        for position, (item, part) in enumerate(zip(value, schema["prefixItems"], strict=False)):
            yield from _check(item, part, root, f"{path}[{position}]", depth + 1)


def _unique(value: Any, schema: Any, _root: Any, path: str, _depth: int) -> Iterator[str]:
    if schema["uniqueItems"] and isinstance(value, list):
        for position, item in enumerate(value):
            if any(_same(item, earlier) for earlier in value[:position]):
                yield _at(path, f"{_show(item)} occurs twice")
                return


def _bound(measure: Callable[[Any], Any], fails: Callable[[Any, Any], bool], keyword: str, text: str) -> Any:
    def rule(value: Any, schema: Any, _root: Any, path: str, _depth: int) -> Iterator[str]:
        size = measure(value)
        if size is not None and fails(size, schema[keyword]):
            yield _at(path, text.format(value=_show(value), size=size, bound=schema[keyword]))

    return rule


def _number(value: Any) -> Any:
    return value if _is_number(value) else None


def _length(kind: type[list[Any]] | type[str] | type[dict[str, Any]]) -> Callable[[Any], int | None]:
    return lambda value: len(value) if isinstance(value, kind) else None


def _pattern(value: Any, schema: Any, _root: Any, path: str, _depth: int) -> Iterator[str]:
    if isinstance(value, str) and not re.search(schema["pattern"], value):
        yield _at(path, f"{_show(value)} does not match the pattern {schema['pattern']}")


def _multiple(value: Any, schema: Any, _root: Any, path: str, _depth: int) -> Iterator[str]:
    if _is_number(value) and not math.isclose(math.remainder(value, schema["multipleOf"]), 0, abs_tol=1e-9):
        yield _at(path, f"{value} is no multiple of {schema['multipleOf']}")


def _any_of(value: Any, schema: Any, root: Any, path: str, depth: int) -> Iterator[str]:
    found = [list(_check(value, part, root, path, depth + 1)) for part in schema["anyOf"]]
    if all(found):
        yield min(found, key=len)[0]


def _one_of(value: Any, schema: Any, root: Any, path: str, depth: int) -> Iterator[str]:
    found = [list(_check(value, part, root, path, depth + 1)) for part in schema["oneOf"]]
    fitting = sum(not problems for problems in found)
    if fitting == 0:
        yield min(found, key=len)[0]
    elif fitting > 1:
        yield _at(path, f"{_show(value)} fits {fitting} alternatives, exactly one is allowed")


def _all_of(value: Any, schema: Any, root: Any, path: str, depth: int) -> Iterator[str]:
    for part in schema["allOf"]:
        yield from _check(value, part, root, path, depth + 1)


def _not(value: Any, schema: Any, root: Any, path: str, depth: int) -> Iterator[str]:
    if not any(_check(value, schema["not"], root, path, depth + 1)):
        yield _at(path, f"{_show(value)} is excluded")


def _nothing(*_: Any) -> Iterator[str]:
    return iter(())


def _resolve(reference: str, root: Any) -> Any:
    """Return the schema that a reference such as `#/$defs/node` names."""
    target = root
    for part in reference.removeprefix("#").split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if not reference.startswith("#") or not isinstance(target, Mapping) or name not in target:
            raise ParameterError(f"json_schema: the reference '{reference}' leads nowhere in the schema")
        target = target[name]
    return target


def _compile(pattern: Any, place: str) -> None:
    try:
        re.compile(pattern)
    except (re.error, TypeError) as error:
        raise ParameterError(f"{place}: {pattern!r} is no regular expression: {error}") from None


_RULES: dict[str, Callable[[Any, Any, Any, str, int], Iterator[str]]] = {
    "$ref": _nothing,
    "type": _type,
    "enum": _enum,
    "const": _const,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "prefixItems": _prefix_items,
    "items": _items,
    "uniqueItems": _unique,
    "minItems": _bound(_length(list), lambda n, b: n < b, "minItems", "{size} items are fewer than {bound}"),
    "maxItems": _bound(_length(list), lambda n, b: n > b, "maxItems", "{size} items are more than {bound}"),
    "minLength": _bound(_length(str), lambda n, b: n < b, "minLength", "{value} is shorter than {bound}"),
    "maxLength": _bound(_length(str), lambda n, b: n > b, "maxLength", "{value} is longer than {bound}"),
    "minProperties": _bound(
        _length(dict), lambda n, b: n < b, "minProperties", "{size} entries are fewer than {bound}"
    ),
    "maxProperties": _bound(_length(dict), lambda n, b: n > b, "maxProperties", "{size} entries are more than {bound}"),
    "minimum": _bound(_number, lambda n, b: n < b, "minimum", "{value} is below the minimum {bound}"),
    "maximum": _bound(_number, lambda n, b: n > b, "maximum", "{value} is above the maximum {bound}"),
    "exclusiveMinimum": _bound(_number, lambda n, b: n <= b, "exclusiveMinimum", "{value} must be above {bound}"),
    "exclusiveMaximum": _bound(_number, lambda n, b: n >= b, "exclusiveMaximum", "{value} must be below {bound}"),
    "multipleOf": _multiple,
    "pattern": _pattern,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "allOf": _all_of,
    "not": _not,
}
