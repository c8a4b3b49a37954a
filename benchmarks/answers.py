"""Checking of final answers and of repetition: our kernels against math-verify and plain Python, on one core.

Answers are made-up numbers in several notations. Wherever the kernel decides, its verdict must be math-verify's; then
both are timed on those pairs. Repetition is the share of distinct word n-grams, which must be equal to the last bit.
Times are CPU seconds of one thread, medians of interleaved rounds.

Usage: python benchmarks/answers.py [--pairs 2000] [--repeat 3]
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import re
import statistics
import time
from collections.abc import Callable

import pyarrow as pa
from dataflow_rs import _native

NGRAM = 5
NOTATIONS: tuple[Callable[[int], str], ...] = (
    str,
    lambda number: f"{number:,}",
    lambda number: f"\\boxed{{{number}}}",
    lambda number: f"${number}.0$",
    lambda number: f"\\frac{{{number * 3}}}{{3}}",
)


def pairs(count: int) -> tuple[pa.Array, pa.Array]:
    """Return gold answers, and answers of which about half are right."""
    draw = random.Random(1)
    golds = [draw.randrange(1, 100_000) for _ in range(count)]
    answers = [draw.choice(NOTATIONS)(gold if draw.random() < 0.5 else draw.randrange(1, 100_000)) for gold in golds]
    return pa.array(map(str, golds)), pa.array(_native.clean_answers(pa.array(answers)))


def by_algebra(gold: str, answer: str) -> bool:
    """Return math-verify's verdict."""
    from math_verify import parse, verify

    return bool(verify(parse(f"${gold}$", parsing_timeout=None), parse(f"${answer}$", parsing_timeout=None)))


def distinct_share(text: str) -> float:
    """Return the share of distinct n-grams of a text without Chinese characters."""
    words = re.sub(r"[^\w\s]", "", text).split()
    ngrams = [tuple(words[at : at + NGRAM]) for at in range(len(words) - NGRAM + 1)]
    return len(set(ngrams)) / len(ngrams) if ngrams else 1.0


def median_ratio(ours: Callable[[], object], theirs: Callable[[], object], repeat: int) -> dict[str, float]:
    """Time both in turn and return medians."""
    seconds: dict[str, list[float]] = {"ours": [], "theirs": []}
    for _ in range(repeat):
        for name, work in (("ours", ours), ("theirs", theirs)):
            start = time.process_time()
            work()
            seconds[name].append(time.process_time() - start)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    return {**{name: round(value, 6) for name, value in medians.items()}, "ratio": medians["theirs"] / medians["ours"]}


def main() -> None:
    """Compare verdicts and scores, then the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pairs", type=int, default=2000)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)  # math-verify says for every pair that it has no time limit
    _native.set_threads(1)
    golds, answers = pairs(arguments.pairs)
    verdicts = pa.array(_native.compare_answers(golds, answers)).to_pylist()
    decided = [at for at, verdict in enumerate(verdicts) if verdict is not None]
    assert len(decided) > arguments.pairs / 2, "the kernel decides most of these"
    for at in decided:
        assert verdicts[at] == by_algebra(golds[at].as_py(), answers[at].as_py()), (golds[at], answers[at])
    gold_texts, answer_texts = golds.take(decided), answers.take(decided)
    couples = list(zip(gold_texts.to_pylist(), answer_texts.to_pylist(), strict=True))
    comparison = median_ratio(
        lambda: _native.compare_answers(gold_texts, answer_texts),
        lambda: [by_algebra(gold, answer) for gold, answer in couples],
        arguments.repeat,
    )
    draw = random.Random(2)
    words = ["so", "then", "we", "add", "two", "and", "carry", "the", "one", "again"]
    texts = [" ".join(draw.choices(words, k=400)) for _ in range(500)]
    rule = _native.TextFilter("reasoning_answer_ngram", json.dumps({"min_score": 0, "max_score": 1, "ngrams": NGRAM}))
    column = pa.array(texts)
    scores = pa.record_batch(rule.judge(column))["value"].to_pylist()
    assert scores == [distinct_share(text) for text in texts]
    repetition = median_ratio(
        lambda: rule.judge(column), lambda: [distinct_share(text) for text in texts], arguments.repeat
    )
    decided_share = round(len(decided) / arguments.pairs, 3)
    print(json.dumps({"decided": decided_share, "comparison": comparison, "repetition": repetition}, indent=2))


if __name__ == "__main__":
    main()
