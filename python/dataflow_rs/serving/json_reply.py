"""Find the JSON that a model wrote among prose and code fences.

Takes any text and either returns a value or raises `MalformedReplyError`, never anything else. A reasoning block
at the beginning of a reply is not looked into.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from dataflow_rs.exceptions import MalformedReplyError
from dataflow_rs.serving.reasoning import answer_of
from dataflow_rs.serving.types import clean

_MAX_STARTS = 200
_CONTROL = re.compile(r"[\x00-\x1f]")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*([^\s`~]*)[^`~]*$")


def first_json(text: str) -> Any:
    """Return the first JSON object or array in a reply; a reply that is nothing but a JSON value counts as well.

    Code fences are looked into first, so that a brace in the prose before them does no harm. A line break or another
    control character may stand in a string as it is: models write it, and endpoints that enforce a schema let it pass.

    Raises:
        MalformedReplyError: there is none.

    Examples:
        >>> first_json('Sure! {"score": 4} Anything else?')
        {'score': 4}
        >>> first_json("I would say four.")
        Traceback (most recent call last):
        dataflow_rs.exceptions.MalformedReplyError: the reply holds no JSON: 'I would say four.'
    """
    return first_json_text(text)[1]


def first_json_text(text: str) -> tuple[str, Any]:
    r"""Return the first JSON value of a reply as valid JSON, and what it says; see `first_json`.

    Examples:
        >>> first_json_text('Here: ["two\nlines"]')
        ('["two\\nlines"]', ['two\nlines'])
    """
    rest = answer_of(text).strip()
    whole = _decoded(rest, 0)
    if whole is not None and whole[0] == len(rest):
        return _escaped(rest), whole[1]
    for place in (*(content for _, content in fences(rest)), rest):
        for number, start in enumerate(re.finditer(r"[{\[]", place)):
            if number == _MAX_STARTS:
                break
            found = _decoded(place, start.start())
            if found is not None:
                return _escaped(place[start.start() : found[0]]), found[1]
    raise MalformedReplyError(f"the reply holds no JSON: {excerpt(text)}")


def fences(text: str) -> Iterator[tuple[str, str]]:
    r"""Yield (language, content) of the fenced blocks; one that is never closed goes to the end of the text.

    Examples:
        >>> list(fences("a ``` in a line\n~~~sql\nSELECT 1\n~~~\n```\nopen"))
        [('sql', 'SELECT 1'), ('', 'open')]
    """
    mark, language = "", ""
    content: list[str] = []
    for line in text.split("\n"):
        fence = _FENCE.match(line)
        if not mark and fence:
            mark, language, content = fence[1], fence[2], []
        elif mark and fence and fence[1].startswith(mark):
            yield language, "\n".join(content)
            mark = ""
        elif mark:
            content.append(line)
    if mark:
        yield language, "\n".join(content)


def excerpt(text: str, characters: int = 80) -> str:
    """Return the beginning of a text as it is shown in messages."""
    return repr(text if len(text) <= characters else text[: characters - 3] + "...")


def _decoded(text: str, start: int) -> tuple[int, Any] | None:
    """Return (end, value) of the JSON value that begins at `start`, or None."""
    try:
        value, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    return end, _without_surrogates(value)


def _escaped(text: str) -> str:
    """Return JSON with the control characters in its strings escaped, as the standard wants them."""
    if not _CONTROL.search(text):
        return text
    return _STRING.sub(lambda string: _CONTROL.sub(lambda found: json.dumps(found[0])[1:-1], string[0]), text)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {clean(name): _without_surrogates(item) for name, item in value.items()}
    return value


_DECODER = json.JSONDecoder(parse_constant=_refuse, strict=False)
