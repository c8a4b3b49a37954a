"""Why rows were dropped: a card for each rule, with texts and the value that decided."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from dataflow_rs.report.markup import Html, element, escape, join
from dataflow_rs.report.numbers import count, measure, plural, share

_OPEN = 6
"""How many rules are unfolded: the ones that dropped most."""


def reasons(drops: list[dict[str, Any]]) -> Html:
    """Return the cards of all rules, grouped by step."""
    most = {id(reason) for reason in sorted(drops, key=lambda reason: -reason["rows"])[:_OPEN]}
    return join(
        element(
            "section",
            element("h3", f"{step[0]}. {step[1]}"),
            *(_card(reason, id(reason) in most) for reason in group),
            class_="reasons",
        )
        for step, group in groupby(drops, key=lambda reason: (reason["step"], reason["operator"]))
    )


def _card(reason: dict[str, Any], unfolded: bool) -> Html:
    head = element(
        "summary",
        element("code", reason["rule"]),
        element("span", f"{plural(reason['rows'], 'row')}, {share(reason['rows'], reason['of_rows'])}", class_="much"),
        element("span", _span(reason), class_="quiet"),
    )
    return element(
        "details", head, *(_example(one) for one in reason["examples"]), class_="rule", open="" if unfolded else None
    )


def _span(reason: dict[str, Any]) -> str:
    """Say which values were judged by which bound."""
    parts = []
    if reason["low"] is not None:
        low, high = measure(reason["low"]), measure(reason["high"])
        parts.append(f"values {low}" if low == high else f"values {low} to {high}")
    if reason["thresholds"]:
        parts.append(f"threshold {', '.join(measure(bound) for bound in reason['thresholds'])}")
    return "; ".join(parts)


def _example(example: dict[str, Any]) -> Html:
    facts = [element("span", f"row {example['row']}", class_="row")]
    if example["value"] is not None:
        facts.append(element("span", "value ", element("b", measure(example["value"]))))
    if example["threshold"] is not None:
        facts.append(element("span", "threshold ", element("b", measure(example["threshold"]))))
    if example["detail"]:
        facts.append(element("span", shortened(example["detail"], 160), class_="detail"))
    if example["why"]:
        facts.append(element("span", example["why"], class_="quiet"))
    return element("div", element("p", *facts, class_="facts"), *_texts(example), class_="example")


def _texts(example: dict[str, Any]) -> list[Html]:
    if example["excerpt"] is None:
        return [element("p", "no text (null)" if example["column"] else "no text column", class_="quiet")]
    twin = example["twin"]
    if twin is None:
        return [quote(example["excerpt"])]
    note = "the same text" if twin["identical"] else "words that differ are marked"
    return [
        element(
            "div",
            element("div", element("p", f"dropped: row {example['row']}", class_="quiet"), quote(example["excerpt"])),
            element("div", element("p", f"kept: row {twin['row']}; {note}", class_="quiet"), quote(twin["excerpt"])),
            class_="twins",
        )
    ]


def quote(excerpt: dict[str, Any]) -> Html:
    """Return an excerpt with its matches highlighted, and how much of the text it is."""
    text, end = excerpt["text"], excerpt["start"] + len(excerpt["text"])
    parts: list[object] = ["… " if excerpt["start"] else ""]
    at = 0
    for first, last in excerpt["marks"]:
        parts += [text[at:first], element("mark", text[first:last])]
        at = last
    parts += [text[at:].rstrip() if end < excerpt["length"] else text[at:], " …" if end < excerpt["length"] else ""]
    size = (
        element("small", f"{count(excerpt['length'])} characters", class_="quiet") if end < excerpt["length"] else None
    )
    body = (
        element("q", *parts) if text.strip() else element("q", "no visible text" if text else "empty", class_="quiet")
    )
    return element("blockquote", body, size, dir="auto")


def shortened(text: str, longest: int) -> Html:
    """Return the beginning of a text."""
    return escape(text if len(text) <= longest else f"{text[:longest]} …")
