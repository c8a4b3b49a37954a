"""A LoRA adapter for the model of tools/make_tiny_model.py, with large random numbers, so that answers change."""

from __future__ import annotations

import json
import random
import struct
from pathlib import Path

_RANK = 8


def make_adapter(model: Path, folder: Path) -> Path:
    """Write an adapter of the query and output projections of all layers."""
    config = json.loads((model / "config.json").read_text())
    hidden = config["hidden_size"]
    heads = config["num_attention_heads"] * config.get("head_dim", hidden // config["num_attention_heads"])
    drawn = random.Random(0)
    header, data = {}, b""
    for layer in range(config["num_hidden_layers"]):
        for name, rows, columns in (("q_proj", heads, hidden), ("o_proj", hidden, heads)):
            for part, shape in (("A", (_RANK, columns)), ("B", (rows, _RANK))):
                numbers = [drawn.gauss(0, 1) for _ in range(shape[0] * shape[1])]
                packed = struct.pack(f"<{len(numbers)}f", *numbers)
                key = f"base_model.model.model.layers.{layer}.self_attn.{name}.lora_{part}.weight"
                header[key] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(packed)]}
                data += packed
    settings = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": _RANK,
        "lora_alpha": 16,
        "target_modules": ["q_proj", "o_proj"],
        "bias": "none",
        "lora_dropout": 0.0,
        "base_model_name_or_path": str(model),
    }
    folder.mkdir(parents=True)
    text = json.dumps(header).encode()
    (folder / "adapter_model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    return folder
