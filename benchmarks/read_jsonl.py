"""Reading JSON Lines against Polars and pyarrow, on the same file in the same run.

The file is the shared `messy-000.jsonl.zst`, unpacked and repeated. Equal tables are asserted first. Every
reader gives an Arrow table with all rows; ours and Polars' look at every value before they decide the types,
pyarrow's decides by the first block. Peers and ours take turns; what is reported is the median of the ratios
of each turn. Memory is the peak of a process of its own, imports included.

Usage: python benchmarks/read_jsonl.py [--megabytes 200] [--repeats 5] [--data DIR]
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

ROOT = Path(__file__).resolve().parent.parent


def read_ours(path: Path) -> pa.Table:
    """Both passes of `open_source`."""
    from dataflow_rs.storage.formats import open_source

    source = open_source(path)
    return pa.Table.from_batches(source.batches(), schema=source.schema)


def read_polars(path: Path) -> pa.Table:
    """`read_ndjson` that looks at every value, so that no later one is an error."""
    import polars

    return polars.read_ndjson(path, infer_schema_length=None).to_arrow()


def read_pyarrow(path: Path) -> pa.Table:
    """`pyarrow.json` in blocks that hold the longest line."""
    import pyarrow.json

    return pyarrow.json.read_json(path, read_options=pyarrow.json.ReadOptions(block_size=1 << 24))


READERS: dict[str, Callable[[Path], pa.Table]] = {
    "dataflow_rs": read_ours,
    "polars": read_polars,
    "pyarrow": read_pyarrow,
}


def seconds(name: str, path: Path) -> float:
    """Time of one reading."""
    start = time.perf_counter()
    READERS[name](path)
    return time.perf_counter() - start


def own_peak_mb() -> float:
    """Peak memory of this process since it was started.

    Not `ru_maxrss`: on Linux that one survives `exec`, and would be the peak of the parent.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # bytes on macOS
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6


def peak_mb(name: str, path: Path) -> float:
    """Peak memory of a process that reads the file once."""
    command = [sys.executable, __file__, "--worker", name, str(path)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def make_file(data: Path, megabytes: int, target: Path) -> int:
    """Repeat the shared texts until the file is large enough; return its size."""
    from dataflow_rs.storage.formats import open_source, write_file

    source = open_source(data / "text" / "messy-000.jsonl.zst")
    once = list(source.batches())
    times = max(1, megabytes * 1_000_000 // sum(batch.nbytes for batch in once))
    write_file((batch for _ in range(times) for batch in once), source.schema, target)
    return target.stat().st_size


def assert_equal(path: Path) -> int:
    """Check that all readers give the same rows; return their number."""
    ours = READERS["dataflow_rs"](path)
    for name in ("polars", "pyarrow"):
        theirs = READERS[name](path).select(ours.schema.names).cast(ours.schema)
        assert ours.equals(theirs), f"{name} reads other rows"
    return ours.num_rows


def main() -> None:
    """Compare and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=5)
    default = os.environ.get("DATAFLOW_RS_SHARED_DATA", ROOT.parent / "shared" / "data")
    parser.add_argument("--data", type=Path, default=Path(default))
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        READERS[arguments.worker[0]](Path(arguments.worker[1]))
        print(own_peak_mb())
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.jsonl"
        size = make_file(arguments.data, arguments.megabytes, path)
        rows = assert_equal(path)
        turns = [{name: seconds(name, path) for name in READERS} for _ in range(arguments.repeats)]
        peaks = {name: peak_mb(name, path) for name in READERS}
    report = {
        "rows": rows,
        "megabytes": size / 1e6,
        "cpus": os.cpu_count(),
        "versions": {name: importlib.metadata.version(name) for name in ("polars", "pyarrow")},
        "mb_per_s": {n: size / 1e6 / statistics.median(turn[n] for turn in turns) for n in READERS},
        "speed_ratio": {
            name: statistics.median(turn[name] / turn["dataflow_rs"] for turn in turns)
            for name in ("polars", "pyarrow")
        },
        "peak_mb": peaks,
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
