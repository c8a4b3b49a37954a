"""Sentences of a text, for windows that a model is shown; not a word of the text is lost."""

from __future__ import annotations

import re

_CHINESE = re.compile(r"(?<=[。！？])\s*")
_END = re.compile(r"""(?<=[.!?])(?P<close>["')\]]*)\s+(?=["'(\[]*[^\W\d_a-z]|["'(\[]*\d)""")
_SHORT = re.compile(r"(?:^|[\s(])(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|vs|etc|Fig|No|approx|ca|cf|e\.g|i\.e|Inc|Ltd|Co)\.$")


def sentences(text: str, lang: str = "en") -> list[str]:
    """Return the sentences of a text; decimals, initials and common abbreviations do not end one.

    Args:
        text: the text.
        lang: `zh`: the full stops of Chinese end a sentence as well.

    Examples:
        >>> sentences("Dr. Berg measured 3.5 metres. It rose. (Why?) Nobody knew.")
        ['Dr. Berg measured 3.5 metres.', 'It rose.', '(Why?)', 'Nobody knew.']
        >>> sentences("天很蓝。为什么？", "zh")
        ['天很蓝。', '为什么？']
    """
    parts = _CHINESE.split(text) if lang == "zh" else [text]
    found: list[str] = []
    for part in parts:
        start = 0
        for end in _END.finditer(part):
            head = part[start : end.end("close")]
            if _SHORT.search(head):
                continue
            found.append(head.strip())
            start = end.end()
        found.append(part[start:].strip())
    return [sentence for sentence in found if sentence]
