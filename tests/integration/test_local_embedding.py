"""`LocalEmbeddingServing` with a real all-MiniLM-L6-v2: meaning, lengths, cuts, replay."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from dataflow_rs.operators.core_text import EmbeddingGenerator, KCenterGreedyFilter, RetrievalGenerator
from dataflow_rs.operators.general_text import SemDeduplicateFilter
from dataflow_rs.retrieval import EmbeddingRetriever
from dataflow_rs.serving import CallLog, LocalEmbeddingServing, recording
from dataflow_rs.testing import FakeServing

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


def test_operators_embed_choose_and_look_up(serving):
    texts = [TEXTS[0], TEXTS[1], TEXTS[2], None]
    table = pa.table({"content": texts})
    embedded = EmbeddingGenerator(serving).apply(table, input_key="content", output_key="vector")
    assert [vector and len(vector) for vector in embedded["vector"].to_pylist()] == [384, 384, 384, None]

    chosen = KCenterGreedyFilter(2, serving).apply(table, input_key="content")["content"].to_pylist()
    assert len(chosen) == 2
    assert TEXTS[2] in chosen, "the text about something else is far from both others"

    retriever = EmbeddingRetriever(TEXTS[:3], column=None, top_k=1, embedding_serving=serving)
    asked = RetrievalGenerator(FakeServing(lambda prompt: prompt), retriever=retriever)
    answers = asked.apply(pa.table({"raw_content": ["What colour is the vehicle?"]}), input_key="raw_content")
    assert TEXTS[2] in answers["generated_content"][0].as_py()


def test_semantic_duplicates_are_found_by_meaning(serving):
    table = pa.table({"text": [TEXTS[0], TEXTS[2], TEXTS[1]]})
    kept = SemDeduplicateFilter(embedding_serving=serving, eps=0.3).apply(table, input_key="text")["text"].to_pylist()
    assert kept == [TEXTS[0], TEXTS[2]]
