"""Single numbers that describe a text: type-token ratio, entropy, compression ratio."""

from __future__ import annotations

from typing import Any, Literal

import pyarrow as pa
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.core.keys import Number, Text
from dataflow_rs.core.native_measure import measure
from dataflow_rs.core.registry import operator
from dataflow_rs.exceptions import ParameterError


@operator
class TypeTokenRatioEvaluator(RowOperator):
    """Measure the share of distinct words among all words, in lower case.

    The longer a text, the lower: compare texts of one length, or use `LexicalDiversitySampleEvaluator`.

    Keys:
        input_key: column of texts.
        output_key: column for the ratio, above 0 and at most 1.

    Missing texts:
        Null and texts without words have none.

    Examples:
        >>> texts = pa.table({"text": ["a rose is a rose", " ", None]})
        >>> TypeTokenRatioEvaluator().apply(texts, input_key="text")["type_token_ratio"].to_pylist()
        [0.6, None, None]
    """

    def process(
        self, batch: pa.RecordBatch, input_key: Text, output_key: Number = "type_token_ratio"
    ) -> dict[str, Any]:
        """Measure the texts of a column."""
        return {output_key: measure("type_token_ratio", {}, batch[input_key])["ratio"]}


@operator
class EntropyEvaluator(RowOperator):
    """Measure how evenly the symbols of a text are spread: Shannon's entropy, in bits per symbol.

    Args:
        unit: what counts as a symbol: a `byte` of UTF-8, a `character`, or a `word` between whitespace in lower case.

    Keys:
        input_key: column of texts.
        output_key: column for the entropy, 0 or more; English prose has about 4.2 bits per character.

    Missing texts:
        Null and texts without a symbol have none.

    Examples:
        >>> texts = pa.table({"text": ["abab", "aaaa", "abcd", ""]})
        >>> EntropyEvaluator().apply(texts, input_key="text")["entropy"].to_pylist()
        [1.0, 0.0, 2.0, None]
    """

    unit: Literal["byte", "character", "word"] = "character"

    def process(self, batch: pa.RecordBatch, input_key: Text, output_key: Number = "entropy") -> dict[str, Any]:
        """Measure the texts of a column."""
        return {output_key: measure("entropy", self.parameters, batch[input_key])["entropy"]}


@operator
class CompressionRatioEvaluator(RowOperator):
    """Measure how well a text compresses: bytes of its zlib stream divided by its own bytes.

    The compressor is part of the package, so that the ratio does not depend on the machine.

    Args:
        level: effort, from 1 to 9.

    Keys:
        input_key: column of texts.
        output_key: column for the ratio: low in repetitive texts, about 0.5 in prose of some length, above 1 in very
            short texts.

    Missing texts:
        Null and the empty text have none.

    Examples:
        >>> texts = pa.table({"text": ["spam " * 100, ""]})
        >>> ratio, empty = CompressionRatioEvaluator().apply(texts, input_key="text")["compression_ratio"].to_pylist()
        >>> ratio < 0.05, empty
        (True, None)
    """

    level: int = 6

    def __post_init__(self) -> None:
        """Check the level."""
        if not 1 <= self.level <= 9:
            raise ParameterError(f"{self.name}: level={self.level} must be from 1 to 9")

    def process(
        self, batch: pa.RecordBatch, input_key: Text, output_key: Number = "compression_ratio"
    ) -> dict[str, Any]:
        """Measure the texts of a column."""
        return {output_key: measure("compression_ratio", self.parameters, batch[input_key])["ratio"]}
