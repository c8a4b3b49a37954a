"""`OperatorMeta`: annotated class attributes become constructor parameters, checked against their types."""

from __future__ import annotations

import dataclasses
import inspect
from abc import ABCMeta
from typing import Any, TypeVar

from typing_extensions import dataclass_transform

from dataflow_rs.core.validation import check_value
from dataflow_rs.exceptions import ParameterError, nearest

_T = TypeVar("_T")


@dataclass_transform(eq_default=False, field_specifiers=(dataclasses.field,))
class OperatorMeta(ABCMeta):
    """Turns annotated attributes into constructor parameters and checks arguments against their types."""

    handwritten_init: bool

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(name, bases, namespace, **kwargs)
        inherited = any(getattr(base, "handwritten_init", False) for base in bases)
        cls.handwritten_init = inherited or "__init__" in namespace
        if not cls.handwritten_init:
            dataclasses.dataclass(eq=False, repr=False)(cls)  # type: ignore[arg-type]  # mypy: a metaclass
        cls.__signature__ = _constructor_signature(cls)

    def __call__(cls: type[_T], *args: Any, **kwargs: Any) -> _T:
        """Check the arguments, then construct."""
        parameters = _bind_parameters(cls, args, kwargs)
        instance = super().__call__(*args, **kwargs)  # type: ignore[misc]  # mypy: super() in a metaclass __call__
        instance._parameters = parameters
        return instance  # type: ignore[no-any-return]


def _constructor_signature(cls: type) -> inspect.Signature:
    signature = inspect.signature(cls.__init__)  # type: ignore[misc]  # the class's own, on purpose
    return signature.replace(parameters=list(signature.parameters.values())[1:], return_annotation=cls)


def _bind_parameters(cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    signature = inspect.signature(cls)
    for name in kwargs:
        if name not in signature.parameters:
            known = ", ".join(signature.parameters) or "none"
            raise ParameterError(
                f"{cls.__name__} has no parameter '{name}'{nearest(name, signature.parameters)}; it takes: {known}"
            )
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        raise ParameterError(f"{cls.__name__}: {error}") from None
    arguments = {}
    for parameter in cls.spec().parameters:
        arguments[parameter.name] = bound.arguments.get(parameter.name, parameter.default)
        check_value(cls.__name__, parameter, arguments[parameter.name])
    return arguments
