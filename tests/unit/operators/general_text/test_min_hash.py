"""`MinHashDeduplicateFilter`: verdicts, drop log, several columns, batches."""

from __future__ import annotations

import pyarrow as pa
import pytest
from dataflow_rs import get_operator
from dataflow_rs.exceptions import ColumnError, ParameterError

PAGE = " ".join(f"Sentence {i} of a page that many sites copy, word for word." for i in range(90))
TEXTS = [PAGE + " monday", "other", None, "", PAGE + " friday", "other", "", None]


def apply(table, **parameters):
    keys = {key: parameters.pop(key) for key in list(parameters) if key.startswith(("input_", "output_"))}
    operator = get_operator("MinHashDeduplicateFilter")(**parameters)
    return operator.apply(table, return_drops=True, **keys)


@pytest.mark.parametrize("rows_per_batch", [8, 3, 1])
@pytest.mark.parametrize("dtype", [pa.string(), pa.large_string(), pa.string_view()])
def test_verdicts(rows_per_batch, dtype):
    texts = pa.array(TEXTS, dtype)
    chunks = [texts.slice(i, rows_per_batch) for i in range(0, 8, rows_per_batch)]
    kept, drops = apply(pa.table({"text": pa.chunked_array(chunks)}), input_key="text", output_key="label")
    assert kept["text"].to_pylist() == [TEXTS[0], "other", None, "", None]
    assert kept["label"].to_pylist() == [1] * 5
    found = drops.to_pylist()
    assert [(drop["row"], drop["rule"], drop["threshold"]) for drop in found] == [
        (row, "min_hash_deduplicate", 0.9) for row in (4, 5, 6)
    ]
    assert 0.9 <= found[0]["value"] < 1
    assert found[0]["detail"] == f"duplicate of row 0 (similarity {found[0]['value']:.2f})"
    assert [drop["detail"] for drop in found[1:]] == [
        "duplicate of row 1 (similarity 1.00)",
        "duplicate of row 3 (similarity 1.00)",
    ]


def test_several_columns():
    table = pa.table({"a": ["x", "x", None, None, None], "b": ["y", "z", "q", "q", None]})
    kept, drops = apply(table, input_keys=["a", "b"])
    assert drops["row"].to_pylist() == [3]
    assert kept.num_rows == 4
    swapped = pa.table({"a": ["one", "two"], "b": ["two", "one"]})
    assert apply(swapped, input_keys=["a", "b"])[0].num_rows == 2


def test_one_column_in_a_list():
    assert apply(pa.table({"a": ["x", "x"]}), input_keys=["a"])[0].num_rows == 1


@pytest.mark.parametrize("keys", [{}, {"input_key": "a", "input_keys": ["a"]}])
def test_exactly_one_key(keys):
    with pytest.raises(ColumnError) as caught:
        apply(pa.table({"a": ["x"]}), **keys)
    assert str(caught.value) == "MinHashDeduplicateFilter: give exactly one of input_key and input_keys"


PUBLISHED = "open-dataflow-1.0.13"


def test_verified_bands_of_the_published_search_drop_less():
    import random

    random.seed(5)
    words = [f"w{i}" for i in range(60)]
    texts = pa.table({"text": [" ".join(random.choices(words, k=30)) for _ in range(300)]})
    loose = apply(texts, input_key="text", threshold=0.5, num_perm=64, profile=PUBLISHED)[0]
    strict, drops = apply(texts, input_key="text", threshold=0.5, num_perm=64, verify=True, profile=PUBLISHED)
    assert strict.num_rows > loose.num_rows
    assert all(value >= 0.5 for value in drops["value"].to_pylist())


SHORT = ["", " ", "\n", "abc", "xyz", "q", "ABC", "abc", "", None, None]


@pytest.mark.parametrize("parameters", [{}, {"shingle": "word"}, {"normalization": "words"}, {"verify": False}])
def test_short_and_blank_texts_are_compared_as_a_whole(parameters):
    kept, drops = apply(pa.table({"text": SHORT}), input_key="text", **parameters)
    assert kept["text"].to_pylist() == ["", " ", "\n", "abc", "xyz", "q", "ABC", None, None]
    assert drops["row"].to_pylist() == [7, 8]


