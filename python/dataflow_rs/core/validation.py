"""Check a parameter's value against its annotation, with a message that names operator, parameter and value."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from dataflow_rs.core.spec import ParameterSpec
from dataflow_rs.exceptions import ParameterError


def check_value(owner: str, parameter: ParameterSpec, value: Any) -> None:
    """Raise ParameterError unless the value has the parameter's type; numbers are never read from text."""
    from pydantic import ValidationError

    if value is parameter.default:
        return
    try:
        _adapter(parameter.annotation).validate_python(value, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        place = "".join(f"[{part!r}]" for part in first["loc"] if not str(part).endswith("]"))
        raise ParameterError(
            f"{owner}({parameter.name}{place}=): {first['msg'].lower()}, got {first['input']!r} "
            f"(the type is {parameter.type_name})"
        ) from None


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


@lru_cache(maxsize=None)
def _adapter(annotation: Any) -> Any:
    from pydantic import ConfigDict, PydanticUserError, TypeAdapter

    try:
        return TypeAdapter(annotation, config=ConfigDict(arbitrary_types_allowed=True))
    except PydanticUserError:  # a type that brings its own configuration
        return TypeAdapter(annotation)
