"""Define the functions that a composed task needs."""

from __future__ import annotations

import json
from typing import ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.core.keys import Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Rows
from dataflow_rs.prompts import Prompted, PromptTemplate
from dataflow_rs.prompts.conversations import FuncGeneratePrompt


@operator
class FunctionGenerator(Prompted, RowOperator):
    """Write definitions of the functions that fulfil the parts of a composed task.

    The definitions are checked: each has a name, a description and parameters with names and types; a reply without
    them is an error of its row. They are written as JSON text, a list of objects with `name`, `description` and
    `parameters` (a JSON schema), which is the form that chat endpoints take as tools. A row whose task is null or
    blank, or that has no part at all, is not asked about.

    Args:
        llm_serving: the model that is asked.
        on_error: what happens to a row whose call failed: `keep` it with a null result, `drop` it, or `raise`.

    Keys:
        input_composition_task_key: the composed task.
        input_sub_tasks_keys: list of the columns of its parts, in order.
        output_key: receives the definitions, JSON text.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.conversations import FunctionGenerator
        >>> from dataflow_rs.testing import FakeServing
        >>> reply = '''{"functions": [{"name": "find_train", "description": "Find a train.", "parameters":
        ...     [{"name": "city", "type": "string", "description": "Where to."}]}]}'''
        >>> table = pa.table({"composition_task": ["Go to Graz."], "atom_task": ["Find a train."],
        ...     "subsequent_task": [None]})
        >>> FunctionGenerator(FakeServing([reply])).apply(table)["functions"][0].as_py()[:64]
        '[{"name": "find_train", "description": "Find a train.", "paramet'
    """

    prompt: ClassVar[PromptTemplate] = FuncGeneratePrompt()

    def process(
        self,
        batch: pa.RecordBatch,
        input_composition_task_key: Text = "composition_task",
        input_sub_tasks_keys: list[Text] | tuple[Text, ...] = ("atom_task", "subsequent_task"),
        output_key: Text = "functions",
    ) -> Rows:
        """Ask about each task."""
        keys = {"input_composition_task_key": input_composition_task_key, "input_sub_tasks_keys": input_sub_tasks_keys}
        answers = self.ask(batch, self.prompt, keys)
        found = [
            None if functions is None else json.dumps(functions, ensure_ascii=False)
            for functions in answers.column("functions")
        ]
        return Rows({output_key: found}, answers.errors)
