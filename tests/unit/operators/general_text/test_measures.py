"""N-grams, lexical diversity, entropy and compression, against the definitions written out slowly."""

from __future__ import annotations

import math
import random
import re
import string
from collections import Counter
from typing import Any

import pyarrow as pa
import pytest
from dataflow_rs.core.native_measure import measure
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.operators.general_text import (
    CompressionRatioEvaluator,
    LexicalDiversityFilter,
    LexicalDiversitySampleEvaluator,
    NgramFilter,
    NgramSampleEvaluator,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.effort import EFFORT

PROFILE = "open-dataflow-1.0.13"
TEXTS = st.lists(
    st.sampled_from(["a", "b", "A.", "c!", "中", "文 字", "é", " ", "\n", "Σας", "--", "x_1"]), max_size=90
)


def slow_ngram(text: str, size: int, language: str) -> float | None:
    """The definition."""
    plain = re.sub(r"[^\w\s]", "", text.lower())
    by_character = language == "zh" or (language == "auto" and re.search("[\u4e00-\u9fff]", plain) is not None)
    tokens = list(re.sub(r"\s+", "", plain)) if by_character else plain.split()
    grams = [tuple(tokens[at : at + size]) for at in range(len(tokens) - size + 1)]
    return len(set(grams)) / len(grams) if grams else None


def slow_mtld(words: list[str]) -> float | None:
    """The definition, from one end."""
    factors, start = 0.0, 0
    for at in range(len(words)):
        share = len(set(words[start : at + 1])) / (at + 1 - start)
        if share <= 0.72:
            factors, start = factors + 1, at + 1
    rest = words[start:]
    factors += (1 - len(set(rest)) / len(rest)) / (1 - 0.72) if rest else 0
    return len(words) / factors if factors else None


def slow_diversity(text: str) -> tuple[float | None, float | None]:
    """The definitions, with exact binomials."""
    words = [word.translate(str.maketrans("", "", string.punctuation)).lower() for word in text.split()]
    if len(words) <= 50:
        return None, None
    ends = slow_mtld(words), slow_mtld(words[::-1])
    mtld = None if None in ends else sum(end for end in ends if end is not None) / 2
    never = (math.comb(len(words) - count, 42) / math.comb(len(words), 42) for count in Counter(words).values())
    return mtld, sum((1 - share) / 42 for share in never)


@settings(max_examples=100 * EFFORT, deadline=None)
@given(pieces=TEXTS, size=st.integers(1, 4), language=st.sampled_from(["en", "zh", "auto"]))
def test_ngrams(pieces: list[str], size: int, language: Any) -> None:
    text = " ".join(pieces)
    found = NgramSampleEvaluator(ngrams=size, language=language).apply(pa.table({"t": [text]}), input_key="t")
    assert found["NgramScore"].to_pylist() == [slow_ngram(text, size, language)]


@settings(max_examples=60 * EFFORT, deadline=None)
@given(pieces=TEXTS, seed=st.integers(0, 9))
def test_lexical_diversity(pieces: list[str], seed: int) -> None:
    chance = random.Random(seed)
    text = " ".join(pieces + [chance.choice("abcdefghijklmnop") * chance.randrange(1, 9) for _ in range(60)])
    found = measure("lexical_diversity", {}, pa.array([text])).to_pydict()
    assert (found["mtld"][0], found["hdd"][0]) == pytest.approx(slow_diversity(text), rel=1e-12)


def test_long_texts_and_frequent_words_have_an_hdd() -> None:
    texts = pa.table({"t": ["word " * 400 + " ".join(map(str, range(900)))]})
    both = [LexicalDiversitySampleEvaluator(profile=profile).apply(texts, input_key="t") for profile in (None, PROFILE)]
    name = "LexicalDiversityHD-DScore"
    expected = slow_diversity(texts["t"][0].as_py())[1]
    assert both[0][name].to_pylist() == [pytest.approx(expected, rel=1e-12)]
    assert both[1][name].to_pylist() == [None]


def test_nothing_repeats() -> None:
    texts = pa.table({"t": [" ".join(map(str, range(60)))]})
    name = "LexicalDiversityMTLDScore"
    scores = [
        LexicalDiversitySampleEvaluator(profile=profile).apply(texts, input_key="t") for profile in (None, PROFILE)
    ]
    assert [score[name].to_pylist() for score in scores] == [[None], [-1.0]]
    assert LexicalDiversityFilter().apply(texts, input_key="t").num_rows == 1
    kept, drops = LexicalDiversityFilter(profile=PROFILE).apply(texts, input_key="t", return_drops=True)
    assert (kept.num_rows, drops["rule"].to_pylist(), drops["threshold"].to_pylist()) == (0, ["mtld"], [50.0])


def test_diversity_bounds() -> None:
    texts = pa.table({"t": ["a b c d " * 20, None, "short"]})
    off = LexicalDiversityFilter(min_scores={}, max_scores={"hdd": 0.05})
    kept, drops = off.apply(texts, input_key="t", output_hdd_key="hdd", return_drops=True)
    assert kept.to_pydict() == {"t": ["short"], "hdd": [None]}
    assert drops["rule"].to_pylist() == ["hdd", "null"]
    with pytest.raises(
        ParameterError, match="LexicalDiversityFilter: max_scores names 'ttr'; the metrics are mtld and hdd"
    ):
        LexicalDiversityFilter(max_scores={"ttr": 1})


def test_ngram_filter() -> None:
    texts = pa.table({"t": ["spam " * 9, "one two three four five six", "few words", None]})
    kept, drops = NgramFilter().apply(texts, input_key="t", return_drops=True)
    assert kept["t"].to_pylist() == ["one two three four five six", "few words"]
    assert drops["rule"].to_pylist() == ["ngram", "null"]
    assert drops["value"].to_pylist() == [0.2, None]
    assert NgramFilter(profile=PROFILE).apply(texts, input_key="t")["t"].to_pylist() == ["one two three four five six"]
    with pytest.raises(ParameterError, match="NgramFilter: ngrams=0 must be 1 or more"):
        NgramFilter(ngrams=0)


@pytest.mark.parametrize(
    ("unit", "text", "expected"),
    [
        ("byte", "éé", 1.0),
        ("character", "éé", 0.0),
        ("word", "A a b B", 1.0),
        ("word", " \n", None),
        ("character", "", None),
        ("character", "aabc", 1.5),
    ],
)
def test_entropy(unit: str, text: str, expected: float | None) -> None:
    assert measure("entropy", {"unit": unit}, pa.array([text, None])).to_pydict() == {"entropy": [expected, None]}


def test_compression() -> None:
    texts = pa.table({"t": ["a" * 1000, "kq3", "", None]})
    ratios = CompressionRatioEvaluator().apply(texts, input_key="t")["compression_ratio"].to_pylist()
    assert ratios[0] < 0.02
    assert ratios[1] == (3 + 8) / 3  # two bytes of header, two of block, four of checksum
    assert ratios[2:] == [None, None]
    with pytest.raises(ParameterError, match="CompressionRatioEvaluator: level=0 must be from 1 to 9"):
        CompressionRatioEvaluator(level=0)
