"""Change a situation into a related one."""

from __future__ import annotations

from typing import ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.core.keys import Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Rows
from dataflow_rs.prompts import Prompted, PromptTemplate
from dataflow_rs.prompts.conversations import ExpandScenarioPrompt


@operator
class ScenarioExpandGenerator(Prompted, RowOperator):
    """Write another situation of the same kind.

    A null or blank situation is not asked about.

    Args:
        llm_serving: the model that is asked.
        on_error: what happens to a row whose call failed: `keep` it with a null result, `drop` it, or `raise`.

    Keys:
        input_scenario_key: the situation.
        output_key: receives the changed situation.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.conversations import ScenarioExpandGenerator
        >>> from dataflow_rs.testing import FakeServing
        >>> serving = FakeServing(lambda prompt: "A nurse waits for a late train.")
        >>> table = pa.table({"scenario": ["A traveller waits for a delayed flight.", None]})
        >>> ScenarioExpandGenerator(serving).apply(table)["modified_scenario"].to_pylist()
        ['A nurse waits for a late train.', None]
    """

    prompt: ClassVar[PromptTemplate] = ExpandScenarioPrompt()

    def process(
        self, batch: pa.RecordBatch, input_scenario_key: Text = "scenario", output_key: Text = "modified_scenario"
    ) -> Rows:
        """Ask about each row."""
        answers = self.ask(batch, self.prompt, {"input_scenario_key": input_scenario_key})
        return Rows({output_key: answers.column("scenario")}, answers.errors)
