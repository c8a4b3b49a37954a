"""The MinHash index through Arrow: every column layout, batch and chunk split gives the same verdicts."""

from __future__ import annotations

import random
import sys
import threading

import pyarrow as pa
import pytest
from dataflow_rs import _native
from dataflow_rs.exceptions import ColumnError, ParameterError

PAGE = " ".join(f"Sentence {i} of a page that many sites copy, word for word." for i in range(90))
TEXTS = [
    PAGE + "monday",
    "something else",
    None,
    "",
    PAGE + "friday",
    "something else",
    "",
    None,
    "abc",
    "abc",
]
KEEP = [True, True, True, True, False, False, False, True, True, False]
DUPLICATE_OF = [None, None, None, None, 0, 1, 3, None, None, 8]


def insert(column: object, **parameters: object) -> dict[str, list[object]]:
    index = _native.MinHashIndex(**parameters)
    return pa.record_batch(index.insert(column)).to_pydict()


def test_verdicts_and_types():
    batch = pa.record_batch(_native.MinHashIndex().insert(pa.array(TEXTS)))
    assert batch.schema == pa.schema(
        [
            pa.field("keep", pa.bool_(), nullable=False),
            pa.field("duplicate_of", pa.uint64()),
            pa.field("similarity", pa.float64()),
        ]
    )
    found = batch.to_pydict()
    assert found["keep"] == KEEP
    assert found["duplicate_of"] == DUPLICATE_OF
    assert 0.9 <= found["similarity"][4] < 1.0
    assert [s for s, keep in zip(found["similarity"], KEEP, strict=True) if keep] == [None] * 6
    assert found["similarity"][5:7] == [1.0, 1.0]


@pytest.mark.parametrize(
    "column",
    [
        pa.array(TEXTS, pa.large_string()),
        pa.array(TEXTS, pa.string_view()),
        pa.array(TEXTS).dictionary_encode(),
        pa.array(TEXTS, pa.large_string()).dictionary_encode(),
        pa.array([*TEXTS, "x"]).slice(0, 10),
        pa.chunked_array([TEXTS[:3], [], TEXTS[3:]], pa.string()),
    ],
    ids=["large", "view", "dictionary", "large dictionary", "slice", "chunks"],
)
def test_column_layouts(column):
    found = insert(column)
    assert found["keep"] == KEEP
    assert found["duplicate_of"] == DUPLICATE_OF


@pytest.mark.parametrize("dtype", ["String", "Categorical"])
def test_polars_series(dtype):
    import polars as pl

    found = insert(pl.Series("text", TEXTS, dtype=getattr(pl, dtype)))
    assert (found["keep"], found["duplicate_of"]) == (KEEP, DUPLICATE_OF)


@pytest.mark.parametrize(
    "column",
    [
        pa.nulls(3),
        pa.nulls(3, pa.string()),
        pa.DictionaryArray.from_arrays(pa.nulls(3, pa.int32()), pa.array([], pa.string())),
        pa.DictionaryArray.from_arrays(pa.array([0, 0, 0]), pa.nulls(1, pa.string())),
    ],
    ids=["null", "string", "no values", "null value"],
)
def test_nulls_are_kept(column):
    assert insert(column) == {"keep": [True] * 3, "duplicate_of": [None] * 3, "similarity": [None] * 3}


def test_empty_column():
    assert insert(pa.array([], pa.string())) == {"keep": [], "duplicate_of": [], "similarity": []}


def test_batches_are_one_column():
    index = _native.MinHashIndex()
    parts = [pa.record_batch(index.insert(pa.array(TEXTS[i : i + 3], pa.string()))) for i in range(0, 10, 3)]
    found = pa.Table.from_batches(parts).to_pydict()
    assert (found["keep"], found["duplicate_of"]) == (KEEP, DUPLICATE_OF)
    assert (index.seen, index.kept) == (10, 4)


def test_verify_keeps_what_only_shares_a_band():
    # A low threshold bands so widely that texts below it collide as well.
    generator = random.Random(1)
    words = [f"{generator.randrange(16**8):08x}" for _ in range(3000)]
    texts = pa.array([" ".join(words[:60] + generator.sample(words, 40)) for _ in range(60)])
    loose = insert(texts, threshold=0.5, num_perm=64)
    strict = insert(texts, threshold=0.5, num_perm=64, verify=True)
    assert any(similarity is not None and similarity < 0.5 for similarity in loose["similarity"])
    assert all(similarity is None or similarity >= 0.5 for similarity in strict["similarity"])
    assert sum(strict["keep"]) > sum(loose["keep"])


def test_single_characters_instead_of_ngrams():
    anagrams = pa.array(["listen", "silent"])
    assert insert(anagrams)["keep"] == [True, True]
    assert insert(anagrams, use_n_gram=False)["keep"] == [True, False]
    assert insert(anagrams, ngram=1)["keep"] == [True, False]


@pytest.mark.parametrize(
    ("threshold", "cut"),
    [(0.95, (3, 42)), (0.9, (5, 25)), (0.8, (9, 13)), (0.7, (14, 9)), (0.5, (25, 5))],
)
def test_published_cuts(threshold, cut):
    assert _native.lsh_params(threshold, 128) == cut
    index = _native.MinHashIndex(threshold=threshold)
    assert (index.bands, index.rows) == cut


def test_s_curve():
    assert _native.lsh_collision_probability(0.0, 5, 25) == 0.0
    assert _native.lsh_collision_probability(1.0, 5, 25) == 1.0
    assert _native.lsh_collision_probability(0.9, 5, 25) == pytest.approx(1 - (1 - 0.9**25) ** 5)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"num_perm": 1},
            "num_perm is 1: a MinHash signature needs from 2 to 4096 permutations; 128 is usual",
        ),
        ({"threshold": 1.5}, "threshold is 1.5: a Jaccard similarity lies between 0.0 and 1.0"),
        ({"threshold": float("nan")}, "threshold is NaN: a Jaccard similarity lies between 0.0 and 1.0"),
        ({"ngram": 0}, "ngram is 0: an n-gram has at least one character; 5 is usual"),
    ],
)
def test_wrong_parameters(parameters, message):
    with pytest.raises(ParameterError) as caught:
        _native.MinHashIndex(**parameters)
    assert str(caught.value) == message


def test_wrong_column_type():
    with pytest.raises(ColumnError) as caught:
        _native.MinHashIndex().insert(pa.array([1, 2]))
    assert str(caught.value) == (
        "the column has type Int64: texts are read from string, large_string, string_view or "
        "dictionary columns of these. Cast it to string first."
    )


def test_other_threads_run_meanwhile():
    texts = pa.array([f"{i} " + PAGE * 40 for i in range(2000)])
    ticks = 0
    done = threading.Event()

    def work() -> None:
        _native.MinHashIndex().insert(texts)
        done.set()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    try:
        thread = threading.Thread(target=work)
        thread.start()
        while not done.wait(0.001):
            ticks += 1
        thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert ticks > 5