def test_the_best_row_stays_and_clusters_are_named():
    texts = ["one two three four five six", "One Two Three Four Five Six!", "other", "one two three four five six"]
    table = pa.table({"text": texts, "score": [1, 3, 9, None]})
    kept, drops = apply(
        table,
        shingle="word",
        normalization="words",
        input_key="text",
        input_priority_key="score",
        output_key="label",
        output_cluster_key="cluster",
        output_size_key="size",
    )
    assert kept.to_pylist() == [
        {"text": texts[1], "score": 3, "label": 1, "cluster": 0, "size": 3},
        {"text": "other", "score": 9, "label": 1, "cluster": None, "size": 1},
    ]
    assert [(drop["row"], drop["detail"]) for drop in drops.to_pylist()] == [
        (0, "duplicate of row 1 (similarity 1.00)"),
        (3, "duplicate of row 1 (similarity 1.00)"),
    ]


def test_without_verification_no_similarity_is_known():
    table = pa.table({"text": [PAGE + " monday", PAGE + " friday"]})
    kept, drops = apply(table, input_key="text", verify=False)
    assert kept.num_rows == 1
    assert (drops["value"].to_pylist(), drops["detail"].to_pylist()) == ([None], ["duplicate of row 0"])


def test_neither_memory_nor_threads_show():
    from dataflow_rs import _native

    texts = [f"{PAGE[: 60 * (i % 37) + 40]} {i % 11}" for i in range(600)]
    expected = apply(pa.table({"text": texts}), input_key="text")
    assert 0 < expected[1].num_rows < 600
    try:
        for threads in (1, 3):
            _native.set_threads(threads)
            found = apply(pa.table({"text": texts}), input_key="text", memory_mb=1)
            assert found[0].equals(expected[0])
            assert found[1].equals(expected[1])
    finally:
        _native.set_threads(None)


def test_temporary_files_are_gone(tmp_path):
    apply(pa.table({"text": TEXTS}), input_key="text", spill_folder=str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_the_profile_has_no_clusters():
    with pytest.raises(ColumnError) as caught:
        apply(pa.table({"a": ["x"]}), input_key="a", output_size_key="n", profile=PUBLISHED)
    assert "with profile='open-dataflow-1.0.13' there are no clusters" in str(caught.value)


def test_empty_table():
    kept, drops = apply(pa.table({"text": pa.array([], pa.string())}), input_key="text", output_key="label")
    assert (kept.num_rows, drops.num_rows, kept.column_names) == (0, 0, ["text", "label"])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"threshold": 1.5}, "MinHashDeduplicateFilter: threshold=1.5 must lie between 0 and 1"),
        ({"num_perm": 1}, "num_perm is 1: a MinHash signature needs from 2 to 4096 permutations; 128 is usual"),
        (
            {"ngram": -1, "profile": PUBLISHED},
            "MinHashDeduplicateFilter: num_perm=128 and ngram=-1 must not be negative",
        ),
        ({"ngram": 0}, "ngram is 0: an n-gram has at least one character; 5 is usual"),
        ({"memory_mb": 0}, "memory_mb=0: a search needs at least 1 MB; 1024 is usual"),
        ({"bands": 3}, "bands and rows are given together, or both left out"),
        (
            {"bands": 14, "rows": 10},
            "bands=14 of rows=10 need 140 permutations, but num_perm is 128: raise num_perm, or leave bands and rows "
            "out, which chooses them for the threshold",
        ),
        (
            {"recall": 1.0},
            "recall is 1: the share of duplicates that bands find is from 0.0 to less than 1.0; 0.95 is usual",
        ),
        (
            {"shingle": "word", "profile": PUBLISHED},
            "MinHashDeduplicateFilter: profile='open-dataflow-1.0.13' goes with n-grams of characters of unchanged "
            "texts: leave out shingle, normalization, bands and rows",
        ),
    ],
)
def test_wrong_parameters(parameters, message):
    with pytest.raises(ParameterError) as caught:
        get_operator("MinHashDeduplicateFilter")(**parameters)
    assert str(caught.value) == message
