"""Excerpts: what is shown of a text, and what is marked in it."""

from __future__ import annotations

import pytest
from dataflow_rs.report.excerpt import LINES, SHOWN, Excerpt, excerpt, side_by_side


def marked(found: Excerpt) -> list[str]:
    return [found.text[first:last] for first, last in found.marks]


@pytest.mark.parametrize(
    ("text", "detail", "marks"),
    [
        ("one two three", "two", ["two"]),
        ("one TWO three", "two", ["TWO"]),
        ("one two three", "the phrase 'two'", ["two"]),
        ("one two three", "found “three” here", ["three"]),
        ("one two three", "four", []),
        ("a: b", 'no JSON in "x": "y"', []),
        ("1. one", "1.", ["1."]),
        ("one two three", " ", []),
        ("one two three", None, []),
        ("a.b", "a+b", []),
        ("", "x", []),
        ("x" * 500 + "needle" + "y" * 500, "needle", ["needle"]),
        ("line\n" * 50 + "needle\n" + "line\n" * 50, "needle", ["needle"]),
        ("a" * 30 + "b" * 300 + " rest of it", "b" * 300, ["b" * 200]),
        ("before " + "c" * 60 + " after", "c" * 50 + "...", ["c" * 40]),
    ],
)
def test_marks_what_the_detail_names(text, detail, marks):
    found = excerpt(text, detail)
    assert marked(found) == marks
    assert found.length == len(text)
    assert text[found.start : found.start + len(found.text)] == found.text
    assert len(found.text) <= SHOWN
    assert found.text.count("\n") < LINES


@pytest.mark.parametrize("before", [0, 100, 359, 360, 361, 10_000])
def test_a_match_is_never_cut_off(before):
    text = "w " * (before // 2) + "needle" + " w" * 1000
    assert marked(excerpt(text, "needle")) == ["needle"]


def test_two_texts_are_shown_from_before_their_first_difference():
    same = "same " * 200
    one, two = side_by_side(same + "left side", same + "right side")
    assert one.start == two.start > 0
    assert one.text.endswith("left side")
    assert two.text.endswith("right side")
    assert (marked(one), marked(two)) == (["left"], ["right"])


@pytest.mark.parametrize(("one", "two"), [("equal", "equal"), ("", ""), ("x" * 10_000, "x" * 10_000)])
def test_equal_texts_have_no_marks(one, two):
    left, right = side_by_side(one, two)
    assert left == right == Excerpt(one[:SHOWN], 0, len(one))


def test_a_text_that_goes_on_is_marked_where_it_does():
    one, two = side_by_side("a b", "a b c")
    assert (marked(one), marked(two)) == ([], [" c"])
