"""The description of an operator, derived from its signature and docstring and from nothing else.

CLI, docs pages, JSON schemas and planners read `OperatorSpec`; operators carry no hand-written description.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import types
import typing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from dataflow_rs.core import docstring
from dataflow_rs.core.keys import ColumnType
from dataflow_rs.exceptions import ParameterError, nearest

if TYPE_CHECKING:
    from dataflow_rs.core.operator import Operator

Kind = Literal["generate", "evaluate", "filter", "refine"]
REQUIRED = inspect.Parameter.empty

_KINDS: dict[str, Kind] = {
    "Generator": "generate",
    "Evaluator": "evaluate",
    "Filter": "filter",
    "Refiner": "refine",
}


@dataclass(frozen=True)
class ParameterSpec:
    """A parameter of an operator's constructor."""

    name: str
    annotation: Any
    default: Any
    description: str

    @property
    def required(self) -> bool:
        """Whether there is no default."""
        return self.default is REQUIRED

    @property
    def is_plain(self) -> bool:
        """Whether values are JSON data; otherwise they are an object such as a serving or a prompt template."""
        return not (inspect.isclass(self.annotation) and not _is_json_class(self.annotation)) and not any(
            inspect.isclass(part) and not _is_json_class(part) for part in typing.get_args(self.annotation)
        )

    @property
    def type_name(self) -> str:
        """The type as text, for example `int | None`."""
        return _type_name(self.annotation)


@dataclass(frozen=True)
class KeySpec:
    """An `input_*` or `output_*` argument of `run()`."""

    name: str
    direction: Literal["input", "output"]
    column: ColumnType | None
    default: Any
    description: str
    many: bool = False
    optional: bool = False

    @property
    def required(self) -> bool:
        """Whether there is no default."""
        return self.default is REQUIRED

    @property
    def type_name(self) -> str:
        """What the key names, as text."""
        if self.column is None:
            return "value"
        return f"{'list of ' if self.many else ''}{self.column.holds} column{'s' if self.many else ''}"


