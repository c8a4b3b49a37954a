"""Packing: what is written, byte for byte, and what is refused."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dataflow_rs import FileStorage, _native, get_operator
from dataflow_rs.exceptions import ColumnError, MalformedInputError, OperatorError, ParameterError
from dataflow_rs.packing import PackedSource, open_indexed, pack

DOCUMENTS = pa.table({"tokens": [[1, 2, 3], None, [4], [], [5, 6, 7, 8, 9]], "name": [10, 20, 30, 40, 50]})


class Letters:
    """A tokenizer with a token per byte."""

    vocabulary_size = 300

    def encode(self, column: pa.Array) -> pa.Array:
        texts = column.to_pylist()
        return pa.array([None if text is None else list(text.encode()) for text in texts], pa.large_list(pa.uint32()))

    def token_id(self, token: str) -> int | None:
        return {"<|endoftext|>": 256}.get(token)


def written(path: Path) -> list[dict[str, object]]:
    return pq.read_table(path).to_pylist()


def test_a_sequence_says_what_it_is_made_of(tmp_path):
    path = tmp_path / "train.parquet"
    packed = pack(
        DOCUMENTS, path, input_key="tokens", row_key="name", length=4, method="concatenate", separator=0, seed=None
    )
    assert written(path) == [
        {"input_ids": [1, 2, 3, 0], "lengths": [4], "rows": [10], "starts": [0], "source": ""},
        {"input_ids": [4, 0, 5, 6], "lengths": [2, 2], "rows": [30, 50], "starts": [0, 0], "source": ""},
        {"input_ids": [7, 8, 9, 0], "lengths": [4], "rows": [50], "starts": [2], "source": ""},
    ]
    assert packed.files == (path,)
    assert (packed.sequences, packed.tokens, packed.fill, packed.length) == (3, 12, 1.0, 4)
    assert packed.sources == {"": PackedSource(3, 2, 0, 0, 12, 3, 3)}
    assert [file.name for file in tmp_path.iterdir()] == ["train.parquet"]


@pytest.mark.parametrize(
    ("options", "sequences"),
    [
        ({"method": "documents"}, [[1, 2, 3], [4], [5, 6, 7, 8, 9]]),
        ({"method": "concatenate"}, [[1, 2, 3, 4], [5, 6, 7, 8], [9]]),
        ({"method": "best_fit"}, [[5, 6, 7, 8], [1, 2, 3, 4], [9]]),
        ({"method": "best_fit", "pad": 77}, [[5, 6, 7, 8], [1, 2, 3, 4], [9, 77, 77, 77]]),
        ({"method": "best_fit", "too_long": "truncate"}, [[5, 6, 7, 8], [1, 2, 3, 4]]),
        ({"method": "best_fit", "too_long": "drop"}, [[1, 2, 3, 4]]),
    ],
)
def test_methods(options, sequences, tmp_path):
    pack(DOCUMENTS, tmp_path / "a.parquet", input_key="tokens", length=4, seed=None, **options)
    assert [row["input_ids"] for row in written(tmp_path / "a.parquet")] == sequences


def test_texts_and_a_separator_by_name(tmp_path):
    table = pa.table({"text": ["ab", None, "c"]})
    pack(table, tmp_path / "a.parquet", tokenizer=Letters(), length=10, separator="<|endoftext|>", seed=None)
    (row,) = written(tmp_path / "a.parquet")
    assert row["input_ids"] == [97, 98, 256, 99, 256]
    assert row["rows"] == [0, 2]


def test_a_tokenizer_by_path(tmp_path):
    vocabulary = {"a": 0, "b": 1, "Ġ": 2, "ab": 3}
    end = {"id": 4, "content": "<|endoftext|>", "special": True, "normalized": False}
    end |= {"single_word": False, "lstrip": False, "rstrip": False}
    description = {
        "version": "1.0",
        "added_tokens": [end],
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        "decoder": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "vocab": vocabulary, "merges": ["a b"]},
    }
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(description), encoding="utf-8")
    table = pa.table({"text": ["ab a", "b"]})
    pack(table, tmp_path / "a.bin", tokenizer=str(path), length=9, separator="<|endoftext|>", seed=None)
    assert [sequence.tolist() for sequence in open_indexed(tmp_path / "a")] == [[3, 2, 0, 4, 1, 4]]


def test_the_bytes_of_the_indexed_format(tmp_path):
    packed = pack(DOCUMENTS, tmp_path / "a.bin", input_key="tokens", length=4, method="documents", seed=None)
    assert [file.name for file in packed.files] == ["a.bin", "a.idx", "a.rows.parquet"]
    assert (tmp_path / "a.bin").read_bytes() == struct.pack("<9H", *range(1, 10))
    expected = b"MMIDIDX\0\0" + struct.pack("<QBQQ", 1, 8, 3, 4)
    expected += struct.pack("<3i3q4q", 3, 1, 5, 0, 6, 8, 0, 1, 2, 3)
    assert (tmp_path / "a.idx").read_bytes() == expected
    assert np.memmap(tmp_path / "a.bin", np.uint16).tolist() == list(range(1, 10))
    assert [sequence.tolist() for sequence in open_indexed(tmp_path / "a")] == [[1, 2, 3], [4], [5, 6, 7, 8, 9]]
    assert [row["rows"] for row in written(tmp_path / "a.rows.parquet")] == [[0], [2], [4]]


def test_large_vocabularies_take_four_bytes(tmp_path):
    table = pa.table({"tokens": pa.array([[65_499, 1], [2]], pa.list_(pa.int64()))})
    pack(table, tmp_path / "a.bin", input_key="tokens", length=3, method="concatenate", seed=None)
    assert (tmp_path / "a.bin").read_bytes() == struct.pack("<3i", 65_499, 1, 2)
    assert open_indexed(tmp_path / "a.idx").dtype == "int32"


def test_nothing_to_pack(tmp_path):
    table = pa.table({"tokens": pa.array([], pa.list_(pa.int32()))})
    packed = pack(table, tmp_path / "a.bin", input_key="tokens")
    assert (packed.sequences, packed.tokens, packed.fill) == (0, 0, None)
    assert list(open_indexed(tmp_path / "a.bin")) == []


def numbers(first: int, count: int) -> pa.Table:
    return pa.table({"tokens": [[first + number] * 3 for number in range(count)]})


def test_the_shuffle_is_of_the_seed(tmp_path):
    def order(seed):
        path = tmp_path / f"{seed}.parquet"
        pack(numbers(0, 50), path, input_key="tokens", length=3, seed=seed)
        return [row["rows"][0] for row in written(path)]

    assert order(None) == list(range(50))
    assert order(1) == order(1) != order(2)
    assert sorted(order(1)) == list(range(50)) != order(1)


def test_a_mixture_has_its_shares(tmp_path):
    packed = pack(
        {"web": numbers(0, 80), "code": numbers(1000, 20)},
        tmp_path / "a.parquet",
        input_key="tokens",
        length=3,
        weights={"web": 3, "code": 1},
    )
    rows = written(tmp_path / "a.parquet")
    assert [sum(row["source"] == name for row in rows) for name in ("web", "code")] == [60, 20]
    assert all((row["input_ids"][0] >= 1000) == (row["source"] == "code") for row in rows)
    assert (packed.sources["web"].sequences, packed.sources["web"].written) == (80, 60)
    assert packed.tokens == 240


def test_rows_of_a_storage_are_its_row_ids(tmp_path):
    table = pa.table({"text": ["one two three", "no", "four five six"]})
    storage = FileStorage(table, cache_path=tmp_path / "run", batch_rows=1)
    get_operator("WordNumberFilter")(min_words=2, max_words=9).run(storage=storage.step(), input_key="text")
    pack(storage, tmp_path / "a.parquet", tokenizer=Letters(), length=13, seed=None)
    assert [row["rows"] for row in written(tmp_path / "a.parquet")] == [[0], [2]]


def test_files_are_sources(tmp_path):
    pq.write_table(numbers(0, 4), tmp_path / "in.parquet")
    pack(tmp_path / "in.parquet", tmp_path / "a.parquet", input_key="tokens", length=6, seed=None)
    assert [row["rows"] for row in written(tmp_path / "a.parquet")] == [[0, 1], [2, 3]]


@pytest.mark.parametrize("suffix", [".bin", ".arrow"])
def test_bytes_do_not_depend_on_threads_or_batches(suffix, tmp_path):
    table = pa.table({"text": [f"{n} " * (n % 37) for n in range(500)]})
    contents = set()
    for threads, rows in [(1, 500), (3, 7), (None, 64)]:
        _native.set_threads(threads)
        reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches(max_chunksize=rows))
        path = tmp_path / f"{threads}{suffix}"
        packed = pack(reader, path, tokenizer=Letters(), length=64, window_tokens=1000, seed=5)
        contents.add(tuple(file.read_bytes() for file in packed.files if file.suffix != ".parquet"))
    assert len(contents) == 1
    assert packed.fill > 0.98


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"length": 0}, ParameterError, "length=0 must be 1 or more, and window_tokens=16777216 at least as much"),
        ({"method": "worst_fit"}, ParameterError, "there is no method 'worst_fit'"),
        ({"too_long": "ignore"}, ParameterError, "there is no too_long 'ignore'"),
        ({"seed": -1}, ParameterError, "seed=-1 must lie between 0 and 2**64 - 1"),
        (
            {"separator": "<|endoftext|>"},
            ParameterError,
            "separator='<|endoftext|>': there is no tokenizer to look it up; give its number",
        ),
        (
            {"separator": "</s>", "tokenizer": Letters()},
            ParameterError,
            "separator='</s>': the tokenizer has no such token; give its number",
        ),
        ({"input_key": "token"}, ColumnError, "there is no column 'token' (did you mean 'tokens'?)"),
        (
            {"input_key": "name"},
            ColumnError,
            "the column 'name' holds int64, but texts or lists of tokens are needed",
        ),
        ({"weights": {"": 0.0}}, ParameterError, "weights [0.0] must be finite and not negative, one of them above 0"),
        ({"weights": {"x": 1}}, ParameterError, "weights: there is no source 'x'"),
        ({"weights": {}}, ParameterError, "weights: the source '' has none; 0 leaves it out"),
        ({"weights": {"": 1}, "seed": None}, ParameterError, "a mixture needs a seed"),
        (
            {"too_long": "error"},
            OperatorError,
            "the document of row 4 has 5 tokens, more than the length of 4; split, truncate or drop it",
        ),
    ],
)
def test_what_is_refused_leaves_nothing(arguments, error, message, tmp_path):
    with pytest.raises(error) as caught:
        pack(DOCUMENTS, tmp_path / "a.parquet", **{"input_key": "tokens", "length": 4, **arguments})
    assert str(caught.value) == message
    assert list(tmp_path.iterdir()) == []


def test_negative_tokens_are_refused(tmp_path):
    with pytest.raises(ColumnError, match=r"^the column 'tokens' holds what is no token: .*-1"):
        pack(pa.table({"tokens": [[1, -1]]}), tmp_path / "a.parquet", input_key="tokens")


def test_texts_need_a_tokenizer(tmp_path):
    with pytest.raises(ParameterError, match=r"^the column 'text' holds text; name a tokenizer$"):
        pack(pa.table({"text": ["a"]}), tmp_path / "a.parquet")


@pytest.mark.parametrize("content", [b"", b"MMIDIDX\0\0" + bytes(25), b"x" * 34, b"MMIDIDX\0\0" + bytes(40)])
def test_a_damaged_index(content, tmp_path):
    (tmp_path / "a.idx").write_bytes(content)
    with pytest.raises(MalformedInputError):
        open_indexed(tmp_path / "a")
