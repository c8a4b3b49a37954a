"""The registry of operators: by name, with a duplicate-name error, and entry points for extensions.

The library's own operators register when their module is imported, and `dataflow_rs.operators` is imported on the
first look-up. An installed extension names its module under the entry point group `dataflow_rs.extensions`; it is
imported on the first look-up as well, and one that fails to import is reported, not hidden.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, overload

from dataflow_rs.core.operator import Operator, describe_once
from dataflow_rs.exceptions import RegistryError, nearest

EXTENSION_GROUP = "dataflow_rs.extensions"

_OperatorT = TypeVar("_OperatorT", bound=type[Operator])
_log = logging.getLogger(__name__)
_operators: dict[str, type[Operator]] = {}


@overload
def operator(cls: _OperatorT, /) -> _OperatorT: ...
@overload
def operator(*, domain: str | None = None) -> Callable[[_OperatorT], _OperatorT]: ...
def operator(cls: Any = None, /, *, domain: str | None = None) -> Any:
    """Register an operator class under its name, so that recipes, the CLI and the agent find it.

    Args:
        cls: the class; given when the decorator is used without parentheses.
        domain: the family it belongs to; by default read off the module.

    Raises:
        RegistryError: another class has the same name.

    Examples:
        >>> import dataflow_rs as dfrs
        >>> @dfrs.operator
        ... class ShoutRefiner(dfrs.RowOperator):
        ...     '''Write a column in capitals.'''
        ...     def process(self, batch, input_key: dfrs.RewrittenText = "text"):
        ...         return {input_key: [text and text.upper() for text in batch[input_key].to_pylist()]}
        >>> dfrs.get_operator("ShoutRefiner") is ShoutRefiner
        True
    """

    def register(target: _OperatorT) -> _OperatorT:
        known = _operators.get(target.__name__)
        if known is not None and not _same_source(known, target):
            raise RegistryError(
                f"two operators are called '{target.__name__}': {known.__module__} and {target.__module__}; "
                "rename one of them"
            )
        if domain is not None:
            target.domain = domain
            describe_once.cache_clear()
        target.spec()  # a class whose signature or docstring cannot be read fails here, not in a run
        _operators[target.__name__] = target
        return target

    return register if cls is None else register(cls)


def get_operator(name: str) -> type[Operator]:
    """Return the operator class of that name.

    Raises:
        RegistryError: there is none; the message names the nearest one.
    """
    load_all()
    if name not in _operators:
        raise RegistryError(f"there is no operator '{name}'{nearest(name, _operators)}; see: dataflow-rs ops list")
    return _operators[name]


def list_operators(
    *, domain: str | None = None, kind: str | None = None, search: str | None = None
) -> list[type[Operator]]:
    """Return the registered operators, sorted by domain and name.

    Args:
        domain: only this family, for example `general_text`.
        kind: only this kind: generate, evaluate, filter or refine.
        search: only operators whose name or summary contains this text, in any case.
    """
    load_all()
    found = []
    for cls in _operators.values():
        spec = cls.spec()
        text = f"{spec.name} {spec.summary}".lower()
        if domain in (None, spec.domain) and kind in (None, spec.kind) and (search is None or search.lower() in text):
            found.append(cls)
    return sorted(found, key=lambda cls: (cls.spec().domain, cls.__name__))


@cache
def load_all() -> tuple[str, ...]:
    """Import the library's operators and all installed extensions; return the names of the extensions."""
    from importlib import metadata  # costs 3 MB, and a pipeline that imports its operators never comes here

    importlib.import_module("dataflow_rs.operators")
    loaded = []
    for entry in metadata.entry_points(group=EXTENSION_GROUP):
        try:
            entry.load()
        except ImportError as error:
            _log.warning("extension '%s' (%s) cannot be imported: %s", entry.name, entry.value, error)
        else:
            loaded.append(entry.name)
    return tuple(loaded)


def _same_source(known: type[Operator], target: type[Operator]) -> bool:
    """Whether a class replaces its own earlier definition, as when a notebook cell runs again."""
    return (known.__module__, known.__qualname__) == (target.__module__, target.__qualname__) and (
        known.__module__ == "__main__"
    )
