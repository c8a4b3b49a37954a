"""The filters that name, for every dropped row, the row that stays: verdicts, details, priorities, keys, batches."""

from __future__ import annotations

import random

import pyarrow as pa
import pytest
from dataflow_rs import FileStorage, get_operator
from dataflow_rs.exceptions import ColumnError, ParameterError
from dataflow_rs.testing import FakeEmbeddingServing

PAGE = " ".join(f"Sentence {i} of a page that many sites copy, word for word." for i in range(40))
OTHER = " ".join(f"Nothing here says {i * i} things which another text has." for i in range(40))
TEXTS = [PAGE, "other", None, "", PAGE, OTHER, "other", "", None, " "]
STARS = [1, 2, 3, 4, 5, 6, 1, 7, 8, 9]

OPERATORS = {
    "HashDeduplicateFilter": {},
    "CCNetDeduplicateFilter": {},
    "SimHashDeduplicateFilter": {},
    "NgramHashDeduplicateFilter": {},
    "SemDeduplicateFilter": {"embedding_serving": FakeEmbeddingServing()},
}


def apply(name, table, **parameters):
    keys = {key: parameters.pop(key) for key in list(parameters) if key.startswith(("input_", "output_"))}
    return get_operator(name)(**{**OPERATORS.get(name, {}), **parameters}).apply(table, return_drops=True, **keys)


@pytest.mark.parametrize("rows_per_batch", [10, 3, 1])
@pytest.mark.parametrize("name", OPERATORS)
def test_equal_texts(name, rows_per_batch):
    chunks = [pa.array(TEXTS[i : i + rows_per_batch], pa.string()) for i in range(0, 10, rows_per_batch)]
    kept, drops = apply(name, pa.table({"text": pa.chunked_array(chunks)}), input_key="text", output_key="label")
    assert drops["row"].to_pylist() == [4, 6, 7]
    assert [int(detail.split("row ")[1].split()[0]) for detail in drops["detail"].to_pylist()] == [0, 1, 3]
    assert kept["label"].to_pylist() == [1] * 7


@pytest.mark.parametrize("name", OPERATORS)
def test_the_best_row_stays(name):
    table = pa.table({"text": TEXTS, "stars": STARS})
    kept, drops = apply(name, table, input_key="text", input_priority_key="stars")
    assert drops["row"].to_pylist() == [0, 3, 6]
    assert [int(detail.split("row ")[1].split()[0]) for detail in drops["detail"].to_pylist()] == [4, 7, 1]
    assert kept.num_rows == 7


@pytest.mark.parametrize("name", OPERATORS)
def test_with_distinct_priorities_the_order_of_rows_does_not_count(name):
    rows = list(zip(TEXTS, STARS, range(10), strict=True))
    survivors = set()
    for seed in range(4):
        random.Random(seed).shuffle(rows)
        table = pa.table(dict(zip(("text", "stars", "id"), map(list, zip(*rows, strict=True)), strict=True)))
        kept, _ = apply(name, table, input_key="text", input_priority_key="stars")
        survivors.add(frozenset(kept["id"].to_pylist()))
    assert survivors == {frozenset([1, 2, 4, 5, 7, 8, 9])}


@pytest.mark.parametrize("name", OPERATORS)
def test_columns_and_keys(name):
    table = pa.table({"a": ["x" * 9, "x" * 9, None, None], "b": ["y" * 9, "y" * 9, None, None]})
    kept, drops = apply(name, table, input_keys=["a", "b"])
    assert (kept.num_rows, drops["row"].to_pylist()) == (3, [1])
    for keys in ({}, {"input_key": "a", "input_keys": ["a"]}):
        with pytest.raises(ColumnError, match="give exactly one of input_key"):
            apply(name, table, **keys)
    with pytest.raises(ColumnError) as caught:
        apply(name, table, input_key="a", output_key="b")
    assert str(caught.value) == f"{name}(output_key='b'): there is a column 'b' already; choose another name"
    assert apply(name, table.slice(0, 0), input_key="a")[0].num_rows == 0


