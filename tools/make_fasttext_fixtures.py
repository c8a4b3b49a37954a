"""Train the tiny fastText models of tests/parity/data/fasttext, and record what fastText says about some texts.

One model for each loss, with and without character and word n-grams, as they are and quantised. The training texts are
made up of syllables, a few for each label. Training is deterministic (one thread), so that the files come out the same.

Usage: python tools/make_fasttext_fixtures.py     (in an environment with fasttext-wheel 0.9.2 and numpy<2)
"""

from __future__ import annotations

import json
import random
import tempfile
from pathlib import Path
from typing import Any

import fasttext

TARGET = Path(__file__).resolve().parent.parent / "tests/parity/data/fasttext"
SYLLABLES = ["ba", "ke", "lo", "mi", "nu", "sa", "té", "ри", "го", "漢", "字", "σα"]
SMALL = {"dim": 6, "epoch": 15, "lr": 0.1, "thread": 1, "verbose": 0, "bucket": 300, "minCount": 1, "seed": 1}
SUBWORDS = {"minn": 2, "maxn": 4}
MODELS: dict[str, tuple[dict[str, Any], dict[str, Any] | None, int]] = {
    "softmax": ({"loss": "softmax", **SUBWORDS}, None, 5),
    "words_only": ({"loss": "softmax", "minn": 0, "maxn": 0}, None, 5),
    "word_ngrams": ({"loss": "softmax", "minn": 1, "maxn": 3, "wordNgrams": 3}, None, 5),
    "one_vs_all": ({"loss": "ova", **SUBWORDS}, None, 5),
    "negative_sampling": ({"loss": "ns", **SUBWORDS}, None, 5),
    "hierarchical": ({"loss": "hs", **SUBWORDS}, None, 5),
    "sixteen": ({"loss": "hs", **SUBWORDS, "dim": 16}, None, 5),
    "quantised": ({"loss": "softmax", **SUBWORDS, "dim": 7}, {"dsub": 2}, 5),
    "quantised_norms": ({"loss": "hs", **SUBWORDS}, {"dsub": 2, "qnorm": True, "cutoff": 280}, 5),
    "quantised_output": (
        {"loss": "softmax", **SUBWORDS, "dim": 4, "epoch": 2},
        {"dsub": 2, "qnorm": True, "qout": True, "cutoff": 300},
        260,
    ),
}
"""Name -> arguments of the training, of the quantisation, and number of labels."""
TEXTS = [
    "",
    " \t ",
    "bake lomi",
    "bake\tlomi\x0bnusa\x0csate\rkeke\x00baba",
    "bake\u00a0lomi\u3000nusa",
    "риго риго σασα",
    "漢字漢字漢字",
    "a",
    "</s>",
    "bake </s> риго риго риго",
    "bake</s> риго",
    "__label__l1 bake",
    "__label__unknown bake",
    "lomi " * 300,
    "kelominusa" * 50,
    "😀 👩‍🚀 e\u0301",
    "BAKE LOMI",
    "bake lomi nusa té риго 漢字 σαba kemi losa",
]


def training_lines(labels: int) -> list[str]:
    """Return labelled lines; each label prefers three syllables."""
    rng = random.Random(7)
    lines = []
    for number in range(max(400, labels * 4)):
        label = number % labels
        usual = [SYLLABLES[(label * 3 + offset) % len(SYLLABLES)] for offset in range(3)]
        words = ["".join(rng.choices(usual + SYLLABLES[: label % 4], k=rng.randint(1, 4))) for _ in range(8)]
        lines.append(f"__label__l{label} {' '.join(words)}")
    return lines


def train(folder: Path, name: str) -> dict[str, Any]:
    """Train a model into its file, and return its labels and predictions."""
    arguments, quantisation, labels = MODELS[name]
    corpus = folder / "corpus.txt"
    corpus.write_text("\n".join(training_lines(labels)) + "\n", encoding="utf-8")
    model = fasttext.train_supervised(str(corpus), **{**SMALL, **arguments})
    if quantisation is not None:
        model.quantize(**quantisation)
    model.save_model(str(TARGET / f"{name}.{'bin' if quantisation is None else 'ftz'}"))
    found = [model.f.predict(f"{text}\n", 5, 0.0, "strict") for text in TEXTS]
    return {
        "labels": [label.removeprefix("__label__") for label in model.get_labels()],
        "predictions": [[[label.removeprefix("__label__"), p] for p, label in row] for row in found],
    }


def main() -> None:
    """Write all files."""
    with tempfile.TemporaryDirectory() as folder:
        recorded = {name: train(Path(folder), name) for name in MODELS}
    expected = {"texts": TEXTS, "models": recorded}
    (TARGET / "expected.json").write_text(json.dumps(expected, ensure_ascii=True, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
