"""`OpenAIEmbeddingServing` over real HTTP: calls of many texts, order, forms of vectors, faults of single texts."""

from __future__ import annotations

import base64
import struct

import pytest
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.serving import CallLog, OpenAIEmbeddingServing, recording

from .fault_server import Answer, serving_faults


def packed(numbers):
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


def embeddings(body, _number=0, form=packed):
    """Vectors of (length, number of a's), in another order than the texts."""
    items = [{"index": n, "embedding": form([len(t), t.count("a")])} for n, t in enumerate(body["input"])]
    return {"data": items[::-1], "usage": {"prompt_tokens": sum(len(text) for text in body["input"])}}


def asking(server, **settings):
    return OpenAIEmbeddingServing("m", base_url=server.url, api_key="x", **{"max_retries": 1, **settings})


def test_many_texts_in_a_call_and_order(tmp_path):
    texts = ["a" * n + "b" for n in range(10)]
    with serving_faults(embeddings) as server, asking(server, batch=4, dimensions=2) as serving:
        with recording(CallLog(tmp_path / "calls.log")):
            found = serving.embed([*texts, None, "", texts[3]])
            again = serving.embed(texts)
        bodies = [body for body, _ in server.seen]
    expected = [[n + 1.0, float(n)] for n in range(10)]
    assert found.to_lists() == [*expected, None, None, [4.0, 3.0]]
    assert list(found.errors) == [11]
    assert again.to_lists() == expected
    assert sorted(len(body["input"]) for body in bodies) == [2, 4, 4]
    assert {key: bodies[0][key] for key in ("model", "dimensions", "encoding_format")} == {
        "model": "m",
        "dimensions": 2,
        "encoding_format": "base64",
    }
    assert serving.totals.prompt_tokens == sum(map(len, texts))


@pytest.mark.parametrize("form", [list, lambda numbers: [numbers]], ids=["numbers", "nested"])
def test_vectors_as_numbers(form):
    with serving_faults(lambda body, n: embeddings(body, n, form)) as server, asking(server) as serving:
        assert serving.generate_embedding_from_input(["aa"]) == [[2.0, 2.0]]


def test_a_text_that_is_refused_is_alone_with_its_error():
    def answer(body, number):
        if any("bad" in text for text in body["input"]):
            return Answer({"error": {"message": "maximum context length is 512 tokens"}}, 400)
        return embeddings(body, number)

    texts = [*(f"text {n}" for n in range(13)), "bad one", "good", "bad two"]
    with serving_faults(answer) as server, asking(server) as serving:
        found = serving.embed(texts)
        calls = len(server.seen)
    assert {position: type(error).__name__ for position, error in found.errors.items()} == {
        13: "ContextLengthError",
        15: "ContextLengthError",
    }
    assert [n for n, vector in enumerate(found.to_lists()) if vector is None] == [13, 15]
    assert calls <= 2 * 2 * 4 + 1


BROKEN = [
    ("no data", {}, "the endpoint's reply holds no 2 vectors: {}"),
    ("one too few", {"data": [{"index": 0, "embedding": [1.0]}]}, "the endpoint's reply holds no 2 vectors: "),
    ("no base64", {"data": [{"index": 0, "embedding": "?"}]}, "the endpoint's reply holds no 2 vectors: "),
    ("words", {"data": [{"index": 0, "embedding": ["x"]}]}, "the endpoint's reply holds no 2 vectors: "),
]


@pytest.mark.parametrize(("body", "message"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_broken_replies_are_tried_again_and_then_errors_of_all_their_texts(body, message):
    with serving_faults(lambda *_: body) as server, asking(server) as serving:
        found = serving.embed(["a", "b"])
        assert len(server.seen) == 2
    assert [type(error).__name__ for error in found.errors.values()] == ["BrokenReplyError"] * 2
    assert str(found.errors[0]).startswith(message)
    assert [error.attempts for error in found.errors.values()] == [2, 2]
    assert found.errors[0] is not found.errors[1]


def test_wrong_parameters():
    with pytest.raises(ParameterError, match="OpenAIEmbeddingServing: batch=0 must be at least 1"):
        OpenAIEmbeddingServing("m", batch=0)
    assert OpenAIEmbeddingServing("m", batch=3).identity() == OpenAIEmbeddingServing("m").identity()
    assert OpenAIEmbeddingServing("m", dimensions=3).identity() != OpenAIEmbeddingServing("m").identity()
