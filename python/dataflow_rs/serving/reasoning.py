r"""Reasoning that models write before their answer; the one place that knows its forms.

A block `<think>...</think>` at the beginning, one that never ends (the answer is missing), and one whose opening tag is
part of the prompt, so that only the closing tag is in the reply. Reasoning that an endpoint reports apart from the text
(`reasoning_content`, in newer servers `reasoning`) is read in `openai_format.py` and never in the text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_BLOCK = re.compile(r"\s*<think(?:ing)?>(.*?)(?:</think(?:ing)?>|\Z)\s*", re.DOTALL)
_OPENED_BY_THE_PROMPT = re.compile(r"((?:(?!</?think(?:ing)?>).)*)</think(?:ing)?>(?:\s*\n\s*|\Z)", re.DOTALL)
_FIELDS = ("reasoning_content", "reasoning")


def answer_of(text: str) -> str:
    r"""Return a reply without the reasoning at its beginning; a block that never ends leaves nothing.

    Examples:
        >>> [answer_of(text) for text in ("<think>hm</think>yes", "yes", "<think>hm", "hm\n</think>\n\nyes")]
        ['yes', 'yes', '', 'yes']
    """
    found = _match(text)
    return text[found.end() :] if found else text


def reasoning_of(text: str) -> str | None:
    """Return the reasoning at the beginning of a reply, or None.

    Examples:
        >>> reasoning_of("<think> hm </think>yes"), reasoning_of("yes")
        ('hm', None)
    """
    found = _match(text)
    return found[1].strip() if found else None


def reported_reasoning(message: Mapping[str, Any]) -> str | None:
    """Return the reasoning that an endpoint reports beside the text of a message, or None."""
    for name in _FIELDS:
        value = message.get(name)
        if isinstance(value, str) and value:
            return value
    return None


def _match(text: str) -> re.Match[str] | None:
    found = _BLOCK.match(text)
    if found is None and "</think" in text:
        found = _OPENED_BY_THE_PROMPT.match(text)
    return found
