"""Keep the texts whose score, given by a model, lies in a range."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from dataflow_rs.core.bases import FilterOperator
from dataflow_rs.core.keys import Integer, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Verdict
from dataflow_rs.core.score_range import score_range
from dataflow_rs.core.validation import check_range
from dataflow_rs.operators.core_text.prompted_evaluator import DEFAULT_INSTRUCTION
from dataflow_rs.prompts import Prompted, PromptTemplate, ScorePrompt


@operator
class PromptedFilter(Prompted, FilterOperator):
    """Let a model score each row as `PromptedEvaluator` does, and keep those with a score in a range.

    With the default range, which is the whole scale, no scored row is dropped: set `min_score`. A null or blank text is
    not sent and is dropped by the rule `empty`. A row whose call failed has no score; `on_error` decides about it.

    Args:
        llm_serving: the model that is asked.
        system_prompt: what to judge. The form of the reply and the scale are added to it.
        min_score: lowest score that is kept.
        max_score: highest score that is kept.
        scale_min: the worst score.
        scale_max: the best score.
        on_error: what happens to a row whose call failed: `keep` it without a score, `drop` it, or `raise`.

    Keys:
        input_key: the text to score.
        output_key: receives the score, `scale_min` to `scale_max`, or null.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.core_text import PromptedFilter
        >>> from dataflow_rs.testing import FakeServing
        >>> serving = FakeServing({"good": '{"score": 5}', "bad": '{"score": 2}'})
        >>> table = pa.table({"raw_content": ["good", "bad", " "]})
        >>> kept, drops = PromptedFilter(serving, min_score=4).apply(table, return_drops=True)
        >>> kept.to_pylist()
        [{'raw_content': 'good', 'eval': 5}]
        >>> [(drop["row"], drop["rule"], drop["value"], drop["threshold"]) for drop in drops.to_pylist()]
        [(1, 'min_score', 2.0, 4.0), (2, 'empty', None, None)]
    """

    system_prompt: str = DEFAULT_INSTRUCTION
    min_score: float = 1
    max_score: float = 5
    scale_min: int = 1
    scale_max: int = 5

    def __post_init__(self) -> None:
        check_range(self.name, min_score=self.min_score, max_score=self.max_score)
        self._prompt = ScorePrompt(self.system_prompt, self.scale_min, self.scale_max)

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the template that is rendered."""
        return (self._prompt,)

    def process(self, batch: pa.RecordBatch, input_key: Text = "raw_content", output_key: Integer = "eval") -> Verdict:
        """Judge each text."""
        answers = self.ask(batch, self._prompt, {"input_key": input_key})
        scores = answers.column("score")
        return score_range(
            scores,
            min_score=self.min_score,
            max_score=self.max_score,
            columns={output_key: scores},
            errors=answers.errors,
        )
