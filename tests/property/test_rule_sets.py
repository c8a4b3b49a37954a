"""The published rule sets against slow, obvious Python: the first reason of every text, by both notions of a word."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pyarrow as pa
import pytest
import regex
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.operators.text_pt import (
    C4ParagraphFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.beside import load_beside
from tests.effort import EFFORT

slow = load_beside(__file__, "slow_rule_sets")
NEWER = (
    "\u1b4e\u1b4f\u1b7f\u2024\u2cf9\u2cfa\u2cfb\u2e60\u2e61\ufe12\ufe15\ufe16\U000113d4\U000113d5\U00016d6e\U00016d6f"
)
ENDS = {chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000}
TERMINAL = frozenset(
    {char for char in ENDS if regex.match(r"\p{Sentence_Terminal}", char) and char not in NEWER}
    | set("\u17d6\u17d9\u17da")
)
SEGMENTATIONS: dict[str, Callable[[str], list[str]]] = {
    "whitespace": str.split,
    "word_punct": lambda text: regex.findall(r"\w+|[^\w\s]+", text),
}
PIECES = [
    *["the", "of", "and", "to be", "with", "a", "I", "it", "word", "another", "extraordinarily", "naïve", "Straße"],
    *["x" * 31, "漢字", "。", "12", "3.14", "don't", "#", "##", "...", "…", "....", "-", "•", "!", "?", '"', ".", ","],
    *[
        "\n",
        "\n",
        "\n\n",
        "\n\n\n",
        "\r\n",
        "\u2028",
        "\x85",
        "\t",
        "\u3000",
        "\x00",
        "\u0301",
        "😀",
        " - ",
        "»",
        "half a line",
    ],
]


def expected(name: str, text: str, words: list[str]) -> str | None:
    """Return the slow reason."""
    if name == "GopherQualityFilter":
        reason: str | None = slow.gopher_quality(text, words, TERMINAL)
    elif name == "GopherRepetitionFilter":
        reason = slow.gopher_repetition(text, words)
    else:
        reason = slow.fine_web_quality(text, words, TERMINAL)
    return reason


def reasons(texts: list[str], segmentation: str) -> dict[str, list[str | None]]:
    """Return operator -> the reason of each text, after comparing it with the slow one."""
    operators = [
        GopherQualityFilter(min_doc_words=3, segmentation=segmentation),  # type: ignore[arg-type]
        GopherRepetitionFilter(segmentation=segmentation),  # type: ignore[arg-type]
        FineWebQualityFilter(segmentation=segmentation),  # type: ignore[arg-type]
    ]
    found = {}
    for operator in operators:
        _, drops = operator.apply(pa.table({"text": texts}), input_key="text", return_drops=True)
        rules: list[str | None] = [None] * len(texts)
        for drop in drops.to_pylist():
            rules[drop["row"]] = drop["rule"]
            if drop["value"] is not None:
                assert drop["value"] != drop["threshold"]
        cut = SEGMENTATIONS[segmentation]
        assert rules == [expected(operator.name, text, cut(text)) for text in texts]
        found[operator.name] = rules
    return found


@pytest.mark.parametrize("segmentation", SEGMENTATIONS)
@settings(max_examples=60 * EFFORT, deadline=None)
@given(texts=st.lists(st.lists(st.sampled_from(PIECES), max_size=60).map(" ".join) | st.text(max_size=80), max_size=6))
def test_texts_of_any_kind_have_the_slow_reason(segmentation, texts):
    reasons(texts, segmentation)


@pytest.mark.parametrize("segmentation", SEGMENTATIONS)
def test_every_reason_is_met(segmentation):
    draw = random.Random(7)
    texts = [
        " ".join(draw.choices(draw.sample(PIECES, draw.randrange(2, 12)), k=draw.randrange(60))) for _ in range(1500)
    ]
    sentence = "The words of this sentence are to be read with care, and that is all there is."
    texts += [
        "",
        sentence,
        f"{sentence}\n{sentence}",
        f"{sentence} {sentence[:40]}",
        "• a\n" * 9 + sentence,
        "extraordinary " * 40,
    ]
    texts += [f"{sentence}\n" + "\n".join(f"- {word} item number {at}." for at, word in enumerate(sentence.split()))]
    texts += [
        " ".join(f"w{at}" for at in range(60)) + " " + " ".join(f"w{at}" for at in range(50 - n, 50))
        for n in range(4, 40)
    ]
    found = {name: Counter(rules) for name, rules in reasons(texts, segmentation).items()}
    missing = {
        "GopherQualityFilter": {"gopher_below_avg_threshold", "gopher_above_avg_threshold"}
        - set(found["GopherQualityFilter"]),
        "GopherRepetitionFilter": {"dup_line_frac", "top_2_gram", "top_3_gram", "duplicated_5_n_grams", None}
        - set(found["GopherRepetitionFilter"]),
        "FineWebQualityFilter": {"empty", "line_punct_ratio", "short_line_ratio", "char_dup_ratio", "list_ratio", None}
        - set(found["FineWebQualityFilter"]),
    }
    assert not any(missing.values()), (missing, found)
    assert {"gopher_too_many_hashes", "gopher_too_many_ellipsis", "gopher_below_alpha_threshold", None} <= set(
        found["GopherQualityFilter"]
    ), found


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        (["x" * 200] * 3, True),
        (["x" * 200] * 2 + ["x" * 199], False),
        (["é" * 200] * 3, True),
        (["é" * 100] * 3, False),
        (["x" * 600], False),
        ([], False),
    ],
)
def test_three_long_lines(lines, kept):
    assert C4ParagraphFilter().apply(pa.table({"text": ["\n".join(lines)]}), input_key="text").num_rows == kept


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GopherRepetitionFilter(top_n_grams=[(11, 0.2)]), "top_n_grams holds \\(11, 0.2\\)"),
        (
            lambda: GopherRepetitionFilter(dup_n_grams=[(1, 0.2)]),
            "a number of words from 2 to 10 and a share from 0 to 1",
        ),
        (lambda: GopherRepetitionFilter(dup_n_grams=[(5, 1.5)]), "dup_n_grams holds \\(5, 1.5\\)"),
        (lambda: GopherQualityFilter(min_doc_words=9, max_doc_words=3), "min_doc_words"),
    ],
)
def test_parameters_that_make_no_sense_are_errors(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


def test_bounds_that_are_none_or_0_are_off():
    bounds = [name for name in GopherQualityFilter().parameters if name.startswith(("min_", "max_"))]
    assert len(bounds) == 9
    for off in (None, 0):
        operator = GopherQualityFilter(**dict.fromkeys(bounds, off))
        _, drops = operator.apply(pa.table({"text": ["# # #", "...", "", None]}), input_key="text", return_drops=True)
        assert drops["rule"].to_pylist() == ["blank", "null"]
