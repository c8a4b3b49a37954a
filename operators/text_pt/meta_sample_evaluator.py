"""Score a text on several dimensions at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.core.keys import ColumnType, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Rows
from dataflow_rs.prompts import Prompted, PromptTemplate
from dataflow_rs.prompts.pretraining import DIMENSIONS, MetaPrompt


@operator
class MetaSampleEvaluator(Prompted, RowOperator):
    """Let a model score each text on several dimensions in one call, a column per dimension.

    Any number of dimensions may be given. The reply is JSON with a number for each; where one is missing or off the
    scale, all scores of the row are null and the run's errors say why. A null or blank text is not sent.

    Args:
        llm_serving: the model that is asked.
        dimensions: what is scored: entries with `dimension_name`, `description` and, optionally, `example_list`, whose
            entries have `text` and `score`; None: structure, diversity and complexity, fluency, safety, educational
            value and accuracy.
        scale_min: the worst score.
        scale_max: the best score.
        on_error: what happens to a row whose call failed: `keep` it without scores, `drop` it, or `raise`.

    Keys:
        input_key: the text. The scores go into columns that are named after the dimensions.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.text_pt import MetaSampleEvaluator
        >>> from dataflow_rs.testing import FakeServing
        >>> wit = [{"dimension_name": "Wit", "description": "is it funny?"}]
        >>> serving = FakeServing(['{"Wit": 2.5}'])
        >>> MetaSampleEvaluator(serving, wit).apply(pa.table({"text": ["A horse walks in.", None]})).to_pylist()
        [{'text': 'A horse walks in.', 'Wit': 2.5}, {'text': None, 'Wit': None}]
    """

    dimensions: Sequence[Mapping[str, Any]] | None = None
    scale_min: float = 1
    scale_max: float = 5

    def __post_init__(self) -> None:
        self._prompt = MetaPrompt(self.dimensions or DIMENSIONS, self.scale_min, self.scale_max)

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the template that is rendered."""
        return (self._prompt,)

    def columns_written(self, keys: dict[str, Any]) -> dict[str, ColumnType]:  # noqa: ARG002 - named by parameters
        """Return a column per dimension."""
        return dict.fromkeys(self._prompt.names(), ColumnType("number"))

    def process(self, batch: pa.RecordBatch, input_key: Text = "text") -> Rows:
        """Score each text."""
        answers = self.ask(batch, self._prompt, {"input_key": input_key})
        return Rows({name: answers.column(name) for name in self._prompt.names()}, answers.errors)
