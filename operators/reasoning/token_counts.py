"""Count tokens as the operators of this family do: by words, or by a tokenizer's vocabulary."""

from __future__ import annotations

import pyarrow as pa
from dataflow_rs.exceptions import ParameterError

WORDS = "words"
"""The counting that needs no vocabulary: what whitespace separates."""


def check_tokenizer(owner: str, parameter: str, tokenizer: str) -> None:
    """Raise ParameterError unless texts can be counted this way."""
    if tokenizer != WORDS:
        raise ParameterError(f"{owner}({parameter}={tokenizer!r}): there is only '{WORDS}', which counts words")


def token_counts(tokenizer: str, texts: pa.Array) -> list[int | None]:
    """Return the number of tokens of each text; null stays null."""
    assert tokenizer == WORDS
    return [None if text is None else len(text.split()) for text in texts.to_pylist()]
