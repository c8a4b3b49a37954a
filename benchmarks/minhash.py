"""MinHash deduplication from file to file, against installed peers: MB per processor second.

Every candidate runs in a process of its own on one thread where it can be told, reads the same Parquet file of English
texts, and writes the texts it keeps: word 5-grams, 112 permutations in 14 bands of 8 where it can be told. Ours
verifies candidates by their true similarity, peers do not; how many texts each keeps is in the table. Before a time is
reported, ours is compared with a slow search over the first `--check-rows` texts: at least as many of the pairs whose
true similarity reaches the threshold are joined as the bands promise.

Peers are taken from the Python of `--peers` (an environment with daft, rensa, datatrove, spacy, xxhash<4, tokenizers);
slow ones get the first `--slow-rows` rows.

Usage: python benchmarks/minhash.py --peers ENVIRONMENT/bin/python [--data DIR] [--repeat N]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

THRESHOLD = 0.8

OURS = """
import pyarrow as pa, pyarrow.parquet as pq
from dataflow_rs import _native, get_operator
_native.set_threads(1)
table = pq.read_table(source)
operator = get_operator("MinHashDeduplicateFilter")(
    num_perm=112, bands=14, rows=8, threshold=0.8, shingle="word", normalization="words", verify={verify}
)
kept = operator.apply(table, input_key="text")
pq.write_table(kept, target)
print(kept.num_rows)
"""

DAFT = """
import daft
from daft import col
frame = daft.read_parquet(source).with_column("row", daft.functions.monotonically_increasing_id())
normal = daft.functions.normalize(col("text"), remove_punct=True, lowercase=True, white_space=True)
hashes = frame.with_column("h", daft.functions.minhash(normal, num_hashes=112, ngram_size=5))
import pyarrow.parquet as pq
table = hashes.select("row", "text", "h").to_arrow()
flat = table["h"].combine_chunks().flatten().to_numpy().reshape(-1, 14, 8)
parent = list(range(len(flat)))
def find(x):
    while parent[x] != x:
        parent[x] = parent[parent[x]]
        x = parent[x]
    return x
for band in range(14):
    first = {}
    for row, key in enumerate(map(bytes, flat[:, band, :].copy())):
        other = first.setdefault(key, row)
        if other != row:
            a, b = find(other), find(row)
            parent[max(a, b)] = min(a, b)
keep = [row for row in range(len(flat)) if find(row) == row]
pq.write_table(table.select(["text"]).take(keep), target)
print(len(keep))
"""

RENSA = """
import re
import pyarrow.parquet as pq
from rensa import RMinHash, RMinHashLSH
table = pq.read_table(source)
lsh = RMinHashLSH(threshold=0.8, num_perm=112, num_bands=14)
words = re.compile(r"[^\\\\W_]+")
keep = []
for row, text in enumerate(table["text"].to_pylist()):
    tokens = words.findall(text.lower())
    sketch = RMinHash(num_perm=112, seed=1)
    sketch.update([" ".join(tokens[i : i + 5]) for i in range(len(tokens) - 4)] or [text])
    if not lsh.query(sketch):
        lsh.insert(row, sketch)
        keep.append(row)
pq.write_table(table.take(keep), target)
print(len(keep))
"""

DATATROVE = """
import tempfile
import pyarrow.parquet as pq
from datatrove.data import Document
from datatrove.pipeline.dedup.minhash import (
    MinhashConfig, MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature,
)
config = MinhashConfig()
def documents():
    for i, text in enumerate(pq.read_table(source)["text"].to_pylist()):
        yield Document(text=text, id=str(i))
with tempfile.TemporaryDirectory() as f:
    MinhashDedupSignature(f + "/sig", config=config).run(documents(), 0, 1)
    for bucket in range(14):
        MinhashDedupBuckets(f + "/sig", f + "/dups", config=config).run(None, bucket, 14)
    MinhashDedupCluster(f + "/dups", f + "/remove", config=config).run(None, 0, 1)
    kept = [d.text for d in MinhashDedupFilter(f + "/remove").run(documents(), 0, 1)]
