"""Servings and prompt templates: objects that operators take as parameters and that describe themselves.

A component has typed constructor parameters, like an operator: annotated class attributes, or a hand-written
`__init__`. It can be written into a recipe (`describe()`) and rebuilt from it (`component_from_description()`), says
what determines its answers (`identity()`, part of every step's fingerprint), and finds problems before anything is
sent (`check()`). Secrets are parameters that are in none of these.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, ClassVar, TypeVar

from dataflow_rs.core import docstring
from dataflow_rs.core.parameters import OperatorMeta
from dataflow_rs.core.spec import ParameterSpec, json_value, parameter_specs
from dataflow_rs.exceptions import ParameterError, RecipeError, RegistryError, nearest

_ComponentT = TypeVar("_ComponentT", bound="type[Component]")
_components: dict[str, type[Component]] = {}
_LIBRARY = ("dataflow_rs.serving", "dataflow_rs.prompts", "dataflow_rs.retrieval", "dataflow_rs.testing")


class ComponentSpec:
    """What signature and docstring of a component class say.

    Attributes:
        name: the class name.
        summary: first paragraph of the docstring.
        parameters: the constructor's parameters.
    """

    def __init__(self, cls: type[Component]) -> None:
        doc = docstring.parse(cls.__doc__)
        self.name = cls.__name__
        self.summary = doc.summary
        described: dict[str, str] = {}
        for part in reversed(cls.__mro__):  # what a base describes need not be described again
            described.update(docstring.parse(vars(part).get("__doc__")).entries("Args"))
        self.parameters: tuple[ParameterSpec, ...] = tuple(parameter_specs(cls, described))


class Component(metaclass=OperatorMeta):
    """Base of servings and prompt templates.

    Attributes:
        secrets: parameters that are never described, logged or stored.
    """

    secrets: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def spec(cls) -> ComponentSpec:
        """Return name, summary and parameters, derived from signature and docstring."""
        return _spec(cls)

    @property
    def name(self) -> str:
        """The class name."""
        return type(self).__name__

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments, defaults included."""
        return dict(self._parameters)  # type: ignore[attr-defined]  # set by the metaclass

    def describe(self) -> dict[str, Any]:
        """Return class name and parameters as JSON data: those without a default and those that differ from it."""
        described: dict[str, Any] = {"class": self.name}
        for parameter in self.spec().parameters:
            value = self.parameters[parameter.name]
            if parameter.name not in self.secrets and (parameter.required or value != parameter.default):
                described[parameter.name] = _described(value)
        return described

    def identity(self) -> dict[str, Any]:
        """Return what determines the answers, as JSON data; by default all parameters but secrets."""
        parameters = {name: _described(v) for name, v in self.parameters.items() if name not in self.secrets}
        return {"class": f"{type(self).__module__}.{type(self).__qualname__}", "parameters": parameters}

    def check(self) -> list[str]:
        """Return why the component could not work here and now; nothing is sent."""
        return []

    def release(self) -> None:
        """Free what is heavy to hold, such as a model on a GPU; the component may be used again.

        Called when a plan has used the component for the last time, or has failed.
        """

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.describe().items() if name != "class")
        return f"{self.name}({given})"


def component(cls: _ComponentT) -> _ComponentT:
    """Register a serving or prompt class under its name, so that recipes can name it.

    Raises:
        RegistryError: another class has the same name.

    Examples:
        >>> from dataflow_rs.core.component import Component, component, component_from_description
        >>> @component
        ... class Greeting(Component):
        ...     '''Say hello.
        ...
        ...     Args:
        ...         word: what is said.
        ...     '''
        ...     word: str = "hello"
        >>> Greeting(word="servus").describe()
        {'class': 'Greeting', 'word': 'servus'}
        >>> component_from_description({"class": "Greeting", "word": "servus"})
        Greeting(word='servus')
    """
    known = _components.get(cls.__name__)
    if known is not None and not _same_source(known, cls):
        raise RegistryError(
            f"two components are called '{cls.__name__}': {known.__module__} and {cls.__module__}; rename one of them"
        )
    cls.spec()  # a class whose signature cannot be read fails here, not in a run
    _components[cls.__name__] = cls
    return cls


def get_component(name: str) -> type[Component]:
    """Return the registered class of that name.

    Raises:
        RegistryError: there is none; the message names the nearest one.
    """
    _load()
    if name not in _components:
        raise RegistryError(
            f"there is no serving or prompt '{name}'{nearest(name, _components)}; a class of your own is known after "
            "it was registered with the decorator @component"
        )
    return _components[name]


def list_components(base: type[Component] = Component) -> list[type[Component]]:
    """Return the registered classes below a base, sorted by name."""
    _load()
    found = [cls for cls in _components.values() if issubclass(cls, base)]
    return sorted(found, key=lambda cls: cls.__name__)


def component_from_description(description: Mapping[str, Any]) -> Component:
    """Rebuild a component from what `describe()` returned. Nothing that the data name is imported.

    Raises:
        RecipeError: the class is unknown, or an argument does not fit.
    """
    arguments = {str(name): value for name, value in description.items() if name != "class"}
    name = description.get("class")
    if not isinstance(name, str):
        raise RecipeError("a serving or prompt needs the entry 'class', the name of its class")
    try:
        cls = get_component(name)
        for parameter in cls.spec().parameters:
            value = arguments.get(parameter.name)
            if not parameter.is_plain and isinstance(value, dict) and isinstance(value.get("class"), str):
                arguments[parameter.name] = component_from_description(value)
        return cls(**arguments)
    except (RegistryError, ParameterError) as error:
        raise RecipeError(str(error)) from None


@cache
def _spec(cls: type[Component]) -> ComponentSpec:
    return ComponentSpec(cls)


def _load() -> None:
    """Import what registers components: the library's own modules and installed extensions."""
    from dataflow_rs.core.registry import load_all

    for name in _LIBRARY:
        module = importlib.import_module(name)
        for exported in module.__all__:
            getattr(module, exported)  # imports what the package imports on first use
    load_all()


def _described(value: Any) -> Any:
    """Return a parameter's value as JSON data; what is no data is named."""
    value = json_value(value)
    if isinstance(value, (list, tuple)):
        return [_described(item) for item in value]
    if isinstance(value, dict):
        return {name: _described(item) for name, item in value.items()}
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if inspect.isroutine(value) or inspect.isclass(value):
        return f"{value.__module__}.{value.__qualname__}"
    return str(value)


def source_of(cls: type) -> Iterator[str]:
    """Yield the source text of a user's class and its bases, down to the library's own.

    What is defined in the library states a `version` instead, so that a changed comment redoes nothing.
    """
    for part in cls.__mro__:
        if part.__module__.startswith("dataflow_rs.") or part is object:
            continue
        try:
            yield inspect.getsource(part)
        except (OSError, TypeError):  # typed into a console
            yield from sorted(
                repr((name, member.__code__.co_code.hex(), repr(member.__code__.co_consts)))
                for name, member in vars(part).items()
                if inspect.isfunction(member)
            )


def _same_source(known: type, target: type) -> bool:
    """Whether a class replaces its own earlier definition, as when a notebook cell runs again."""
    same: Callable[[type], tuple[str, str]] = lambda cls: (cls.__module__, cls.__qualname__)  # noqa: E731
    return same(known) == same(target) and known.__module__ == "__main__"