def test_in_a_storage_rows_are_named_by_their_ids(tmp_path):
    storage = FileStorage(pa.table({"text": ["", *TEXTS]}), cache_path=tmp_path / "run")
    get_operator("ContentNullFilter")().run(storage.step(), input_key="text")
    get_operator("HashDeduplicateFilter")().run(storage.step(), input_key="text")
    assert storage.read()["text"].to_pylist() == [PAGE, "other", OTHER]


@pytest.mark.parametrize("memory_mb", [None, 1])
def test_memory_limit(memory_mb):
    texts = [str(i % 30_000) for i in range(70_000)]
    kept, drops = apply("HashDeduplicateFilter", pa.table({"text": texts}), input_key="text", memory_mb=memory_mb)
    assert kept["text"].to_pylist() == texts[:30_000]
    assert drops["row"].to_pylist() == list(range(30_000, 70_000))
    assert drops["detail"][-1].as_py() == "duplicate of row 9999"


@pytest.mark.parametrize(
    ("normalization", "dropped"),
    [("exact", []), ("whitespace", [1]), ("lower", [1, 2]), ("words", [1, 2, 3]), ("ccnet", [2, 4])],
)
def test_normalizations(normalization, dropped):
    texts = ["Page 1, line 2", " Page 1,\nline 2", "PAGE 1, LINE 2", "page 1 - line 2!", "page 7, line 5", "?", "!"]
    _, drops = apply("HashDeduplicateFilter", pa.table({"text": texts}), input_key="text", normalization=normalization)
    assert drops["row"].to_pylist() == dropped


@pytest.mark.parametrize("hash_func", ["md5", "sha256", "xxh3"])
def test_every_hash_gives_the_same(hash_func):
    _, drops = apply("HashDeduplicateFilter", pa.table({"text": TEXTS}), input_key="text", hash_func=hash_func)
    assert drops["row"].to_pylist() == [4, 6, 7]


def test_few_bits_collide():
    texts = pa.table({"text": [str(i) for i in range(1000)]})
    assert apply("CCNetDeduplicateFilter", texts, input_key="text")[0].num_rows == 1000
    assert apply("CCNetDeduplicateFilter", texts, input_key="text", bit_length=4)[0].num_rows == 16


def test_simhash_near_and_profile():
    texts = pa.table({"text": [PAGE, PAGE.replace(" many ", " some ", 5), OTHER, "??", "!!", "ab", "AB"]})
    _, drops = apply("SimHashDeduplicateFilter", texts, input_key="text")
    assert drops["row"].to_pylist() == [1]
    assert 0.9 <= drops["value"][0].as_py() < 1
    assert drops["threshold"].to_pylist() == [0.9]
    _, drops = apply("SimHashDeduplicateFilter", texts, input_key="text", profile="open-dataflow-1.0.13")
    assert drops["row"].to_pylist() == [1, 4, 6]


def test_equal_parts():
    texts = pa.table({"text": ["aabbcc", "xxbbyy", "xxzzcc", "ccbb--", "ab", "ab", "cd"]})
    assert apply("NgramHashDeduplicateFilter", texts, input_key="text")[1]["row"].to_pylist() == [1, 2, 3, 5]
    _, drops = apply("NgramHashDeduplicateFilter", texts, input_key="text", diff_size=2)
    assert drops["row"].to_pylist() == [3, 5]
    assert drops["detail"].to_pylist() == ["shares 2 parts with row 0", "shares 1 part with row 4"]
    _, drops = apply("NgramHashDeduplicateFilter", texts, input_key="text", profile="open-dataflow-1.0.13")
    assert drops["row"].to_pylist() == [1, 2, 3, 5, 6]


@pytest.mark.parametrize("expected_ngrams", [None, 1000])
def test_ngram_overlap(expected_ngrams):
    texts = ["a b c d e f g", "x a b c d", "a b c d x y z", "b c d e", "short", "short", "", "", None, None]
    _, drops = apply(
        "NgramOverlapDeduplicateFilter",
        pa.table({"text": texts}),
        input_key="text",
        ngram=3,
        threshold=0.6,
        expected_ngrams=expected_ngrams,
    )
    found = list(zip(drops["row"].to_pylist(), drops["value"].to_pylist(), strict=True))
    assert found == [(1, pytest.approx(2 / 3)), (3, 1.0), (5, 1.0), (7, 1.0)]
    assert drops["detail"][0].as_py() == "67% of its n-grams were seen"


