"""The deliberate differences from the reference, each with a predicate for the texts it may change.

They repeat what the operators' documentation and `docs/differences.md` say in words. Tests fail when a row
differs that no predicate explains, and when a predicate explains nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Difference:
    """One deliberate difference.

    Attributes:
        name: what we do instead, in a few words.
        applies: whether a text may be decided otherwise because of it.
    """

    name: str
    applies: Callable[[str], bool]


def holds(pattern: str) -> Callable[[str], bool]:
    """Return a predicate: whether a pattern occurs in a text."""
    compiled = re.compile(pattern)
    return lambda text: compiled.search(text) is not None


NAME = r"[A-Za-z][A-Za-z0-9:._-]*"
BLANK = r"[ \t\r]"
VALUE = rf"{BLANK}*={BLANK}*(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s\"'=<>`]+)"
TAG = re.compile(
    rf"<!--.*?-->|<[!?]{NAME}[^<>\n]*>|</{NAME}{BLANK}*>"
    rf"|<{NAME}(?:{BLANK}+[^\s\"'<>/=]+(?:{VALUE})?)*{BLANK}*/?>"
)
ENTITY = "nbsp|lt|gt|amp|quot|apos|hellip|ndash|mdash|lsquo|rsquo|ldquo|rdquo"


def has_bracket_without_tag(text: str) -> bool:
    """Whether something between angle brackets is no tag, or may be none: an attribute without a value."""
    spans = re.findall(r"<.*?>", re.sub(r"https?://\S+", "", text))
    return any(not TAG.fullmatch(span) or re.search(r"\s[^\s\"'<>/=]+\s*[\s/>]", span) for span in spans)


@cache
def blocked() -> list[str]:
    """Return the English block list."""
    from dataflow_rs.operators.general_text.blocklist import words

    return [word.lower() for word in words("en")]


def has_hidden_word(text: str) -> bool:
    """Whether a blocked word is not a whitespace-separated word, or is a phrase."""
    lowered = text.lower()
    tokens = lowered.split()
    return any(word in lowered and lowered.count(word) > tokens.count(word) for word in blocked())


def mean_lies_at_bound(text: str) -> bool:
    """Whether rounding can move the mean word length across a bound of the recorded chain."""
    words = text.split()
    mean = sum(map(len, words)) / max(len(words), 1)
    return any(0 < abs(mean - bound) <= 0.005 for bound in (3, 10))


DIFFERENCES: dict[str, list[Difference]] = {
    "RemoveEmojiRefiner": [
        Difference(
            "emoji of all blocks go",
            holds(
                "[\u2600-\u26ff\U0001f900-\U0001faff\u231a\u231b\u23e9-\u23ec\u23f0\u23f3\u25fd\u25fe\u27bf\u2b1b\u2b1c"
                "\u2b50\u2b55\U0001f004\U0001f0cf\U0001f18e\U0001f191-\U0001f19a\U0001f201\U0001f21a\U0001f22f"
                "\U0001f232-\U0001f236\U0001f238-\U0001f23a\U0001f250\U0001f251\U0001f7e0-\U0001f7eb\U0001f7f0]"
            ),
        ),
        Difference("sequences go as a whole", holds("[\u200d\ufe0e\ufe0f\u20e3\U000e0020-\U000e007f]")),
    ],
    "HtmlUrlRemoverRefiner": [
        Difference("line breaks after an address stay", holds(r"https?://\S+[\r\n]")),
        Difference("www. and ftp addresses go", holds(r"www\.\S|ftps?://\S")),
        Difference("only tags go, not every pair of angle brackets", has_bracket_without_tag),
    ],
    "BlocklistFilter": [
        Difference("words beside punctuation and phrases are found", has_hidden_word),
    ],
    "SentenceNumberFilter": [
        Difference("marks of Chinese and Japanese end sentences", holds("[\u3002\uff01\uff1f\uff61]")),
    ],
    "MeanWordLengthFilter": [
        Difference("the mean is not rounded", mean_lies_at_bound),
    ],
    "HtmlEntityFilter": [
        Difference("an entity needs its semicolon", holds(rf"[&\uff06](?:{ENTITY})(?![;\uff1b])")),
    ],
    "NoPuncFilter": [
        Difference("a colon ends a stretch", lambda text: ":" in text and len(text.split()) > 112),
        Difference("Chinese and Japanese are judged by their own characters", holds("[\u3001-\u30ff\u4e00-\u9fff]")),
    ],
    "SpecialCharacterFilter": [
        Difference(
            "the characters count",
            holds("[\u200e\u00f7\u2600-\u26ff\u2733\u2734\U0001f300-\U0001f64f\U0001f680-\U0001f6ff]"),
        ),
        Difference("their notations do not", holds(r"u200e|\? :|U\+(?:26|273|1F)")),
    ],
    "LineStartWithBulletpointFilter": [
        Difference(
            "dashes, asterisks and numbers are bullet points", holds(r"(?m)^\s*(?:[-*+\u00b7]|\d+[.)])(?:\s|$)")
        ),
        Difference("an en dash needs whitespace", holds(r"(?m)^\s*\u2013\S")),
    ],
}


def explanations(operator: str, text: str) -> list[str]:
    """Return the names of the differences that apply to a text."""
    return [difference.name for difference in DIFFERENCES.get(operator, []) if difference.applies(text)]
