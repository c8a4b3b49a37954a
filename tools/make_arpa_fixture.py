"""Write the tiny n-gram model of tests/parity/data/ngram_model, and record what KenLM says about some texts.

The model has three words per n-gram, absolute discounting, and is pruned, so that every way to back off occurs; the
training text is made up.

Usage: python tools/make_arpa_fixture.py     (in an environment with ufal.kenlm or kenlm)
       build_binary probing tests/parity/data/ngram_model/tiny.arpa tests/parity/data/ngram_model/tiny.bin
"""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path

import kenlm

TARGET = Path(__file__).resolve().parent.parent / "tests/parity/data/ngram_model"
DISCOUNT = 0.5
ORDER = 3
TRAINING = """\
the cat sat on the mat
the cat sat on the dog
the dog sat on the cat
a dog ran to the mat
a cat ran to a dog
die Katze saß auf der Matte
die Katze lief
猫 が 座った
""".splitlines()
TEXTS = [
    "the cat sat on the mat",
    "the cat",
    "cat",
    "mat the on sat cat the",
    "the\tunknown  cat sat",
    "unknown words only",
    "die Katze saß auf der Matte",
    "猫 が 座った 猫",
    "<unk> <s> </s> the",
    "a cat ran to the mat the cat sat on a dog",
]


def ngrams(order: int) -> Counter[tuple[str, ...]]:
    """Count the n-grams of the training text; contexts begin with <s>."""
    counts: Counter[tuple[str, ...]] = Counter()
    for line in TRAINING:
        words = ["<s>", *line.split(), "</s>"]
        counts.update(tuple(words[at : at + order]) for at in range(len(words) - order + 1))
    return counts


def lower_order(ngram: tuple[str, ...], kept: dict[tuple[str, ...], tuple[float, float]]) -> float:
    """Return the probability of an n-gram by the model so far."""
    if ngram in kept:
        return kept[ngram][0]
    context = kept.get(ngram[:-1])
    return (context[1] if context else 1.0) * lower_order(ngram[1:], kept)


def model() -> list[dict[tuple[str, ...], tuple[float, float]]]:
    """Return for each order n-gram -> (probability, back-off weight)."""
    unigrams = ngrams(1)
    del unigrams[("<s>",)]
    total = sum(unigrams.values()) + 1
    kept = {ngram: (count / total, 1.0) for ngram, count in unigrams.items()}
    kept[("<unk>",)] = (1 / total, 1.0)
    kept[("<s>",)] = (0.0, 1.0)
    orders = [dict(kept)]
    for order in range(2, ORDER + 1):
        counts = ngrams(order)
        contexts: Counter[tuple[str, ...]] = Counter()
        for ngram, count in counts.items():
            contexts[ngram[:-1]] += count
        found = {
            ngram: ((count - DISCOUNT) / contexts[ngram[:-1]], 1.0)
            for ngram, count in sorted(counts.items())
            if (order < ORDER or count > 1) and all(part in kept for part in (ngram[:-1], ngram[1:]))
        }
        for context in {ngram[:-1] for ngram in found}:
            seen = [ngram for ngram in found if ngram[:-1] == context]
            left = 1 - sum(found[ngram][0] for ngram in seen)
            rest = 1 - sum(lower_order(ngram[1:], kept) for ngram in seen)
            orders[order - 2][context] = kept[context] = (kept[context][0], left / rest)
        orders.append(found)
        kept.update(found)
    return orders


def log10(value: float) -> str:
    """Return a logarithm as ARPA files have it."""
    return f"{math.log10(value):.7g}" if value > 0 else "-99"


def arpa(orders: list[dict[tuple[str, ...], tuple[float, float]]]) -> str:
    """Return the model as a file."""
    lines = ["\\data\\", *(f"ngram {order}={len(found)}" for order, found in enumerate(orders, 1)), ""]
    for order, found in enumerate(orders, 1):
        lines.append(f"\\{order}-grams:")
        for ngram, (probability, back_off) in sorted(found.items()):
            end = [log10(back_off)] if order < ORDER and back_off != 1.0 else []
            lines.append("\t".join([log10(probability), " ".join(ngram), *end]))
        lines.append("")
    return "\n".join([*lines, "\\end\\", ""])


def main() -> None:
    """Write both files."""
    TARGET.mkdir(parents=True, exist_ok=True)
    path = TARGET / "tiny.arpa"
    path.write_text(arpa(model()), encoding="utf-8")
    reference = kenlm.Model(str(path))
    scores = [[text, reference.score(text), reference.perplexity(text), len(text.split()) + 1] for text in TEXTS]
    expected = json.dumps(scores, indent=1) + "\n"
    (TARGET / "expected.json").write_text(expected, encoding="utf-8")


if __name__ == "__main__":
    main()
