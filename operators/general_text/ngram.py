"""Share of distinct n-grams: low in texts that repeat themselves."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import pyarrow as pa
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.core.keys import Number, Text
from dataflow_rs.core.native_measure import measure
from dataflow_rs.core.native_text import NativeFilter, Profile
from dataflow_rs.core.operator import Operator
from dataflow_rs.core.registry import operator
from dataflow_rs.core.validation import check_share
from dataflow_rs.exceptions import ParameterError

Language: TypeAlias = Literal["en", "zh", "auto"]


@operator
class NgramSampleEvaluator(RowOperator):
    """Measure how little a text repeats itself: distinct n-grams divided by all n-grams.

    Before, the text is put into lower case and everything but word characters and whitespace is left out.

    Args:
        ngrams: words or characters per n-gram, 1 or more.
        language: `en` counts words between whitespace, `zh` characters, `auto` characters in texts with a Chinese one.
        profile: the tool whose numbers are reproduced: a text too short for one n-gram has the score 0.

    Keys:
        input_key: column of texts.
        output_key: column for the score, from 0 to 1.

    Missing texts:
        Null, and a text with fewer than `ngrams` words, has no score; in the profile the latter has 0.

    Differences:
        In open-dataflow 1.0.13 a short text has the score 0, as if it repeated itself, and its filter drops it.

    Source:
        The operator of the same name of open-dataflow 1.0.13.

    Examples:
        >>> texts = pa.table({"text": ["one two one two one two", "one two three", "one"]})
        >>> NgramSampleEvaluator(ngrams=2).apply(texts, input_key="text")["NgramScore"].to_pylist()
        [0.4, 1.0, None]
    """

    ngrams: int = 5
    language: Language = "en"
    profile: Profile | None = None

    def __post_init__(self) -> None:
        """Check the parameters."""
        _check_ngrams(self, self.ngrams)

    def process(self, batch: pa.RecordBatch, input_key: Text, output_key: Number = "NgramScore") -> dict[str, Any]:
        """Measure the texts of a column."""
        return {output_key: measure("ngram", self.parameters, batch[input_key])["score"]}


@operator
class NgramFilter(NativeFilter):
    """Drop texts that repeat themselves, by the share of distinct n-grams among all n-grams.

    The score is that of `NgramSampleEvaluator`. A text with too few words for one n-gram stays: it cannot repeat any.

    Args:
        min_score: smallest score that stays, from 0 to 1; None is off.
        max_score: largest score that stays, from 0 to 1; None is off.
        ngrams: words or characters per n-gram, 1 or more.
        language: `en` counts words between whitespace, `zh` characters, `auto` characters in texts with a Chinese one.
        profile: the tool whose verdicts are reproduced: short texts have the score 0.

    Keys:
        input_key: column of texts to judge.
        output_key: column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Null is dropped with the rule `null`.

    Differences:
        open-dataflow 1.0.13 drops every text of fewer than `ngrams` words; the profile does, too.

    Source:
        The operator of the same name of open-dataflow 1.0.13.

    Examples:
        >>> texts = pa.table({"text": ["spam " * 20, "every word of this text is here only once"]})
        >>> NgramFilter().apply(texts, input_key="text")["text"].to_pylist()
        ['every word of this text is here only once']
    """

    min_score: float | None = 0.8
    max_score: float | None = 1.0
    ngrams: int = 5
    language: Language = "en"
    profile: Profile | None = None

    def __post_init__(self) -> None:
        """Check the parameters."""
        super().__post_init__()
        check_share(self.name, min_score=self.min_score)
        check_share(self.name, max_score=self.max_score)
        _check_ngrams(self, self.ngrams)


def _check_ngrams(owner: Operator, ngrams: int) -> None:
    if ngrams < 1:
        raise ParameterError(f"{owner.name}: ngrams={ngrams} must be 1 or more")
