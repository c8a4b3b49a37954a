"""The native MinHash index decides every row as the reference does."""

from __future__ import annotations

import pyarrow as pa
import pytest
from dataflow_rs import _native

from .recording import CHAIN, RECORDINGS


@pytest.mark.parametrize("corpus", RECORDINGS)
def test_kept_rows(corpus):
    recording = RECORDINGS[corpus]()
    index = _native.MinHashIndex(**dict(CHAIN)["MinHashDeduplicateFilter"])
    found = pa.record_batch(index.insert(recording.texts["text"]))
    kept = recording.kept("MinHashDeduplicateFilter")
    assert 0 < sum(kept) < len(kept)
    assert found["keep"].to_pylist() == kept
