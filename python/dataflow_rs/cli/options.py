"""Options that commands share, and what they set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

_F = TypeVar("_F", bound=Callable[..., Any])


@dataclass
class State:
    """How a command is to end.

    Attributes:
        debug: show the traceback of an error.
        json: results are one JSON document.
        resumes: what was begun can be gone on with.
        code: exit code of a command that comes to its end.
    """

    debug: bool = False
    json: bool = False
    resumes: bool = False
    code: int = 0


def common(*, json: bool = True) -> Callable[[_F], _F]:
    """Give a command `--debug`, and `--json` with the argument `as_json`."""

    def decorate(function: _F) -> _F:
        if json:
            function = click.option(
                "--json", "as_json", is_flag=True, callback=_set_json, is_eager=True, help="Print one JSON document."
            )(function)
        return click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error.")(
            function
        )

    return decorate


def _set_json(context: click.Context, _parameter: click.Parameter, given: bool) -> bool:
    if given:
        context.find_object(State).json = True  # type: ignore[union-attr]  # the app puts it there
    return given
