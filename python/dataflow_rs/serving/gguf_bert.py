"""Write a BERT sentence-embedding model as the GGUF file that llama.cpp reads.

all-MiniLM-L6-v2 is published as safetensors; llama.cpp wants GGUF. The format is a header of typed key-value pairs and
tensor descriptions, then the tensors (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). Matrices become
half-precision numbers, everything else stays as it is. The same input gives the same bytes, so that the result is
checked by its SHA-256 like any other model. Needs no further package.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

_ALIGNMENT = 32
_UINT32, _FLOAT32, _BOOL, _STRING, _ARRAY, _INT32 = 4, 6, 7, 8, 9, 5
_F32, _F16 = 0, 1
_MEAN_POOLING, _MOSTLY_F16 = 1, 1
_SPACE = "\u2581"
_BLOCK = 1 << 18
_NAMES = {
    "embeddings.word_embeddings.weight": "token_embd.weight",
    "embeddings.position_embeddings.weight": "position_embd.weight",
    "embeddings.token_type_embeddings.weight": "token_types.weight",
    "embeddings.LayerNorm": "token_embd_norm",
}
_LAYER_NAMES = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}
_KEPT_WHOLE = ("position_embd.weight", "token_types.weight")


def write_gguf(weights: Path, vocabulary: Path, config: Mapping[str, Any], target: Path) -> None:
    """Write a model.

    Args:
        weights: `model.safetensors`, 32-bit.
        vocabulary: `vocab.txt`, one word piece a line.
        config: what `config.json` says.
        target: the GGUF file.

    Raises:
        ValueError: the weights are not those of a BERT model in 32 bits.
    """
    with weights.open("rb") as source, target.open("wb") as out:
        tensors, start = _tensors(source)
        pairs = [*_model_pairs(config), *_vocabulary_pairs(vocabulary.read_text(encoding="utf-8").split("\n"))]
        out.write(b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(pairs)))
        for name, kind, value in pairs:
            out.write(_string(name) + struct.pack("<I", kind) + value)
        offset = 0
        for name, entry in tensors:
            shape = entry["shape"][::-1]
            half = _is_half(name, shape)
            out.write(_string(name) + struct.pack(f"<I{len(shape)}Q", len(shape), *shape))
            out.write(struct.pack("<IQ", _F16 if half else _F32, offset))
            offset = _aligned(offset + _count(shape) * (2 if half else 4))
        _pad(out)
        for name, entry in tensors:
            _copy(source, start + entry["data_offsets"][0], _count(entry["shape"]), _is_half(name, entry["shape"]), out)
            _pad(out)


def _tensors(source: IO[bytes]) -> tuple[list[tuple[str, dict[str, Any]]], int]:
    """Return (name in GGUF, description) of the tensors, and where their data begin."""
    (length,) = struct.unpack("<Q", source.read(8))
    header = json.loads(source.read(length))
    found = []
    for name in sorted(header):
        renamed = _renamed(name.removeprefix("bert."))
        if name == "__metadata__" or renamed is None:
            continue
        if header[name]["dtype"] != "F32":
            raise ValueError(f"the tensor {name} is {header[name]['dtype']}, not F32")
        found.append((renamed, header[name]))
    if not found:
        raise ValueError("there are no tensors of a BERT model")
    return found, 8 + length


def _renamed(name: str) -> str | None:
    for old, new in _NAMES.items():
        if name.startswith(old):
            return new + name[len(old) :]
    if name.startswith("encoder.layer."):
        number, _, rest = name.removeprefix("encoder.layer.").partition(".")
        for old, new in _LAYER_NAMES.items():
            if rest.startswith(old + "."):
                return f"blk.{number}.{new}{rest[len(old) :]}"
    return None  # the pooler, which sentence embeddings do not use


def _model_pairs(config: Mapping[str, Any]) -> Iterator[tuple[str, int, bytes]]:
    yield "general.architecture", _STRING, _string("bert")
    yield "general.file_type", _UINT32, struct.pack("<I", _MOSTLY_F16)
    for name, entry in (
        ("block_count", "num_hidden_layers"),
        ("context_length", "max_position_embeddings"),
        ("embedding_length", "hidden_size"),
        ("feed_forward_length", "intermediate_size"),
        ("attention.head_count", "num_attention_heads"),
    ):
        yield f"bert.{name}", _UINT32, struct.pack("<I", config[entry])
    yield "bert.attention.layer_norm_epsilon", _FLOAT32, struct.pack("<f", config["layer_norm_eps"])
    yield "bert.attention.causal", _BOOL, b"\0"
    yield "bert.pooling_type", _UINT32, struct.pack("<I", _MEAN_POOLING)


def _vocabulary_pairs(words: list[str]) -> Iterator[tuple[str, int, bytes]]:
    words = [word for word in words if word]
    pieces = [_piece(word) for word in words]
    special = {"unknown": "[UNK]", "seperator": "[SEP]", "padding": "[PAD]", "cls": "[CLS]", "mask": "[MASK]"}
    yield "tokenizer.ggml.model", _STRING, _string("bert")
    yield "tokenizer.ggml.pre", _STRING, _string("jina-v2-en")
    yield "tokenizer.ggml.token_type_count", _UINT32, struct.pack("<I", 2)
    texts = b"".join(map(_string, pieces))
    yield "tokenizer.ggml.tokens", _ARRAY, struct.pack("<IQ", _STRING, len(pieces)) + texts
    kinds = [3 if word in special.values() else 1 for word in words]  # 3: control, 1: normal
    packed = struct.pack(f"<{len(kinds)}i", *kinds)
    yield "tokenizer.ggml.token_type", _ARRAY, struct.pack("<IQ", _INT32, len(kinds)) + packed
    for name, word in special.items():
        yield f"tokenizer.ggml.{name}_token_id", _UINT32, struct.pack("<I", words.index(word))


def _piece(word: str) -> str:
    """Return a word piece as llama.cpp's WordPiece wants it: marked at the beginning of a word, not inside."""
    if word.startswith("[") and word.endswith("]"):
        return word
    return word[2:] if word.startswith("##") else _SPACE + word


def _copy(source: IO[bytes], start: int, count: int, half: bool, out: IO[bytes]) -> None:
    source.seek(start)
    for done in range(0, count, _BLOCK):
        number = min(_BLOCK, count - done)
        data = source.read(4 * number)
        out.write(struct.pack(f"<{number}e", *struct.unpack(f"<{number}f", data)) if half else data)


def _is_half(name: str, shape: list[int]) -> bool:
    return len(shape) > 1 and name not in _KEPT_WHOLE


def _count(shape: list[int]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _aligned(offset: int) -> int:
    return -(-offset // _ALIGNMENT) * _ALIGNMENT


def _pad(out: IO[bytes]) -> None:
    out.write(bytes(_aligned(out.tell()) - out.tell()))
