"""Our text filter chain against the reference's, on the same file in the same run.

Both read JSON Lines and run the 23 operators of the CPU pipeline `text_pt_filter` with its parameters: ours as a
pipeline over the step store, the reference as shipped, with JSON Lines between steps. Each has an environment of its
own; ours is the release wheel without extras. Equal kept rows are asserted before anything is reported: exactly with
`profile="open-dataflow-1.0.13"`, by default but for the rows that a named difference explains. Each run is a
process of its own; time is that of constructing storage and running the chain (ours with operators and
export), without imports; memory is the process's peak, imports included.

Usage: python benchmarks/text_chain.py [--reference-seconds 120] [--repeats 5] [--data DIR]
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parent.parent
PROFILE = "open-dataflow-1.0.13"
PROBE_ROWS = 150
PEAK_TARGET = 1 / 6
SPEED_TARGET = 100.0


@dataclass
class Run:
    """One process: seconds inside it, its peak memory, and the ids it kept."""

    seconds: float
    peak_mb: float
    kept: list[str]


def run(command: list[str]) -> Run:
    """Run one worker and return what it printed."""
    process = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if process.returncode != 0:
        sys.exit(f"text_chain: exit code {process.returncode} of {' '.join(command)}")
    return Run(**json.loads(process.stdout.splitlines()[-1]))


def run_reference(source: Path) -> Run:
    """Run the reference over a file."""
    sys.path.insert(0, str(ROOT / "tools"))
    from record_reference import ensure_environment

    with tempfile.TemporaryDirectory() as folder:
        worker = str(ROOT / "benchmarks" / "reference_chain.py")
        return run([str(ensure_environment()), worker, str(source), folder])


@cache
def our_environment() -> Path:
    """Install the release wheel as a user would, without extras or tools, and return the interpreter."""
    folder = ROOT / ".venvs" / "ours"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    with tempfile.TemporaryDirectory() as wheels:
        build = [sys.executable, "-m", "maturin", "build", "--release", "--locked", "--quiet", "--out", wheels]
        subprocess.run(build, check=True, cwd=ROOT)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, *map(str, Path(wheels).glob("*.whl"))], check=True)
    return python


def run_ours(source: Path, profile: str | None = None) -> Run:
    """Run our chain over a file."""
    with tempfile.TemporaryDirectory() as folder:
        worker = str(ROOT / "benchmarks" / "our_chain.py")
        return run([str(our_environment()), worker, str(source), folder, *([profile] if profile else [])])


def documents(data: Path) -> list[dict[str, str]]:
    """Return the English documents of the shared data, in file order."""
    files = sorted((data / "text").glob("clean-*.parquet"))
    if not files:
        sys.exit(f"text_chain: no text/clean-*.parquet below {data}; name the folder with --data")
    rows = [row for file in files for row in pq.read_table(file, columns=["id", "text", "lang"]).to_pylist()]
    return [{"id": row["id"], "text": row["text"]} for row in rows if row["lang"] == "en"]


def write(rows: list[dict[str, str]], path: Path) -> Path:
    """Store rows as JSON Lines."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def size_mb(rows: list[dict[str, str]]) -> float:
    """Return the megabytes of text."""
    return sum(len(row["text"].encode()) for row in rows) / 1e6


def rows_for(rows: list[dict[str, str]], seconds: float, folder: Path) -> list[dict[str, str]]:
    """Return as many rows from the front as the reference does in the given time, judged by a probe."""
    probe = rows[:PROBE_ROWS]
    speed = size_mb(probe) / run_reference(write(probe, folder / "probe.jsonl")).seconds
    total = 0.0
    for count, row in enumerate(rows):
        total += len(row["text"].encode()) / 1e6
        if total > speed * seconds:
            return rows[:count]
    return rows


