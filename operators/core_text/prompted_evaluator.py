"""Score a text by a free instruction; `PromptedFilter` is a threshold over the same score."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.core.keys import Integer, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Rows
from dataflow_rs.prompts import Prompted, PromptTemplate, ScorePrompt

DEFAULT_INSTRUCTION = (
    "Judge the quality of the user's text as training data for a language model: is it correct, informative, well "
    "written and complete?"
)


@operator
class PromptedEvaluator(Prompted, RowOperator):
    r"""Let a model score each row on a scale of whole numbers.

    The reply must follow a JSON schema with the score; a reply in words is read as well (`Score: 4`, `4/5`, `On a scale
    of 1 to 5 I give 4`), one without a clear score is an error of the row. A null or blank text is not sent and has no
    score; neither has a row whose call failed.

    Args:
        llm_serving: the model that is asked.
        system_prompt: what to judge. The form of the reply and the scale are added to it.
        scale_min: the worst score.
        scale_max: the best score.
        on_error: what happens to a row whose call failed: `keep` it without a score, `drop` it, or `raise`.

    Keys:
        input_key: the text to score.
        output_key: receives the score, `scale_min` to `scale_max`, or null.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.core_text import PromptedEvaluator
        >>> from dataflow_rs.testing import FakeServing
        >>> serving = FakeServing({"good text": '{"score": 5}', "so-so": "```json\n{\"score\": 3}\n```"})
        >>> table = pa.table({"raw_content": ["good text", "so-so", None]})
        >>> PromptedEvaluator(serving).apply(table)["eval"].to_pylist()
        [5, 3, None]
    """

    system_prompt: str = DEFAULT_INSTRUCTION
    scale_min: int = 1
    scale_max: int = 5

    def __post_init__(self) -> None:
        self._prompt = ScorePrompt(self.system_prompt, self.scale_min, self.scale_max)

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the template that is rendered."""
        return (self._prompt,)

    def process(self, batch: pa.RecordBatch, input_key: Text = "raw_content", output_key: Integer = "eval") -> Rows:
        """Score each text."""
        answers = self.ask(batch, self._prompt, {"input_key": input_key})
        return Rows({output_key: answers.column("score")}, answers.errors)
