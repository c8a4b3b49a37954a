"""The funnel: a bar per step, as long as the table after it; what a step dropped is the faded end of its bar."""

from __future__ import annotations

from typing import Any

from dataflow_rs.report.markup import Html, element
from dataflow_rs.report.numbers import count, plural, share

_THINNEST = 0.4
"""Per cent of the width that a bar has at least, unless it stands for no rows at all."""


def funnel(steps: list[dict[str, Any]]) -> Html:
    """Return the bars of all steps."""
    most = max((max(step["rows_in"], step["rows_out"]) for step in steps), default=0)
    return element("ol", *(_bar(step, most) for step in steps), class_="funnel")


def _bar(step: dict[str, Any], most: int) -> Html:
    kept = _width(step["rows_out"], most)
    lost = 0.0 if step["rows_made"] else _width(step["rows_dropped"], most)
    return element(
        "li",
        element(
            "span",
            element("span", step["index"], class_="index"),
            element("a", step["name"], href=f"#step-{step['index']}", class_="name"),
            class_="who",
        ),
        element(
            "span",
            element("span", class_=f"bar {step['kind']}", style=f"width:{kept:.2f}%"),
            element("span", class_=f"bar lost {step['kind']}", style=f"width:{lost:.2f}%") if lost else None,
            class_="track",
            aria_hidden="true",
        ),
        element("span", element("b", count(step["rows_out"])), element("small", _note(step)), class_="rows"),
        class_="unfinished" if not step["done"] else None,
    )


def _width(rows: int, most: int) -> float:
    return max(100 * rows / most, _THINNEST) if rows else 0.0


def _note(step: dict[str, Any]) -> str:
    """Say in a few words what the step did to the number of rows."""
    if not step["done"]:
        return "not finished"
    after = "" if step["parent"] in (None, step["index"] - 1) else f", reads step {step['parent']}"
    if step["parent"] is None:
        return "rows in the source"
    if step["rows_made"]:
        return f"from {plural(step['rows_in'], 'row')}{after}"
    if step["rows_dropped"]:
        return f"−{count(step['rows_dropped'])} ({share(step['rows_dropped'], step['rows_in'])}){after}"
    return f"all kept{after}"
