"""How many tokens a text is for a model, and bounds on it."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from dataflow_rs.core.bases import FilterOperator, RowOperator
from dataflow_rs.core.keys import Integer, Number, Text
from dataflow_rs.core.operator import Operator
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Verdict
from dataflow_rs.core.tokenizers import load_tokenizer, missing_vocabulary
from dataflow_rs.exceptions import ParameterError


@operator
class TokenCountEvaluator(RowOperator):
    """Count the tokens of texts, exactly as tiktoken and `tokenizers` do.

    Tokens that a model's input begins and ends with are not counted.

    Args:
        tokenizer: a published encoding (`cl100k_base`, `o200k_base`, ...), a model in the cache of `huggingface_hub`,
            or the path of a `.tiktoken` file or a `tokenizer.json`; see `dataflow_rs.tokenizers.load_tokenizer`.
            Nothing is downloaded.
        special: whether special tokens in a text, such as `<|endoftext|>`, count as one; by default as the tokenizer's
            own library does it: not in tiktoken's encodings, yes in a `tokenizer.json`.

    Keys:
        input_key: column of texts.
        output_key: column for the number of tokens.
        output_per_word_key: column for tokens per word between whitespace; by default none is written.
        output_per_character_key: column for tokens per character; by default none is written.
        output_per_byte_key: column for tokens per byte of UTF-8; by default none is written.

    Missing texts:
        Null has no count. The empty text has 0 tokens and no shares; a text without words has none per word.

    Examples:
        >>> TokenCountEvaluator(tokenizer="no_such_encoding").problems()
        ["tokenizer 'no_such_encoding': no such file, and neither a published encoding ...]
    """

    tokenizer: str = "cl100k_base"
    special: bool | None = None

    def problems(self) -> list[str]:
        """Return why the operator cannot run here: its vocabulary is not there."""
        return [*super().problems(), *missing_vocabulary(self.tokenizer)]

    def process(
        self,
        batch: pa.RecordBatch,
        input_key: Text,
        output_key: Integer = "token_count",
        output_per_word_key: Number | None = None,
        output_per_character_key: Number | None = None,
        output_per_byte_key: Number | None = None,
    ) -> dict[str, pa.Array]:
        """Count the tokens of a column."""
        texts = batch[input_key]
        counts = load_tokenizer(self.tokenizer, special=self.special).count(texts)
        columns = {output_key: counts}
        shares = {
            "words": output_per_word_key,
            "characters": output_per_character_key,
            "bytes": output_per_byte_key,
        }
        if any(shares.values()):
            lengths = _lengths(texts)
            columns |= {key: _share(counts, lengths[unit]) for unit, key in shares.items() if key is not None}
        return columns


@operator
class TokenCountFilter(FilterOperator):
    """Keep texts whose number of tokens lies between two bounds, both included.

    Args:
        tokenizer: as in `TokenCountEvaluator`.
        min_tokens: fewest tokens that stay; None is off.
        max_tokens: most tokens that stay; None is off.
        special: as in `TokenCountEvaluator`.

    Keys:
        input_key: column of texts to judge.
        output_key: column for the number of tokens; by default none is written.

    Missing texts:
        Null is dropped with the rule `null`.

    Examples:
        >>> TokenCountFilter(tokenizer="cl100k_base", min_tokens=9, max_tokens=8)
        Traceback (most recent call last):
            ...
        dataflow_rs.exceptions.ParameterError: TokenCountFilter: min_tokens=9 is above max_tokens=8; nothing would stay
    """

    tokenizer: str = "cl100k_base"
    min_tokens: int | None = 1
    max_tokens: int | None = None
    special: bool | None = None

    def __post_init__(self) -> None:
        """Check the bounds."""
        check_bounds(self, min_tokens=self.min_tokens, max_tokens=self.max_tokens)

    def problems(self) -> list[str]:
        """Return why the operator cannot run here: its vocabulary is not there."""
        return [*super().problems(), *missing_vocabulary(self.tokenizer)]

    def process(self, batch: pa.RecordBatch, input_key: Text, output_key: Integer | None = None) -> Verdict:
        """Judge the texts of a column."""
        counts = load_tokenizer(self.tokenizer, special=self.special).count(batch[input_key])
        bounds = [_violated(count, self.min_tokens, self.max_tokens) for count in counts.to_pylist()]
        return Verdict(
            keep=pa.array([bound is None for bound in bounds], pa.bool_()),
            rule=pa.array([None if bound is None else bound[0] for bound in bounds], pa.string()),
            value=counts.cast(pa.float64()),
            threshold=pa.array([None if bound is None else bound[1] for bound in bounds], pa.float64()),
            columns={} if output_key is None else {output_key: counts},
        )


def check_bounds(owner: Operator, **bounds: float | None) -> None:
    """Check that a lower and an upper bound, in this order, are not negative and leave something between them.

    Raises:
        ParameterError: they do not.
    """
    (low_name, low), (high_name, high) = bounds.items()
    for name, bound in bounds.items():
        if bound is not None and not bound >= 0:
            raise ParameterError(f"{owner.name}: {name}={bound} must be 0 or more")
    if low is not None and high is not None and low > high:
        raise ParameterError(f"{owner.name}: {low_name}={low} is above {high_name}={high}; nothing would stay")


def _violated(count: int | None, low: int | None, high: int | None) -> tuple[str, int | None] | None:
    """Return rule and bound that drop a text; None if it stays."""
    if count is None:
        return "null", None
    if low is not None and count < low:
        return "token_count", low
    if high is not None and count > high:
        return "token_count", high
    return None


def _lengths(texts: pa.Array) -> dict[str, list[int | None]]:
    """Return words, characters and bytes of every text."""
    values = texts.to_pylist()
    return {
        "words": [None if text is None else len(text.split()) for text in values],
        "characters": [None if text is None else len(text) for text in values],
        "bytes": [None if text is None else len(text.encode()) for text in values],
    }


def _share(counts: pa.Array, units: list[Any]) -> pa.Array:
    """Return tokens per unit; null where there is none."""
    pairs = zip(counts.to_pylist(), units, strict=True)
    return pa.array([count / unit if unit else None for count, unit in pairs], pa.float64())
