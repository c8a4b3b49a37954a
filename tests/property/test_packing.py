"""Packing conserves: the documents can be put together again from what was written."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from dataflow_rs.packing import open_indexed, pack
from hypothesis import given
from hypothesis import strategies as st

TOKENS = pa.list_(pa.uint32())
documents = st.lists(st.none() | st.lists(st.integers(1, 70_000), max_size=30), max_size=25)


def together(sequences: list[list[int]], mapping: list[dict[str, list[int]]]) -> dict[int, list[int]]:
    """Return row -> tokens."""
    parts = defaultdict(dict)
    for tokens, pieces in zip(sequences, mapping, strict=True):
        at = 0
        for row, start, length in zip(pieces["rows"], pieces["starts"], pieces["lengths"], strict=True):
            parts[row][start] = tokens[at : at + length]
            at += length
        assert at == len(tokens)
    return {row: [token for start in sorted(found) for token in found[start]] for row, found in parts.items()}


@given(
    documents,
    st.integers(1, 20),
    st.sampled_from(["best_fit", "concatenate", "documents"]),
    st.none() | st.just(0),
    st.none() | st.integers(0, 9),
    st.integers(1, 5),
)
def test_every_token_is_written_once(texts, length, method, separator, seed, windows):
    table = pa.table({"tokens": pa.array(texts, TOKENS)})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.bin"
        packed = pack(
            table,
            path,
            input_key="tokens",
            length=length,
            method=method,
            separator=separator,
            seed=seed,
            window_tokens=windows * length,
        )
        sequences = [sequence.tolist() for sequence in open_indexed(path)]
        mapping = pq.read_table(path.with_suffix(".rows.parquet")).to_pylist()
    end = [] if separator is None else [separator]
    assert together(sequences, mapping) == {row: text + end for row, text in enumerate(texts) if text}
    assert packed.tokens == sum(map(len, sequences))
    assert method == "documents" or all(len(sequence) <= length for sequence in sequences)
