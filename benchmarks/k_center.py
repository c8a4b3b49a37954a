"""Greedy k-center selection: ours and the obvious one in NumPy, on one core.

Both choose among the same random vectors from the same start; the choices are compared first and must be equal. Times
are CPU seconds of one thread, medians of interleaved rounds.

Usage: python benchmarks/k_center.py [--rows N] [--size N] [--count N] [--repeat N]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pyarrow as pa
from dataflow_rs import _native


def ours(vectors: pa.FixedSizeListArray, count: int) -> list[int]:
    """Return the chosen positions."""
    return list(pa.array(_native.k_center(vectors, count, 0)[0]).to_pylist())


def theirs(vectors: np.ndarray, count: int) -> list[int]:
    """Return the chosen positions, by one pass over all vectors per choice."""
    chosen = [0]
    nearest = ((vectors - vectors[0]) ** 2).sum(axis=1)
    while len(chosen) < count:
        nearest[chosen] = -1.0
        chosen.append(int(nearest.argmax()))
        np.minimum(nearest, ((vectors - vectors[chosen[-1]]) ** 2).sum(axis=1), out=nearest)
    return chosen


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds that a call takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    """Compare and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--repeat", type=int, default=5)
    args = parser.parse_args()
    _native.set_threads(1)
    numbers = np.random.default_rng(0).integers(-8, 9, (args.rows, args.size)).astype(np.float32)  # sums are exact
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(numbers.ravel()), args.size)
    if ours(vectors, args.count) != theirs(numbers, args.count):
        sys.exit("k_center: the choices differ")
    rounds = [
        (cpu_seconds(lambda: ours(vectors, args.count)), cpu_seconds(lambda: theirs(numbers, args.count)))
        for _ in range(args.repeat)
    ]
    own, other = (statistics.median(times) for times in zip(*rounds, strict=True))
    ratios = [b / a for a, b in rounds]
    print(
        json.dumps(
            {
                "rows": args.rows,
                "size": args.size,
                "count": args.count,
                "ours_cpu_s": round(own, 4),
                "numpy_cpu_s": round(other, 4),
                "ratio": round(statistics.median(ratios), 2),
                "ratio_range": [round(min(ratios), 2), round(max(ratios), 2)],
                "numpy": np.__version__,
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
