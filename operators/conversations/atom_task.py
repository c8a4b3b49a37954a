"""Find a small task in a situation."""

from __future__ import annotations

from typing import ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.core.keys import Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Rows
from dataflow_rs.prompts import Prompted, PromptTemplate
from dataflow_rs.prompts.conversations import FuncAtomicTaskGeneratePrompt


@operator
class AtomTaskGenerator(Prompted, RowOperator):
    """Write one task, small enough for a single function, that fits a situation.

    A null or blank situation is not asked about.

    Args:
        llm_serving: the model that is asked.
        on_error: what happens to a row whose call failed: `keep` it with a null result, `drop` it, or `raise`.

    Keys:
        input_scenario_key: the situation.
        output_key: receives the task.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.conversations import AtomTaskGenerator
        >>> from dataflow_rs.testing import FakeServing
        >>> serving = FakeServing(lambda prompt: "Find the new departure time of flight OS 12.")
        >>> table = pa.table({"scenario": ["A traveller waits for a delayed flight.", None]})
        >>> AtomTaskGenerator(serving).apply(table)["atom_task"].to_pylist()
        ['Find the new departure time of flight OS 12.', None]
    """

    prompt: ClassVar[PromptTemplate] = FuncAtomicTaskGeneratePrompt()

    def process(
        self, batch: pa.RecordBatch, input_scenario_key: Text = "scenario", output_key: Text = "atom_task"
    ) -> Rows:
        """Ask about each row."""
        answers = self.ask(batch, self.prompt, {"input_scenario_key": input_scenario_key})
        return Rows({output_key: answers.column("task")}, answers.errors)