import pyarrow as pa
pq.write_table(pa.table({"text": kept}), target)
print(len(kept))
"""


def measure(python: str, code: str, source: Path, target: Path) -> tuple[float, int, int]:
    """Run code in a process; return its processor seconds, peak memory in MB, and the rows it kept."""
    header = f"source, target = {str(source)!r}, {str(target)!r}\n"
    footer = (
        "\nimport resource, sys\n"
        "usage = resource.getrusage(resource.RUSAGE_SELF)\n"
        "print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024)\n"
    )
    threads = {"RAYON_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "DAFT_PROGRESS_BAR": "0"}
    done = subprocess.run(
        [python, "-c", header + code + footer], env=os.environ | threads, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-800:])
    *_, kept, last = done.stdout.strip().splitlines()
    seconds, megabytes = last.split()
    return float(seconds), int(megabytes), int(kept)


def check(source: Path, rows: int) -> str:
    """Compare ours with a slow search over the first rows; return what was seen."""
    import pyarrow.parquet as pq
    from dataflow_rs.dedup import BandCurve, near_duplicates

    texts = pq.read_table(source)["text"].slice(0, rows)
    sets = []
    for text in texts.to_pylist():
        words = re.findall(r"[a-z0-9]+", text.lower()) if text.isascii() else []
        sets.append({tuple(words[i : i + 5]) for i in range(len(words) - 4)})
    holders: dict[tuple[str, ...], list[int]] = {}
    for row, grams in enumerate(sets):
        for gram in grams:
            holders.setdefault(gram, []).append(row)
    pairs = {(a, b) for rows_of in holders.values() if len(rows_of) < 200 for a in rows_of for b in rows_of if a < b}
    true = {(a, b): len(sets[a] & sets[b]) / len(sets[a] | sets[b]) for a, b in pairs}
    similar = {pair: s for pair, s in true.items() if s >= THRESHOLD}
    found = near_duplicates(texts, num_perm=112, bands=14, rows=8, threshold=THRESHOLD)
    cluster = dict(zip(found["row"].to_pylist(), found["cluster"].to_pylist(), strict=True))
    joined = sum(cluster.get(a, -1) == cluster.get(b, -2) for a, b in similar)
    expected = sum(BandCurve(14, 8).probability(s) for s in similar.values())
    if joined < expected - 0.01 * len(similar) - 3 * len(similar) ** 0.5 / 10:
        raise AssertionError(f"{joined} of {len(similar)} pairs were joined, the curve promises {expected:.1f}")
    return f"{joined} of {len(similar)} true pairs of the first {rows} rows are joined (the curve: {expected:.1f})"


def main() -> None:
    """Measure all candidates in turns, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", help="Python with the peers")
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--slow-rows", type=int, default=500)
    parser.add_argument("--check-rows", type=int, default=3000)
    options = parser.parse_args()
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    files = sorted((options.data / "text").glob("clean-*.parquet"))
    table = pa.concat_tables([pq.read_table(file, columns=["text", "lang"]) for file in files])
    table = table.filter(pc.equal(table["lang"], "en")).select(["text"])
    ours = {"ours, verified": OURS.format(verify=True), "ours, bands only": OURS.format(verify=False)}
    peers = {"daft": DAFT, "rensa": RENSA, "datatrove": DATATROVE} if options.peers else {}
    results: dict[str, list[float]] = {}
    facts: dict[str, tuple[int, int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        whole, part = Path(folder) / "whole.parquet", Path(folder) / "part.parquet"
        pq.write_table(table, whole)
        pq.write_table(table.slice(0, options.slow_rows), part)
        sys.stdout.write(check(whole, options.check_rows) + "\n")
        size = {path: sum(len(t.encode()) for t in pq.read_table(path)["text"].to_pylist()) for path in (whole, part)}
        for _ in range(options.repeat):
            for name, code in (ours | peers).items():
                source = part if name == "datatrove" else whole
                python = sys.executable if name in ours else options.peers
                seconds, memory, kept = measure(python, code, source, Path(folder) / "kept.parquet")
                results.setdefault(name, []).append(size[source] / 1e6 / seconds)
                facts[name] = (memory, kept)
    base = results["ours, verified"]
    sys.stdout.write(f"{table.num_rows} texts, {size[whole] / 1e6:.1f} MB\n")
    for name, speeds in results.items():
        ratios = [one / other for one, other in zip(base, speeds, strict=True)]
        row = {
            "MB per processor second": round(statistics.median(speeds), 2),
            "ours is faster by": [round(x, 1) for x in (min(ratios), statistics.median(ratios), max(ratios))],
            "peak MB": facts[name][0],
            "kept": facts[name][1],
        }
        sys.stdout.write(f"{name}: {json.dumps(row)}\n")


if __name__ == "__main__":
    main()
