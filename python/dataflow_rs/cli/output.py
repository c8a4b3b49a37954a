"""Printing: one JSON document, or aligned text whose colours go away where they are not wanted."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click

from dataflow_rs.report.markup import visible
from dataflow_rs.report.page import plain

__all__ = ["columns", "emit_json", "heading", "one_line", "visible"]

KIND_COLOURS = {"generate": "green", "evaluate": "blue", "filter": "yellow", "refine": "magenta"}


def emit_json(data: Any) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(plain(data), ensure_ascii=False, indent=2, allow_nan=False))


def heading(text: str) -> str:
    """Return a text as a heading."""
    return click.style(text, bold=True)


def one_line(value: Any, longest: int | None = None) -> str:
    r"""Return a value on one line, without characters that steer a terminal, shortened with an ellipsis.

    Examples:
        >>> one_line("a\n b\x1b[2J"), one_line("abcdef", 4)
        ('a b␛[2J', 'abc…')
    """
    text = " ".join(visible(value if isinstance(value, str) else json.dumps(plain(value), ensure_ascii=False)).split())
    return text if longest is None or len(text) <= longest else f"{text[: longest - 1]}…"


def terminal_width() -> int | None:
    """Return the width of the terminal, or None where the output is no terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def columns(
    rows: Iterable[Sequence[str]], head: Sequence[str] = (), right: Iterable[int] = (), indent: str = ""
) -> str:
    """Return rows as aligned columns, the last one cut to the terminal's width.

    Examples:
        >>> print(columns([["a", "10", "x"], ["bc", "5", "y"]], right=[1]))
        a   10  x
        bc   5  y
    """
    to_right = set(right)
    lines = [list(head)] if head else []
    lines += [list(row) for row in rows]
    if not lines:
        return ""
    widths = [max(len(click.unstyle(line[i])) for line in lines) for i in range(len(lines[0]))]
    limit = terminal_width()
    shown = []
    for number, line in enumerate(lines):
        cells = []
        for i, cell in enumerate(line):
            space = " " * (widths[i] - len(click.unstyle(cell)))
            cells.append(space + cell if i in to_right else cell + space)
        if limit is not None:
            room = limit - len(indent) - sum(widths[:-1]) - 2 * (len(widths) - 1)
            if len(click.unstyle(line[-1])) > room > 8:
                cells[-1] = click.unstyle(line[-1])[: room - 1] + "…"
        text = (indent + "  ".join(cells)).rstrip()
        shown.append(click.style(text, dim=True) if head and number == 0 else text)
    return "\n".join(shown)
