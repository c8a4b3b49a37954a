"""Rewrite a text by a free instruction."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.core.keys import RewrittenText
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Rows
from dataflow_rs.prompts import Prompted, PromptTemplate, RewritePrompt


@operator
class PromptedRefiner(Prompted, RowOperator):
    """Let a model rewrite the text of each row.

    The instruction is sent as the system message. A null or blank text is not sent and stays as it is. A row whose call
    failed, or whose reply was cut at `max_tokens`, keeps its text and has an entry in the run's errors.

    Args:
        llm_serving: the model that is asked.
        system_prompt: the instruction.
        on_error: what happens to a row whose call failed: `keep` it with its old text, `drop` it, or `raise`.

    Keys:
        input_key: the text to rewrite, in place.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.core_text import PromptedRefiner
        >>> from dataflow_rs.testing import FakeServing
        >>> refiner = PromptedRefiner(FakeServing({"teh cat": "the cat"}), system_prompt="Correct the spelling.")
        >>> refiner.apply(pa.table({"raw_content": ["teh cat", "", "?"]}))["raw_content"].to_pylist()
        ['the cat', '', '?']
    """

    system_prompt: str = (
        "Improve the user's text: correct mistakes and make it clearer, keep its meaning, language and facts. Reply "
        "with the improved text and nothing else."
    )

    def __post_init__(self) -> None:
        self._prompt = RewritePrompt(self.system_prompt)

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the template that is rendered."""
        return (self._prompt,)

    def process(self, batch: pa.RecordBatch, input_key: RewrittenText = "raw_content") -> Rows:
        """Rewrite each text."""
        answers = self.ask(batch, self._prompt, {"input_key": input_key})
        old = batch[input_key].to_pylist()
        replies = answers.column("reply")
        new = [text if reply is None else reply for text, reply in zip(old, replies, strict=True)]
        return Rows({input_key: new}, answers.errors)
