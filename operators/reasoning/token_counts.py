"""Count tokens as the operators of this family do: by words, or by a tokenizer's vocabulary."""

from __future__ import annotations

import pyarrow as pa
from dataflow_rs.core.tokenizers import find_file, load_tokenizer

WORDS = "words"
"""The counting that needs no vocabulary: what whitespace separates."""


def check_tokenizer(tokenizer: str) -> None:
    """Raise ParameterError unless the vocabulary of a tokenizer is there."""
    if tokenizer != WORDS:
        find_file(tokenizer)


def token_counts(tokenizer: str, texts: pa.Array) -> list[int | None]:
    """Return the number of tokens of each text; null stays null."""
    if tokenizer != WORDS:
        counts: list[int | None] = load_tokenizer(tokenizer).count(texts).to_pylist()
        return counts
    return [None if text is None else len(text.split()) for text in texts.to_pylist()]
