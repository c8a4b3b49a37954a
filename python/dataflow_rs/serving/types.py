"""What goes to a serving and what comes back: `Message`, `Request`, `Usage`, `Completion`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict

from dataflow_rs.exceptions import MalformedReplyError, ServingError

_THINKING = re.compile(r"\s*<think(?:ing)?>(.*?)(?:</think(?:ing)?>|\Z)\s*", re.DOTALL)


class Message(TypedDict):
    """One turn of a conversation.

    `role` is `system`, `user` or `assistant`; `content` is text, or a list of parts for endpoints that take images.
    """

    role: str
    content: str | list[dict[str, Any]]


@dataclass(frozen=True)
class Request:
    """One question to a model. What is None is decided by the serving's own parameters.

    Args:
        messages: the conversation, oldest first.
        temperature: 0 and above.
        top_p: share of probability mass to sample from, above 0, to 1.
        max_tokens: limit of generated tokens.
        seed: seed of the sampling.
        stop: texts that end the answer.
        json_schema: JSON schema that the answer must follow.
        sample: number of the sample, from 0, where several answers to the same question are wanted; two requests
            that are otherwise equal get one answer.
    """

    messages: tuple[Message, ...]
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    json_schema: Mapping[str, Any] | None = None
    sample: int = 0

    @classmethod
    def of(cls, user: str, system: str = "", **settings: Any) -> Request:
        """Return a request of one user message, after a system message if one is given.

        Examples:
            >>> Request.of("Name a colour.", system="Be brief.", max_tokens=5).messages[1]["content"]
            'Name a colour.'
        """
        messages: list[Message] = [{"role": "system", "content": system}] if system else []
        return cls((*messages, {"role": "user", "content": user}), **settings)

    def to_dict(self) -> dict[str, Any]:
        """Return what determines the answer as JSON data; what is not set is left out."""
        settings = {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.max_tokens,
            "seed": self.seed,
            "stop": list(self.stop) or None,
            "json_schema": None if self.json_schema is None else dict(self.json_schema),
            "sample": self.sample or None,
        }
        given = {name: value for name, value in settings.items() if value is not None}
        return {"messages": [dict(message) for message in self.messages], **given}


@dataclass(frozen=True)
class Usage:
    """Tokens of a call, all attempts and repair rounds together."""

    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.prompt_tokens + other.prompt_tokens, self.completion_tokens + other.completion_tokens)


@dataclass(frozen=True)
class Completion:
    """The end of a request: an answer, or the error that it ended with.

    Args:
        text: the answer as the model wrote it, reasoning blocks included; None where the call failed. A reply that was
            rejected is here, beside its error.
        usage: tokens.
        finish_reason: `stop`, `length` (cut at `max_tokens`) or what else the endpoint says.
        latency_s: seconds from the first attempt to the end.
        attempts: how often the request was sent.
        replayed: the answer comes from the call log or from an identical request.
        error: why there is no answer.
        reasoning_content: reasoning that the endpoint reports apart from the text.
    """

    text: str | None
    usage: Usage = field(default_factory=Usage)
    finish_reason: str | None = None
    latency_s: float = 0.0
    attempts: int = 1
    replayed: bool = False
    error: ServingError | None = None
    reasoning_content: str | None = None

    @classmethod
    def failed(cls, error: ServingError, **details: Any) -> Completion:
        """Return the end of a request that failed."""
        return cls(None, error=error, attempts=error.attempts, **details)

    @property
    def ok(self) -> bool:
        """Whether there is an answer."""
        return self.error is None and self.text is not None

    @property
    def answer(self) -> str:
        r"""The text without a reasoning block at its beginning; empty where the call failed.

        Examples:
            >>> Completion("<think>2 and 2</think>\n4").answer
            '4'
        """
        return answer_of(self.text or "")

    @property
    def reasoning(self) -> str | None:
        r"""What the model reasoned before it answered, where it shows it.

        Examples:
            >>> Completion("<think>2 and 2</think>\n4").reasoning
            '2 and 2'
        """
        if self.reasoning_content is not None:
            return self.reasoning_content
        found = _THINKING.match(self.text or "")
        return found[1].strip() if found else None

    def json(self) -> Any:
        """Return the answer read as JSON.

        Raises:
            MalformedReplyError: it is none.
        """
        try:
            return json.loads(self.answer)
        except (ValueError, RecursionError) as error:
            raise MalformedReplyError(f"the reply is not JSON: {error}") from None

    def as_replayed(self) -> Completion:
        """Return the same answer, marked as one that was not paid for again."""
        return replace(self, replayed=True, latency_s=0.0)


def answer_of(text: str) -> str:
    """Return a reply without the reasoning block at its beginning; a block that never ends leaves nothing.

    Examples:
        >>> answer_of("<think>hm</think>yes"), answer_of("yes"), answer_of("<think>hm")
        ('yes', 'yes', '')
    """
    found = _THINKING.match(text)
    return text[found.end() :] if found else text


def clean(text: str) -> str:
    r"""Return text without lone surrogates, which no UTF-8 column can hold; they become U+FFFD.

    Examples:
        >>> clean("a\ud800b")
        'a\ufffdb'
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
