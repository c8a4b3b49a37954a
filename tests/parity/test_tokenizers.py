"""Ids and counts equal those of tiktoken and `tokenizers`, for vocabularies of every kind and any text."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pyarrow as pa
import pytest
import tiktoken
from dataflow_rs.core.tokenizers import Tokenizer, load_tokenizer
from hypothesis import given, settings
from tokenizers import Regex, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers import Tokenizer as Peer

from tests.effort import EFFORT
from tests.parity.recording import shared_folder

WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
CASED = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
MARKED = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
TIKTOKEN_CL100K = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
    r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)
TIKTOKEN_GPT2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"
PIECES = [
    *(" ", "  ", "\n", "\r\n", "\t", "a", "B", "é", "É", "ǅ", "ª", "中", "文", "'s", "'S", "'ſ", "'ll", "'LL", "'re"),
    *("1", "23", "½", "!", "...", "/", "//", "\u0301", "\u00a0", "\u3000", "\u0e01\u0e33", "\U0001f600", "_", "▁"),
    *("ß", "ﬁ", "\u200d", "\0", "THE", "Word", "'", "’", "<|end|>", "</s>", "aaaa", "  \n ", "e\u0301", "\ufffd"),
]
TRAINING = [
    "The quick brown fox jumps over the lazy dog's back, and they've said: we'll see 1234 of 5,678 DOGS!",
    "Ein Übermaß an Größe; été, naïve. Русский текст и слова. 中文文本和中文词语。 日本語のテキスト。",
    "def f(x):\n    return x  // 2\n\n\tif (a != b) { /* ... */ }\r\n",
] * 8


def byte_level(pattern: str | None, *, normalizer: Any = None, whole: bool = False) -> Peer:
    """Return a byte-level vocabulary, trained small."""
    peer = Peer(models.BPE(ignore_merges=whole))
    split = [] if pattern is None else [pre_tokenizers.Split(Regex(pattern), "isolated")]
    bytes_only = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=pattern is None)
    peer.pre_tokenizer = pre_tokenizers.Sequence([*split, bytes_only]) if split else bytes_only
    peer.decoder = decoders.ByteLevel()
    if normalizer is not None:
        peer.normalizer = normalizer
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=700, special_tokens=["<|end|>"], initial_alphabet=alphabet)
    peer.train_from_iterator(TRAINING, trainer)
    return peer


def llama_2() -> Peer:
    """Return a vocabulary of characters with visible spaces, and bytes for the rest, trained small."""
    spaces = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    peer = Peer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    peer.normalizer = spaces
    fallback = [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(vocab_size=800, special_tokens=["<unk>", "<s>", "</s>", *fallback])
    peer.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="never")  # so that words are learned
    peer.train_from_iterator(TRAINING, trainer)
    written = json.loads(peer.to_str())
    written["pre_tokenizer"] = None
    written["added_tokens"] = [token for token in written["added_tokens"] if token["id"] < 3]
    return Peer.from_str(json.dumps(written))


def metaspace(scheme: str) -> Peer:
    """Return a vocabulary of characters without bytes for the rest, trained small."""
    peer = Peer(models.BPE(unk_token="<unk>", fuse_unk=scheme == "first"))
    peer.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme=scheme)
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=["<unk>", "</s>"])
    peer.train_from_iterator(TRAINING, trainer)
    return peer


def word_piece() -> Peer:
    """Return a WordPiece vocabulary, trained small."""
    peer = Peer(models.WordPiece(unk_token="[UNK]"))
    peer.normalizer = normalizers.BertNormalizer()
    peer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    peer.train_from_iterator(TRAINING, trainers.WordPieceTrainer(vocab_size=400, special_tokens=["[UNK]"]))
    return peer


def unigram() -> Peer:
    """Return a Unigram vocabulary, trained small."""
    peer = Peer(models.Unigram())
    peer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=300, special_tokens=["<unk>"], unk_token="<unk>")
    peer.train_from_iterator(TRAINING, trainer)
    return peer


TRAINED: dict[str, tuple[Callable[[], Peer], bool]] = {
    "gpt2": (lambda: byte_level(None), True),
    "llama3": (lambda: byte_level(WORDS % r"\p{N}{1,3}", whole=True), True),
    "qwen": (lambda: byte_level(WORDS % r"\p{N}", normalizer=normalizers.NFC()), True),
    "marks in words": (lambda: byte_level(MARKED, normalizer=normalizers.NFKC()), True),
    "o200k": (lambda: byte_level(CASED), True),
    "llama2": (llama_2, True),
    "metaspace": (lambda: metaspace("always"), True),
    "metaspace first, fused": (lambda: metaspace("first"), True),
    "unknown pattern": (lambda: byte_level(r"\w+|\W+"), False),
    "word piece": (word_piece, False),
    "unigram": (unigram, False),
}
"""Kind -> (its maker, whether it is native)."""


@pytest.fixture(scope="module", params=list(TRAINED))
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Tokenizer, Peer]:
    make, native = TRAINED[request.param]
    peer = make()
    path = tmp_path_factory.mktemp("vocabulary") / "tokenizer.json"
    peer.save(str(path))
    ours = load_tokenizer(str(path))
    assert ours.is_native == native
    return ours, peer


def check(ours: Tokenizer, texts: list[str], expected: list[list[int]]) -> None:
    """Assert equal ids and counts, of columns and of single texts."""
    column = pa.array(texts, pa.large_string())
    assert ours.encode(column).to_pylist() == expected
    assert ours.count(column).to_pylist() == [len(ids) for ids in expected]
    assert ours.encode_text(texts[-1]) == expected[-1]
    assert ours.count_text(texts[-1]) == len(expected[-1])


def mixed(seed: int, count: int) -> list[str]:
    """Return texts of pieces at which patterns part ways."""
    chance = random.Random(seed)
    return ["".join(chance.choices(PIECES, k=chance.randrange(14))) for _ in range(count)]


def test_trained_vocabularies(trained: tuple[Tokenizer, Peer]) -> None:
    ours, peer = trained
    texts = [*TRAINING[:3], *mixed(1, 3000 * EFFORT), "a" * 3000, " " * 2000, "e\u0301" * 900, "ab" * 700]
    check(ours, texts, [encoded.ids for encoded in peer.encode_batch(texts, add_special_tokens=False)])


@settings(max_examples=60 * EFFORT, deadline=None)
@given(texts=st.lists(st.text(max_size=40), min_size=1, max_size=8))
def test_any_unicode(trained: tuple[Tokenizer, Peer], texts: list[str]) -> None:
    ours, peer = trained
    check(ours, texts, [encoded.ids for encoded in peer.encode_batch(texts, add_special_tokens=False)])


def ranks_of(peer: Peer) -> dict[bytes, int]:
    """Return a byte-level vocabulary as tiktoken has it: bytes by rank."""
    visible = {char: byte for byte, char in enumerate(_visible_bytes())}
    merges = [tuple(merge) for merge in json.loads(peer.to_str())["model"]["merges"]]
    ranks = {bytes([byte]): byte for byte in range(256)}
    for left, right in merges:
        ranks[bytes(visible[char] for char in left + right)] = len(ranks)
    return ranks


def _visible_bytes() -> list[str]:
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(0x100, 0x200))
    return [chr(byte) if byte in printable else chr(next(others)) for byte in range(256)]


TIKTOKEN = {
    "gpt2": (TIKTOKEN_GPT2, lambda: byte_level(None)),
    "cl100k_base": (TIKTOKEN_CL100K, lambda: byte_level(WORDS % r"\p{N}{1,3}")),
    "o200k_base": (CASED, lambda: byte_level(CASED)),
}


@pytest.mark.parametrize("name", TIKTOKEN)
def test_tiktoken_files(name: str, tmp_path: Path) -> None:
    pattern, make = TIKTOKEN[name]
    ranks = ranks_of(make())
    path = tmp_path / f"{name}.tiktoken"
    path.write_bytes(b"".join(b"%s %d\n" % (base64.b64encode(token), rank) for token, rank in ranks.items()))
    peer = tiktoken.Encoding(name, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    texts = [*TRAINING[:3], *mixed(2, 5000 * EFFORT), "a" * 3000, "\n" * 100 + " " * 2000]
    check(load_tokenizer(str(path)), texts, [peer.encode_ordinary(text) for text in texts])


@pytest.mark.parametrize("name", ["cl100k_base", "o200k_base"])
def test_published_vocabularies(name: str) -> None:
    import pyarrow.parquet as pq

    folder = shared_folder()
    ours = load_tokenizer(str(folder / "tokenizers" / f"{name}.tiktoken.zst"))
    with pa.CompressedInputStream(pa.OSFile(str(ours.path)), "zstd") as stream:
        lines = bytes(stream.read()).splitlines()
    ranks = {base64.b64decode(token): int(rank) for token, rank in map(bytes.split, lines)}
    peer = tiktoken.Encoding(name, pat_str=TIKTOKEN[name][0], mergeable_ranks=ranks, special_tokens={})
    rows = pq.read_table(folder / "text" / "clean-001.parquet", columns=["text"])["text"].to_pylist()
    texts = [*rows[: 300 * EFFORT], *mixed(3, 2000)]
    for path in sorted((folder / "encodings").iterdir()):
        texts += [path.read_bytes().decode(encoding, "replace") for encoding in ("utf-8", "latin-1")]
    check(ours, texts, [peer.encode_ordinary(text) for text in texts])
