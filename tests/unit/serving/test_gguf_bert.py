"""The GGUF file of a BERT model, read back by an independent reader of the format."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.serving import LocalEmbeddingServing, LocalServing
from dataflow_rs.serving.gguf_bert import write_gguf

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "##ing", "é"]
CONFIG = {
    "num_hidden_layers": 1,
    "max_position_embeddings": 16,
    "hidden_size": 4,
    "intermediate_size": 8,
    "num_attention_heads": 2,
    "layer_norm_eps": 1e-12,
}
SHAPES = {
    "embeddings.word_embeddings.weight": (8, 4),
    "embeddings.position_embeddings.weight": (16, 4),
    "embeddings.token_type_embeddings.weight": (2, 4),
    "embeddings.LayerNorm.weight": (4,),
    "embeddings.LayerNorm.bias": (4,),
    "encoder.layer.0.attention.self.query.weight": (4, 4),
    "encoder.layer.0.attention.output.LayerNorm.bias": (4,),
    "encoder.layer.0.intermediate.dense.weight": (8, 4),
    "encoder.layer.0.output.dense.weight": (4, 8),
    "pooler.dense.weight": (4, 4),
}


def publish(folder, dtype="F32", prefix=""):
    drawn = np.random.default_rng(0)
    tensors = {prefix + name: drawn.normal(size=shape).astype("<f4") for name, shape in SHAPES.items()}
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, tensor in tensors.items():
        end = len(data) + tensor.nbytes
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [len(data), end]}
        data += tensor.tobytes()
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}


class Reader:
    """Reads GGUF as its specification says."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def number(self, form):
        (value,) = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return value

    def text(self):
        length = self.number("Q")
        self.at += length
        return self.data[self.at - length : self.at].decode()

    def value(self, kind):
        if kind == 8:
            return self.text()
        if kind == 9:
            inner, count = self.number("I"), self.number("Q")
            return [self.value(inner) for _ in range(count)]
        return self.number({4: "I", 5: "i", 6: "f", 7: "?"}[kind])

    def read(self):
        assert self.data[:4] == b"GGUF"
        self.at = 4
        assert self.number("I") == 3
        tensors, pairs = self.number("Q"), self.number("Q")
        settings = {}
        for _ in range(pairs):
            name = self.text()
            settings[name] = self.value(self.number("I"))
        entries = []
        for _ in range(tensors):
            name = self.text()
            shape = [self.number("Q") for _ in range(self.number("I"))]
            entries.append((name, shape[::-1], self.number("I"), self.number("Q")))
        start = -(-self.at // 32) * 32
        found = {}
        for name, shape, kind, offset in entries:
            assert offset % 32 == 0
            form = np.dtype({0: "<f4", 1: "<f2"}[kind])
            found[name] = np.frombuffer(self.data, form, int(np.prod(shape)), start + offset).reshape(shape)
        return settings, found


@pytest.mark.parametrize("prefix", ["", "bert."])
def test_what_is_written_is_what_the_format_says(prefix, tmp_path):
    given = publish(tmp_path, prefix=prefix)
    write_gguf(tmp_path / "model.safetensors", tmp_path / "vocab.txt", CONFIG, tmp_path / "m.gguf")
    settings, found = Reader((tmp_path / "m.gguf").read_bytes()).read()
    assert settings["general.architecture"] == "bert"
    assert (settings["bert.block_count"], settings["bert.attention.head_count"]) == (1, 2)
    assert (settings["bert.attention.causal"], settings["bert.pooling_type"]) == (False, 1)
    assert settings["tokenizer.ggml.tokens"] == [*WORDS[:5], "\u2581the", "ing", "\u2581é"]
    assert settings["tokenizer.ggml.token_type"] == [3] * 5 + [1] * 3
    assert [settings[f"tokenizer.ggml.{name}_token_id"] for name in ("padding", "unknown", "cls", "seperator")] == [
        *range(4)
    ]
    assert sorted(found) == [
        "blk.0.attn_output_norm.bias",
        "blk.0.attn_q.weight",
        "blk.0.ffn_down.weight",
        "blk.0.ffn_up.weight",
        "position_embd.weight",
        "token_embd.weight",
        "token_embd_norm.bias",
        "token_embd_norm.weight",
        "token_types.weight",
    ]
    halves = given["encoder.layer.0.output.dense.weight"].astype("<f2")
    assert np.array_equal(found["blk.0.ffn_down.weight"], halves)
    assert np.array_equal(found["position_embd.weight"], given["embeddings.position_embeddings.weight"])
    assert np.array_equal(found["token_embd_norm.bias"], given["embeddings.LayerNorm.bias"])


def test_the_same_input_gives_the_same_bytes(tmp_path):
    publish(tmp_path)
    for name in ("one", "two"):
        write_gguf(tmp_path / "model.safetensors", tmp_path / "vocab.txt", CONFIG, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_other_weights_are_refused(tmp_path):
    publish(tmp_path, dtype="BF16")
    with pytest.raises(ValueError, match="is BF16, not F32"):
        write_gguf(tmp_path / "model.safetensors", tmp_path / "vocab.txt", CONFIG, tmp_path / "m.gguf")
    publish(tmp_path, prefix="gpt.")
    with pytest.raises(ValueError, match="there are no tensors of a BERT model"):
        write_gguf(tmp_path / "model.safetensors", tmp_path / "vocab.txt", CONFIG, tmp_path / "m.gguf")


def test_models_are_for_one_use():
    with pytest.raises(ParameterError, match="'all-minilm-l6-v2' is for embeddings: give it to LocalEmbeddingServing"):
        LocalServing("all-minilm-l6-v2")
    with pytest.raises(ParameterError, match="is for chat: give it to LocalServing"):
        LocalEmbeddingServing("qwen2.5-coder-0.5b-instruct")
    for settings in ({"context": 1}, {"pooling": "max"}, {"batch": 0}):
        with pytest.raises(ParameterError, match=next(iter(settings))):
            LocalEmbeddingServing(**settings)
