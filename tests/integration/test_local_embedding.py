"""`LocalEmbeddingServing` with a real all-MiniLM-L6-v2: meaning, lengths, cuts, replay."""

from __future__ import annotations

import numpy as np
import pytest
from dataflow_rs.serving import CallLog, LocalEmbeddingServing, recording

pytestmark = pytest.mark.embedding_model
TEXTS = ["How old are you?", "What is your age?", "The car is red.", "Füße, naïve café, 漢字 🖕"]


@pytest.fixture(scope="module")
def serving():
    with LocalEmbeddingServing() as serving:
        yield serving


def test_texts_that_mean_the_same_are_near(serving):
    found = serving.embed(TEXTS)
    vectors = np.array(found.to_lists())
    assert (found.size, found.errors) == (384, {})
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(4), abs=1e-5)
    near = vectors @ vectors.T
    # transformers, in 32 bits, says 0.7609 and 0.0080
    assert (near[0, 1], near[0, 2]) == (pytest.approx(0.761, abs=0.005), pytest.approx(0.008, abs=0.005))


def test_a_vector_does_not_depend_on_its_company(serving):
    alone = np.array(LocalEmbeddingServing.embed(serving, ["The car is red."]).to_lists()[0])
    with LocalEmbeddingServing(batch=1) as single:
        assert np.abs(np.array(single.embed(TEXTS).to_lists()[2]) - alone).max() < 1e-5


def test_long_texts_are_cut_or_an_error(serving):
    texts = ["short", "word " * 2000, "also short"]
    assert serving.embed(texts).errors == {}
    with LocalEmbeddingServing(cut=False) as strict:
        found = strict.embed(texts)
    assert [(n, type(e).__name__) for n, e in found.errors.items()] == [(1, "ContextLengthError")]
    assert [vector is None for vector in found.to_lists()] == [False, True, False]


def test_a_second_run_starts_no_model(tmp_path):
    with recording(CallLog(tmp_path / "calls.log")), LocalEmbeddingServing() as first:
        vectors = first.generate_embedding_from_input(TEXTS)
    with recording(CallLog(tmp_path / "calls.log")), LocalEmbeddingServing() as second:
        assert second.generate_embedding_from_input(TEXTS) == vectors
        assert second._server is None
