"""Signature and removal files are those of datatrove 0.10.1, byte for byte; tools/record_datatrove.py records them."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dataflow_rs.dedup.datatrove import write_removals, write_signatures

ROOT = Path(__file__).parents[2]
RECORDED = json.loads((Path(__file__).parent / "data" / "datatrove.json").read_text(encoding="utf-8"))
SHARED = Path(os.environ.get("DATAFLOW_RS_SHARED_DATA", ROOT.parent / "shared" / "data"))
PLACES = {
    "edge.parquet": Path(__file__).parent / "data" / "edge.parquet",
    "documents.jsonl.gz": ROOT / "examples" / "data" / "documents.jsonl.gz",
    "clean-000.parquet": SHARED / "text" / "clean-000.parquet",
    "clean-001.parquet": SHARED / "text" / "clean-001.parquet",
}


def texts_of(path: Path) -> pa.ChunkedArray:
    if not path.exists():
        pytest.skip(f"{path.name} is absent (../shared/data or DATAFLOW_RS_SHARED_DATA)")
    if path.suffix == ".parquet":
        return pq.read_table(path, columns=["text"])["text"]
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return pa.chunked_array([[json.loads(line)["text"] for line in file]])


@pytest.mark.parametrize("precision", [32, 64])
@pytest.mark.parametrize("corpus", RECORDED)
def test_files_are_equal(corpus, precision, tmp_path):
    expected = RECORDED[corpus][str(precision)]
    files = write_signatures(texts_of(PLACES[corpus]), tmp_path / "sig", precision=precision)
    files += write_removals(tmp_path / "sig", tmp_path / "remove", precision=precision)
    found = {file.relative_to(tmp_path).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    assert len(found) >= 14
    assert found == expected
