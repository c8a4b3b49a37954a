"""The plan as a picture: boxes for source, steps and exports, arrows for what reads what.

The chain runs from left to right and wraps; a branch begins a row of its own and is led to from its parent through
the gaps between the rows and a rail at the left edge, so that no line crosses a box. A second picture of the same plan,
one column wide, is for narrow screens.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import PurePath
from typing import Any

from dataflow_rs.report.markup import Html, element, join
from dataflow_rs.report.numbers import count, plural

_BOX = (246, 58)
_GAP = (28, 42)
_RAIL = 13
_MARGIN = 4
_GLYPH = 7.6
"""Width of a character of a box's title, at the most."""


@dataclass
class Node:
    """A box: source, step or export.

    Attributes:
        key: its name in the picture.
        parent: key of what it reads.
        kind: source, a kind of operator, export or planned.
        title, note: its two lines.
        column, row: its place; a branch begins a new row.
    """

    key: str
    parent: str | None
    kind: str
    title: str
    note: str
    column: int = 0
    row: int = 0
    children: list[Node] = field(default_factory=list)


def plan_pictures(data: dict[str, Any]) -> Html:
    """Return the picture for wide screens and the one for narrow ones; the page shows the one that fits."""
    title = f"The plan of {data['name']}: {plural(max(len(data['steps']) - 1, 0), 'step')}"
    return join(
        element("div", picture(nodes(data), columns, title), class_=f"plan {name}")
        for name, columns in (("wide", 4), ("narrow", 1))
    )


def nodes(data: dict[str, Any]) -> list[Node]:
    """Return the boxes of a report's plan, parents before children."""
    found = [_step_node(step) for step in data["steps"]]
    for index in range(len(found), (data["planned_steps"] or 0) + 1):
        found.append(Node(f"s{index}", f"s{index - 1}", "planned", f"{index}", "not run yet"))
    files: dict[int, list[str]] = {}
    written = all(export["written"] for export in data["exports"])
    for export in data["exports"]:
        files.setdefault(export["step"], []).append(PurePath(export["path"]).name)
    for step, names in files.items():
        note = f"and {', '.join(names[1:])}" if names[1:] else "exported" if written else "not written yet"
        found.append(Node(f"e{step}", f"s{step}", "export", names[0], note))
    return found


def _step_node(step: dict[str, Any]) -> Node:
    if step["parent"] is None:
        names = [PurePath(file).name for file in step["files"]]
        title = names[0] if len(names) == 1 else f"{len(names)} files" if names else "source"
        return Node("s0", None, "source", title, plural(step["rows_out"], "row"))
    note = f"{count(step['rows_in'])} → {count(step['rows_out'])} rows"
    return Node(f"s{step['index']}", f"s{step['parent']}", step["kind"], f"{step['index']}  {step['name']}", note)


def picture(boxes: list[Node], columns: int, title: str) -> Html:
    """Draw the boxes.

    Args:
        boxes: parents before children.
        columns: boxes side by side at most.
        title: what the picture shows, for those who cannot see it.
    """
    lanes = _lanes(boxes)
    _place(lanes, columns)
    rail = _RAIL * (len(lanes) - 1)
    by_key = {box.key: box for box in boxes}
    lines = [line for lane in lanes for line in _chain_lines(lane, rail)]
    for number, lane in enumerate(lanes[1:], 1):
        if lane[0].parent in by_key:
            lines.append(_branch_line(by_key[lane[0].parent], lane[0], rail, number, columns))
    wide = max((box.column for box in boxes), default=0) + 1
    high = max((box.row for box in boxes), default=0) + 1
    width = rail + wide * (_BOX[0] + _GAP[0]) - _GAP[0] + 2 * _MARGIN
    height = high * (_BOX[1] + _GAP[1]) - _GAP[1] + 2 * _MARGIN
    marker = f"tip{columns}"
    arrows = [element("path", d=line, class_="edge", marker_end=f"url(#{marker})") for line in lines]
    return element(
        "svg",
        element("title", title),
        _tip(marker),
        *arrows,
        *(_box(box, rail) for box in boxes),
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="img",
    )


