"""Record the signature and removal files of datatrove: run in an environment with datatrove 0.10.1, spacy, xxhash<4.

Usage: record_datatrove.py CORPUS.parquet|CORPUS.jsonl.gz ... > tests/parity/data/datatrove.json
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
import tempfile
from pathlib import Path


def texts_of(path: Path) -> list[str]:
    """Return the column `text` of a file."""
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        return [text or "" for text in pq.read_table(path, columns=["text"])["text"].to_pylist()]
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line)["text"] for line in file]


def files_of(texts: list[str], precision: int) -> dict[str, str]:
    """Return name -> SHA-256 of the files that the first three stages write for one task."""
    from datatrove.data import Document
    from datatrove.pipeline.dedup.minhash import (
        HashConfig,
        MinhashConfig,
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupSignature,
    )

    config = MinhashConfig(hash_config=HashConfig(precision=precision))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        documents = (Document(text=text, id=str(i)) for i, text in enumerate(texts))
        MinhashDedupSignature(str(place / "sig"), config=config).run(documents, 0, 1)
        for bucket in range(config.num_buckets):
            MinhashDedupBuckets(str(place / "sig"), str(place / "dups"), config=config).run(None, bucket, 14)
        MinhashDedupCluster(str(place / "dups"), str(place / "remove"), config=config).run(None, 0, 1)
        files = sorted([*place.glob("sig/*/*.sig"), *place.glob("remove/*.remove")])
        return {
            str(file.relative_to(place).as_posix()): hashlib.sha256(file.read_bytes()).hexdigest() for file in files
        }


def main() -> None:
    """Record every corpus with both precisions."""
    recorded = {
        Path(path).name: {str(precision): files_of(texts_of(Path(path)), precision) for precision in (32, 64)}
        for path in sys.argv[1:]
    }
    sys.stdout.write(json.dumps(recorded, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
