"""The picture of the plan: every box has a place of its own, every arrow joins what it should."""

from __future__ import annotations

import itertools
import re

import pytest
from dataflow_rs.report.plan_picture import Node, picture


def boxes(parents: list[int | None]) -> list[Node]:
    return [
        Node(f"s{i}", None if parent is None else f"s{parent}", "filter", f"step {i}", "1 row")
        for i, parent in enumerate(parents)
    ]


@pytest.mark.parametrize(
    ("parents", "columns", "places"),
    [
        ([None], 4, [(0, 0)]),
        ([None, 0, 1], 4, [(0, 0), (0, 1), (0, 2)]),
        ([None, 0, 1], 1, [(0, 0), (1, 0), (2, 0)]),
        ([None, 0, 1, 2, 3], 2, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0)]),
        ([None, 0, 0, 2], 4, [(0, 0), (0, 1), (1, 0), (1, 1)]),
        ([None, 0, 1, 1, 0], 4, [(0, 0), (0, 1), (0, 2), (2, 0), (1, 0)]),
    ],
)
def test_places(parents, columns, places):
    made = boxes(parents)
    picture(made, columns, "a plan")
    assert [(box.row, box.column) for box in made] == places


@pytest.mark.parametrize("columns", [1, 2, 4])
@pytest.mark.parametrize("parents", [[None, *range(24)], [None, 0, 1, 1, 1, 0, 5, 5, 2], [None, *[0] * 9]])
def test_an_arrow_for_each_step_and_no_box_on_another(parents, columns):
    made = boxes(parents)
    svg = picture(made, columns, "a plan")
    assert svg.count('class="edge"') == len(parents) - 1
    places = [(box.row, box.column) for box in made]
    assert len(set(places)) == len(places)
    width, height = map(int, re.search(r'viewBox="0 0 (\d+) (\d+)"', svg).groups())
    for x, y in re.findall(r'<rect x="(\d+)" y="(\d+)" width="246"', svg):
        assert 0 <= int(x) <= width - 246
        assert 0 <= int(y) <= height - 58


@pytest.mark.parametrize("columns", [2, 4])
def test_no_arrow_crosses_a_box(columns):
    made = boxes([None, 0, 1, 2, 3, 1, 5, 3, 0])
    svg = picture(made, columns, "a plan")
    rects = [tuple(map(int, found)) for found in re.findall(r'<rect x="(\d+)" y="(\d+)" width="246"', svg)]
    paths = re.findall(r'<path d="(M[^"]+)" class="edge"', svg)
    assert paths
    for path in paths:
        for (x, y), (u, v) in itertools.pairwise(points(path)):
            for left, top in rects:
                inside = max(x, u) > left and min(x, u) < left + 246 and max(y, v) > top and min(y, v) < top + 58
                assert not inside, (path, left, top)


def points(path: str) -> list[tuple[int, int]]:
    """Return the corners of a path of horizontal and vertical lines."""
    x, y = map(int, re.match(r"M(\d+) (\d+)", path).groups())
    found = [(x, y)]
    for letter, number in re.findall(r"([HV])(\d+)", path):
        x, y = (int(number), y) if letter == "H" else (x, int(number))
        found.append((x, y))
    return found


def test_names_that_are_too_long_are_shrunk_then_cut():
    svg = picture([Node("s0", None, "filter", "N" * 33, ""), Node("s1", "s0", "filter", "M" * 99, "")], 4, "a plan")
    assert ">" + "N" * 33 + "<" in svg
    assert re.search("M{30,}…<", svg)
    assert f"<title>{'M' * 99}: </title>" in svg
