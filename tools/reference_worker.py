"""The part of record_reference.py that runs inside the reference's environment.

Usage: python tools/reference_worker.py ROOT DATA golden|edge|english
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import random
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253
import pyarrow as pa
import pyarrow.parquet as pq
from reference_operators import CHAIN, FILTERS, REFINERS, apply

NOT_DROPPED = 255
THRESHOLDS = [round(0.05 * i, 2) for i in range(1, 20)] + [0.0, 0.01, 0.33, 0.72, 0.85, 0.99]
SIZES = [2, 16, 64, 100, 128, 256]
GOLDEN_TEXTS = [
    "",
    "a",
    "abcd",
    "abcde",
    "the quick brown fox " * 20,
    "漢字かな交じり文の例",
    "naïve café 🎉" * 3,
    "\0" * 9,
]

# Texts where ours decide otherwise on purpose, and texts next to these where they do not.
DIFFERENCE_TEXTS = [
    "\u6f22\u5b57" * 60,
    "\u6f22\u5b57" * 56,
    "\u6f22\u5b57\u3001" * 60,
    "w " * 100 + ": " + "w " * 100,
    "w " * 100 + "- " + "w " * 100,
    "\u4e00\u884c\uff01\u4e8c\u884c\uff1f\u4e09\u884c\u3002",
    "press 1\ufe0f\u20e3 or #\u20e3, not 1 and \u20e3",
    "\u2705 done \u231a late \u00a9\ufe0f and \u00a9",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \u0915\u094d\u200d\u0937",
    "\U0001f3f4\U000e0067\U000e0062\U000e007f flag \U0001f468\u200d\U0001f469\u200d\U0001f467\u200d",
    "at ftp://example.org/file or sftp://example.org, www.example.org and awww.example.org",
    "first https://example.org\r\n\nsecond",
    "<b title='x > y'>bold</b> <input disabled> <b and c> <!-- a > b --> <!doctype html> <1> < a>",
    "if a<b and c>d then List<String> x",
    "8 \u00f7 2",
    "* item\n" * 20,
    "- item\n" * 20,
    "12) item\n" * 20,
    "1234. item\n" * 20,
    "-item\n" * 20,
    "\u2013item\n" * 20,
    "&lt &lt; &ltx;",
    "sex! (Sex) sex, anal",
    "big  black cock cocks",
    "x-rated sex-shop and sex-shop",
    "aa " * 199 + "aaaa bbbb cccc",
]


def report(text: str) -> None:
    """Say on the error stream how far the recording is."""
    print(text, file=sys.stderr, flush=True)


def sha64(text: str) -> int:
    """Return the first eight bytes of SHA-1 as a number."""
    return int.from_bytes(hashlib.sha1(text.encode("utf-8"), usedforsecurity=False).digest()[:8], "little")


def run_alone(job: tuple[str, pd.DataFrame]) -> tuple[str, Any, float]:
    """Apply one operator: kept row numbers of a filter, texts of a refiner, and seconds."""
    name, frame = job
    start = time.perf_counter()
    result = apply(name, frame)
    seconds = time.perf_counter() - start
    kept = result["text"].tolist() if name in REFINERS else result["row"].to_numpy()
    return name, kept, seconds


def run_chain(frame: pd.DataFrame) -> tuple[np.ndarray, dict[int, str]]:
    """Apply the whole chain: per row the step that dropped it, and the refined texts."""
    dropped = np.full(len(frame), NOT_DROPPED, dtype=np.uint8)
    refined: dict[int, str] = {}
    for step, (name, _) in enumerate(CHAIN):
        before = set(frame["row"])
        frame = apply(name, frame)[["row", "text"]]
        gone = sorted(before - set(frame["row"]))
        dropped[gone] = step
        if name == REFINERS[-1]:
            refined = dict(zip(frame["row"], frame["text"], strict=True))
        report(f"chain step {step} {name}: {len(frame)} rows left")
    return dropped, refined


def chain_job(frame: pd.DataFrame) -> tuple[str, Any, float]:
    """Run the chain as one job among those of single operators."""
    start = time.perf_counter()
    return "chain", run_chain(frame), time.perf_counter() - start


def record(texts: list[str]) -> pa.Table:
    """Return one row of verdicts per text."""
    frame = pd.DataFrame({"row": range(len(texts)), "text": texts})
    results: dict[str, Any] = {}
    with multiprocessing.Pool(2) as pool:
        slow = ["MinHashDeduplicateFilter"]
        jobs = [pool.apply_async(chain_job, (frame,))]
        names = slow + [name for name, _ in CHAIN if name not in slow]
        jobs += [pool.apply_async(run_alone, ((name, frame),)) for name in names]
        for job in jobs:
            name, result, seconds = job.get()
            results[name] = result
            report(f"{name}: {seconds:.1f} s")
    columns: dict[str, pa.Array] = {}
    for name in REFINERS:
        # Null: the text came out as it went in, which compresses better than its hash.
        hashes = [None if new == old else sha64(new) for new, old in zip(results[name], texts, strict=True)]
        columns[name] = pa.array(hashes, pa.uint64())
    for name in FILTERS:
        keep = np.zeros(len(texts), dtype=bool)
        keep[results[name]] = True
        columns[name] = pa.array(keep)
    dropped, refined = results["chain"]
    columns["chain_dropped_at"] = pa.array(dropped)
    columns["chain_text"] = pa.array([sha64(refined[row]) for row in range(len(texts))], pa.uint64())
    return pa.table(columns)


def write(table: pa.Table, path: Path) -> None:
    """Store a table compactly and say how large it became."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, compression="zstd", compression_level=19, use_dictionary=["chain_dropped_at"])
    report(f"{path}: {table.num_rows} rows, {path.stat().st_size} bytes")


