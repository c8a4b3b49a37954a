"""Compose a task with one beside it and one that follows both."""

from __future__ import annotations

from typing import ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.core.keys import Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Rows
from dataflow_rs.prompts import Prompted, PromptTemplate
from dataflow_rs.prompts.conversations import ParathenSeqTaskGeneratePrompt


@operator
class ParaSeqTaskGenerator(Prompted, RowOperator):
    """Write a task beside a task, one that needs the results of both, and the task that all three make up.

    The three come in one JSON reply: where one is missing, the row has an error and the others go on. A null or blank
    task is not asked about.

    Args:
        llm_serving: the model that is asked.
        on_error: what happens to a row whose call failed: `keep` it with null results, `drop` it, or `raise`.

    Keys:
        input_task_key: the first task.
        output_parallel_task_key: receives the task beside it.
        output_subsequent_task_key: receives the task that follows both.
        output_composition_task_key: receives the task that all three make up.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.conversations import ParaSeqTaskGenerator
        >>> from dataflow_rs.testing import FakeServing
        >>> reply = '{"parallel_task": "Find a hotel.", "subsequent_task": "Book both.", "composition_task": "Go."}'
        >>> ParaSeqTaskGenerator(FakeServing([reply])).apply(pa.table({"atom_task": ["Find a train."]})).to_pylist()
        [{'atom_task': 'Find a train.', 'parallel_task': 'Find a hotel.', 'subsequent_task': 'Book both.',
          'composition_task': 'Go.'}]
    """

    prompt: ClassVar[PromptTemplate] = ParathenSeqTaskGeneratePrompt()

    def process(
        self,
        batch: pa.RecordBatch,
        input_task_key: Text = "atom_task",
        output_parallel_task_key: Text = "parallel_task",
        output_subsequent_task_key: Text = "subsequent_task",
        output_composition_task_key: Text = "composition_task",
    ) -> Rows:
        """Ask about each task."""
        answers = self.ask(batch, self.prompt, {"input_task_key": input_task_key})
        columns = {
            output_parallel_task_key: answers.column("parallel_task"),
            output_subsequent_task_key: answers.column("subsequent_task"),
            output_composition_task_key: answers.column("composition_task"),
        }
        return Rows(columns, answers.errors)
