"""Requests and replies in the form of the OpenAI protocol: chat, completions. Pure functions.

The backends over HTTP, the batch files and the engine in the process speak the same form, so it is written once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dataflow_rs.exceptions import ContentFilteredError, ParameterError
from dataflow_rs.serving.messages import Message, text_of_message
from dataflow_rs.serving.openai_errors import BrokenReplyError
from dataflow_rs.serving.reasoning import reported_reasoning
from dataflow_rs.serving.types import Completion, Request, TokenLogprob, ToolCall, Usage

_LOOSE = frozenset(
    ["minLength", "maxLength", "uniqueItems", "minProperties", "maxProperties", "prefixItems", "oneOf", "allOf", "not"]
)
_BY_PROMPT = "Reply with one JSON value that follows this JSON schema, and with nothing else:\n{schema}"


def chat_body(model: str, request: Request) -> dict[str, Any]:
    """Return the body of a chat request; what is not set is left out.

    Examples:
        >>> chat_body("m", Request.of("hi", seed=7, sample=2))
        {'model': 'm', 'messages': [{'role': 'user', 'content': 'hi'}], 'seed': 9}
    """
    settings = {
        **_sampling(request),
        "response_format": response_format(request.json_schema),
        "tools": [dict(tool) for tool in request.tools] or None,
        "tool_choice": _tool_choice(request.tool_choice),
        "logprobs": None if request.logprobs is None else True,
        "top_logprobs": request.logprobs,
    }
    return {"model": model, "messages": [dict(message) for message in request.messages], **_given(settings)}


def completions_body(model: str, request: Request) -> dict[str, Any]:
    """Return the body of a completions request: the texts of the messages, one after the other, are the prompt.

    Raises:
        ParameterError: the request has tools, which only the chat protocol knows.

    Examples:
        >>> completions_body("m", Request.of("Once upon", max_tokens=9))
        {'model': 'm', 'prompt': 'Once upon', 'max_tokens': 9}
    """
    if request.tools:
        raise ParameterError("tools need the chat protocol: api='chat'")
    prompt = "\n\n".join(text_of_message(message) for message in request.messages)
    settings = {**_sampling(request), "logprobs": request.logprobs}
    return {"model": model, "prompt": prompt, **_given(settings)}


def _sampling(request: Request) -> dict[str, Any]:
    return {
        "temperature": request.temperature,
        "top_p": request.top_p,
        "max_tokens": request.max_tokens,
        "seed": None if request.seed is None else request.seed + request.sample,
        "stop": list(request.stop) or None,
    }


def _given(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def _tool_choice(choice: str | None) -> Any:
    if choice in (None, "auto", "none", "required"):
        return choice
    return {"type": "function", "function": {"name": choice}}


def response_format(schema: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the field that asks an endpoint for answers that follow a schema."""
    if schema is None:
        return None
    form = {"name": "reply", "schema": dict(schema), "strict": is_strict(schema)}
    return {"type": "json_schema", "json_schema": form}


def is_strict(schema: Any) -> bool:
    """Whether a schema is in the subset that endpoints accept with `strict`; they refuse others with it.

    Examples:
        >>> is_strict({"type": "object", "properties": {"a": {}}, "required": ["a"], "additionalProperties": False})
        True
        >>> is_strict({"type": "object", "properties": {"a": {}}})
        False
    """
    if isinstance(schema, list):
        return all(map(is_strict, schema))
    if not isinstance(schema, Mapping):
        return True
    if schema.get("type") == "object" or "properties" in schema:
        closed = schema.get("additionalProperties") is False
        if not closed or set(schema.get("required", ())) != set(schema.get("properties", ())):
            return False
    parts = [
        part for name, part in schema.items() if name not in ("properties", "$defs", "definitions", "enum", "const")
    ]
    named = [part for name in ("properties", "$defs", "definitions") for part in schema.get(name, {}).values()]
    return not _LOOSE & set(schema) and all(map(is_strict, parts + named))


def asked_by_prompt(request: Request) -> Request:
    """Return a request that asks for its schema in words, for endpoints that do not enforce one.

    Examples:
        >>> print(asked_by_prompt(Request.of("Score this.", json_schema={"type": "integer"})).messages[0]["content"])
        Score this.
        <BLANKLINE>
        Reply with one JSON value that follows this JSON schema, and with nothing else:
        {"type": "integer"}
    """
    sentence = _BY_PROMPT.format(schema=json.dumps(request.json_schema, ensure_ascii=False))
    *before, last = request.messages
    if last["role"] != "user":
        messages: list[Message] = [*before, last, {"role": "user", "content": sentence}]
    elif isinstance(last["content"], list):
        messages = [*before, {**last, "content": [*last["content"], {"type": "text", "text": sentence}]}]
    else:
        messages = [*before, {**last, "content": f"{last['content']}\n\n{sentence}"}]
    return replace(request, messages=tuple(messages), json_schema=None, reply_type=None)


def read_reply(content: Any) -> Completion:
    """Return the completion in the body of a reply, to a chat or to a completions request.

    Raises:
        BrokenReplyError: the body is not what the protocol says.
        ContentFilteredError: the endpoint withheld the answer.
    """
    try:
        choice = content["choices"][0]
        message = choice["message"] if "message" in choice else {"content": choice["text"]}
        text, reasoning = message.get("content"), reported_reasoning(message)
        finish_reason, refusal = choice.get("finish_reason"), message.get("refusal")
        usage = content.get("usage") or {}
        tokens = Usage(int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0))
        calls = tuple(_tool_call(call) for call in message.get("tool_calls") or ())
        logprobs = _logprobs(choice.get("logprobs"))
    except (KeyError, IndexError, TypeError, AttributeError, ValueError):
        raise BrokenReplyError(f"the endpoint's reply has no answer in it: {str(content)[:200]}") from None
    if finish_reason == "content_filter" or (refusal and not text):
        raise ContentFilteredError(f"the endpoint withheld the answer: {refusal or 'content filter'}")
    if text is not None and not isinstance(text, str):
        raise BrokenReplyError(f"the endpoint's answer is no text: {str(text)[:200]}")
    return Completion(
        text or "", tokens, finish_reason, reasoning_content=reasoning, tool_calls=calls, logprobs=logprobs
    )


def _tool_call(call: Mapping[str, Any]) -> ToolCall:
    function = call["function"]
    arguments = function.get("arguments") or ""
    return ToolCall(
        str(call.get("id") or ""),
        str(function["name"]),
        arguments if isinstance(arguments, str) else json.dumps(arguments),
    )


def _logprobs(reported: Any) -> tuple[TokenLogprob, ...] | None:
    if not reported:
        return None
    if "tokens" in reported:  # the form of completions
        alternatives = reported.get("top_logprobs") or [{}] * len(reported["tokens"])
        tokens = zip(reported["tokens"], reported["token_logprobs"], alternatives, strict=True)
        return tuple(TokenLogprob(str(token), float(value or 0.0), dict(top or {})) for token, value, top in tokens)
    return tuple(
        TokenLogprob(
            str(item["token"]),
            float(item["logprob"]),
            {str(top["token"]): float(top["logprob"]) for top in item.get("top_logprobs") or ()},
        )
        for item in reported.get("content") or ()
    )
