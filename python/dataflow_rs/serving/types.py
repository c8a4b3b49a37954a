"""What goes to a serving and what comes back: `Request`, `Usage`, `Completion`, `ToolCall`, `TokenLogprob`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from dataflow_rs.exceptions import MalformedReplyError, ServingError
from dataflow_rs.serving.messages import Image, Message, addressed, user_message
from dataflow_rs.serving.reasoning import answer_of, reasoning_of
from dataflow_rs.serving.reply_type import is_reply_type, read_as, schema_of, validators_of


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
        json_schema: JSON schema that the answer must follow, or a pydantic model (or another type that pydantic
            understands), whose validators check the answer.
        sample: number of the sample, from 0, where several answers to the same question are wanted; two requests
            that are otherwise equal get one answer.
        tools: functions that the model may ask to be called, as the protocol describes them:
            `{"type": "function", "function": {"name": ..., "description": ..., "parameters": {a JSON schema}}}`.
        tool_choice: `auto`, `none`, `required`, or the name of the one function to call.
        logprobs: 0 to 20: report the log-probability of each token, and that many likely others.
        reply_type: set by a `json_schema` that is a type.
        reader: reads an answer and raises `MalformedReplyError` where it cannot be used, so that it is sent back for
            repair. It decides no answer: what it still refuses in the end is returned as it is.
    """

    messages: tuple[Message, ...]
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    json_schema: Any = None
    sample: int = 0
    tools: tuple[Mapping[str, Any], ...] = ()
    tool_choice: str | None = None
    logprobs: int | None = None
    reply_type: Any = None
    reader: Callable[[str], Any] | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if is_reply_type(self.json_schema):
            object.__setattr__(self, "reply_type", self.json_schema)
            object.__setattr__(self, "json_schema", schema_of(self.json_schema))

    @classmethod
    def of(cls, user: str, system: str = "", images: Iterable[Image] = (), **settings: Any) -> Request:
        """Return a request of one user message, after a system message if one is given.

        Args:
            user: what the user says.
            system: system message; empty: none.
            images: bytes, paths or addresses of images that the user shows.
            **settings: the other arguments of a request.

        Examples:
            >>> Request.of("Name a colour.", system="Be brief.", max_tokens=5).messages[1]["content"]
            'Name a colour.'
        """
        messages: list[Message] = [{"role": "system", "content": system}] if system else []
        return cls((*messages, user_message(user, images)), **settings)

    def samples(self, count: int) -> list[Request]:
        """Return requests for several answers to this question, each with a number, and so a seed, of its own.

        Examples:
            >>> [request.sample for request in Request.of("Name a colour.").samples(3)]
            [0, 1, 2]
        """
        return [replace(self, sample=self.sample + number) for number in range(count)]

    def then(self, completion: Completion, *messages: Message | str) -> Request:
        """Return the request that goes on with the conversation after an answer.

        Args:
            completion: what this request was answered.
            *messages: what comes next; a text is what the user says.

        Examples:
            >>> first = Request.of("2 + 2?")
            >>> [turn["content"] for turn in first.then(Completion("4"), "And times 3?").messages]
            ['2 + 2?', '4', 'And times 3?']
        """
        said = [user_message(message) if isinstance(message, str) else message for message in messages]
        return replace(self, messages=(*self.messages, completion.message, *said))

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
            "tools": [dict(tool) for tool in self.tools] or None,
            "tool_choice": self.tool_choice,
            "logprobs": self.logprobs,
            "validators": None if self.reply_type is None else validators_of(self.reply_type),
        }
        given = {name: value for name, value in settings.items() if value is not None}
        return {"messages": addressed(self.messages), **given}


@dataclass(frozen=True)
class Usage:
    """Tokens of a call, all attempts and repair rounds together."""

    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.prompt_tokens + other.prompt_tokens, self.completion_tokens + other.completion_tokens)


@dataclass(frozen=True)
class ToolCall:
    """A function that the model asks to be called.

    Args:
        id: names the call in the conversation.
        name: the function.
        arguments: what it is called with, as the model wrote it; JSON, if the model is good.
    """

    id: str
    name: str
    arguments: str

    def json(self) -> Any:
        """Return the arguments read as JSON.

        Raises:
            MalformedReplyError: they are none.

        Examples:
            >>> ToolCall("1", "add", '{"a": 1}').json()
            {'a': 1}
        """
        return _as_json(self.arguments, f"the arguments of the call of '{self.name}' are not JSON")


