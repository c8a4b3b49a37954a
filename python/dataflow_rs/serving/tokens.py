"""What a request will use, before it is sent: an estimate from above of its tokens."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataflow_rs.serving.types import Request

_BYTES_PER_TOKEN = 3
_TOKENS_PER_MESSAGE = 4
_UNKNOWN_ANSWER = 1024
"""Tokens of an answer whose length nothing limits."""


def estimated_prompt_tokens(request: Request) -> int:
    """Return about how many tokens a prompt has, rather too many: a token for every three bytes.

    Examples:
        >>> from dataflow_rs.serving import Request
        >>> estimated_prompt_tokens(Request.of("Name a colour."))
        9
    """
    parts = [_size(message["content"]) // _BYTES_PER_TOKEN + 1 for message in request.messages]
    schema = 0 if request.json_schema is None else _size(request.json_schema) // _BYTES_PER_TOKEN
    return sum(parts) + _TOKENS_PER_MESSAGE * len(parts) + schema


def most_answer_tokens(request: Request) -> int:
    """Return how many tokens the answer has at most."""
    return _UNKNOWN_ANSWER if request.max_tokens is None else request.max_tokens


def estimated_tokens(request: Request) -> int:
    """Return how many tokens prompt and answer have at most."""
    return estimated_prompt_tokens(request) + most_answer_tokens(request)


def _size(content: Any) -> int:
    if isinstance(content, str):
        return len(content.encode("utf-8", "surrogatepass"))
    return len(json.dumps(content, default=str))
