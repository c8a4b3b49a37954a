"""Packing: how full sequences are, tokens per CPU second, and that memory does not grow with the data.

The documents are made up: lengths are log-normal (median 400 tokens), as those of web pages are. Each size runs in a
process of its own, reads a stream, and writes Megatron's format; the number of tokens written is compared with the
number read, and the peak of the process's resident memory is reported.

Usage: python benchmarks/packing.py [--tokens MILLIONS ...] [--length N] [--method best_fit]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from dataflow_rs.packing import open_indexed, pack

BATCH_DOCUMENTS = 1000
SCHEMA = pa.schema([pa.field("tokens", pa.large_list(pa.uint32()))])


def documents(tokens: int) -> Iterator[pa.RecordBatch]:
    """Yield batches of documents with about so many tokens."""
    rng = random.Random(0)
    values = pa.array(range(50_000), pa.uint32())
    done = 0
    while done < tokens:
        lengths = [min(40_000, 1 + int(rng.lognormvariate(6.0, 1.1))) for _ in range(BATCH_DOCUMENTS)]
        parts = [values.slice(rng.randrange(10_000), length) for length in lengths]
        offsets = [0]
        for length in lengths:
            offsets.append(offsets[-1] + length)
        column = pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), pa.concat_arrays(parts))
        done += offsets[-1]
        yield pa.record_batch([column], schema=SCHEMA)


def measure(tokens: int, length: int, method: str) -> dict[str, object]:
    """Pack once, in this process."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        reader = pa.RecordBatchReader.from_batches(SCHEMA, documents(tokens))
        before = time.process_time()
        packed = pack(
            reader, Path(folder) / "train.bin", input_key="tokens", length=length, method=method, separator=50_256
        )
        seconds = time.process_time() - before
        (source,) = packed.sources.values()
        written = open_indexed(Path(folder) / "train.bin")
        assert sum(written.lengths) == packed.tokens == source.tokens
    return {
        "tokens": packed.tokens,
        "documents": source.documents,
        "sequences": packed.sequences,
        "fill": round(packed.fill or 0, 4),
        "cpu_seconds": round(seconds, 1),
        "million_tokens_per_cpu_second": round(packed.tokens / seconds / 1e6, 1),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def main() -> None:
    """Run every size in a process of its own, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, nargs="+", default=[25, 100, 400])
    parser.add_argument("--length", type=int, default=2048)
    parser.add_argument("--method", default="best_fit")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        print(json.dumps(measure(arguments.tokens[0] * 1_000_000, arguments.length, arguments.method)))
        return
    rows = []
    for size in arguments.tokens:
        command = [sys.executable, __file__, "--worker", "--tokens", str(size)]
        command += ["--length", str(arguments.length), "--method", arguments.method]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        rows.append(json.loads(done.stdout))
        print(rows[-1])
    result = {"length": arguments.length, "method": arguments.method, "runs": rows, "machine": platform.platform()}
    target = Path(__file__).with_name("results") / "packing.json"
    target.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