@dataclass(frozen=True)
class TokenLogprob:
    """A generated token and how likely it was.

    Args:
        token: its text.
        logprob: natural logarithm of its probability.
        top: the most likely tokens in its place, with their logarithms.
    """

    token: str
    logprob: float
    top: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Completion:
    """The end of a request: an answer, or the error that it ended with.

    Args:
        text: the answer as the model wrote it, reasoning blocks included; None where the call failed. A reply that was
            rejected is here, beside its error.
        usage: tokens.
        finish_reason: `stop`, `length` (cut at `max_tokens`), `tool_calls` or what else the endpoint says.
        latency_s: seconds from the first attempt to the end.
        attempts: how often the request was sent.
        replayed: the answer comes from the call log or from an identical request.
        error: why there is no answer.
        reasoning_content: reasoning that the endpoint reports apart from the text.
        tool_calls: functions that the model asks to be called.
        logprobs: one entry per generated token, where they were asked for.
    """

    text: str | None
    usage: Usage = field(default_factory=Usage)
    finish_reason: str | None = None
    latency_s: float = 0.0
    attempts: int = 1
    replayed: bool = False
    error: ServingError | None = None
    reasoning_content: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    logprobs: tuple[TokenLogprob, ...] | None = None

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
        return self.reasoning_content or reasoning_of(self.text or "")

    @property
    def message(self) -> Message:
        """The answer as a turn of the conversation, without reasoning."""
        message: Message = {"role": "assistant", "content": self.answer}
        if self.tool_calls:
            message["tool_calls"] = [
                {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
                for call in self.tool_calls
            ]
        return message

    def json(self) -> Any:
        """Return the answer read as JSON.

        Raises:
            MalformedReplyError: it is none.
        """
        return _as_json(self.answer, "the reply is not JSON")

    def parsed(self, kind: Any) -> Any:
        """Return the answer as a value of a pydantic model, or of another type that pydantic understands.

        Raises:
            MalformedReplyError: it does not follow the type.

        Examples:
            >>> import pydantic
            >>> class Score(pydantic.BaseModel):
            ...     value: int
            >>> Completion('{"value": 4}').parsed(Score)
            Score(value=4)
        """
        try:
            return read_as(self.answer, kind)
        except ValueError as error:
            raise MalformedReplyError(f"the reply is no {getattr(kind, '__name__', kind)}: {error}") from None

    def as_replayed(self) -> Completion:
        """Return the same answer, marked as one that was not paid for again."""
        replayed: Completion = changed(self, replayed=True, latency_s=0.0)
        return replayed

    def to_dict(self) -> dict[str, Any]:
        """Return an answer as JSON data; what is not set is left out."""
        answer = {
            "text": self.text,
            "prompt_tokens": self.usage.prompt_tokens,
            "completion_tokens": self.usage.completion_tokens,
            "finish_reason": self.finish_reason,
            "latency_s": round(self.latency_s, 3),
            "attempts": self.attempts,
            "reasoning_content": self.reasoning_content,
            "tool_calls": [asdict(call) for call in self.tool_calls] or None,
            "logprobs": None if self.logprobs is None else [asdict(token) for token in self.logprobs],
        }
        return {name: value for name, value in answer.items() if value is not None}

    @classmethod
    def from_dict(cls, answer: Mapping[str, Any]) -> Completion:
        """Return the answer that `to_dict` wrote, marked as replayed.

        Examples:
            >>> Completion.from_dict(Completion("yes", Usage(3, 1)).to_dict()).usage
            Usage(prompt_tokens=3, completion_tokens=1)
        """
        logprobs = answer.get("logprobs")
        return cls(
            answer["text"],
            Usage(answer["prompt_tokens"], answer["completion_tokens"]),
            answer.get("finish_reason"),
            attempts=answer["attempts"],
            replayed=True,
            reasoning_content=answer.get("reasoning_content"),
            tool_calls=tuple(ToolCall(**call) for call in answer.get("tool_calls", ())),
            logprobs=None if logprobs is None else tuple(TokenLogprob(**token) for token in logprobs),
        )


def changed(value: Any, **changes: Any) -> Any:
    """Return a frozen dataclass's value with other fields, as `dataclasses.replace` does, without its checks.

    For what is done several times per call: it takes a tenth of the time.

    Examples:
        >>> changed(Usage(1, 2), completion_tokens=3)
        Usage(prompt_tokens=1, completion_tokens=3)
    """
    copied = object.__new__(type(value))
    copied.__dict__.update(value.__dict__, **changes)
    return copied


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


def _as_json(text: str, problem: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedReplyError(f"{problem}: {error}") from None
