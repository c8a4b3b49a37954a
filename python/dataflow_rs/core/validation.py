"""Check a parameter's value against its annotation, with a message that names operator, parameter and value.

Only what annotations of parameters use is understood: plain types, `None`, `Literal`, unions, lists, tuples, dicts and
classes. Numbers are never read from text, and a truth value is no number.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from dataflow_rs.core.spec import ParameterSpec
from dataflow_rs.exceptions import ParameterError


def check_value(owner: str, parameter: ParameterSpec, value: Any) -> None:
    """Raise ParameterError unless the value has the parameter's type."""
    if value is parameter.default:
        return
    culprit = mismatch(parameter.annotation, value)
    if culprit is not None:
        place, found = culprit
        raise ParameterError(f"{owner}({parameter.name}{place}=): got {found!r}, the type is {parameter.type_name}")


def mismatch(annotation: Any, value: Any) -> tuple[str, Any] | None:
    """Return (place, value) of the first part of a value that does not have its type, or None.

    Examples:
        >>> mismatch(list[int], [1, "2"])
        ('[1]', '2')
        >>> mismatch(float, 3) is None, mismatch(int, True)
        (True, ('', True))
    """
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation is Any or origin is typing.Annotated:
        return None if annotation is Any else mismatch(arguments[0], value)
    if origin in (typing.Union, types.UnionType):
        found = [mismatch(part, value) for part in arguments]
        return None if None in found else _deepest(found, value)
    if origin is typing.Literal:
        return None if any(value == part and type(value) is type(part) for part in arguments) else ("", value)
    if origin is not None:
        return _mismatch_in(origin, arguments, value)
    if annotation is None:
        return None if value is None else ("", value)
    if annotation is float:
        return None if isinstance(value, (int, float)) and not isinstance(value, bool) else ("", value)
    if annotation is int and isinstance(value, bool):
        return "", value
    if inspect.isclass(annotation) and not getattr(annotation, "_is_protocol", False):
        return None if isinstance(value, annotation) else ("", value)
    return None


def _mismatch_in(origin: Any, arguments: tuple[Any, ...], value: Any) -> tuple[str, Any] | None:
    """Check a container and its parts."""
    if not inspect.isclass(origin):
        return None
    if not isinstance(value, origin) or (isinstance(value, str) and issubclass(origin, Sequence)):
        return "", value
    for place, part, annotation in _parts(origin, arguments, value):
        found = mismatch(annotation, part)
        if found is not None:
            return f"[{place!r}]{found[0]}", found[1]
    fixed = origin is tuple and arguments[-1:] not in ((), (Ellipsis,))
    if isinstance(value, tuple) and fixed and len(arguments) != len(value):
        return "", value
    return None


def _parts(origin: Any, arguments: tuple[Any, ...], value: Any) -> list[tuple[Any, Any, Any]]:
    """Return (place, part, annotation) for what a container holds."""
    if isinstance(value, Mapping):
        return [(key, part, arguments[1]) for key, part in value.items()] if len(arguments) == 2 else []
    if origin is tuple and arguments[-1:] != (Ellipsis,):
        return [(position, *pair) for position, pair in enumerate(zip(value, arguments, strict=False))]
    if not arguments or not issubclass(origin, (Sequence, set, frozenset)):
        return []
    return [(position, part, arguments[0]) for position, part in enumerate(value)]


def _deepest(found: Sequence[tuple[str, Any] | None], value: Any) -> tuple[str, Any]:
    """The mismatch that lies deepest says most: in `list[int] | None` it is the wrong element."""
    return max((item for item in found if item is not None), key=lambda item: len(item[0]), default=("", value))


def check_range(owner: str, **bounds: float | None) -> None:
    """Check pairs of `min_x` and `max_x`, in this order: the lower bound must not exceed the upper one.

    Examples:
        >>> check_range("WordNumberFilter", min_words=5, max_words=2)
        Traceback (most recent call last):
        dataflow_rs.exceptions.ParameterError: WordNumberFilter: min_words=5 is above max_words=2, nothing would be kept
    """
    (low_name, low), (high_name, high) = bounds.items()
    if low is not None and high is not None and low > high:
        raise ParameterError(f"{owner}: {low_name}={low} is above {high_name}={high}, nothing would be kept")


def check_share(owner: str, **values: float | None) -> None:
    """Check that values are shares, from 0 to 1."""
    for name, value in values.items():
        if value is not None and not 0 <= value <= 1:
            raise ParameterError(f"{owner}: {name}={value} must lie between 0 and 1")
