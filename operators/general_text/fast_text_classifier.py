"""Any fastText classifier: its labels as columns, and a filter on the probability of one label."""

from __future__ import annotations

import pyarrow as pa
from dataflow_rs.core.bases import FilterOperator, RowOperator
from dataflow_rs.core.fasttext import FastTextOperator
from dataflow_rs.core.keys import Integer, Number, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Verdict
from dataflow_rs.core.validation import check_range, check_share


@operator
class FastTextClassifierEvaluator(FastTextOperator, RowOperator):
    """Classify each text by a fastText model, such as a quality or topic classifier.

    Line feeds count as spaces. Probabilities equal fastText's own to about 0.00001.

    Args:
        model: path of a fastText classifier (`.bin` or `.ftz`).
        label: label whose probability is wanted, with or without `__label__`; None takes the likeliest label of each
            text.
        model_cache_dir: folder to look for `model` in.
        max_chars: characters that are read from the beginning; None reads all.
        sample_bytes: bytes that are read of longer texts, in 8 pieces from beginning to end; None reads all.
        lowercase: whether the text is read in lower case.

    Keys:
        input_key: column of texts.
        output_key: column for the label without `__label__`; with `label` it holds that label.
        output_probability_key: column for the probability of the label, from 0 to 1.

    Missing texts:
        Null and texts of whitespace only have neither label nor probability.

    Source:
        A. Joulin et al., "Bag of Tricks for Efficient Text Classification" (2016).

    Examples:
        >>> FastTextClassifierEvaluator(model="nowhere.bin").problems()[0][:71]
        "FastTextClassifierEvaluator: there is no fastText model 'nowhere.bin'. "
    """

    model: str
    label: str | None = None
    model_cache_dir: str | None = None
    max_chars: int | None = None
    sample_bytes: int | None = None
    lowercase: bool = False

    def check_model(self) -> None:
        """Check that the model has the label."""
        if self.label is None:
            super().check_model()
        else:
            self.known_label(self.label)

    def process(
        self,
        batch: pa.RecordBatch,
        input_key: Text,
        output_key: Text = "label",
        output_probability_key: Number = "probability",
    ) -> dict[str, pa.Array]:
        """Classify the texts of a column."""
        if self.label is None:
            found = self.classify(batch[input_key])
            return {output_key: found["label"], output_probability_key: found["probability"]}
        label = self.known_label(self.label)
        probability = pa.array(self.native.probability(batch[input_key], label, self.preparation()))
        labels = pa.array([label if known else None for known in probability.is_valid().to_pylist()], pa.string())
        return {output_key: labels, output_probability_key: probability}


@operator
class FastTextClassifierFilter(FastTextOperator, FilterOperator):
    """Keep texts to which a fastText model gives a label with a probability in a range.

    The judged value is the probability of `label`, whether or not it is the likeliest one.

    Args:
        model: path of a fastText classifier (`.bin` or `.ftz`), such as a quality classifier.
        label: the label that is wanted, with or without `__label__`.
        min_probability: smallest probability that stays, from 0 to 1; None is off.
        max_probability: largest probability that stays, from 0 to 1; None is off.
        model_cache_dir: folder to look for `model` in.
        max_chars: characters that are read from the beginning; None reads all.
        sample_bytes: bytes that are read of longer texts, in 8 pieces from beginning to end; None reads all.
        lowercase: whether the text is read in lower case.

    Keys:
        input_key: column of texts to judge.
        output_key: column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Null is dropped with the rule `null`, a text of whitespace only with the rule `blank`.

    Source:
        A. Joulin et al., "Bag of Tricks for Efficient Text Classification" (2016); DCLM for filtering by such a
        classifier.

    Examples:
        >>> FastTextClassifierFilter(model="quality.bin", label="hq", min_probability=2.0)
        Traceback (most recent call last):
        dataflow_rs.exceptions.ParameterError: FastTextClassifierFilter: min_probability=2.0 must lie between 0 and 1
    """

    model: str
    label: str
    min_probability: float | None = 0.5
    max_probability: float | None = None
    model_cache_dir: str | None = None
    max_chars: int | None = None
    sample_bytes: int | None = None
    lowercase: bool = False

    def __post_init__(self) -> None:
        """Check the parameters."""
        super().__post_init__()
        check_share(self.name, min_probability=self.min_probability, max_probability=self.max_probability)
        check_range(self.name, min_probability=self.min_probability, max_probability=self.max_probability)

    def check_model(self) -> None:
        """Check that the model has the label."""
        self.known_label(self.label)

    def process(self, batch: pa.RecordBatch, input_key: Text, output_key: Integer | None = None) -> Verdict:
        """Judge the texts of a column."""
        texts = batch[input_key]
        label = self.known_label(self.label)
        values = pa.array(self.native.probability(texts, label, self.preparation()))
        low = 0.0 if self.min_probability is None else self.min_probability
        high = 1.0 if self.max_probability is None else self.max_probability
        probabilities = values.to_pylist()
        keep = [value is not None and low <= value <= high for value in probabilities]
        thresholds = [None if value is None else low if value < low else high for value in probabilities]
        rules = [
            "null" if null else "blank" if value is None else "fast_text_classifier"
            for value, null in zip(probabilities, texts.is_null().to_pylist(), strict=True)
        ]
        return Verdict(
            keep=keep,
            rule=pa.array(rules, pa.string()),
            value=values,
            threshold=pa.array(thresholds, pa.float64()),
            detail=pa.array([None if value is None else label for value in probabilities], pa.string()),
            columns={} if output_key is None else {output_key: [int(stays) for stays in keep]},
        )
