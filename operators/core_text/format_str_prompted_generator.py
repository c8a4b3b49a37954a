"""Generate text from several columns by a template with placeholders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.core.keys import ColumnType, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Rows
from dataflow_rs.exceptions import ParameterError, nearest
from dataflow_rs.prompts import Prompted, PromptTemplate, UserPrompt
from dataflow_rs.prompts.base import check_accepted
from dataflow_rs.prompts.format_str import FormatStrPrompt


@operator
class FormatStrPromptedGenerator(Prompted, RowOperator):
    """Fill a template from several columns, ask a model, and write its reply into a new column.

    Columns are given as `placeholder="column"` beside the output key; a placeholder that is not given is the column of
    its own name. All placeholders are filled at once, so that a value which contains `{another}` stays as it is. A row
    where a placeholder is null or blank is not asked and has a null reply, unless the placeholder is `optional`.

    Args:
        llm_serving: the model that is asked.
        system_prompt: the system message, for templates that are a `FormatStrPrompt`.
        prompt_template: the template; a `FormatStrPrompt`, or a `UserPrompt` of one text field.
        json_schema: JSON schema that the reply must follow, for templates that are a `FormatStrPrompt`.
        optional: placeholders that may be null or blank; they are then filled with nothing.
        on_error: what happens to a row whose call failed: `keep` it with a null reply, `drop` it, or `raise`.

    Keys:
        output_key: receives the reply.
        input_keys: mapping of placeholder to column; what is given as `placeholder="column"` is added to it.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.core_text import FormatStrPromptedGenerator
        >>> from dataflow_rs.prompts.format_str import FormatStrPrompt
        >>> from dataflow_rs.testing import FakeServing
        >>> prompt = FormatStrPrompt("Translate {word} into {language}.")
        >>> generator = FormatStrPromptedGenerator(FakeServing(lambda text: text.upper()), prompt_template=prompt)
        >>> table = pa.table({"en": ["cat", None], "language": ["Dutch", "Dutch"]})
        >>> generator.apply(table, word="en")["generated_content"].to_pylist()
        ['TRANSLATE CAT INTO DUTCH.', None]
    """

    prompts: ClassVar[tuple[type[PromptTemplate], ...]] = (FormatStrPrompt, UserPrompt)

    system_prompt: str = "Carry out the user's request. Reply with the result and nothing else."
    prompt_template: PromptTemplate | None = None
    json_schema: Mapping[str, Any] | None = None
    optional: list[str] | tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_accepted(self.name, "prompt_template", self.prompt_template, self.prompts[:1])
        template = self.prompt_template or FormatStrPrompt()
        if isinstance(template, FormatStrPrompt):
            system, schema = template.system_prompt or self.system_prompt, template.schema or self.json_schema
            template = FormatStrPrompt(template.f_str_template, system, schema)
        self._prompt = template
        for name in self.optional:
            self._check_placeholder(name, "optional")

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the template that is rendered."""
        return (self._prompt,)

    def optional_inputs(self) -> frozenset[str]:
        """Return the placeholders that may be blank."""
        return frozenset(self.optional)

    def run(self, storage: Any, **keys: Any) -> list[str]:
        """Read, process and commit a step; see `Operator.run`. Placeholders are arguments as well."""
        return super().run(storage, **self._gathered(keys))

    def apply(self, table: Any, *, return_drops: bool = False, **keys: Any) -> Any:
        """Process a table in memory; see `Operator.apply`. Placeholders are arguments as well."""
        return super().apply(table, return_drops=return_drops, **self._gathered(keys))

    def roles(self, keys: Mapping[str, Any]) -> dict[str, Any]:
        """Return placeholder -> column."""
        given = keys.get("input_keys") or {}
        return {name: given.get(name, name) for name in self._prompt.input_names()}

    def columns_read(self, keys: dict[str, Any]) -> dict[str, ColumnType]:
        """Return the columns that the placeholders name."""
        return {column: ColumnType() for column in self.roles(keys).values()}

    def process(
        self,
        batch: pa.RecordBatch,
        output_key: Text = "generated_content",
        input_keys: Mapping[str, str] | None = None,
    ) -> Rows:
        """Ask about each row."""
        field = next(iter(self._prompt.fields))
        answers = self.ask(batch, self._prompt, {"input_keys": input_keys})
        return Rows({output_key: answers.column(field)}, answers.errors)

    def _gathered(self, keys: Mapping[str, Any]) -> dict[str, Any]:
        """Return the keys with those that name placeholders moved into `input_keys`."""
        known = [key.name for key in self.spec().keys]
        placeholders = {**(keys.get("input_keys") or {})}
        placeholders.update({name: column for name, column in keys.items() if name not in known})
        for name, column in placeholders.items():
            self._check_placeholder(name, "input_keys")
            if not isinstance(column, str) or not column:
                raise ParameterError(f"{self.name}.run(): '{name}' must be a column name, not {column!r}")
        rest = {name: value for name, value in keys.items() if name in known and name != "input_keys"}
        return {**rest, "input_keys": placeholders} if placeholders else rest

    def _check_placeholder(self, name: str, argument: str) -> None:
        names = self._prompt.input_names()
        if name not in names:
            raise ParameterError(
                f"{self.name}({argument}=): the template has no placeholder '{name}'{nearest(name, names)}; it has "
                f"{', '.join(names) or 'none'}"
            )
