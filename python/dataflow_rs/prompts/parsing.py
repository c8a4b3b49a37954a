"""Read what models write: JSON among prose, code fences, numbered lists, question and answer blocks, scores.

Every function takes arbitrary text and either returns what it is for or raises `MalformedReplyError`, never anything
else. A reasoning block at the beginning of a reply is not looked into.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from dataflow_rs.exceptions import MalformedReplyError
from dataflow_rs.serving.json_reply import excerpt, fences, first_json
from dataflow_rs.serving.reasoning import answer_of

_ITEM = re.compile(r"^[ \t]*(?:\(?\d{1,4}[.):]|[-*•])[ \t]+(?=\S)", re.MULTILINE)
_QUESTION = re.compile(
    r"^[ \t]*(?:[-*#>]+[ \t]*)?\**(?:Q|Question)[ \t]*\d*\**[ \t]*[:.][ \t]*\**", re.MULTILINE | re.IGNORECASE
)
_ANSWER = re.compile(
    r"^[ \t]*(?:[-*#>]+[ \t]*)?\**(?:A|Answer)[ \t]*\d*\**[ \t]*[:.][ \t]*\**", re.MULTILINE | re.IGNORECASE
)
_NUMBER = r"[-+]?\d{1,9}(?:[.,]\d{1,9})?"
_SCALE = re.compile(
    rf"(?:on\s+)?(?:a\s+)?scale\s+(?:of|from)?\s*{_NUMBER}\s*(?:-|–|to|and)\s*{_NUMBER}"
    rf"|(?:from|between)\s+{_NUMBER}\s*(?:-|–|to|and)\s*{_NUMBER}",
    re.IGNORECASE,
)
_OUT_OF = re.compile(rf"(?<![\d.,])({_NUMBER})\s*(?:/|out\s+of)\s*({_NUMBER})(?![\d/])", re.IGNORECASE)
_LABELLED = re.compile(
    rf"\b(?:score|rating|grade|grading)\b[\"'*_\s]*(?::|=|is|of|->)[\"'*_\s]*({_NUMBER})(?![\d.,]*\d)", re.IGNORECASE
)
_GIVEN = re.compile(rf"\b(?:give|rate|score|assign|deserves?)\s+(?:\w+\s+){{0,4}}?({_NUMBER})\b", re.IGNORECASE)
_ALONE = re.compile(rf"(?<![\w.,])({_NUMBER})(?![\w]|[.,]\d)")
_SCORE_NAMES = ("score", "grade", "grading", "rating")


def code_block(text: str, language: str = "") -> str:
    r"""Return the content of the first fenced code block, of a language if one is named.

    Raises:
        MalformedReplyError: there is none.

    Examples:
        >>> code_block("Here you are:\n```sql\nSELECT 1;\n```\n", "sql")
        'SELECT 1;'
    """
    for found, content in fences(answer_of(text)):
        if not language or found.lower() == language.lower():
            return content
    wanted = f"{language} code block" if language else "code block"
    raise MalformedReplyError(f"the reply holds no {wanted}: {excerpt(text)}")


def numbered_list(text: str) -> list[str]:
    r"""Return the items of the numbered or bulleted list in a reply; an item may go over several lines.

    Raises:
        MalformedReplyError: there is none.

    Examples:
        >>> numbered_list("Ideas:\n1. Ask why.\n2) Ask how,\n   in detail.")
        ['Ask why.', 'Ask how,\n   in detail.']
    """
    items = [block.strip() for block in _blocks(_ITEM, answer_of(text)) if block.strip()]
    if not items:
        raise MalformedReplyError(f"the reply holds no list: {excerpt(text)}")
    return items


def question_answers(text: str) -> list[tuple[str, str]]:
    r"""Return the (question, answer) pairs of a reply in `Q:` / `A:` form; both may go over several lines.

    Raises:
        MalformedReplyError: there is no pair with both parts.

    Examples:
        >>> question_answers("Q: Why?\nA: Because\nit is so.\n\nQ: How?\nA: Well.")
        [('Why?', 'Because\nit is so.'), ('How?', 'Well.')]
    """
    pairs = []
    for block in _blocks(_QUESTION, answer_of(text)):
        answer = _ANSWER.search(block)
        if answer is not None:
            pair = block[: answer.start()].strip(), block[answer.end() :].strip()
            if all(pair):
                pairs.append(pair)
    if not pairs:
        raise MalformedReplyError(f"the reply holds no question with an answer: {excerpt(text)}")
    return pairs


def score(text: str, low: float, high: float) -> float:
    """Return the score that a reply gives: from JSON, from `Score: 4`, from `4/5`, or the only number in the text.

    A number that belongs to the description of the scale is not taken for the score.

    Args:
        text: the reply.
        low: lowest possible score.
        high: highest possible score.

    Raises:
        MalformedReplyError: there is no score, there are several, or it lies outside of the scale.

    Examples:
        >>> score("On a scale of 1 to 5 I give 4.", 1, 5)
        4.0
        >>> score('{"reason": "2 typos", "score": 3}', 1, 5)
        3.0
    """
    found = _score_in_json(text)
    if found is None:
        found = _score_in_prose(answer_of(text), high)
    if found is None:
        raise MalformedReplyError(f"the reply holds no clear score: {excerpt(text)}")
    if not low <= found <= high:
        raise MalformedReplyError(f"the score {found:g} lies outside of {low:g} to {high:g}: {excerpt(text)}")
    return found


def _score_in_json(text: str) -> float | None:
    try:
        value = first_json(text)
    except MalformedReplyError:
        return None
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        named = [v for name, v in value.items() if name.lower().strip() in _SCORE_NAMES]
        numbers = [v for v in value.values() if _number(v) is not None]
        value = named[0] if named else numbers[0] if len(numbers) == 1 else None
    return _number(value)


def _score_in_prose(text: str, high: float) -> float | None:
    text = _SCALE.sub(" ", text)
    of_scale = [number for number, top in _OUT_OF.findall(text) if _number(top) == high]
    for candidates in (_LABELLED.findall(text), of_scale, _GIVEN.findall(text), _ALONE.findall(text)):
        values = {_number(candidate) for candidate in candidates} - {None}
        if values:
            return values.pop() if len(values) == 1 else None
    return None


def _blocks(opening: re.Pattern[str], text: str) -> Iterator[str]:
    """Yield what follows each match of a pattern, up to the next one."""
    starts = list(opening.finditer(text))
    for start, following in zip_longest(starts, starts[1:]):
        yield text[start.end() : len(text) if following is None else following.start()]


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        value = value.strip().strip("*").replace(",", ".")
        if not re.fullmatch(_NUMBER, value):
            return None
    if not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except OverflowError:
        return None
