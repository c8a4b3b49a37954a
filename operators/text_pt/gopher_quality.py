"""Gopher's quality rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dataflow_rs.core.native_text import NativeFilter
from dataflow_rs.core.published import STOP_WORDS_OF_GOPHER, DatatroveProfile, Segmentation
from dataflow_rs.core.registry import operator
from dataflow_rs.core.validation import check_range


@operator
class GopherQualityFilter(NativeFilter):
    """Keep texts that look like prose: Gopher's rules on words, symbols, bullets, ellipses, letters and stop words.

    The rules are tried in a fixed order, and the drop log names the first that a text violates: `gopher_short_doc`,
    `gopher_long_doc`, `gopher_below_avg_threshold`, `gopher_above_avg_threshold`, `gopher_too_many_hashes`,
    `gopher_too_many_ellipsis`, `gopher_too_many_bullets`, `gopher_too_many_end_ellipsis`,
    `gopher_below_alpha_threshold`, `gopher_enough_stop_words`. A bound of None or 0 is off.

    Args:
        min_doc_words: smallest number of words that are more than punctuation.
        max_doc_words: largest number of them.
        min_avg_word_length: smallest mean length of them, in characters.
        max_avg_word_length: largest mean length.
        max_symbol_word_ratio: most hashes, and most ellipses, per word.
        max_bullet_lines_ratio: largest share of lines that begin with a bullet.
        max_ellipsis_lines_ratio: largest share of lines that end with an ellipsis.
        max_non_alpha_words_ratio: smallest share of words with a letter (the name is the tool's).
        min_stop_words: smallest number of different stop words.
        stop_words: the stop words, case-sensitive; None: the, be, to, of, and, that, have, with.
        segmentation: what a word is.
        profile: the tool whose rules and order these are.

    Keys:
        input_key: column of texts to judge.
        output_key: column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Null is dropped with the rule `null`; a text without words with `blank` where no rule on their number is on.

    Source:
        Rae et al. 2021, arXiv 2112.11446, table A1; datatrove 0.10.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["The cat sat with the dog and that was all of it.", "# # # buy now"]})
        >>> kept, drops = GopherQualityFilter(min_doc_words=2).apply(texts, input_key="text", return_drops=True)
        >>> kept.num_rows, drops["rule"].to_pylist()
        (1, ['gopher_too_many_hashes'])
    """

    min_doc_words: int | None = 50
    max_doc_words: int | None = 100000
    min_avg_word_length: float | None = 3
    max_avg_word_length: float | None = 10
    max_symbol_word_ratio: float | None = 0.1
    max_bullet_lines_ratio: float | None = 0.9
    max_ellipsis_lines_ratio: float | None = 0.3
    max_non_alpha_words_ratio: float | None = 0.8
    min_stop_words: int | None = 2
    stop_words: Sequence[str] | None = None
    segmentation: Segmentation = "whitespace"
    profile: DatatroveProfile = "datatrove-0.10"

    def __post_init__(self) -> None:
        """Check the parameters."""
        super().__post_init__()
        check_range(self.name, min_doc_words=self.min_doc_words, max_doc_words=self.max_doc_words)
        check_range(
            self.name, min_avg_word_length=self.min_avg_word_length, max_avg_word_length=self.max_avg_word_length
        )

    def native_parameters(self) -> dict[str, Any]:
        """Return the parameters with the stop words."""
        parameters = self.parameters
        del parameters["profile"]
        words = STOP_WORDS_OF_GOPHER if self.stop_words is None else self.stop_words
        return {**parameters, "stop_words": list(words)}
