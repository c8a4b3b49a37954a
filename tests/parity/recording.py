"""The recorded verdicts of the reference implementation and the texts they belong to."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

FOLDER = Path(__file__).parent / "data"
ROOT = Path(__file__).resolve().parents[2]
PROFILE = "open-dataflow-1.0.13"
NOT_DROPPED = 255

CHAIN: list[tuple[str, dict[str, object]]] = [
    (step["operator"], step["parameters"]) for step in json.loads((FOLDER / "chain.json").read_text(encoding="utf-8"))
]
FILTERS = [name for name, _ in CHAIN if name.endswith("Filter")]
REFINERS = [name for name, _ in CHAIN if name.endswith("Refiner")]


@dataclass(frozen=True)
class Recording:
    """Texts and what the reference decided about each.

    Attributes:
        texts: one column `text`.
        verdicts: per filter a bool column (kept when applied alone), per refiner the hash of the new text
            (null: unchanged), `chain_dropped_at` (step of the whole chain, 255: kept) and `chain_text`
            (hash of the text after the refiners).
    """

    texts: pa.Table
    verdicts: pa.Table

    def kept(self, name: str) -> list[bool]:
        """Return the verdicts of one filter applied alone."""
        return self.verdicts[name].to_pylist()

    def refined(self, name: str) -> list[int]:
        """Return the hashes of one refiner's texts."""
        recorded = self.verdicts[name].to_pylist()
        old = self.texts["text"].to_pylist()
        return [sha64(text) if value is None else value for value, text in zip(recorded, old, strict=True)]


def sha64(text: str) -> int:
    """Return the first eight bytes of SHA-1 as a number."""
    return int.from_bytes(hashlib.sha1(text.encode("utf-8"), usedforsecurity=False).digest()[:8], "little")


@cache
def edge() -> Recording:
    """Return texts made of pieces at the rules' borders; they are stored with their verdicts."""
    table = pq.read_table(FOLDER / "edge.parquet")
    return Recording(table.select(["text"]), table.drop_columns(["text"]))


SHARED = Path(os.environ.get("DATAFLOW_RS_SHARED_DATA", ROOT.parent / "shared" / "data"))
"""Data that are too large for the repository."""


def shared_folder() -> Path:
    """Return the folder of the shared data, or skip the test where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the shared data are absent (../shared/data or DATAFLOW_RS_SHARED_DATA)")
    return SHARED


def shared_texts() -> list[Path]:
    """Return the files of the English documents."""
    return sorted((SHARED / "text").glob("clean-*.parquet"))


@cache
def english() -> Recording:
    """Return the English documents of the shared data, or skip the test where they are absent."""
    files = shared_texts()
    if not files:
        pytest.skip("the shared texts are absent (../shared/data or DATAFLOW_RS_SHARED_DATA)")
    table = pa.concat_tables([pq.read_table(file, columns=["id", "text", "lang"]) for file in files])
    table = table.filter(pc.equal(table["lang"], "en"))
    verdicts = pq.read_table(FOLDER / "english.parquet")
    found = [sha64(identifier) for identifier in table["id"].to_pylist()]
    assert found == verdicts["id_sha64"].to_pylist(), "these are not the documents that were recorded"
    return Recording(table.select(["text"]), verdicts.drop_columns(["id_sha64"]))


RECORDINGS = {"edge": edge, "english": english}
