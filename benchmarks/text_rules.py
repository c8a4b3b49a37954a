"""Throughput of each native text operator on the shared English texts, after its results were checked.

Results are compared with the slow Python rules of `tests/property/slow_text_rules.py` before a time is reported; that
Python takes a while, so `--check-rows` bounds the rows that are compared (the timing takes all rows). The operators run
on Arrow columns in memory, on `--threads` threads; the text is the English part of `text/clean-*.parquet`.

Usage: python benchmarks/text_rules.py [--data DIR] [--threads N] [--check-rows N] [--repeat N]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from dataflow_rs import _native, get_operator
from dataflow_rs.core.operator import Operator
from dataflow_rs.core.spec import stem

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "property"))
import slow_text_rules  # noqa: E402

CHAIN = json.loads((ROOT / "tests" / "parity" / "data" / "chain.json").read_text(encoding="utf-8"))
PROFILE = "open-dataflow-1.0.13"


def english(folder: Path) -> pa.RecordBatch:
    """Return the English documents as one batch."""
    files = sorted((folder / "text").glob("clean-*.parquet"))
    if not files:
        sys.exit(f"text_rules: no text/clean-*.parquet below {folder}; name the folder with --data")
    table = pa.concat_tables([pq.read_table(file, columns=["text", "lang"]) for file in files])
    table = table.filter(pc.equal(table["lang"], "en")).select(["text"]).combine_chunks()
    return table.to_batches()[0]


def operators() -> list[Operator]:
    """Return the operators of the chain but MinHash, those that have one also with the profile."""
    found = []
    for step in CHAIN:
        if step["operator"] == "MinHashDeduplicateFilter":
            continue
        cls = get_operator(step["operator"])
        found.append(cls(**step["parameters"]))
        if any(parameter.name == "profile" for parameter in cls.spec().parameters):
            found.append(cls(**step["parameters"], profile=PROFILE))
    return found


def run(operator: Operator, batch: pa.RecordBatch) -> Any:
    """Apply an operator to a batch."""
    keys = operator.spec().bind_keys({"input_key": "text"})
    return operator.transform(batch, keys)


def check(operator: Operator, batch: pa.RecordBatch) -> None:
    """Compare an operator with its slow counterpart."""
    parameters = operator.parameters
    if "language" in parameters:
        parameters = operator.native_parameters()
    expected = [slow_text_rules.judge(stem(operator.name), text, parameters) for text in batch["text"].to_pylist()]
    output = run(operator, batch)
    if output.scores is None:
        assert output.columns["text"].to_pylist() == expected, f"{operator} rewrites differently"
        return
    kept = list(range(batch.num_rows)) if output.take is None else output.take.to_pylist()
    assert kept == [row for row, (keep, _) in enumerate(expected) if keep], f"{operator} keeps other rows"
    assert output.scores.to_pylist() == [value for _, value in expected], f"{operator} measures other values"


def measure(operator: Operator, batch: pa.RecordBatch, repeat: int) -> list[float]:
    """Return the seconds of each run, after one that is not counted."""
    run(operator, batch)
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        run(operator, batch)
        seconds.append(time.perf_counter() - start)
    return seconds


def main() -> None:
    """Check and time every operator; print a table and write it to `results/`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    default = os.environ.get("DATAFLOW_RS_SHARED_DATA", str(ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(default))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--check-rows", type=int, default=300)
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    _native.set_threads(arguments.threads)
    batch = english(arguments.data)
    size = sum(len(text.encode()) for text in batch["text"].to_pylist()) / 1e6
    lines = [
        f"{batch.num_rows} documents, {size:.1f} MB, {arguments.threads} thread(s), {platform.machine()}, "
        f"dataflow_rs {_native.__version__}; results equal slow Python on {arguments.check_rows} documents",
        "",
        "| operator | profile | MB/s, median | slowest | fastest |",
        "|---|---|---:|---:|---:|",
    ]
    for operator in operators():
        check(operator, batch.slice(0, arguments.check_rows))
        seconds = measure(operator, batch, arguments.repeat)
        rates = [size / value for value in (statistics.median(seconds), max(seconds), min(seconds))]
        profile = "yes" if operator.parameters.get("profile") else ""
        lines.append(f"| {operator.name} | {profile} | " + " | ".join(f"{rate:.0f}" for rate in rates) + " |")
        print(lines[-1], file=sys.stderr, flush=True)
    results = ROOT / "benchmarks" / "results"
    results.mkdir(exist_ok=True)
    (results / "text_rules.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
