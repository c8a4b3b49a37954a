"""What tells a user's function from another, for fingerprints of steps that call it."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any


def function_identity(function: Callable[..., Any]) -> dict[str, str]:
    """Return the name of a function, and a digest of its source, defaults and closure.

    Values in defaults and closure count where they are JSON data; of others, such as modules and open files, only their
    types do. What the function calls is not looked into.

    Examples:
        >>> def double(table):
        ...     return table
        >>> function_identity(double)["name"].endswith("double")
        True
    """
    import hashlib

    name = getattr(function, "__qualname__", type(function).__qualname__)
    module = getattr(function, "__module__", None) or type(function).__module__
    parts: list[Any] = [_source(function), getattr(function, "__defaults__", None), _closure(function)]
    content = json.dumps(parts, sort_keys=True, default=lambda value: type(value).__qualname__)
    return {"name": f"{module}.{name}", "digest": hashlib.sha256(content.encode()).hexdigest()}


def _source(function: Any) -> Any:
    code = getattr(function, "__code__", None)
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):  # typed into a console, or an object that is called
        return None if code is None else [code.co_code.hex(), [repr(value) for value in code.co_consts]]


def _closure(function: Any) -> list[Any]:
    try:
        return sorted((name, value) for name, value in inspect.getclosurevars(function).nonlocals.items())
    except TypeError:
        return []
