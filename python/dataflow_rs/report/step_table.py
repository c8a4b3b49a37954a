"""The steps in numbers, and what each was given."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from dataflow_rs.report.markup import Html, element, join, table
from dataflow_rs.report.numbers import count, money, plural, seconds, share, short
from dataflow_rs.report.reasons import shortened


def step_table(steps: list[dict[str, Any]]) -> Html:
    """Return a table with a line for each step; columns about model calls only where there were any."""
    columns: list[tuple[str, Callable[[dict[str, Any]], str]]] = [
        ("in", lambda step: count(step["rows_in"]) if step["index"] else "-"),
        ("out", lambda step: count(step["rows_out"])),
        ("dropped", lambda step: count(step["rows_dropped"])),
        ("time", lambda step: seconds(step["seconds"]) if step["index"] else "-"),
        ("rows/s", lambda step: short(step["rows_per_second"]) if step["rows_per_second"] else "-"),
    ]
    if any(step["errors"] for step in steps):
        columns.append(("errors", lambda step: count(sum(step["errors"].values()))))
    if any(step["usage"] for step in steps):
        columns += [
            ("calls", lambda step: _usage(step, "calls")),
            ("replayed", lambda step: _usage(step, "replayed")),
            ("retries", lambda step: _usage(step, "retries")),
            ("tokens in", lambda step: _usage(step, "prompt_tokens")),
            ("tokens out", lambda step: _usage(step, "completion_tokens")),
        ]
    if any(step["usage"].get("cost") is not None for step in steps):
        columns += [
            ("cost", lambda step: money(step["usage"].get("cost"))),
            ("cost/row", lambda step: money(step["cost_per_row"])),
        ]
    rows = [[_head(step), *(value(step) for _, value in columns)] for step in steps]
    head = ["step", *(name for name, _ in columns)]
    return table("Rows, time and model calls of each step", head, rows, numeric=range(1, len(head)))


def _usage(step: dict[str, Any], name: str) -> str:
    return count(step["usage"].get(name, 0)) if step["usage"] else "-"


def _head(step: dict[str, Any]) -> Html:
    return join([f"{step['index']} ", element("a", step["name"], href=f"#step-{step['index']}")])


def step_details(steps: list[dict[str, Any]]) -> Html:
    """Return what each step was given, folded."""
    return element("div", *(_details(step) for step in steps), class_="details")


def _details(step: dict[str, Any]) -> Html:
    reads = "" if step["parent"] in (None, step["index"] - 1) else f" reads step {step['parent']}"
    head = element(
        "summary",
        element("span", step["index"], class_="index"),
        element("b", step["name"]),
        element("span", step["kind"], class_=f"kind {step['kind']}"),
        element("span", reads, class_="quiet") if reads else None,
    )
    groups = [
        _values("Parameters", step["parameters"]),
        _values("Keys", step["keys"]),
        _values("Dropped by rule", {rule: _dropped(rows, step) for rule, rows in step["drops"].items()}),
        _values("Errors", {name: plural(rows, "row") for name, rows in step["errors"].items()}),
        _values("Failed calls", {name: plural(n, "call") for name, n in (step["usage"].get("failed") or {}).items()}),
        _values("Options", {name: value for name, value in step["options"].items() if value is not None}),
    ]
    summary = element("p", step["summary"]) if step["summary"] else None
    return element("details", head, summary, *groups, id=f"step-{step['index']}")


def _dropped(rows: int, step: dict[str, Any]) -> str:
    return f"{plural(rows, 'row')}, {share(rows, step['rows_in'])}"


def _values(title: str, values: dict[str, Any]) -> Html | None:
    if not values:
        return None
    entries = [
        join([element("dt", name), element("dd", element("code", _plain(value)))]) for name, value in values.items()
    ]
    return join([element("h4", title), element("dl", *entries, class_="pairs")])


def _plain(value: Any) -> Html:
    return shortened(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), 600)
