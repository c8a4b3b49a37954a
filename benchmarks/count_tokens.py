"""Compare token counting with installed peers: equal counts first, then CPU time, one thread each.

    python -m venv .venvs/tokens
    .venvs/tokens/bin/pip install dist/open_dataflow_rs-*.whl tiktoken tokenizers quicktok-v1 zstandard
    .venvs/tokens/bin/python benchmarks/count_tokens.py --texts 'texts/*.parquet' --vocabulary cl100k_base.tiktoken

The rounds of all peers alternate, so that a busy machine slows all of them; the ratio of a round is ours to the peer's,
and the median of the ratios is what counts. Slow peers count a sample of the texts. Speeds are megabytes of text per
second of CPU time of the whole process. `--threads 2` measures our scaling by wall time as well.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from dataflow_rs import _native
from dataflow_rs.core.tokenizers import Tokenizer, load_tokenizer

Count = Callable[[list[str]], list[int]]
SLOW = ("tiktoken", "tokenizers", "bpe-openai")
SAMPLE_BYTES = 8_000_000
CL100K = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
    r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)


def ranks_of(path: Path) -> dict[bytes, int]:
    """Return the ranks of a tiktoken file."""
    import base64

    lines = path.read_bytes().splitlines()
    return {base64.b64decode(token): int(rank) for token, rank in map(bytes.split, lines)}


def peers(path: Path) -> dict[str, Count]:
    """Return the installed peers that count with cl100k_base."""
    found: dict[str, Count] = {}
    try:
        import tiktoken

        encoding = tiktoken.Encoding("cl100k_base", pat_str=CL100K, mergeable_ranks=ranks_of(path), special_tokens={})
        found["tiktoken"] = lambda texts: [len(encoding.encode_ordinary(text)) for text in texts]
    except ImportError:
        pass
    try:
        import quicktok

        quick = quicktok.get_encoding("cl100k_base")
        found["quicktok-v1"] = lambda texts: quicktok.count_batch(quick, texts, threads=1).tolist()
    except ImportError:
        pass
    try:
        import bpe_openai

        bpe = bpe_openai.get_encoding("cl100k_base")
        found["bpe-openai"] = lambda texts: [len(bpe.encode_ordinary(text)) for text in texts]
    except ImportError:
        pass
    return found | _tokenizers(path)


def _tokenizers(path: Path) -> dict[str, Count]:
    try:
        from tokenizers import Regex, models, pre_tokenizers
        from tokenizers import Tokenizer as Peer
    except ImportError:
        return {}
    ranks = ranks_of(path)
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(0x100, 0x200))
    visible = {byte: chr(byte) if byte in printable else chr(next(others)) for byte in range(256)}
    vocabulary = {"".join(visible[byte] for byte in token): rank for token, rank in ranks.items()}
    halves = [
        (ranks[left + right], left, right)
        for token in ranks
        for left, right in ((token[:at], token[at:]) for at in range(1, len(token)))
        if left in ranks and right in ranks
    ]
    merges = [tuple("".join(visible[byte] for byte in half) for half in pair) for _, *pair in sorted(halves)]
    peer = Peer(models.BPE(vocabulary, merges, ignore_merges=True))
    split = pre_tokenizers.Split(Regex(CL100K), "isolated")
    bytes_only = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    peer.pre_tokenizer = pre_tokenizers.Sequence([split, bytes_only])
    return {"tokenizers": lambda texts: [len(peer.encode(text, add_special_tokens=False).ids) for text in texts]}


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Return CPU and wall seconds of some work."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def size(texts: list[str]) -> float:
    """Return the length in megabytes."""
    return sum(len(text.encode()) for text in texts) / 1e6


def sample(texts: list[str]) -> list[str]:
    """Return every so-manieth text, about SAMPLE_BYTES together."""
    return texts[:: max(1, int(size(texts) * 1e6 / SAMPLE_BYTES))]


def compare(ours: Tokenizer, name: str, count: Count, texts: list[str], rounds: int) -> dict[str, object]:
    """Return median speeds and ratios of one peer."""
    texts = sample(texts) if name in SLOW else texts
    column, megabytes = pa.array(texts, pa.large_string()), size(texts)
    if ours.count(column).to_pylist() != count(texts):
        sys.exit(f"count_tokens: {name} counts differently")
    times = [(seconds(lambda: ours.count(column))[0], seconds(lambda: count(texts))[0]) for _ in range(rounds)]
    ratios = [theirs / mine for mine, theirs in times]
    return {
        "peer": name,
        "version": _version(name),
        "megabytes": round(megabytes, 1),
        "our_mb_per_cpu_s": round(megabytes / statistics.median(mine for mine, _ in times), 1),
        "their_mb_per_cpu_s": round(megabytes / statistics.median(theirs for _, theirs in times), 1),
        "ratio": round(statistics.median(ratios), 2),
        "ratio_spread": [round(min(ratios), 2), round(max(ratios), 2)],
    }


def adversarial(ours: Tokenizer, texts: list[str]) -> dict[str, float]:
    """Return the time per byte of hostile texts of 10 MB, as a multiple of that of the ordinary ones."""
    import random

    chance = random.Random(1)
    hostile = {
        "one letter": "a" * 10_000_000,
        "spaces": " " * 10_000_000,
        "combining marks": "\u0301" * 5_000_000,
        "random bytes": chance.randbytes(6_600_000).decode("latin-1"),
        "two letters": "ab" * 5_000_000,
        "random letters": "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=10_000_000)),
    }
    column = pa.array(texts, pa.large_string())
    usual = seconds(lambda: ours.count(column))[0] / size(texts)
    return {
        name: round(seconds(lambda text=text: ours.count_text(text))[0] / size([text]) / usual, 1)
        for name, text in hostile.items()
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def main() -> None:
    """Compare, and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--texts", required=True, help="Parquet files with a column `text`, a pattern below this folder"
    )
    parser.add_argument("--vocabulary", required=True, type=Path, help="cl100k_base.tiktoken")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    files = sorted(Path().glob(arguments.texts))
    texts = [text for file in files for text in pq.read_table(file, columns=["text"])["text"].to_pylist() if text]
    ours = load_tokenizer(str(arguments.vocabulary))
    _native.set_threads(1)
    ours.count(pa.array(texts, pa.large_string()))
    results = [
        compare(ours, name, count, texts, arguments.rounds) for name, count in peers(arguments.vocabulary).items()
    ]
    hostile = adversarial(ours, texts)
    column = pa.array(texts, pa.large_string())
    scaling = []
    for _ in range(arguments.rounds):
        _native.set_threads(1)
        one = seconds(lambda: ours.count(column))[1]
        _native.set_threads(arguments.threads)
        scaling.append(one / seconds(lambda: ours.count(column))[1])
    report = {
        "machine": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "rounds": arguments.rounds,
        "peers": results,
        "hostile_time_per_byte": hostile,
        f"speedup_with_{arguments.threads}_threads": round(statistics.median(scaling), 2),
    }
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
