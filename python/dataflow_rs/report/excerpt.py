"""Shorten texts for display: around the match that decided, or side by side from where two texts differ."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

SHOWN, LINES = 360, 8
"""Characters and lines of an excerpt, at the most."""
_BEFORE, _LINES_BEFORE = 120, 3
_HEAD, _MARKED, _QUOTE = 40, 200, 3
"""Characters by which a shortened detail is found, of a mark at the most, and of a quotation at least."""
_QUOTED = re.compile(r"""(["'`«“‘])(.+?)(["'`»”’])""", re.DOTALL)
_WORDS = re.compile(r"\s+|[^\s]+")


@dataclass(frozen=True)
class Excerpt:
    """A piece of a text.

    Attributes:
        text: the piece.
        start: its position in the whole text, in characters.
        length: characters of the whole text.
        marks: (start, end) of what to highlight, positions in the piece.
    """

    text: str
    start: int
    length: int
    marks: tuple[tuple[int, int], ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return the excerpt as JSON data."""
        return {
            "text": self.text,
            "start": self.start,
            "length": self.length,
            "marks": [list(mark) for mark in self.marks],
        }


def excerpt(text: str, detail: str | None = None) -> Excerpt:
    """Return the part of a text where a detail occurs, else its beginning.

    Args:
        text: the whole text.
        detail: what a filter found; looked for as a whole, then what it quotes, in any case.

    Examples:
        >>> excerpt("a long text with lorem ipsum in it", "the phrase 'Lorem ipsum'").marks
        ((17, 28),)
    """
    found = _find(text, detail) if detail else None
    if found is None:
        return Excerpt(_piece(text, 0), 0, len(text))
    start = _start(text, found[0], found[1])
    piece = _piece(text, start)
    return Excerpt(
        piece, start, len(text), ((found[0] - start, min(found[1] - start, len(piece), found[0] - start + _MARKED)),)
    )


def _start(text: str, first: int, last: int) -> int:
    """Return where an excerpt begins, so that what lies from `first` to `last` is in it."""
    if last <= SHOWN and text.count("\n", 0, last) < LINES:
        return 0
    start = max(0, first - _BEFORE)
    for _ in range(max(0, text.count("\n", start, first) - _LINES_BEFORE)):
        start = text.index("\n", start) + 1
    return start


def _piece(text: str, start: int) -> str:
    return "\n".join(text[start : start + SHOWN].split("\n", LINES)[:LINES])


def _find(text: str, detail: str) -> tuple[int, int] | None:
    if not detail.strip():
        return None
    wanted = [detail, *(quoted[2] for quoted in _QUOTED.finditer(detail))]
    for phrase in wanted:
        if phrase is not detail and len(phrase.strip()) < _QUOTE:
            continue
        found = text.find(phrase)
        if found >= 0:
            return found, found + len(phrase)
        match = re.search(re.escape(phrase), text, re.IGNORECASE)
        if match:
            return match.span()
    return _beginning(text, detail)


def _beginning(text: str, detail: str) -> tuple[int, int] | None:
    """Find the beginning of a detail that was itself shortened."""
    head = detail.rstrip(".… ")[:_HEAD]
    found = text.find(head) if len(head) == _HEAD else -1
    return (found, found + _HEAD) if found >= 0 else None


def side_by_side(text: str, other: str) -> tuple[Excerpt, Excerpt]:
    """Return two texts from a little before their first difference, with the words that differ marked.

    Examples:
        >>> left, right = side_by_side("one two three", "one 2 three")
        >>> left.marks, right.marks
        (((4, 7),), ((4, 5),))
    """
    common = _common_prefix(text, other)
    start = 0 if common == len(text) == len(other) else _start(text, common, common + _BEFORE)
    pieces = [_piece(whole, start) for whole in (text, other)]
    words = [[match[0] for match in _WORDS.finditer(piece)] for piece in pieces]
    matcher = difflib.SequenceMatcher(None, words[0], words[1], autojunk=False)
    marks: tuple[list[tuple[int, int]], ...] = ([], [])
    for tag, *bounds in matcher.get_opcodes():
        if tag == "equal":
            continue
        for side, (first, last) in enumerate((bounds[:2], bounds[2:])):
            begin = sum(map(len, words[side][:first]))
            end = begin + sum(map(len, words[side][first:last]))
            if pieces[side][begin:end].strip():
                marks[side].append((begin, end))
    one, two = (
        Excerpt(piece, start, len(whole), tuple(found))
        for piece, whole, found in zip(pieces, (text, other), marks, strict=True)
    )
    return one, two


def _common_prefix(text: str, other: str) -> int:
    """Return the number of characters that two texts begin with in common, by halving."""
    low, high = 0, min(len(text), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if text[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
