"""Gopher's repetition rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dataflow_rs.core.native_text import NativeFilter
from dataflow_rs.core.published import DatatroveProfile, Segmentation
from dataflow_rs.core.registry import operator
from dataflow_rs.exceptions import ParameterError


@operator
class GopherRepetitionFilter(NativeFilter):
    r"""Keep texts that do not repeat themselves: Gopher's rules on lines, paragraphs and sequences of words.

    The rules are tried in a fixed order, and the drop log names the first that a text violates: `dup_para_frac`,
    `dup_para_char_frac`, `dup_line_frac`, `dup_line_char_frac`, `top_2_gram` and so on, `duplicated_5_n_grams` and so
    on. Values are shares: of paragraphs, of lines, or of the text's characters.

    Args:
        dup_line_frac: largest share of lines that occurred before; None or 0 is off.
        dup_para_frac: the same of paragraphs, which empty lines separate.
        dup_line_char_frac: largest share of characters in such lines.
        dup_para_char_frac: largest share of characters in such paragraphs.
        top_n_grams: pairs of a number of words, 1 to 10, and the largest share of characters that the most frequent
            sequence of so many words may have.
        dup_n_grams: pairs of a number of words, 2 to 10, and the largest share of characters in sequences of so many
            words that occurred before.
        segmentation: what a word is.
        profile: the tool whose rules and order these are. Unlike the tool, sequences are compared word by word: for it
            "ab c" and "a bc" are one.

    Keys:
        input_key: column of texts to judge.
        output_key: column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Null is dropped with the rule `null`, the empty text with `empty`.

    Source:
        Rae et al. 2021, arXiv 2112.11446, table A1; datatrove 0.10.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["Every line\nis another one", "again\nagain\nagain"]})
        >>> kept, drops = GopherRepetitionFilter(top_n_grams=[]).apply(texts, input_key="text", return_drops=True)
        >>> drops.to_pylist()[0]["rule"], round(drops.to_pylist()[0]["value"], 2)
        ('dup_line_frac', 0.67)
    """

    dup_line_frac: float | None = 0.3
    dup_para_frac: float | None = 0.3
    dup_line_char_frac: float | None = 0.2
    dup_para_char_frac: float | None = 0.2
    top_n_grams: Sequence[Sequence[float]] = ((2, 0.2), (3, 0.18), (4, 0.16))
    dup_n_grams: Sequence[Sequence[float]] = ((5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.10))
    segmentation: Segmentation = "whitespace"
    profile: DatatroveProfile = "datatrove-0.10"

    def __post_init__(self) -> None:
        """Check the parameters."""
        super().__post_init__()
        for name, pairs, least in (("top_n_grams", self.top_n_grams, 1), ("dup_n_grams", self.dup_n_grams, 2)):
            for pair in pairs:
                if len(pair) != 2 or pair[0] not in range(least, 11) or not 0 <= pair[1] <= 1:
                    raise ParameterError(
                        f"{self.name}: {name} holds {pair!r}; it takes pairs of a number of words from {least} to 10 "
                        "and a share from 0 to 1"
                    )

    def native_parameters(self) -> dict[str, Any]:
        """Return the parameters as the rule takes them."""
        parameters = self.parameters
        del parameters["profile"]
        sequences = {name: [[int(n), most] for n, most in parameters[name]] for name in ("top_n_grams", "dup_n_grams")}
        return {**parameters, **sequences}