def assert_equal_rows(rows: list[dict[str, str]], reference: Run, profiled: Run, default: Run) -> dict[str, int]:
    """Compare the kept rows; return how many rows each named difference explains."""
    if profiled.kept != reference.kept:
        sys.exit(f"text_chain: {len(set(profiled.kept) ^ set(reference.kept))} rows differ with the profile")
    sys.path.insert(0, str(ROOT / "tests" / "parity"))
    from differences import DIFFERENCES, explanations

    texts = {row["id"]: row["text"] for row in rows}
    explained: dict[str, int] = {}
    for identifier in sorted(set(default.kept) ^ set(reference.kept)):
        names = [f"{op}: {name}" for op in DIFFERENCES for name in explanations(op, texts[identifier])]
        if not names:
            sys.exit(f"text_chain: row {identifier} differs and no named difference explains it")
        for name in names:
            explained[name] = explained.get(name, 0) + 1
    return explained


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Run everything and return the figures."""
    rows = documents(arguments.data)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        some = rows_for(rows, arguments.reference_seconds, folder)
        source = write(some, folder / "some.jsonl")
        everything = write(rows, folder / "all.jsonl")
        reference = [run_reference(source) for _ in range(arguments.reference_repeats)]
        profiled = run_ours(source, PROFILE)
        ours = [run_ours(source) for _ in range(arguments.repeats)]
        explained = assert_equal_rows(some, reference[0], profiled, ours[0])
        full = [run_ours(everything) for _ in range(arguments.repeats)]
    theirs = statistics.median(result.seconds for result in reference)
    ratios = [theirs / result.seconds for result in ours]
    return {
        "rows": len(some),
        "mb": round(size_mb(some), 2),
        "kept": len(reference[0].kept),
        "kept_by_default": len(ours[0].kept),
        "explained_differences": explained,
        "reference": summary(reference, size_mb(some)),
        "ours": summary(ours, size_mb(some)),
        "ours_all_rows": {"rows": len(rows), "mb": round(size_mb(rows), 2), **summary(full, size_mb(rows))},
        "speed_ratio": {"median": round(statistics.median(ratios), 1), "min": round(min(ratios), 1)},
        "peak_ratio": round(max(r.peak_mb for r in ours) / max(r.peak_mb for r in reference), 3),
        "versions": {
            "open-dataflow-rs": importlib.metadata.version("open-dataflow-rs"),
            "reference": PROFILE,
            "python": platform.python_version(),
        },
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "data": "English documents (lang == 'en') of text/clean-*.parquet, in file order, as JSON Lines",
    }


def summary(runs: list[Run], mb: float) -> dict[str, Any]:
    """Return median, range and speed of some runs."""
    seconds = [result.seconds for result in runs]
    median = statistics.median(seconds)
    return {
        "runs": len(runs),
        "seconds": {"median": round(median, 3), "min": round(min(seconds), 3), "max": round(max(seconds), 3)},
        "mb_per_s": round(mb / median, 3),
        "peak_mb": round(max(result.peak_mb for result in runs), 1),
    }


def to_markdown(result: dict[str, Any]) -> str:
    """Return the table of a report."""
    lines = [
        "# Text filter chain, 23 operators, JSON Lines in and out",
        "",
        f"Data: {result['data']}. Kept rows are equal ({result['kept']} with the profile; by default "
        f"{result['kept_by_default']}, the others by named differences). {result['cores']} cores, "
        f"{result['machine']}, Python {result['versions']['python']}. Written by `benchmarks/text_chain.py`.",
        "",
        "| | rows | MB | seconds (median, range) | MB/s | peak MB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for label, part, rows, mb in (
        ("open-dataflow 1.0.13", result["reference"], result["rows"], result["mb"]),
        ("dataflow_rs, same file", result["ours"], result["rows"], result["mb"]),
        (
            "dataflow_rs, all rows",
            result["ours_all_rows"],
            result["ours_all_rows"]["rows"],
            result["ours_all_rows"]["mb"],
        ),
    ):
        time = part["seconds"]
        spread = f"{time['median']} ({time['min']} - {time['max']}, {part['runs']} runs)"
        lines.append(f"| {label} | {rows} | {mb} | {spread} | {part['mb_per_s']} | {part['peak_mb']} |")
    speed = result["speed_ratio"]
    lines += [
        "",
        f"Speed ratio: {speed['median']} (at least {speed['min']}). Peak memory ratio: {result['peak_ratio']}.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, store the figures, and fail when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    default = os.environ.get("DATAFLOW_RS_SHARED_DATA", str(ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(default), help="folder with text/clean-*.parquet")
    parser.add_argument("--reference-seconds", type=float, default=120.0, help="time that the reference gets")
    parser.add_argument("--reference-repeats", type=int, default=1, help="runs of the reference")
    parser.add_argument("--repeats", type=int, default=5, help="runs of our chain")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "results", help="folder for the results")
    arguments = parser.parse_args()
    result = measure(arguments)
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "text_chain.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    (arguments.output / "text_chain.md").write_text(to_markdown(result), encoding="utf-8")
    print(to_markdown(result))
    if result["speed_ratio"]["median"] < SPEED_TARGET or result["peak_ratio"] > PEAK_TARGET:
        sys.exit(f"text_chain: targets are a speed ratio of {SPEED_TARGET} and a peak ratio of {PEAK_TARGET:.3f}")


if __name__ == "__main__":
    main()
