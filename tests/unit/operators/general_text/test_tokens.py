"""Token counts, bounds on them, statistics of data sets, and where vocabularies are looked for."""

from __future__ import annotations

import base64
import hashlib
import itertools
import math
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from dataflow_rs.core.token_statistics import TokenStatistics, bucket_of, smallest_of
from dataflow_rs.core.tokenizers import SOURCE, load_tokenizer
from dataflow_rs.exceptions import MalformedInputError, ParameterError
from dataflow_rs.operators.general_text import (
    TokenCountEvaluator,
    TokenCountFilter,
    TokenStatisticsEvaluator,
    UnigramLogProbabilityEvaluator,
)

TEXTS = pa.table({"text": ["and an", "", None, "aé <|endoftext|>"], "source": ["x", "y", "y", None]})


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file of the encoding cl100k_base with the bytes, `an` and ` and`; `and` as a whole piece."""
    tokens = [bytes([byte]) for byte in range(256)] + [b"an", b" an", b"and"]
    path = tmp_path_factory.mktemp("vocabulary") / "cl100k_base.tiktoken"
    path.write_bytes(content := b"".join(b"%s %d\n" % (base64.b64encode(t), rank) for rank, t in enumerate(tokens)))
    assert content.count(b"\n") == 259
    return str(path)


def test_counts_and_shares(vocabulary: str) -> None:
    evaluator = TokenCountEvaluator(tokenizer=vocabulary)
    keys = {"output_per_word_key": "w", "output_per_character_key": "c", "output_per_byte_key": "b"}
    found = evaluator.apply(TEXTS, input_key="text", **keys).to_pydict()
    assert found["token_count"] == [2, 0, None, 17]
    assert found["w"] == [1.0, None, None, 8.5]
    assert found["c"] == [2 / 6, None, None, 17 / 16]
    assert found["b"] == [2 / 6, None, None, 1.0]
    special = TokenCountEvaluator(tokenizer=vocabulary, special=True).apply(TEXTS, input_key="text")
    assert special["token_count"].to_pylist() == [2, 0, None, 5]


def test_bounds(vocabulary: str) -> None:
    bounded = TokenCountFilter(tokenizer=vocabulary, min_tokens=1, max_tokens=16)
    kept, drops = bounded.apply(TEXTS, input_key="text", output_key="n", return_drops=True)
    assert kept.to_pydict() == {"text": ["and an"], "source": ["x"], "n": [2]}
    assert [drops[name].to_pylist() for name in ("row", "rule", "value", "threshold")] == [
        [1, 2, 3],
        ["token_count", "null", "token_count"],
        [0.0, None, 17.0],
        [1.0, None, 16.0],
    ]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"min_tokens": -1}, "TokenCountFilter: min_tokens=-1 must be 0 or more"),
        (
            {"min_tokens": 3, "max_tokens": 2},
            "TokenCountFilter: min_tokens=3 is above max_tokens=2; nothing would stay",
        ),
    ],
)
def test_bad_bounds(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        TokenCountFilter(**parameters)
    assert str(caught.value) == message


def test_a_tokenizer(vocabulary: str) -> None:
    tokenizer = load_tokenizer(vocabulary)
    assert tokenizer is load_tokenizer(vocabulary)
    assert tokenizer.encode(pa.array(["and an", None, ""])).to_pylist() == [[258, 257], None, []]
    assert tokenizer.decode([258, 257, 0xC3]) == "and an\ufffd"
    assert tokenizer.token_id("<|endoftext|>") == 100257
    assert (tokenizer.token_id("and"), tokenizer.token_id("\u0120an"), tokenizer.token_id("x y")) == (258, 257, None)
    assert tokenizer.vocabulary_size == 259 + 5
    assert load_tokenizer(vocabulary, special=True).encode_text("an<|endoftext|>") == [256, 100257]
    assert load_tokenizer(vocabulary, special=True).fingerprint != tokenizer.fingerprint


def test_compressed_files_and_a_changed_file(vocabulary: str, tmp_path: Path) -> None:
    content = Path(vocabulary).read_bytes()
    for codec, suffix in (("zstd", "zst"), ("gzip", "gz")):
        path = tmp_path / f"cl100k_base.tiktoken.{suffix}"
        with pa.CompressedOutputStream(pa.OSFile(str(path), "wb"), codec) as stream:
            stream.write(content)
        assert load_tokenizer(str(path)).count_text("and an") == 2
    changed = tmp_path / "cl100k_base.tiktoken"
    changed.write_bytes(content)
    assert load_tokenizer(str(changed)).count_text("bn") == 2
    changed.write_bytes(content + b"%s 259\n" % base64.b64encode(b"bn"))
    assert load_tokenizer(str(changed)).count_text("bn") == 1


def test_names_are_looked_for_in_caches(vocabulary: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    with pytest.raises(
        ParameterError, match=r"tokenizer 'p50k_edit': p50k_base\.tiktoken is neither in tiktoken's cache"
    ):
        load_tokenizer("p50k_edit")
    digest = hashlib.sha1(SOURCE.format(name="p50k_base").encode(), usedforsecurity=False).hexdigest()
    (tmp_path / digest).write_bytes(Path(vocabulary).read_bytes())
    assert load_tokenizer("p50k_edit").token_id("<|fim_prefix|>") == 50281


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("cl100k_base.tiktoken", "IQ==", "line 1 of the tiktoken file is not a base64 token, a space and a rank"),
        ("cl100k_base.tiktoken", "IQ== 0", "the vocabulary has no token for the byte 0x00: is the file complete?"),
        ("cl100k_base.tiktoken", "IQ== 0\nIQ== 1", 'the token "!" or its id 1 occurs twice in the vocabulary'),
        ("mine.tiktoken", "IQ== 0", "no published encoding is called 'mine'; known: gpt2, "),
        ("tokenizer.json", "{", "the tokenizer.json cannot be read: EOF"),
        ("tokenizer.json", '{"model": {"type": "Word"}}', "the tokenizer.json cannot be used: "),
    ],
)
def test_bad_files(name: str, content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ParameterError) as caught:
        load_tokenizer(str(path))
    assert f"tokenizer '{path}': {path}: {message}" in str(caught.value)


def test_statistics_of_a_data_set(vocabulary: str, tmp_path: Path) -> None:
    path = tmp_path / "statistics.json"
    evaluator = TokenStatisticsEvaluator(tokenizer=vocabulary, path=str(path), price_per_million=2.0)
    rows = evaluator.apply(TEXTS, input_key="text", input_source_key="source").to_pylist()
    assert [(row["source"], row["rows"], row["missing"], row["tokens"]) for row in rows] == [
        ("x", 1, 0, 2),
        ("y", 2, 1, 0),
        (None, 1, 0, 17),
        ("*", 4, 1, 19),
    ]
    total = rows[-1]
    assert (total["words"], total["characters"], total["bytes"], total["cost"]) == (4, 22, 23, 19 * 2.0 / 1e6)
    assert (total["min_tokens"], total["p50_tokens"], total["p99_tokens"], total["max_tokens"]) == (0, 2, 17, 17)
    assert (total["mean_tokens"], total["tokens_per_word"]) == (19 / 3, 19 / 4)
    read = TokenStatistics.read(path)
    assert list(read.rows()) == [{name: row[name] for name in row if name != "cost"} for row in rows]
    assert read.total().histogram() == [(0, 1, 1), (2, 4, 1), (16, 32, 1)]


def test_statistics_of_parts_merge_to_those_of_the_whole() -> None:
    chance = random.Random(5)
    rows = [(chance.choice("ab"), "x" * (n % 7), int(chance.expovariate(0.001))) for n in range(999)]
    whole = TokenStatistics("t", "0")
    whole.add(rows)
    for cut in (0, 1, 500, 999):
        parts = [TokenStatistics("t", "0") for _ in range(2)]
        parts[0].add(rows[cut:])
        parts[1].add(rows[:cut])
        parts[0].merge(parts[1])
        assert parts[0] == whole
    tokens = sorted(count for _, _, count in rows)
    for share in (0.0, 0.05, 0.5, 0.95, 1.0):
        exact = tokens[min(int(share * 999), 998)]
        found = whole.total().quantile(share)
        assert found is not None
        assert exact * 63 / 64 <= found <= exact
    other = TokenStatistics("u", "1")
    with pytest.raises(
        ParameterError, match="token statistics of 't' and 'u' cannot be merged: the vocabularies differ"
    ):
        whole.merge(other)


def test_buckets_ascend_without_gaps() -> None:
    buckets = [bucket_of(value) for value in range(5000)]
    assert all(0 <= later - earlier <= 1 for earlier, later in itertools.pairwise(buckets))
    assert all(smallest_of(bucket) <= value for value, bucket in enumerate(buckets))
    assert all(bucket_of(smallest_of(bucket)) == bucket for bucket in buckets)


@pytest.mark.parametrize("content", ["{", "[]", '{"format": "other"}', '{"format": "dataflow-rs token statistics 1"}'])
def test_other_files_are_no_statistics(content: str, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(MalformedInputError, match="does not hold token statistics"):
        TokenStatistics.read(path)


def test_usual_tokens(vocabulary: str) -> None:
    texts = pa.table({"text": ["an", "an", "anb", "", None]})
    found = UnigramLogProbabilityEvaluator(tokenizer=vocabulary).apply(texts, input_key="text")
    usual, rare = math.log(3 / 4), math.log(1 / 4)
    assert found["unigram_log_probability"].to_pylist() == [usual, usual, (usual + rare) / 2, None, None]
