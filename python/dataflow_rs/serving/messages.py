"""Messages of a conversation: text, images, tool calls and their results."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, TypedDict

from typing_extensions import NotRequired

from dataflow_rs.exceptions import ParameterError

Image: TypeAlias = "str | os.PathLike[str] | bytes"
"""An image: bytes, the path of a file, or an address that begins with `http://`, `https://` or `data:`."""

_MAGIC = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif", b"BM": "bmp"}
_ADDRESSES = ("http://", "https://", "data:")


class Message(TypedDict):
    """One turn of a conversation.

    `role` is `system`, `user`, `assistant` or `tool`; `content` is text, a list of parts where there are images, or
    None beside `tool_calls`. `tool_calls` are what an assistant asked for, `tool_call_id` says which of them a `tool`
    message answers.
    """

    role: str
    content: str | list[dict[str, Any]] | None
    tool_calls: NotRequired[list[dict[str, Any]]]
    tool_call_id: NotRequired[str]
    name: NotRequired[str]


def user_message(text: str, images: Iterable[Image] = ()) -> Message:
    """Return what a user says, with images after the text.

    Raises:
        ParameterError: an image is of no known kind.

    Examples:
        >>> user_message("What is this?", images=["https://example.org/cat.png"])["content"][1]
        {'type': 'image_url', 'image_url': {'url': 'https://example.org/cat.png'}}
    """
    parts = [image_part(image) for image in images]
    return {"role": "user", "content": [{"type": "text", "text": text}, *parts] if parts else text}


def tool_message(call_id: str, result: str) -> Message:
    """Return the result of a tool that the model called, for the next request of the conversation."""
    return {"role": "tool", "tool_call_id": call_id, "content": result}


def image_part(image: Image) -> dict[str, Any]:
    r"""Return the part of a message that holds an image; bytes and files become a data URL.

    Raises:
        ParameterError: it is neither PNG, JPEG, GIF, WebP nor BMP.
        FileNotFoundError: there is no such file.

    Examples:
        >>> image_part(b"\x89PNG\r\n\x1a\n...")["image_url"]["url"]
        'data:image/png;base64,iVBORw0KGgouLi4='
    """
    if isinstance(image, str) and image.startswith(_ADDRESSES):
        return {"type": "image_url", "image_url": {"url": image}}
    data = image if isinstance(image, bytes) else Path(image).read_bytes()
    encoded = base64.b64encode(data).decode()
    return {"type": "image_url", "image_url": {"url": f"data:image/{_kind(data)};base64,{encoded}"}}


def text_of_message(message: Mapping[str, Any]) -> str:
    """Return the text of a message, without images."""
    content = message.get("content")
    if isinstance(content, list):
        return "\n".join(part["text"] for part in content if part.get("type") == "text")
    return content or ""


def addressed(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return messages as they are recorded: an image that is in the message is named by its SHA-256."""
    return [
        {**message, "content": [_short(part) for part in message["content"]]}
        if isinstance(message["content"], list)
        else dict(message)
        for message in messages
    ]


def _short(part: dict[str, Any]) -> dict[str, Any]:
    url = part.get("image_url", {}).get("url", "")
    if not url.startswith("data:"):
        return part
    import hashlib

    digest = hashlib.sha256(url.encode()).hexdigest()
    return {**part, "image_url": {**part["image_url"], "url": f"sha256:{digest}"}}


def _kind(data: bytes) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    for magic, kind in _MAGIC.items():
        if data.startswith(magic):
            return kind
    raise ParameterError("the image is neither PNG, JPEG, GIF, WebP nor BMP; convert it first")
