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


def test_verified_bands_drop_less():
    import random

    random.seed(5)
    words = [f"w{i}" for i in range(60)]
    texts = pa.table({"text": [" ".join(random.choices(words, k=30)) for _ in range(300)]})
    loose = apply(texts, input_key="text", threshold=0.5, num_perm=64)[0]
    strict, drops = apply(texts, input_key="text", threshold=0.5, num_perm=64, verify=True)
    assert strict.num_rows > loose.num_rows
    assert all(value >= 0.5 for value in drops["value"].to_pylist())


def test_empty_table():
    kept, drops = apply(pa.table({"text": pa.array([], pa.string())}), input_key="text", output_key="label")
    assert (kept.num_rows, drops.num_rows, kept.column_names) == (0, 0, ["text", "label"])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"threshold": 1.5}, "MinHashDeduplicateFilter: threshold=1.5 must lie between 0 and 1"),
        ({"num_perm": 1}, "num_perm is 1: a MinHash signature needs from 2 to 4096 permutations; 128 is usual"),
        ({"ngram": -1}, "MinHashDeduplicateFilter: num_perm=128 and ngram=-1 must not be negative"),
    ],
)
def test_wrong_parameters(parameters, message):
    with pytest.raises(ParameterError) as caught:
        get_operator("MinHashDeduplicateFilter")(**parameters)
    assert str(caught.value) == message
