"""Histograms of the text lengths: before as a pale area, after as solid bars, over a logarithmic axis.

The bars are an SVG that stretches to the page's width; the labels are HTML, so that they stay readable on a phone.
"""

from __future__ import annotations

from typing import Any

from dataflow_rs.report.lengths import MEASURES
from dataflow_rs.report.markup import Html, element, join, table
from dataflow_rs.report.numbers import count, measure, plural, short

_HEIGHT = 100
_TICKS = 6


def histograms(lengths: dict[str, Any]) -> Html:
    """Return a figure for each measure, and a table with their numbers."""
    figures = [_figure(name, lengths["measures"][name]) for name in MEASURES]
    return join([element("div", *figures, class_="histograms"), _summary(lengths)])


def _figure(name: str, data: dict[str, Any]) -> Html:
    edges, before, after = data["edges"], data["before"], data["after"]
    most = max([*before, *after], default=0)
    caption = element("figcaption", element("b", f"{name.capitalize()} per text"), _medians(data))
    if not most:
        return element("figure", caption, element("p", "no texts", class_="quiet"))
    bins = [
        element(
            "g",
            element("title", _bin_title(name, edges, i, before[i], after[i])),
            element("rect", x=i, y=0, width=1, height=_HEIGHT, class_="hit"),
            _column(i, before[i], most, "before", 0.02),
            _column(i, after[i], most, "after", 0.2),
        )
        for i in range(len(before))
    ]
    picture = element(
        "svg",
        *bins,
        viewBox=f"0 0 {len(before)} {_HEIGHT}",
        preserveAspectRatio="none",
        role="img",
        aria_label=f"Histogram of {name} per text, before and after; the table below has the numbers",
    )
    top = element("span", f"{plural(most, 'row')}", class_="top", aria_hidden="true")
    return element("figure", caption, element("div", top, picture, class_="plot"), _axis(edges, len(before)))


def _column(position: int, rows: int, most: int, class_: str, inset: float) -> Html | None:
    if not rows:
        return None
    height = max(_HEIGHT * rows / most, 0.8)
    return element(
        "rect",
        x=position + inset,
        y=round(_HEIGHT - height, 2),
        width=round(1 - 2 * inset, 2),
        height=round(height, 2),
        class_=class_,
    )


def _bin_title(name: str, edges: list[int], i: int, before: int, after: int) -> str:
    last = edges[i + 1] - 1 if i + 1 < len(edges) else None
    span = count(edges[i]) if last == edges[i] else f"{count(edges[i])} to {count(last)}"
    return f"{span} {name}: {count(before)} before, {count(after)} after"


def _axis(edges: list[int], bins: int) -> Html:
    marks = [
        element("span", short(edges[i]), style=f"left:{100 * i / bins:.2f}%")
        for i in _ticks(edges, bins)
        if i < bins - 1 or not i
    ]
    return element("div", *marks, class_="axis", aria_hidden="true")


def _ticks(edges: list[int], bins: int) -> list[int]:
    """Return positions of bins to label: the powers of ten, or evenly spread ones where there are too few of those."""
    decades = [i for i, edge in enumerate(edges[:bins]) if edge and str(edge).strip("0") == "1"]
    if len(decades) >= 3:
        return decades
    stride = max(1, -(-bins // _TICKS))
    return list(range(0, bins, stride))


def _medians(data: dict[str, Any]) -> Html:
    before, after = data["before_summary"]["median"], data["after_summary"]["median"]
    return element("span", f"median {measure(before)} → {measure(after)}", class_="quiet")


def _summary(lengths: dict[str, Any]) -> Html:
    rows = []
    for name in MEASURES:
        for when in ("before", "after"):
            found = lengths["measures"][name][f"{when}_summary"]
            numbers = [measure(found[key]) for key in ("min", "p5", "median", "mean", "p95", "max")]
            rows.append([f"{name}, {when}", *numbers, count(found["total"])])
    head = ["", "smallest", "5 %", "median", "mean", "95 %", "largest", "in all"]
    return table("Text lengths before and after", head, rows, numeric=range(1, 8))
