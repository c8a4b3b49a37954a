"""Keep composed tasks that their parts can fulfil."""

from __future__ import annotations

from typing import ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import FilterOperator
from dataflow_rs.core.keys import Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Verdict
from dataflow_rs.prompts import Prompted, PromptTemplate
from dataflow_rs.prompts.conversations import CompositionTaskFilterPrompt


@operator
class CompositionTaskFilter(Prompted, FilterOperator):
    """Let a model judge whether a composed task can be carried out by its parts, and keep those that can.

    The model's reason is the detail in the drop log. A row whose task is null or blank, or that has no part at all, is
    not sent and is dropped by the rule `empty`; a part that is null or blank is left out.

    Args:
        llm_serving: the model that is asked.
        on_error: what happens to a row whose call failed: `keep` it without a label, `drop` it, or `raise`.

    Keys:
        input_composition_task_key: the composed task.
        input_sub_tasks_keys: list of the columns of its parts, in order.
        output_key: receives `yes` or `no`, or null.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.conversations import CompositionTaskFilter
        >>> from dataflow_rs.testing import FakeServing
        >>> replies = ['{"reason": "Fits.", "runnable": "yes"}', '{"reason": "No date.", "runnable": "no"}']
        >>> serving = FakeServing(replies)
        >>> table = pa.table({"composition_task": ["a", "b"], "atom_task": ["c", "d"], "subsequent_task": ["e", "f"]})
        >>> kept, drops = CompositionTaskFilter(serving).apply(table, return_drops=True)
        >>> kept["runable_label"].to_pylist(), drops["detail"].to_pylist()
        (['yes'], ['No date.'])
    """

    prompt: ClassVar[PromptTemplate] = CompositionTaskFilterPrompt()

    def process(
        self,
        batch: pa.RecordBatch,
        input_composition_task_key: Text = "composition_task",
        input_sub_tasks_keys: list[Text] | tuple[Text, ...] = ("atom_task", "subsequent_task"),
        output_key: Text = "runable_label",
    ) -> Verdict:
        """Judge each task."""
        keys = {"input_composition_task_key": input_composition_task_key, "input_sub_tasks_keys": input_sub_tasks_keys}
        answers = self.ask(batch, self.prompt, keys)
        labels = answers.column("runnable")
        return Verdict(
            keep=[label == "yes" for label in labels],
            rule=["empty" if label is None else "not_runnable" for label in labels],
            detail=answers.column("reason"),
            columns={output_key: labels},
            errors=answers.errors,
        )