def test_semantic_with_a_column():
    table = pa.table({"vector": [[1.0, 0.0], [0.96, 0.28], [0.8, 0.6], None, [0.0, 0.0], [0.0, 0.0]]})
    _, drops = apply("SemDeduplicateFilter", table, input_embedding_key="vector", embedding_serving=None)
    assert drops["detail"].to_pylist() == ["duplicate of row 0 (cosine 0.960)"]
    assert drops["value"].to_pylist() == [pytest.approx(0.96)]
    _, drops = apply(
        "SemDeduplicateFilter",
        table,
        input_embedding_key="vector",
        embedding_serving=None,
        eps=0.07,
        profile="open-dataflow-1.0.13",
    )
    assert drops["row"].to_pylist() == [1, 2]


def test_semantic_needs_a_source():
    with pytest.raises(ColumnError) as caught:
        apply("SemDeduplicateFilter", pa.table({"a": ["x"]}), input_key="a", embedding_serving=None)
    assert str(caught.value) == "SemDeduplicateFilter: texts need an embedding_serving, or give input_embedding_key"
    ragged = pa.table({"v": [[1.0], [1.0, 2.0]]})
    with pytest.raises(ParameterError, match="row 1: its embedding has 2 numbers, those before have 1"):
        apply("SemDeduplicateFilter", ragged, input_embedding_key="v")


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("HashDeduplicateFilter", {"memory_mb": 0}, "HashDeduplicateFilter: memory_mb=0 must be at least 1"),
        (
            "CCNetDeduplicateFilter",
            {"bit_length": 0},
            "CCNetDeduplicateFilter: bit_length=0 must lie between 1 and 128",
        ),
        (
            "SimHashDeduplicateFilter",
            {"fingerprint_size": 60},
            "SimHashDeduplicateFilter: fingerprint_size=60 must be a multiple of 8 from 8 to 128",
        ),
        ("SimHashDeduplicateFilter", {"bound": 2}, "SimHashDeduplicateFilter: bound=2 must lie between 0 and 1"),
        (
            "NgramHashDeduplicateFilter",
            {"n_gram": 0},
            "NgramHashDeduplicateFilter: n_gram=0 must lie between 1 and 65535",
        ),
        (
            "NgramHashDeduplicateFilter",
            {"diff_size": 0},
            "NgramHashDeduplicateFilter: diff_size=0 must lie between 1 and 65535",
        ),
        ("NgramOverlapDeduplicateFilter", {"ngram": 0}, "NgramOverlapDeduplicateFilter: ngram=0 must be at least 1"),
        (
            "NgramOverlapDeduplicateFilter",
            {"threshold": 0},
            "NgramOverlapDeduplicateFilter: threshold=0 must lie above 0, up to 1",
        ),
        (
            "NgramOverlapDeduplicateFilter",
            {"false_positive_rate": 1},
            "NgramOverlapDeduplicateFilter: false_positive_rate=1 must lie between 0 and 1",
        ),
        (
            "NgramOverlapDeduplicateFilter",
            {"expected_ngrams": 0},
            "NgramOverlapDeduplicateFilter: expected_ngrams=0 must be at least 1",
        ),
        ("SemDeduplicateFilter", {"eps": 3}, "SemDeduplicateFilter: eps=3 must lie between 0 and 2"),
        ("SemDeduplicateFilter", {"probes": 0}, "SemDeduplicateFilter: probes=0 must be at least 1"),
        ("SemDeduplicateFilter", {"n_clusters": 0}, "SemDeduplicateFilter: n_clusters=0 must be at least 1"),
        ("SemDeduplicateFilter", {"seed": -1}, "SemDeduplicateFilter: seed=-1 must not be negative"),
    ],
)
def test_bad_parameters(name, parameters, message):
    with pytest.raises(ParameterError) as caught:
        get_operator(name)(**parameters)
    assert str(caught.value) == message