def record_english(root: Path, data: Path) -> None:
    """Record every English document of the clean files, in file order."""
    files = sorted((data / "text").glob("clean-*.parquet"))
    tables = [pq.read_table(file, columns=["id", "text", "lang"]) for file in files]
    rows = [row for row in pa.concat_tables(tables).to_pylist() if row["lang"] == "en"]
    verdicts = record([row["text"] for row in rows])
    # The documents' own identifiers are long; eight bytes of their hash find them again.
    ids = pa.array([sha64(row["id"]) for row in rows], pa.uint64())
    write(verdicts.add_column(0, "id_sha64", ids), root / "tests/parity/data/english.parquet")


def border_texts() -> list[str]:
    """Return texts that lie on a rule's threshold, one step below and one above."""
    texts = []
    for step in (-2, -1, 0, 1, 2):
        texts += [
            "w " * (112 + step),
            "w " * (112 + step) + ", and more",
        ]  # longest piece without punctuation
        texts += [
            "word " * (20 + step),
            "x" * (100 + step),
            " \n\t" + "x " * (100 + step),
        ]  # words, characters
        texts += ["A line. " * (3 + step), "{" * (5 + step) + "x" * (195 - step)]  # sentences, curly brackets
        texts += [
            "ABC " * (4 + step) + "word " * (16 - step),
            "same " * (9 + step) + "other",
        ]  # capitals, unique words
        texts += ["wait...\n" * (3 + step) + "line\n" * (7 - step)]  # lines ending in an ellipsis
        texts += ["\u2022 item\n" * (18 + step) + "line\n" * (2 - step)]  # bullet points
        texts += ["# " * (4 + step) + "word " * (6 - step)]  # symbols per word
        texts += ["javascript\n" * (3 + step) + "line\n" * count for count in (0, 2, 3)]
        texts += [
            "abc " * (199 + step) + "ab",
            "a" * 10 + (" " + "b" * 10) * (199 + step) + " " + "c" * 9,
        ]  # mean length
    texts += DIFFERENCE_TEXTS
    return [*texts, "a. " * 7500, "a. " * 7501, "w " * 99_999, "w " * 100_000]


def edge_texts(pieces: list[str]) -> list[str]:
    """Return texts made of pieces at the rules' borders; the same list every time."""
    generator = random.Random(20)
    texts = list(pieces) + border_texts()
    for _ in range(3000):
        chosen = generator.choices(pieces, k=generator.randint(2, 24))
        texts.append(generator.choice(["", " ", " ", "\n"]).join(chosen))
    for text in generator.choices(texts, k=300):
        texts.append(text + generator.choice(["", "", " ", ".", "x"]))
    return texts


def record_edge(root: Path, _data: Path) -> None:
    """Record the edge texts, which are stored with their verdicts."""
    folder = root / "tests/parity/data"
    texts = edge_texts(json.loads((folder / "edge_pieces.json").read_text(encoding="utf-8")))
    verdicts = record(texts)
    write(verdicts.add_column(0, "text", pa.array(texts)), folder / "edge.parquet")


def record_golden(root: Path, _data: Path) -> None:
    """Record the numbers inside MinHash: coefficients, signatures, and the choice of bands."""
    from datasketch import MinHash
    from datasketch.lsh import _optimal_param

    folder = root / "crates/dfrs-dedup/tests/golden"
    folder.mkdir(parents=True, exist_ok=True)
    head = "# Recorded by tools/record_reference.py from datasketch 1.6.5. "
    a, b = MinHash(num_perm=256).permutations
    lines = [head + "Columns: a, b of the permutations of seed 1."]
    lines += [f"{x}\t{y}" for x, y in zip(a, b, strict=True)]
    (folder / "permutations.tsv").write_text("\n".join(lines) + "\n")

    lines = [head + "Columns: threshold, num_perm, bands, rows."]
    for size in SIZES:
        for threshold in THRESHOLDS:
            bands, rows = _optimal_param(threshold, size, 0.5, 0.5)
            lines.append(f"{threshold}\t{size}\t{bands}\t{rows}")
    (folder / "lsh_params.tsv").write_text("\n".join(lines) + "\n")

    lines = [head + "Columns: n, text as hexadecimal UTF-8, 16 values of the signature as hexadecimal."]
    for text in GOLDEN_TEXTS:
        for n in [1, 5, 8, 20, 60]:
            sketch = MinHash(num_perm=16)
            shingles = [text[i : i + n] for i in range(len(text) - n + 1)]
            if 0 < len(text) < n:
                shingles = [text]
            for shingle in shingles:
                sketch.update(shingle.encode("utf-8"))
            values = " ".join(f"{value:x}" for value in sketch.hashvalues)
            lines.append(f"{n}\t{text.encode('utf-8').hex()}\t{values}")
    (folder / "signatures.tsv").write_text("\n".join(lines) + "\n")
    report(f"{folder}: permutations.tsv, lsh_params.tsv, signatures.tsv")


if __name__ == "__main__":
    root_folder, data_folder, part = sys.argv[1:]
    recorders = {"golden": record_golden, "edge": record_edge, "english": record_english}
    recorders[part](Path(root_folder), Path(data_folder))