def _lanes(boxes: list[Node]) -> list[list[Node]]:
    """Cut the tree into chains: each goes on with the first child, the others begin chains of their own."""
    by_key = {box.key: box for box in boxes}
    for box in boxes:
        if box.parent in by_key:
            by_key[box.parent].children.append(box)
    waiting = [box for box in boxes if box.parent not in by_key]
    lanes = []
    while waiting:
        lane, branches = [waiting.pop(0)], []
        while lane[-1].children:
            first, *others = lane[-1].children
            branches += others
            lane.append(first)
        lanes.append(lane)
        waiting = branches + waiting
    return lanes


def _place(lanes: list[list[Node]], columns: int) -> None:
    row = 0
    for lane in lanes:
        for position, box in enumerate(lane):
            box.column, box.row = position % columns, row + position // columns
        row = lane[-1].row + 1


def _corner(box: Node, rail: int) -> tuple[int, int]:
    return _MARGIN + rail + box.column * (_BOX[0] + _GAP[0]), _MARGIN + box.row * (_BOX[1] + _GAP[1])


def _chain_lines(lane: list[Node], rail: int) -> list[str]:
    lines = []
    for one, two in pairwise(lane):
        (x, y), (u, v) = _corner(one, rail), _corner(two, rail)
        if one.row == two.row:
            lines.append(f"M{x + _BOX[0]} {y + _BOX[1] // 2}H{u - 2}")
        elif x == u:
            lines.append(f"M{x + _BOX[0] // 2} {y + _BOX[1]}V{v - 2}")
        else:
            middle = y + _BOX[1] + _GAP[1] // 2
            lines.append(f"M{x + _BOX[0] // 2} {y + _BOX[1]}V{middle}H{u + _BOX[0] // 2}V{v - 2}")
    return lines


def _branch_line(parent: Node, first: Node, rail: int, number: int, columns: int) -> str:
    (x, y), (u, v) = _corner(parent, rail), _corner(first, rail)
    along, target = _MARGIN + _RAIL * (number - 1) + 2, v + _BOX[1] // 2
    if columns == 1 or parent.column == 0:
        return f"M{x} {y + _BOX[1] * 2 // 3}H{along}V{target}H{u - 2}"
    gutter = y + _BOX[1] + 6 + 5 * (number % 3)
    return f"M{x + _BOX[0] // 3} {y + _BOX[1]}V{gutter}H{along}V{target}H{u - 2}"


def _tip(marker: str) -> Html:
    return element(
        "defs",
        element(
            "marker",
            element("path", d="M0 0L8 4L0 8z", class_="tip"),
            id=marker,
            viewBox="0 0 8 8",
            refX=7,
            refY=4,
            markerWidth=8,
            markerHeight=8,
            orient="auto",
        ),
    )


def _box(box: Node, rail: int) -> Html:
    x, y = _corner(box, rail)
    room = _BOX[0] - 26
    size = min(14.0, 14.0 * room / (_GLYPH * max(len(box.title), 1)))
    title = box.title if size >= 10 else f"{box.title[: int(room / _GLYPH * 1.35)]}…"
    return element(
        "g",
        element("title", f"{box.title}: {box.note}"),
        element("rect", x=x, y=y, width=_BOX[0], height=_BOX[1], rx=8, class_="box"),
        element("rect", x=x, y=y + 8, width=5, height=_BOX[1] - 16, rx=2.5, class_=f"edge-{box.kind}"),
        element("text", title, x=x + 16, y=y + 25, class_="title", font_size=f"{max(size, 10):.1f}"),
        element("text", box.note[:40], x=x + 16, y=y + 44, class_="note"),
        class_=f"node {box.kind}",
    )
