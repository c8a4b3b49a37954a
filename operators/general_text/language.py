"""The language of a text by a fastText model, and the filter on it."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from dataflow_rs.core.bases import FilterOperator, RowOperator
from dataflow_rs.core.fasttext import LANGUAGE_MODEL, FastTextOperator
from dataflow_rs.core.keys import Integer, Number, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Verdict
from dataflow_rs.core.validation import check_share
from dataflow_rs.exceptions import ParameterError


@operator
class LanguageEvaluator(FastTextOperator, RowOperator):
    """Tell the language of each text.

    The likeliest label of a fastText model, and its probability. Line feeds count as spaces. By default the
    whole text is read; `docs/languages.md` says what the other options cost in accuracy and save in time.

    Args:
        model: path of a fastText classifier, or `lid.176.ftz`, which the extra `langid` brings.
        model_cache_dir: folder to look for `model` in.
        max_chars: characters that are read from the beginning; None reads all.
        sample_bytes: bytes that are read of longer texts, in 8 pieces from beginning to end; None reads all.
        lowercase: whether the text is read in lower case.
        by_script: whether the script alone decides where only one language of the model is written in it (Greek,
            Korean, Thai ...); the probability is then the share of letters in that script.

    Keys:
        input_key: column of texts.
        output_key: column for the label without `__label__`, such as `en` or `eng_Latn`.
        output_probability_key: column for the probability of the label, from 0 to 1.

    Missing texts:
        Null and texts of whitespace only have neither language nor probability.

    Source:
        A. Joulin et al., "Bag of Tricks for Efficient Text Classification" (2016).

    Examples:
        >>> LanguageEvaluator(model="nowhere.bin").problems()[0][:62]
        "LanguageEvaluator: there is no fastText model 'nowhere.bin'. N"
    """

    model: str = LANGUAGE_MODEL
    model_cache_dir: str | None = None
    max_chars: int | None = None
    sample_bytes: int | None = None
    lowercase: bool = False
    by_script: bool = False

    def process(
        self,
        batch: pa.RecordBatch,
        input_key: Text,
        output_key: Text = "language",
        output_probability_key: Number = "language_probability",
    ) -> dict[str, pa.Array]:
        """Classify the texts of a column."""
        found = self.classify(batch[input_key])
        return {output_key: found["label"], output_probability_key: found["probability"]}


@operator
class LanguageFilter(FastTextOperator, FilterOperator):
    """Keep texts in some languages.

    A text stays if one of its `top_k` likeliest labels is allowed and probable enough. The judged value is the
    highest probability of an allowed label among them, 0 if there is none; the detail is the likeliest label.

    Args:
        allowed_languages: labels of the model with or without `__label__`, for example `["en", "fr"]` with
            `lid.176.ftz` and `["eng_Latn"]` with GlotLID; a single label may be given as a string.
        model_cache_dir: folder to look for `model` in.
        model: path of a fastText classifier, or `lid.176.ftz`, which the extra `langid` brings.
        min_probability: smallest probability that stays, from 0 to 1 (FineWeb takes 0.65); None is off.
        top_k: number of labels that are looked at, 1 or more; 5 in the published operator.
        max_chars: characters that are read from the beginning; None reads all.
        sample_bytes: bytes that are read of longer texts, in 8 pieces from beginning to end; None reads all.
        lowercase: whether the text is read in lower case.
        by_script: whether the script alone decides where only one language of the model is written in it; goes with
            `top_k=1` only.

    Keys:
        input_key: column of texts to judge.
        output_key: column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Null is dropped with the rule `null`, a text of whitespace only with the rule `blank`.

    Differences:
        The published operator downloads a model of 1.2 GB when it is made, keeps a text if an allowed language is
        among its five likeliest however improbable, and takes a string for a list of characters. `top_k=5` with
        that model gives its verdicts.

    Source:
        The pipelines of open-dataflow 1.0.13; FineWeb for the use of the probability.

    Examples:
        >>> LanguageFilter(allowed_languages=[])
        Traceback (most recent call last):
        dataflow_rs.exceptions.ParameterError: LanguageFilter: allowed_languages is empty, nothing would be kept
    """

    allowed_languages: list[str] | str
    model_cache_dir: str | None = None
    model: str = LANGUAGE_MODEL
    min_probability: float | None = None
    top_k: int = 1
    max_chars: int | None = None
    sample_bytes: int | None = None
    lowercase: bool = False
    by_script: bool = False

    def __post_init__(self) -> None:
        """Check the parameters."""
        super().__post_init__()
        check_share(self.name, min_probability=self.min_probability)
        if not self.allowed_languages:
            raise ParameterError(f"{self.name}: allowed_languages is empty, nothing would be kept")
        if self.top_k < 1:
            raise ParameterError(f"{self.name}: top_k={self.top_k} must be 1 or more")
        if self.by_script and self.top_k > 1:
            raise ParameterError(f"{self.name}: by_script=True goes with top_k=1 only, a script means one language")

    def check_model(self) -> None:
        """Check that the model knows the languages."""
        self._allowed()

    def process(self, batch: pa.RecordBatch, input_key: Text, output_key: Integer | None = None) -> Verdict:
        """Judge the texts of a column."""
        allowed = self._allowed()
        least = self.min_probability or 0.0
        texts = batch[input_key]
        first, values = self._judged(texts, allowed)
        missing = texts.is_null().to_pylist()
        keep = [value is not None and value > 0 and value >= least for value in values]
        rules = [_rule(label, value, null) for label, value, null in zip(first, values, missing, strict=True)]
        return Verdict(
            keep=keep,
            rule=pa.array(rules, pa.string()),
            value=pa.array(values, pa.float64()),
            threshold=None if self.min_probability is None else self.min_probability,
            detail=pa.array(first, pa.string()),
            columns={} if output_key is None else {output_key: [int(stays) for stays in keep]},
        )

    def _allowed(self) -> set[str]:
        given = [self.allowed_languages] if isinstance(self.allowed_languages, str) else self.allowed_languages
        return {self.known_label(label) for label in given}

    def _judged(self, texts: pa.Array, allowed: set[str]) -> tuple[list[str | None], list[float | None]]:
        """Return the likeliest label of each text, and the highest probability of an allowed one."""
        if self.top_k == 1:
            found = self.classify(texts)
            first: list[Any] = found["label"].to_pylist()
            pairs = zip(first, found["probability"].to_pylist(), strict=True)
            return first, [None if label is None else p if label in allowed else 0.0 for label, p in pairs]
        found = pa.record_batch(self.native.predict(texts, self.top_k, self.preparation()))
        labels, probabilities = found["labels"].to_pylist(), found["probabilities"].to_pylist()
        return [row and row[0] for row in labels], [
            None if row is None else max((p for label, p in zip(row, ps, strict=True) if label in allowed), default=0.0)
            for row, ps in zip(labels, probabilities, strict=True)
        ]


def _rule(label: str | None, value: float | None, is_null: bool) -> str:
    if is_null:
        return "null"
    if label is None:
        return "blank"
    return "language_probability" if value else "language"
