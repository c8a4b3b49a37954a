"""`near_duplicates` on planted copies of real documents: recall by similarity, and no pair below the threshold."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pyarrow as pa
import pytest
from dataflow_rs.dedup import BandCurve, band_curve, near_duplicates
from dataflow_rs.exceptions import ColumnError, ParameterError

SAMPLE = Path(__file__).parents[3] / "examples" / "data" / "documents.jsonl.gz"


def shingles(text: str) -> set[tuple[str, ...]]:
    """Return the word 5-grams, the slow way."""
    words = re.findall(r"[^\W_]+", text.lower())
    return {tuple(words[i : i + 5]) for i in range(len(words) - 4)}


def jaccard(one: str, other: str) -> float:
    first, second = shingles(one), shingles(other)
    return len(first & second) / len(first | second)


def planted(similarity: float) -> list[str]:
    """Return ASCII documents of the sample, each with a copy whose similarity is just above or at the wanted one."""
    import gzip
    import json

    draw = random.Random(f"{similarity}")
    texts = []
    with gzip.open(SAMPLE, "rt", encoding="utf-8") as file:
        for line in file:
            words = re.findall(r"[a-z]+", json.loads(line)["text"].lower())
            if len(words) >= 120 and len(texts) < 600:
                texts.append(words[:200])
    pairs = []
    for words in texts:
        copy = list(words)
        while jaccard(" ".join(words), " ".join(copy)) > similarity + 0.02:
            copy[draw.randrange(len(copy))] = f"edit{draw.randrange(10**9)}"
        pairs += [" ".join(words), " ".join(copy)]
    return pairs


@pytest.mark.parametrize("similarity", [0.95, 0.9, 0.8, 0.7])
def test_planted_copies_are_found_as_the_curve_says(similarity):
    texts = planted(similarity)
    truth = {i: jaccard(texts[i], texts[i + 1]) for i in range(0, len(texts), 2)}
    pairs = [i for i, true in truth.items() if true >= similarity - 0.05]
    assert len(pairs) >= 400
    threshold = similarity - 0.05
    found = near_duplicates(pa.array(texts), threshold=threshold, bands=14, rows=8)
    cluster = dict(zip(found["row"].to_pylist(), found["cluster"].to_pylist(), strict=True))
    joined = sum(cluster.get(i, -1) == cluster.get(i + 1, -2) for i in pairs)
    expected = sum(BandCurve(14, 8).probability(truth[i]) for i in pairs) / len(pairs)
    spread = 2 * (expected * (1 - expected) / len(pairs)) ** 0.5  # of a count of so many pairs
    assert joined / len(pairs) >= expected - 0.01 - spread
    for row in found.to_pylist():
        assert abs(row["similarity"] - jaccard(texts[row["row"]], texts[row["keeper"]])) < 1e-12
        if row["size"] == 2:
            assert row["similarity"] >= threshold


def test_the_cluster_table():
    texts = pa.chunked_array([["a b c d e f", None], ["A, b. C d e f", "x", "x", "a b c d e f g h i"]])
    assert near_duplicates(texts, priorities=pa.array([0.0, 9.0, 1.0, None, None, 0.5])).to_pylist() == [
        {"row": 0, "cluster": 0, "keeper": 2, "size": 2, "similarity": 1.0},
        {"row": 2, "cluster": 0, "keeper": 2, "size": 2, "similarity": 1.0},
        {"row": 3, "cluster": 3, "keeper": 3, "size": 2, "similarity": 1.0},
        {"row": 4, "cluster": 3, "keeper": 3, "size": 2, "similarity": 1.0},
    ]


def test_nothing_has_no_clusters():
    assert near_duplicates(pa.array([], pa.string())).num_rows == 0
    assert near_duplicates(pa.array([None, None], pa.string())).num_rows == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"shingle": "line"}, "shingle='line' is not known; there are: word, character"),
        ({"family": "x"}, "family='x' is not known; there are: native, datasketch-1.6, mersenne-61"),
        ({"ngram": -1}, "lengths and counts must not be negative: ngram=-1"),
        (
            {"family": "datasketch-1.6"},
            "the permutations of datasketch are for n-grams of characters of unchanged text: use the native ones for "
            "words or normalised text",
        ),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ParameterError) as caught:
        near_duplicates(pa.array(["x"]), **settings)
    assert str(caught.value) == message


def test_priorities_of_another_type():
    with pytest.raises(ColumnError, match="priorities are int64 or float64, not Utf8"):
        near_duplicates(pa.array(["x"]), priorities=pa.array(["high"]))


@pytest.mark.parametrize("family", ["native", "datasketch-1.6", "mersenne-61"])
def test_families_find_the_same_clusters_of_clear_cases(family):
    texts = [f"{i} " + " ".join(f"word{i * 7 + j}" for j in range(60)) for i in range(40)]
    copies = [text.replace("word9 ", "other ") for text in texts]
    found = near_duplicates(
        pa.array(texts + copies), family=family, shingle="character", normalization="exact", threshold=0.9
    )
    assert set(zip(found["row"].to_pylist(), found["cluster"].to_pylist(), strict=True)) == {
        (row, row % 40) for row in range(80)
    }


def test_progress_can_stop_a_search():
    from dataflow_rs import _native

    search = _native.MinHashSearch(_native.MinHashSettings(), memory=1 << 20)
    search.add(pa.array(["a b c d e"]))
    told = []

    def stop(stage, done, total):
        told.append((stage, done, total))
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        search.run(stop)
    assert told == [("equal texts", 1, 1)]


def test_the_curve():
    cut = band_curve(0.8, num_perm=112, bands=14, rows=8)
    assert (cut.bands, cut.rows) == (14, 8)
    assert [round(cut.probability(s), 3) for s in (0.7, 0.8, 0.9)] == [0.565, 0.924, 1.0]
    assert band_curve(0.8).probability(0.8) >= 0.95
    with pytest.raises(ParameterError, match=r"step=0 must lie between 0\.01 and 0\.5"):
        cut.table(step=0)
