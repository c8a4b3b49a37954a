"""Describe the situation behind a conversation."""

from __future__ import annotations

from typing import ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.core.keys import Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Rows
from dataflow_rs.prompts import Prompted, PromptTemplate
from dataflow_rs.prompts.conversations import ExtractScenarioPrompt


@operator
class ScenarioExtractGenerator(Prompted, RowOperator):
    """Describe the situation that a conversation takes place in.

    A null or blank conversation is not asked about. The conversation may be text, or a list of messages, which the
    model is shown as JSON.

    Args:
        llm_serving: the model that is asked.
        on_error: what happens to a row whose call failed: `keep` it with a null result, `drop` it, or `raise`.

    Keys:
        input_chat_key: the conversation, text or a list of messages.
        output_key: receives the description.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.conversations import ScenarioExtractGenerator
        >>> from dataflow_rs.testing import FakeServing
        >>> serving = FakeServing(lambda prompt: "A traveller waits for a delayed flight.")
        >>> table = pa.table({"chat": ["A: Is the flight late? B: By an hour.", None]})
        >>> ScenarioExtractGenerator(serving).apply(table)["scenario"].to_pylist()
        ['A traveller waits for a delayed flight.', None]
    """

    prompt: ClassVar[PromptTemplate] = ExtractScenarioPrompt()

    def process(self, batch: pa.RecordBatch, input_chat_key: str = "chat", output_key: Text = "scenario") -> Rows:
        """Ask about each row."""
        answers = self.ask(batch, self.prompt, {"input_chat_key": input_chat_key})
        return Rows({output_key: answers.column("scenario")}, answers.errors)
