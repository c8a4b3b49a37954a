"""Compose a task with one that follows it."""

from __future__ import annotations

from typing import ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.core.keys import Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Rows
from dataflow_rs.prompts import Prompted, PromptTemplate
from dataflow_rs.prompts.conversations import SequentialTaskGeneratePrompt


@operator
class SequentialTaskGenerator(Prompted, RowOperator):
    """Write a task that needs the result of a task, and the task that both make up.

    Both come in one JSON reply, so that neither is cut at a line break or lost with a missing heading. A null or blank
    task is not asked about.

    Args:
        llm_serving: the model that is asked.
        on_error: what happens to a row whose call failed: `keep` it with null results, `drop` it, or `raise`.

    Keys:
        input_task_key: the first task.
        output_subsequent_task_key: receives the task that follows.
        output_composition_task_key: receives the task that both make up.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.conversations import SequentialTaskGenerator
        >>> from dataflow_rs.testing import FakeServing
        >>> reply = '{"subsequent_task": "Book it.", "composition_task": "Find a hotel and book it."}'
        >>> table = pa.table({"atom_task": ["Find a hotel.", ""]})
        >>> SequentialTaskGenerator(FakeServing([reply])).apply(table).to_pylist()[0]["composition_task"]
        'Find a hotel and book it.'
    """

    prompt: ClassVar[PromptTemplate] = SequentialTaskGeneratePrompt()

    def process(
        self,
        batch: pa.RecordBatch,
        input_task_key: Text = "atom_task",
        output_subsequent_task_key: Text = "subsequent_task",
        output_composition_task_key: Text = "composition_task",
    ) -> Rows:
        """Ask about each task."""
        answers = self.ask(batch, self.prompt, {"input_task_key": input_task_key})
        columns = {
            output_subsequent_task_key: answers.column("subsequent_task"),
            output_composition_task_key: answers.column("composition_task"),
        }
        return Rows(columns, answers.errors)
