"""Make a tiny random language model that vLLM loads, to test against a real server without downloading weights.

Usage: python tools/make_tiny_model.py FOLDER     (standard library only; under 1 MB, the same bytes each time)

It is a Qwen2 of two layers in bfloat16. Its tokens are the 256 bytes and the three special ones below, so the number of
tokens of a text is the number of its bytes. What it says has no meaning, but it is printable ASCII and does not end by
itself: the rows of the output layer that belong to all other tokens are zero.
"""

from __future__ import annotations

import argparse
import json
import random
import struct
from pathlib import Path
from typing import Any

SPECIAL = {"<|pad|>": 256, "<|turn|>": 257, "<|end|>": 258}
CHAT_TEMPLATE = (
    "{% for message in messages %}<|turn|>{{ message.role }}:{{ message.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|turn|>assistant:{% endif %}"
)
VOCABULARY = 256 + len(SPECIAL)
HIDDEN, INNER, LAYERS, HEADS = 128, 256, 2, 2  # 64 numbers per head is the least that vLLM's attention on the CPU takes
PRINTABLE = range(0x20, 0x7F)

CONFIG = {
    "architectures": ["Qwen2ForCausalLM"],
    "model_type": "qwen2",
    "vocab_size": VOCABULARY,
    "hidden_size": HIDDEN,
    "intermediate_size": INNER,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "num_key_value_heads": 1,
    "max_position_embeddings": 2048,
    "rms_norm_eps": 1e-6,
    "rope_theta": 10000.0,
    "hidden_act": "silu",
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "eos_token_id": SPECIAL["<|end|>"],
    "pad_token_id": SPECIAL["<|pad|>"],
}


def letter(byte: int) -> str:
    """Return what stands for a byte in byte-level vocabularies: its character if that prints, else one of U+0100 on."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    return chr(byte) if byte in shown else chr(0x100 + sum(other not in shown for other in range(byte)))


def tokenizer() -> dict[str, Any]:
    """Return `tokenizer.json`: byte-level BPE without a single merge."""
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": number, "content": text, **flags} for text, number in SPECIAL.items()],
        "normalizer": None,
        "pre_tokenizer": byte_level,
        "post_processor": None,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": {letter(byte): byte for byte in range(256)},
            "merges": [],
        },
    }


def shapes() -> dict[str, tuple[int, ...]]:
    """Return the name and shape of every tensor."""
    head = HIDDEN // HEADS
    found: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (VOCABULARY, HIDDEN)}
    for number in range(LAYERS):
        layer = f"model.layers.{number}"
        for name, rows in (("q", HIDDEN), ("k", head), ("v", head)):
            found[f"{layer}.self_attn.{name}_proj.weight"] = (rows, HIDDEN)
            found[f"{layer}.self_attn.{name}_proj.bias"] = (rows,)
        found[f"{layer}.self_attn.o_proj.weight"] = (HIDDEN, HIDDEN)
        found[f"{layer}.mlp.gate_proj.weight"] = (INNER, HIDDEN)
        found[f"{layer}.mlp.up_proj.weight"] = (INNER, HIDDEN)
        found[f"{layer}.mlp.down_proj.weight"] = (HIDDEN, INNER)
        found[f"{layer}.input_layernorm.weight"] = (HIDDEN,)
        found[f"{layer}.post_attention_layernorm.weight"] = (HIDDEN,)
    return {**found, "model.norm.weight": (HIDDEN,), "lm_head.weight": (VOCABULARY, HIDDEN)}


def values(name: str, shape: tuple[int, ...], drawn: random.Random) -> list[float]:
    """Return the numbers of a tensor, row by row."""
    if name.endswith("norm.weight"):
        return [1.0] * shape[0]
    if name == "lm_head.weight":
        rows = ([drawn.gauss(0, 0.3) if row in PRINTABLE else 0.0 for _ in range(HIDDEN)] for row in range(VOCABULARY))
        return [value for row in rows for value in row]
    count = shape[0] * (shape[1] if len(shape) > 1 else 1)
    return [drawn.gauss(0, 0.1) for _ in range(count)]


def bfloat16(numbers: list[float]) -> bytes:
    """Return the upper halves of the numbers as 32-bit floats."""
    whole = struct.pack(f"<{len(numbers)}f", *numbers)
    return bytes(byte for start in range(2, len(whole), 4) for byte in whole[start : start + 2])


def weights() -> bytes:
    """Return `model.safetensors`: the size of a JSON header, the header, the numbers."""
    drawn = random.Random(0)
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    data = bytearray()
    for name, shape in shapes().items():
        start = len(data)
        data += bfloat16(values(name, shape, drawn))
        header[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [start, len(data)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + bytes(data)


def main() -> None:
    """Write the model into the folder that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": "<|end|>",
        "pad_token": "<|pad|>",
        "model_max_length": CONFIG["max_position_embeddings"],
        "chat_template": CHAT_TEMPLATE,
    }
    files = {"config.json": CONFIG, "tokenizer.json": tokenizer(), "tokenizer_config.json": settings}
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, indent=1), encoding="utf-8")
    (folder / "model.safetensors").write_bytes(weights())


if __name__ == "__main__":
    main()
