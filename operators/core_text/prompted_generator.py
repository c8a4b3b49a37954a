"""Generate text from text by a free instruction, or by a prompt template of the user's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.core.keys import ColumnType, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Rows
from dataflow_rs.prompts import InstructionPrompt, Prompted, PromptTemplate
from dataflow_rs.prompts.base import check_accepted
from dataflow_rs.prompts.rows import column_type


@operator
class PromptedGenerator(Prompted, RowOperator):
    """Ask a model about each row and write its reply into a new column.

    A null or blank input is not asked and gives a null reply. A failed call gives a null reply and an entry in the
    run's errors; the other rows go on.

    Args:
        llm_serving: the model that is asked.
        system_prompt: the instruction, sent as the system message.
        user_prompt: what goes before the text in the user message.
        json_schema: JSON schema that the reply must follow; the reply is then JSON text.
        prompt_template: a template in place of the two prompts and the schema. Its input `text` is the column of
            `input_key`, its other inputs are the columns of their names. A template with one field writes it into
            `output_key`; one with several fields writes a column per field, named after it.
        on_error: what happens to a row whose call failed: `keep` it with a null reply, `drop` it, or `raise`.

    Keys:
        input_key: the text to ask about.
        output_key: receives the reply.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.core_text import PromptedGenerator
        >>> from dataflow_rs.testing import FakeServing
        >>> serving = FakeServing(lambda prompt: prompt.title())
        >>> generator = PromptedGenerator(serving, system_prompt="Turn the text into a headline.")
        >>> table = pa.table({"raw_content": ["rust is fast", None]})
        >>> generator.apply(table)["generated_content"].to_pylist()
        ['Rust Is Fast', None]
    """

    prompts: ClassVar[tuple[type[PromptTemplate], ...]] = (PromptTemplate,)

    system_prompt: str = "Carry out the user's request. Reply with the result and nothing else."
    user_prompt: str = ""
    json_schema: Mapping[str, Any] | None = None
    prompt_template: PromptTemplate | None = None

    def __post_init__(self) -> None:
        check_accepted(self.name, "prompt_template", self.prompt_template, self.prompts)
        default = InstructionPrompt(self.system_prompt, self.user_prompt, self.json_schema)
        self._prompt: PromptTemplate = self.prompt_template or default

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the template that is rendered."""
        return (self._prompt,)

    def columns_written(self, keys: dict[str, Any]) -> dict[str, ColumnType]:
        """Return the columns of the template's fields."""
        return {column: column_type(self._prompt.fields[name]) for name, column in self._columns(keys).items()}

    def process(
        self, batch: pa.RecordBatch, input_key: Text = "raw_content", output_key: Text = "generated_content"
    ) -> Rows:
        """Ask about each row."""
        keys = {"input_key": input_key, "output_key": output_key}
        answers = self.ask(batch, self._prompt, keys)
        columns = {column: answers.column(name) for name, column in self._columns(keys).items()}
        return Rows(columns, answers.errors)

    def _columns(self, keys: Mapping[str, Any]) -> dict[str, str]:
        """Return field -> column."""
        fields = list(self._prompt.fields)
        return {fields[0]: keys["output_key"]} if len(fields) == 1 else {name: name for name in fields}
