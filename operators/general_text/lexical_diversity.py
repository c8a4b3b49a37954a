"""How rich a text's vocabulary is: MTLD and HD-D."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from dataflow_rs.core.bases import FilterOperator, RowOperator
from dataflow_rs.core.keys import Number, Text
from dataflow_rs.core.native_measure import measure
from dataflow_rs.core.native_text import Profile
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Verdict
from dataflow_rs.exceptions import ParameterError

METRICS = ("mtld", "hdd")
MIN_SCORES = {"mtld": 50.0, "hdd": 0.8}
MAX_SCORES = {"mtld": 99999.0, "hdd": 1.0}


@operator
class LexicalDiversitySampleEvaluator(RowOperator):
    """Measure how rich the vocabulary of texts is, whatever their length: MTLD and HD-D.

    MTLD is the mean number of words in a row that keep the share of distinct words above 0.72, read from both ends;
    usual texts have 50 to 150. HD-D is the expected share of distinct words among 42 that are drawn from the text,
    usually 0.7 to 0.9. A word is what whitespace separates, without ASCII punctuation, in lower case.

    Args:
        profile: the tool whose numbers are reproduced: HD-D only below 1,000 words, and an MTLD of -1 from an end
            where no word repeats.

    Keys:
        input_key: column of texts.
        output_mtld_key: column for MTLD.
        output_hdd_key: column for HD-D.

    Missing texts:
        Null and texts of at most 50 words have neither. A text in which no word repeats has no MTLD: it is unbounded.

    Differences:
        In open-dataflow 1.0.13 HD-D is missing from 1,000 words on, not a number where a word occurs about 160
        times, and an `OverflowError` from 171 times on. Here it is computed without factorials, for any length.

    Source:
        P. McCarthy and S. Jarvis, "MTLD, vocd-D, and HD-D" (2010); the operator of open-dataflow 1.0.13.

    Examples:
        >>> texts = pa.table({"text": ["the cat sat on the mat " * 10, "too short"]})
        >>> scores = LexicalDiversitySampleEvaluator().apply(texts, input_key="text")
        >>> [score and round(score, 3) for score in scores["LexicalDiversityMTLDScore"].to_pylist()]
        [6.667, None]
        >>> [score and round(score, 3) for score in scores["LexicalDiversityHD-DScore"].to_pylist()]
        [0.119, None]
    """

    profile: Profile | None = None

    def process(
        self,
        batch: pa.RecordBatch,
        input_key: Text,
        output_mtld_key: Number = "LexicalDiversityMTLDScore",
        output_hdd_key: Number = "LexicalDiversityHD-DScore",
    ) -> dict[str, Any]:
        """Measure the texts of a column."""
        scores = measure("lexical_diversity", self.parameters, batch[input_key])
        return {output_mtld_key: scores["mtld"], output_hdd_key: scores["hdd"]}


@operator
class LexicalDiversityFilter(FilterOperator):
    """Keep texts whose vocabulary is rich, but not too rich: MTLD and HD-D between bounds, both included.

    The scores are those of `LexicalDiversitySampleEvaluator`. A text without a score stays. The first score outside its
    bounds is the judged value, and its name the rule.

    Args:
        min_scores: smallest score per metric, `mtld` and `hdd`; a metric that is left out is off. By default
            `{"mtld": 50, "hdd": 0.8}`.
        max_scores: largest score per metric, by default `{"mtld": 99999, "hdd": 1.0}`.
        profile: the tool whose numbers are reproduced.

    Keys:
        input_key: column of texts to judge.
        output_mtld_key: column for MTLD; by default none is written.
        output_hdd_key: column for HD-D; by default none is written.

    Missing texts:
        Null is dropped with the rule `null`; texts of at most 50 words stay.

    Differences:
        open-dataflow 1.0.13 fails where all texts are that short.

    Source:
        The operator of the same name of open-dataflow 1.0.13.

    Examples:
        >>> texts = pa.table({"text": ["the cat sat on the mat " * 10, "short enough"]})
        >>> kept, drops = LexicalDiversityFilter().apply(texts, input_key="text", return_drops=True)
        >>> kept["text"].to_pylist(), drops["rule"].to_pylist()
        (['short enough'], ['mtld'])
    """

    min_scores: Mapping[str, float] | None = None
    max_scores: Mapping[str, float] | None = None
    profile: Profile | None = None

    def __post_init__(self) -> None:
        """Check the names of the metrics."""
        for parameter in ("min_scores", "max_scores"):
            for metric in getattr(self, parameter) or ():
                if metric not in METRICS:
                    raise ParameterError(f"{self.name}: {parameter} names '{metric}'; the metrics are mtld and hdd")

    def process(
        self,
        batch: pa.RecordBatch,
        input_key: Text,
        output_mtld_key: Number | None = None,
        output_hdd_key: Number | None = None,
    ) -> Verdict:
        """Judge the texts of a column."""
        texts = batch[input_key]
        scores = measure("lexical_diversity", {"profile": self.profile}, texts)
        missing = texts.is_null().to_pylist()
        rows = zip(missing, scores["mtld"].to_pylist(), scores["hdd"].to_pylist(), strict=True)
        judged = [("null", None, None) if null else self._violated(mtld, hdd) for null, mtld, hdd in rows]
        keys = {output_mtld_key: scores["mtld"], output_hdd_key: scores["hdd"]}
        return Verdict(
            keep=pa.array([rule is None for rule, _, _ in judged], pa.bool_()),
            rule=pa.array([rule for rule, _, _ in judged], pa.string()),
            value=pa.array([value for _, value, _ in judged], pa.float64()),
            threshold=pa.array([bound for _, _, bound in judged], pa.float64()),
            columns={key: column for key, column in keys.items() if key is not None},
        )

    def _violated(self, mtld: float | None, hdd: float | None) -> tuple[str | None, float | None, float | None]:
        """Return rule, value and bound that drop a text; no rule if it stays."""
        lowest = MIN_SCORES if self.min_scores is None else self.min_scores
        highest = MAX_SCORES if self.max_scores is None else self.max_scores
        for metric, score in zip(METRICS, (mtld, hdd), strict=True):
            low, high = lowest.get(metric), highest.get(metric)
            if score is not None and low is not None and score < low:
                return metric, score, low
            if score is not None and high is not None and score > high:
                return metric, score, high
        return None, mtld, None
