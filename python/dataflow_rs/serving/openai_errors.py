"""What endpoints answer instead of a completion, as errors of this library; texts are freed of the API key."""

from __future__ import annotations

import email.utils
import json
import time
from collections.abc import Mapping
from typing import Any

from dataflow_rs.exceptions import (
    AuthenticationFailedError,
    ContentFilteredError,
    ContextLengthError,
    InvalidRequestError,
    MalformedReplyError,
    RateLimitedError,
    RequestTimeoutError,
    ServerFailedError,
    ServingError,
)

_CONTEXT_CODES = ("context_length_exceeded", "exceed_context_size_error")
CONTEXT_WORDS = ("context length", "context size", "context window", "maximum context", "too many tokens")
_FILTER_CODES = ("content_filter", "content_policy_violation")


class BrokenReplyError(MalformedReplyError):
    """The endpoint's reply is not the JSON of its interface; the next attempt may be."""

    retryable = True


def error_of_reply(status: int, headers: Mapping[str, str], body: bytes, secret: str | None = None) -> ServingError:
    """Return the error that a reply with a status of 300 or above means.

    Args:
        status: HTTP status.
        headers: its headers.
        body: what it says, JSON or not.
        secret: the API key, taken out of the text.

    Examples:
        >>> error_of_reply(503, {}, b"busy")
        ServerFailedError('the endpoint failed: status 503: busy')
    """
    said = body.decode("utf-8", "replace").strip()
    details: Mapping[str, Any] = {}
    try:
        content = json.loads(said)
    except ValueError:
        content = None
    if isinstance(content, dict):
        inner = content.get("error", content)
        details = inner if isinstance(inner, dict) else {"message": inner}
        said = str(details.get("message") or said)
    text = redacted(f"status {status}: {said}" if said else f"status {status}", secret)
    error = _of_status(status, details, text, headers)
    error.status = status
    return error


def redacted(text: str, secret: str | None) -> str:
    """Return text without the secret, and not longer than a message should be."""
    if secret and len(secret) >= 4:
        text = text.replace(secret, "***")
    return text if len(text) <= 500 else text[:497] + "..."


def _of_status(status: int, details: Mapping[str, Any], text: str, headers: Mapping[str, str]) -> ServingError:
    codes = {str(details.get("code")), str(details.get("type"))}
    message = f"{text}".lower()
    if status in (401, 403):
        return AuthenticationFailedError(f"the endpoint refused the credentials: {text}")
    if codes & set(_FILTER_CODES):
        return ContentFilteredError(f"the endpoint refused the content: {text}")
    if codes & set(_CONTEXT_CODES) or (status in (400, 413) and any(words in message for words in CONTEXT_WORDS)):
        return ContextLengthError(f"the prompt is too long for the model: {text}")
    if status == 429:
        limited = RateLimitedError(f"the endpoint asks to slow down: {text}", retry_after_s=retry_after(headers))
        limited.retryable = "insufficient_quota" not in codes
        return limited
    if status == 408:
        return RequestTimeoutError(f"the endpoint gave up waiting: {text}")
    if status < 400:
        return InvalidRequestError(f"the endpoint sends requests elsewhere, which is not followed: {text}")
    if status in (409, 425) or status >= 500:
        return ServerFailedError(f"the endpoint failed: {text}", retry_after_s=retry_after(headers))
    return InvalidRequestError(f"the endpoint refused the request: {text}")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return how many seconds the endpoint asks to wait, or None.

    Examples:
        >>> retry_after({"retry-after": "2"}), retry_after({"retry-after-ms": "1500"}), retry_after({})
        (2.0, 1.5, None)
    """
    headers = {name.lower(): value for name, value in headers.items()}
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            return max(0.0, float(value) * unit)
        except ValueError:
            pass
        try:
            return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
        except (TypeError, ValueError, OverflowError):
            continue
    return None
