"""Messages: images become data URLs and are recorded by digest; conversations go on; reasoning is set apart."""

from __future__ import annotations

import hashlib
import json

import pytest
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.serving import Completion, Request, image_part, tool_message, user_message
from dataflow_rs.serving.messages import text_of_message
from dataflow_rs.serving.openai_format import asked_by_prompt, read_reply
from dataflow_rs.serving.reasoning import answer_of, reasoning_of

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 3000
IMAGES = [
    ("png", PNG, "data:image/png;base64,iVBORw0KGgo"),
    ("jpeg", b"\xff\xd8\xff\xe0rest", "data:image/jpeg;base64,"),
    ("gif", b"GIF89a", "data:image/gif;base64,"),
    ("webp", b"RIFF\0\0\0\0WEBPVP8", "data:image/webp;base64,"),
    ("address", "https://example.org/a.png", "https://example.org/a.png"),
    ("data", "data:image/png;base64,AAAA", "data:image/png;base64,AAAA"),
]


@pytest.mark.parametrize(("image", "begins"), [case[1:] for case in IMAGES], ids=[case[0] for case in IMAGES])
def test_images(image, begins, tmp_path):
    part = image_part(image)
    assert part["type"] == "image_url"
    assert part["image_url"]["url"].startswith(begins)
    if isinstance(image, bytes):
        file = tmp_path / "image"
        file.write_bytes(image)
        assert image_part(file) == image_part(str(file)) == part


def test_what_is_no_image():
    with pytest.raises(ParameterError, match="neither PNG, JPEG, GIF, WebP nor BMP"):
        image_part(b"%PDF-1.7")
    with pytest.raises(FileNotFoundError):
        image_part("no-such-file.png")


def test_an_image_is_recorded_by_its_digest():
    request = Request.of("What is it?", images=[PNG])
    url = request.messages[0]["content"][1]["image_url"]["url"]
    recorded = request.to_dict()["messages"][0]["content"]
    digest = hashlib.sha256(url.encode()).hexdigest()
    assert recorded == [
        {"type": "text", "text": "What is it?"},
        {"type": "image_url", "image_url": {"url": f"sha256:{digest}"}},
    ]
    assert request.to_dict() != Request.of("What is it?", images=[PNG + b"x"]).to_dict()
    assert len(json.dumps(request.to_dict())) < 300
    assert text_of_message(request.messages[0]) == "What is it?"


def test_a_schema_in_words_goes_after_the_images():
    request = asked_by_prompt(Request.of("What?", images=[PNG], json_schema={"type": "string"}))
    assert [part["type"] for part in request.messages[0]["content"]] == ["text", "image_url", "text"]
    after_tool = asked_by_prompt(Request((user_message("a"), tool_message("1", "b")), json_schema={"type": "string"}))
    assert [message["role"] for message in after_tool.messages] == ["user", "tool", "user"]


REASONING = [
    ("none", "yes", "yes", None),
    ("block", "<think>\nhm\n</think>\n\nyes", "yes", "hm"),
    ("other tag", " <thinking>hm</thinking>yes", "yes", "hm"),
    ("never ends", "<think>hm", "", "hm"),
    ("opened by the prompt", "hm, 2\n</think>\n\nyes", "yes", "hm, 2"),
    ("opened by the prompt, no answer", "hm</think>", "", "hm"),
    ("a tag in prose", "The tag </think> ends it.\nSo it is.", "The tag </think> ends it.\nSo it is.", None),
    ("a block later", "yes <think>no</think>\n", "yes <think>no</think>\n", None),
]


@pytest.mark.parametrize(("text", "answer", "why"), [case[1:] for case in REASONING], ids=[c[0] for c in REASONING])
def test_reasoning_in_the_text(text, answer, why):
    assert (answer_of(text), reasoning_of(text)) == (answer, why)
    assert (Completion(text).answer, Completion(text).reasoning) == (answer, why)
    assert Completion(text).message == {"role": "assistant", "content": answer}


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_reasoning_beside_the_text(name):
    body = {"choices": [{"message": {"content": "yes", name: "hm"}, "finish_reason": "stop"}]}
    assert (read_reply(body).answer, read_reply(body).reasoning) == ("yes", "hm")


def test_a_conversation_goes_on_without_the_reasoning():
    first = Request.of("2 + 2?", "Be brief.", max_tokens=5)
    second = first.then(Completion("<think>hm</think>4"), "Sure?")
    assert [(m["role"], m["content"]) for m in second.messages] == [
        ("system", "Be brief."),
        ("user", "2 + 2?"),
        ("assistant", "4"),
        ("user", "Sure?"),
    ]
    assert second.max_tokens == 5
