"""Language identification of whole documents by lid.176: ours and fastText's own, on one core.

Both read the same documents with line feeds replaced by spaces. Labels are compared first: at least 99.9 % must be
equal, and probabilities of equal labels must agree to 0.001. Times are CPU seconds of one thread, medians of
interleaved rounds; loading the model and preparing the texts is not counted. The options (`sample_bytes`, `max_chars`,
`by_script`) are measured against our own answer for the whole document.

Usage: python benchmarks/language_id.py --model lid.176.ftz [--data DIR] [--rows N] [--repeat N]
       (needs: pip install fasttext-predict)
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from dataflow_rs import _native
from dataflow_rs.storage.formats import open_source

OPTIONS: list[dict[str, Any]] = [
    {"by_script": True},
    {"sample_bytes": 4000},
    {"sample_bytes": 1000},
    {"max_chars": 1000},
]
SCRIPTS = {"ko", "el", "th", "hy", "ta", "te", "kn", "ml", "gu", "pa", "or", "si", "lo", "km", "my", "am", "bo", "dv"}
"""Languages that `lid.176` alone has in their scripts."""
Answer = tuple[list[str | None], list[float | None]]


def documents(folder: Path, rows: int | None) -> pa.Array:
    """Return the texts of the clean documents, in the order of the files."""
    files = sorted((folder / "text").glob("clean-*.parquet"))
    if not files:
        sys.exit(f"language_id: no text/clean-*.parquet below {folder}; name the folder with --data")
    texts = pa.concat_tables([pq.read_table(file, columns=["text"]) for file in files])["text"].combine_chunks()
    return texts if rows is None else texts[:rows]


def paragraphs(folder: Path) -> pa.Array:
    """Return the paragraphs of the declaration of human rights, in 164 languages and more."""
    source = open_source(folder / "langid" / "udhr_articles.jsonl.zst", columns=["text"])
    return pa.concat_arrays([batch["text"] for batch in source.batches()])


def on_scripts(model: _native.FastTextModel, texts: pa.Array, labels: list[str | None], repeat: int) -> dict[str, Any]:
    """Return what `by_script` does to documents whose script tells the language."""
    chosen = pa.array([text for text, label in zip(texts.to_pylist(), labels, strict=True) if label in SCRIPTS])
    megabytes = sum(len(text.encode()) for text in chosen.to_pylist()) / 1e6
    works: dict[str, Callable[[], object]] = {
        options: lambda options=options: model.classify(chosen, options)  # type: ignore[misc]
        for options in ("{}", json.dumps({"by_script": True}))
    }
    seconds = measure(works, repeat)
    return {
        "rows": len(chosen),
        "megabytes": round(megabytes, 1),
        **compare(ours(model, chosen, {"by_script": True}), ours(model, chosen, {})),
        "mb_per_cpu_second": {
            name: round(megabytes / statistics.median(values), 1) for name, values in seconds.items()
        },
    }


def ours(model: _native.FastTextModel, texts: pa.Array, options: dict[str, Any]) -> Answer:
    """Return labels and probabilities."""
    found = pa.record_batch(model.classify(texts, json.dumps(options)))
    return found["label"].to_pylist(), found["probability"].to_pylist()


def theirs(model: Any, lines: list[str]) -> Answer:
    """Return labels and probabilities."""
    found = [model.predict(line, 1) for line in lines]
    return [labels[0].removeprefix("__label__") for labels, _ in found], [float(values[0]) for _, values in found]


def compare(one: Answer, other: Answer) -> dict[str, float]:
    """Return the share of equal labels, and the largest distance of their probabilities."""
    pairs = [(a, b, p, q) for a, b, p, q in zip(*one[:1], *other[:1], one[1], other[1], strict=True)]
    equal = [abs((p or 0) - (q or 0)) for a, b, p, q in pairs if a == b]
    return {"equal_labels": len(equal) / len(pairs), "largest_distance": max(equal)}


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds that a call takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def measure(works: dict[str, Callable[[], object]], repeat: int) -> dict[str, list[float]]:
    """Return the seconds of every round, the works taking turns."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeat):
        for name, work in works.items():
            seconds[name].append(cpu_seconds(work))
    return seconds


def main() -> None:
    """Compare, measure, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--rows", type=int)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    import fasttext

    texts = documents(arguments.data, arguments.rows)
    lines = [text.replace("\n", " ") for text in texts.to_pylist()]
    megabytes = sum(len(line.encode()) for line in lines) / 1e6
    native, reference = _native.FastTextModel(arguments.model), fasttext.load_model(str(arguments.model))
    _native.set_threads(1)
    whole = ours(native, texts, {})
    agreement = compare(whole, theirs(reference, lines))
    assert agreement["equal_labels"] >= 0.999, agreement
    assert agreement["largest_distance"] <= 1e-3, agreement
    short = paragraphs(arguments.data)
    short_lines = [text.replace("\n", " ") for text in short.to_pylist()]
    on_paragraphs = compare(ours(native, short, {}), theirs(reference, short_lines))
    assert on_paragraphs["equal_labels"] >= 0.999, on_paragraphs
    effects = {json.dumps(options): compare(ours(native, texts, options), whole) for options in OPTIONS}
    works: dict[str, Callable[[], object]] = {
        "fasttext": lambda: theirs(reference, lines),
        "ours": lambda: native.classify(texts, "{}"),
    }
    for options in effects:
        works[f"ours {options}"] = lambda options=options: native.classify(texts, options)  # type: ignore[misc]
    seconds = measure(works, arguments.repeat)
    ratios = [a / b for a, b in zip(seconds["fasttext"], seconds["ours"], strict=True)]
    result = {
        "rows": len(lines),
        "megabytes": round(megabytes, 1),
        "agreement": agreement,
        "agreement_on_paragraphs": {"rows": len(short), **on_paragraphs},
        "effect_of_options": effects,
        "by_script_where_it_decides": on_scripts(native, texts, whole[0], arguments.repeat),
        "mb_per_cpu_second": {
            name: round(megabytes / statistics.median(values), 1) for name, values in seconds.items()
        },
        "ratio": {"median": round(statistics.median(ratios), 1), "least": round(min(ratios), 1)},
        "fasttext_predict": version("fasttext-predict"),
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
    }
    print(json.dumps(result, indent=1))
    target = Path(__file__).with_name("results") / "language_id.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
