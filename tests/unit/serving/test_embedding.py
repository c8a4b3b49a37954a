"""`EmbeddingServing`: vectors as Arrow, one sending per text, replay, and an error per text."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from dataflow_rs.exceptions import ParameterError, RateLimitedError
from dataflow_rs.serving import CallLog, EmbeddingServing, Vector, recording
from dataflow_rs.testing import FakeEmbeddingServing


def test_vectors_are_float32_in_order_with_nulls():
    given = {"a": [1.0, 2.0], "b": [0.1, -3.0]}
    serving = FakeEmbeddingServing(vectors=given, fail={"c": RateLimitedError("slow down")})
    found = serving.embed(["b", None, "a", " \n", "c", "b"])
    assert found.vectors.type == pa.list_(pa.float32(), 2)
    assert found.size == 2
    tenth = float(np.float32(0.1))
    assert found.to_lists() == [[tenth, -3.0], None, [1.0, 2.0], None, None, [tenth, -3.0]]
    assert {position: type(error).__name__ for position, error in found.errors.items()} == {
        3: "InvalidRequestError",
        4: "RateLimitedError",
    }
    assert found.as_column().type == pa.list_(pa.float32())
    assert found.as_column().to_pylist() == found.to_lists()
    assert serving.calls == 3, "the equal text was sent once"
    found.vectors.validate(full=True)


def test_no_texts_and_no_vectors():
    serving = FakeEmbeddingServing(size=3)
    assert serving.embed([]).vectors.type == pa.list_(pa.float32(), 0)
    assert serving.embed([None, ""]).to_lists() == [None, None]
    assert serving.embed(["x", None]).size == 3
    assert serving.embed([None]).vectors.type == pa.list_(pa.float32(), 3), "the size is known by now"
    assert serving.generate_embedding_from_input([None]) == [None]


def test_vectors_are_replayed_bit_by_bit(tmp_path):
    texts = [f"text number {n}" for n in range(50)]
    first = FakeEmbeddingServing(size=17)
    with recording(CallLog(tmp_path / "calls.log")):
        vectors = first.embed(texts).vectors
        again = FakeEmbeddingServing(size=17, replay="only")
        assert again.embed(texts[::-1]).to_lists() == vectors.to_pylist()[::-1]
        other = FakeEmbeddingServing(size=17, model="other", replay="only").embed(["text number 1"])
    assert (first.calls, again.calls) == (50, 0)
    assert type(other.errors[0]).__name__ == "ReplayMissError"


class Uneven(EmbeddingServing):
    """Embed by length, with as many numbers as the text has words."""

    def embed_all(self, texts, finished):
        for position, text in enumerate(texts):
            finished(position, Vector([len(text)] * len(text.split()), tokens=2))


def test_a_vector_of_another_size_is_an_error_of_its_text():
    found = Uneven().embed(["one two", "one", "three four"])
    assert found.to_lists() == [[7.0, 7.0], None, [10.0, 10.0]]
    assert str(found.errors[1]) == (
        "the vector has 1 numbers, earlier ones of this serving have 2; do its endpoints serve different models?"
    )


class Forgetful(EmbeddingServing):
    """Report an empty vector, and forget every other text."""

    def embed_all(self, texts, finished):
        for position in range(0, len(texts), 2):
            finished(position, Vector([]))


def test_empty_vectors_and_forgotten_texts_have_reasons():
    errors = Forgetful().embed(["a", "b"]).errors
    assert [str(errors[n]) for n in (0, 1)] == [
        "the vector is empty",
        "Forgetful ended without an answer to this request",
    ]


def test_usage_is_counted():
    serving = Uneven(price=(0.5, 0))
    serving.embed(["a b", "c d", "c d"])
    assert (serving.totals.calls, serving.totals.replayed, serving.totals.prompt_tokens) == (2, 1, 4)
    assert serving.totals.cost == pytest.approx(2e-6)


def test_it_is_no_chat_model():
    with pytest.raises(ParameterError, match="FakeEmbeddingServing measures texts and writes none"):
        FakeEmbeddingServing().generate_from_input(["hello"])


def test_fake_vectors_have_length_one_and_words_decide():
    serving = FakeEmbeddingServing(size=256)
    lists = serving.generate_embedding_from_input(["red fish", "fish RED!", "...", "blue car", "🖕"])
    array = np.array(lists)
    assert np.linalg.norm(array, axis=1) == pytest.approx(np.ones(5))
    assert lists[0] == lists[1]
    assert array[0] @ array[1] > 0.99 > abs(array[0] @ array[3]) + 0.5
