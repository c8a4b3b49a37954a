"""`score_range`: the verdict of a filter that keeps the rows whose score lies in a range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dataflow_rs.core.results import RowError, Values, Verdict


def score_range(
    scores: Sequence[float | None],
    *,
    min_score: float | None = None,
    max_score: float | None = None,
    columns: Mapping[str, Values] | None = None,
    errors: Mapping[int, RowError] | None = None,
    unscored: str = "empty",
) -> Verdict:
    """Return a verdict that keeps `min_score <= score <= max_score`; both bounds are inclusive, None is no bound.

    Args:
        scores: one per row; a row without one is dropped.
        min_score: lowest score that is kept.
        max_score: highest score that is kept.
        columns: further columns to write.
        errors: position of the row -> why it has no score; `on_error` of the operator decides about these.
        unscored: rule in the drop log of rows that have no score and no error.

    Examples:
        >>> verdict = score_range([5, 2, None], min_score=3)
        >>> verdict.keep, verdict.rule, verdict.threshold
        ([True, False, False], [None, 'min_score', 'empty'], [None, 3.0, None])
    """
    judged = [_judge(score, min_score, max_score, unscored) for score in scores]
    return Verdict(
        keep=[rule is None for rule, _ in judged],
        rule=[rule for rule, _ in judged],
        value=list(scores),
        threshold=[threshold for _, threshold in judged],
        columns=columns or {},
        errors=errors or {},
    )


def _judge(
    score: float | None, low: float | None, high: float | None, unscored: str
) -> tuple[str | None, float | None]:
    """Return (rule, threshold); no rule for a row that stays."""
    if score is None:
        return unscored, None
    if low is not None and score < low:
        return "min_score", float(low)
    if high is not None and score > high:
        return "max_score", float(high)
    return None, None
