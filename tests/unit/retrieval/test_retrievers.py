"""Retrievers: the right passages in the right order, whatever is in the collection."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from dataflow_rs.core.component import component_from_description
from dataflow_rs.exceptions import ColumnError, OperatorError, ParameterError, RateLimitedError
from dataflow_rs.retrieval import BM25Retriever, EmbeddingRetriever
from dataflow_rs.retrieval.bm25 import words
from dataflow_rs.testing import FakeEmbeddingServing
from hypothesis import given
from hypothesis import strategies as st

TEXTS = ["cats purr", "dogs bark at cats", "", "cats cats cats", "猫が好き"]


def rows(found):
    return [passage.row for passage in found]


def test_bm25():
    retriever = BM25Retriever(TEXTS, column=None, top_k=3)
    by_cat, by_bark, by_nothing, by_sign = retriever.search(["Cats!", "bark, cats", "fish", "猫"])
    assert rows(by_cat) == [3, 0, 1]
    assert rows(by_bark) == [1, 3, 0]
    assert by_nothing == []
    assert rows(by_sign) == [4]
    assert by_cat[0].score > by_cat[1].score > by_cat[2].score
    assert by_cat[0].text == "cats cats cats"


def slow_bm25(texts, query, top_k, k1=1.2, b=0.75):
    counts = [Counter(words(text)) for text in texts]
    mean = max(sum(count.total() for count in counts) / len(texts), 1.0)
    scores = []
    for row, count in enumerate(counts):
        score = 0.0
        for word in words(query):
            holding = sum(word in other for other in counts)
            weight = math.log(1 + (len(texts) - holding + 0.5) / (holding + 0.5))
            score += weight * count[word] * (k1 + 1) / (count[word] + k1 * (1 - b + b * count.total() / mean))
        if score > 0:
            scores.append((row, score))
    return sorted(scores, key=lambda entry: (-round(entry[1], 9), entry[0]))[:top_k]


TEXT = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=6).map(" ".join)


@given(st.lists(TEXT, min_size=1, max_size=8), TEXT, st.integers(1, 5))
def test_bm25_scores_like_the_formula(texts, query, top_k):
    found = BM25Retriever(texts, column=None, top_k=top_k).search([query])[0]
    wanted = slow_bm25(texts, query, top_k)
    assert [passage.score for passage in found] == pytest.approx([score for _, score in wanted])


def test_embedding_retriever():
    vectors = {"up": [0, 1], "right": [1, 0], "both": [1, 1], "query": [1, 0.1], "none": [0, 0]}
    serving = FakeEmbeddingServing(2, vectors=vectors, fail={"bad": RateLimitedError("slow down")})
    texts = ["up", "right", "", "both", "right"]
    retriever = EmbeddingRetriever(texts, column=None, top_k=3, embedding_serving=serving)
    found = retriever.search(["query", "none"])
    assert rows(found[0]) == [1, 4, 3]
    assert rows(found[1]) == [0, 1, 3], "a vector of length zero is equally far from all"
    near = EmbeddingRetriever(texts, column=None, top_k=9, embedding_serving=serving, min_score=0.9)
    assert rows(near.search(["query"])[0]) == [1, 4]
    assert EmbeddingRetriever([], column=None, embedding_serving=serving).search(["query"]) == [[]]
    with pytest.raises(OperatorError, match="1 of 1 texts could not be embedded, number 0 because of RateLimited"):
        retriever.search(["bad"])


def test_sources(tmp_path):
    file = tmp_path / "facts.jsonl"
    file.write_text('{"text": "a b", "n": 1}\n{"text": null, "n": 2}\n{"text": "b c", "n": 3}\n')
    assert rows(BM25Retriever(str(file)).search(["c"])[0]) == [2]
    with pytest.raises(ColumnError, match=r"BM25Retriever\(column=\): there is no column 'txt' \(did you mean 'text'"):
        BM25Retriever(str(file), column="txt").search(["c"])
    with pytest.raises(ColumnError, match="'n' holds int64, no text"):
        BM25Retriever(str(file), column="n").search(["c"])
    assert BM25Retriever(str(tmp_path / "missing.jsonl")).check() != []
    assert EmbeddingRetriever(["a"], column=None).check() == ["the parameter embedding_serving is missing"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"top_k": 0}, "top_k=0 must be at least 1"),
        ({"k1": -1.0}, "k1=-1.0 must be at least 0"),
        ({"b": 2.0}, "b=2.0 lie between 0 and 1"),
    ],
)
def test_mistakes(arguments, message):
    with pytest.raises(ParameterError, match=message):
        BM25Retriever(["a"], column=None, **arguments)
    with pytest.raises(ParameterError, match=r"column=None needs a list of texts as the source, not 'a\.jsonl'"):
        BM25Retriever("a.jsonl", column=None).search(["x"])


def test_descriptions_and_identities():
    serving = FakeEmbeddingServing(2, vectors={"a": [1, 0]})
    retriever = EmbeddingRetriever(["a"], column=None, embedding_serving=serving)
    again = component_from_description(retriever.describe())
    assert again.identity() == retriever.identity()
    assert BM25Retriever(["a"], column=None).identity() != BM25Retriever(["b"], column=None).identity()
