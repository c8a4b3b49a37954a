"""Read which options of a multiple-choice question an answer names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from dataflow_rs.exceptions import MalformedReplyError
from dataflow_rs.prompts.bench import letter
from dataflow_rs.serving.json_reply import first_json
from dataflow_rs.serving.reasoning import answer_of

_SAID = re.compile(
    r"\b(?:answer|option|choice|choose|correct)\b[^\n]{0,40}?(?:\bis\b|:|=)\s*[\"'*(\[{]*([A-Za-z])\b(?![\w'])",
    re.IGNORECASE,
)
_ALONE = re.compile(r"[\s\"'*(\[{]*([A-Za-z])[\s\"'*)\]}.:]*")
_MARKED = re.compile(r"(?<!\w)(?:\(([A-Z])\)|([A-Z])[.):](?=\s|$)|\*\*([A-Z])\*\*)")
_BOXED = re.compile(r"\\boxed\{\s*(?:\\text\{)?\s*\(?([A-Z])\)?\s*\}")
_DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉⁰¹²³⁴⁵⁶⁷⁸⁹", "01234567890123456789")


def normalised(text: Any) -> str:
    """Return a text as answers are compared: one notation, one case, no space or mark at the ends.

    Examples:
        >>> normalised("  H₂O  is  WATER. ")
        'h2o is water'
    """
    plain = unicodedata.normalize("NFKC", str(text).translate(_DIGITS)).casefold()
    return " ".join(plain.split()).rstrip(".?!").rstrip()


def chosen_one(reply: str, options: Sequence[Any]) -> int | None:
    r"""Return the position of the option that a reply names; None where it names none, or no certain one.

    What the reply says last counts: a letter in a box, after "answer" or "option", alone on the last line, or marked
    such as `(C)`. A letter that begins a sentence is no answer. Without a letter the text of an option counts, if it is
    the only one in the reply.

    Examples:
        >>> chosen_one("A good answer is C", ["x", "y", "z"]), chosen_one("1", ["0", "1"]), chosen_one("no", ["a"])
        (2, 1, None)
    """
    text = answer_of(reply).strip()
    letters = [letter(number) for number in range(len(options))]
    lines = [line for line in text.splitlines() if line.strip()]
    last = _ALONE.fullmatch(lines[-1]) if lines else None
    for found in (
        _BOXED.findall(text),
        _SAID.findall(text),
        [] if last is None else [last[1]],
        ["".join(groups) for groups in _MARKED.findall(text)],
    ):
        named = [one.upper() for one in found if one.upper() in letters]
        if named:
            return letters.index(named[-1])
    whole = normalised(text)
    same = [number for number, option in enumerate(options) if normalised(option) == whole]
    within = [number for number, option in enumerate(options) if _has_words(whole, normalised(option))]
    return (same or within)[0] if len(same) == 1 or (not same and len(within) == 1) else None


def chosen_several(reply: str, options: Sequence[Any]) -> set[int] | None:
    """Return the positions of the options that a reply names, from JSON or from letters; None where it names none.

    Examples:
        >>> chosen_several('{"answer": ["A", "c"]}', ["x", "y", "z"]) == {0, 2}
        True
        >>> chosen_several("B, C", ["x", "y", "z"]) == {1, 2}
        True
    """
    letters = [letter(number) for number in range(len(options))]
    try:
        value = first_json(reply)
    except MalformedReplyError:
        value = re.split(r"[\s,;/&]+|\band\b", answer_of(reply).rpartition(":")[2].strip(" .*()[]"))
    if isinstance(value, dict):
        value = next((part for part in value.values() if isinstance(part, (list, str))), [])
    found = {str(one).strip(" .()\"'").upper() for one in (value if isinstance(value, list) else [value])}
    found.discard("")
    if not found or not found <= set(letters):
        return None
    return {letters.index(one) for one in found}


def label_position(label: Any, options: Sequence[Any]) -> int | None:
    """Return the position of a right option that is given as a position from 0, a letter, or the option itself.

    Examples:
        >>> label_position(1, ["x", "y"]), label_position("b", ["x", "y"]), label_position("y", ["x", "y"])
        (1, 1, 1)
    """
    if isinstance(label, int) and not isinstance(label, bool):
        return label if 0 <= label < len(options) else None
    text = str(label).strip()
    same = [number for number, option in enumerate(options) if normalised(option) == normalised(text)]
    if same:
        return same[0]
    letters = [letter(number) for number in range(len(options))]
    if text.upper() in letters:
        return letters.index(text.upper())
    return int(text) if text.isdecimal() and int(text) < len(options) else None


def contains_answer(reply: str, target: str) -> bool:
    """Return whether a reply holds the words of a target, one after the other; never the other way round.

    Examples:
        >>> contains_answer("It is the Black Sea, of course", "black sea"), contains_answer("nothing", "no")
        (True, False)
    """
    return _has_words(normalised(reply), normalised(target))


def _has_words(text: str, words: str) -> bool:
    return bool(words) and re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text) is not None