@dataclass(frozen=True)
class OperatorSpec:
    """Everything that can be known about an operator class without running it."""

    name: str
    domain: str
    kind: Kind
    base: str
    version: str
    summary: str
    description: str
    parameters: tuple[ParameterSpec, ...]
    keys: tuple[KeySpec, ...]
    extra: str | None
    source: str
    sections: dict[str, str] = field(default_factory=dict)

    def key(self, name: str) -> KeySpec | None:
        """Return the key of that name."""
        return next((key for key in self.keys if key.name == name), None)

    def bind_keys(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return all keys with defaults filled in.

        Raises:
            ParameterError: a key is unknown, missing, or no column name.
        """
        mistakes = self.key_mistakes(given)
        if mistakes:
            raise ParameterError("; ".join(mistakes))
        return {key.name: given.get(key.name, key.default) for key in self.keys}

    def key_mistakes(self, given: dict[str, Any]) -> list[str]:
        """Return what is wrong with the arguments of a `run()` call, as texts."""
        names = [key.name for key in self.keys]
        mistakes = [
            f"{self.name}.run() has no argument '{name}'{nearest(name, names)}; it takes {', '.join(names)}"
            for name in given
            if name not in names
        ]
        for key in self.keys:
            if key.name not in given:
                if key.required:
                    mistakes.append(f"{self.name}.run() needs the argument '{key.name}': {key.description}")
            elif key.column is not None and not _names_columns(given[key.name], key):
                wanted = "a list of column names" if key.many else "a column name"
                mistakes.append(f"{self.name}.run(): '{key.name}' must be {wanted}, not {given[key.name]!r}")
        return mistakes

    def to_json_schema(self) -> dict[str, Any]:
        """Return a JSON schema of the constructor's parameters and the keys of `run()`."""
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": self.name,
            "description": self.summary,
            "type": "object",
            "properties": {
                "params": _object_schema(
                    {p.name: (_parameter_schema(p), p.required) for p in self.parameters},
                ),
                "keys": _object_schema({k.name: (_key_schema(k), k.required) for k in self.keys}),
            },
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the description as JSON data."""
        return {
            "name": self.name,
            "domain": self.domain,
            "kind": self.kind,
            "base": self.base,
            "version": self.version,
            "summary": self.summary,
            "description": self.description,
            "extra": self.extra,
            "parameters": [
                {
                    "name": p.name,
                    "type": p.type_name,
                    **({} if p.required else {"default": json_value(p.default)}),
                    "description": p.description,
                }
                for p in self.parameters
            ],
            "keys": [
                {
                    "name": k.name,
                    "direction": k.direction,
                    "type": k.type_name,
                    **({} if k.required else {"default": k.default}),
                    "description": k.description,
                }
                for k in self.keys
            ],
            "json_schema": self.to_json_schema(),
        }


def describe(cls: type[Operator]) -> OperatorSpec:
    """Derive the specification of an operator class."""
    doc = docstring.parse(cls.__doc__)
    arguments, keys = doc.entries("Args"), doc.entries("Keys")
    named: list[Kind] = [kind for suffix, kind in _KINDS.items() if cls.__name__.endswith(suffix)]
    return OperatorSpec(
        name=cls.__name__,
        domain=cls.domain or _domain_of(cls.__module__),
        kind=cls.kind or (named[0] if named else "refine"),
        base=next(base.__name__ for base in cls.__mro__ if base.__module__ == "dataflow_rs.core.bases"),
        version=cls.version,
        summary=doc.summary,
        description=doc.description,
        parameters=tuple(parameter_specs(cls, arguments)),
        keys=tuple(_keys(cls, keys)),
        extra=cls.extra,
        source=doc.sections.get("Source", ""),
        sections=doc.sections,
    )


def stem(class_name: str) -> str:
    """Return the snake_case stem of an operator's name, without the suffix of its kind.

    Examples:
        >>> stem("WordNumberFilter")
        'word_number'
        >>> stem("Text2QAGenerator")
        'text2_qa'
    """
    for suffix in _KINDS:
        class_name = class_name.removesuffix(suffix)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", class_name).lower() or "operator"


def json_value(value: Any) -> Any:
    """Return a parameter value as JSON data; objects such as servings describe themselves."""
    if hasattr(value, "describe"):
        return value.describe()
    if isinstance(value, (list, tuple)):
        return [json_value(item) for item in value]
    if isinstance(value, dict):
        return {str(key): json_value(item) for key, item in value.items()}
    return value


def parameter_specs(cls: Any, descriptions: dict[str, str]) -> typing.Iterator[ParameterSpec]:
    """Yield the parameters of an operator or component class, with their descriptions."""
    hints = typing.get_type_hints(cls.__init__ if cls.handwritten_init else cls)
    fields = {} if cls.handwritten_init else {field.name: field.default_factory for field in dataclasses.fields(cls)}
    for name, parameter in inspect.signature(cls).parameters.items():
        factory = fields.get(name, dataclasses.MISSING)
        default = parameter.default if factory is dataclasses.MISSING else factory()
        yield ParameterSpec(name, hints.get(name, Any), default, descriptions.get(name, ""))


def _keys(cls: type[Operator], descriptions: dict[str, str]) -> typing.Iterator[KeySpec]:
    process = inspect.signature(cls.process)
    hints = typing.get_type_hints(cls.process, include_extras=True)
    for name, parameter in list(process.parameters.items())[2:]:
        direction: Literal["input", "output"]
        if name.startswith("input_"):
            direction = "input"
        elif name.startswith("output_"):
            direction = "output"
        else:
            raise ParameterError(
                f"{cls.__name__}.process(): '{name}' must start with 'input_' or 'output_', because it names a "
                "column; parameters belong to the constructor"
            )
        column, many, optional = _column_type(hints.get(name, str))
        yield KeySpec(name, direction, column, parameter.default, descriptions.get(name, ""), many, optional)


def _column_type(hint: Any) -> tuple[ColumnType | None, bool, bool]:
    """Return (column type or None for a plain value, names a list of columns, may be None)."""
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        metadata = [item for item in hint.__metadata__ if isinstance(item, ColumnType)]
        return (metadata[0] if metadata else ColumnType()), False, False
    if origin in (typing.Union, types.UnionType):
        parts = [part for part in typing.get_args(hint) if part is not type(None)]
        column, many, _ = _column_type(parts[0])
        return column, many, True
    if origin in (list, tuple):
        column, _, _ = _column_type(typing.get_args(hint)[0])
        return column, True, False
    return (ColumnType() if hint is str else None), False, False


def _names_columns(value: Any, key: KeySpec) -> bool:
    if value is None:
        return key.optional
    if key.many:
        return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(v, str) for v in value)
    return isinstance(value, str) and value != ""


def _domain_of(module: str) -> str:
    parts = module.split(".")
    if "operators" in parts and len(parts) > parts.index("operators") + 1:
        return parts[parts.index("operators") + 1]
    return parts[0].lstrip("_") or "user"


def _is_json_class(annotation: Any) -> bool:
    return annotation in (int, float, str, bool, list, dict, tuple, type(None), Any)


def _type_name(annotation: Any) -> str:
    if inspect.isclass(annotation) and typing.get_origin(annotation) is None:
        return annotation.__name__
    return re.sub(r"\b(?:[a-z_]\w*\.)+", "", str(annotation)).replace("NoneType", "None")


def _object_schema(properties: dict[str, tuple[dict[str, Any], bool]]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: schema for name, (schema, _) in properties.items()},
        "required": [name for name, (_, required) in properties.items() if required],
    }


def _parameter_schema(parameter: ParameterSpec) -> dict[str, Any]:
    schema: dict[str, Any] = {"description": parameter.description}
    if parameter.is_plain:
        from pydantic import TypeAdapter

        schema.update(TypeAdapter(parameter.annotation).json_schema())
    else:
        schema["type"] = "string"
        schema["format"] = parameter.type_name
    if not parameter.required:
        schema["default"] = json_value(parameter.default)
    return schema


def _key_schema(key: KeySpec) -> dict[str, Any]:
    schema: dict[str, Any] = {"description": key.description}
    if key.column is not None:
        name = {"type": "string", "minLength": 1}
        schema.update({"type": "array", "items": name, "minItems": 1} if key.many else name)
        schema["x-column"] = key.column.holds
    if not key.required:
        schema["default"] = key.default
    return schema
