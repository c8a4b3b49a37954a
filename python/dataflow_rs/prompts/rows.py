"""From rows to requests to parsed columns: what all operators that ask a model share.

`Prompted` is the base they add to one of the four operator classes; `ask_rows()` is the one place where rows become
requests and replies become values or row errors. A row whose input is null or blank is not asked, and costs nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pyarrow as pa

from dataflow_rs import _native
from dataflow_rs.core.keys import ColumnType, Holds
from dataflow_rs.core.operator import OnError, Operator
from dataflow_rs.core.results import RowError
from dataflow_rs.exceptions import MalformedReplyError
from dataflow_rs.prompts.base import PromptTemplate
from dataflow_rs.serving.base import Serving
from dataflow_rs.serving.reply_type import is_reply_type
from dataflow_rs.serving.types import Completion, Request

_HOLDS: dict[type, Holds] = {str: "text", int: "integer", float: "number", bool: "boolean", list: "list"}


@dataclass(frozen=True)
class Answers:
    """What came of asking a model about rows.

    Attributes:
        values: one mapping of field to value per row; None where nothing was asked or the call failed.
        errors: position of the row -> why there is no value.
    """

    values: list[dict[str, Any] | None]
    errors: dict[int, RowError]

    def column(self, field_name: str) -> list[Any]:
        """Return one field of all rows; null where there is no value."""
        return [None if value is None else value[field_name] for value in self.values]


def ask_rows(
    serving: Serving,
    prompt: PromptTemplate,
    rows: Sequence[Mapping[str, Any] | None],
    *,
    samples: Sequence[int] | None = None,
    temperature: float | None = None,
) -> Answers:
    """Ask a model about rows.

    Args:
        serving: who answers.
        prompt: how a row becomes a question, and a reply becomes values.
        rows: name -> value of the prompt's inputs; None for a row that is not asked.
        samples: one number per row, from 0; equal rows with different numbers get answers of their own.
        temperature: of the sampling, in place of the serving's.

    Examples:
        >>> from dataflow_rs.prompts import PromptTemplate
        >>> from dataflow_rs.testing import FakeServing
        >>> class CapitalPrompt(PromptTemplate):
        ...     '''Ask for a capital.'''
        ...     user = "What is the capital of {country}?"
        ...     fields = {"capital": str}
        >>> serving = FakeServing({"What is the capital of Italy?": "Rome"})
        >>> answers = ask_rows(serving, CapitalPrompt(), [{"country": "Italy"}, None, {"country": "Peru"}])
        >>> answers.column("capital"), answers.errors[2].type
        (['Rome', None, None], 'ServerFailedError')
    """
    asked = [position for position, row in enumerate(rows) if row is not None]
    form = prompt.json_schema if is_reply_type(prompt.json_schema) else prompt.reply_schema()
    requests = [
        Request(
            tuple(prompt.render(rows[position] or {})),
            temperature=temperature,
            json_schema=form,
            reader=prompt.parse,
            sample=0 if samples is None else samples[position],
        )
        for position in asked
    ]
    values: list[dict[str, Any] | None] = [None] * len(rows)
    errors: dict[int, RowError] = {}
    for position, completion in zip(asked, serving.generate(requests), strict=True):
        try:
            values[position] = read(prompt, completion)
        except MalformedReplyError as error:
            errors[position] = RowError(type(error).__name__, str(error), max(completion.attempts, 1))
        if completion.error is not None:
            errors[position] = RowError.of(completion.error)
    return Answers(values, errors)


def read(prompt: PromptTemplate, completion: Completion) -> dict[str, Any] | None:
    """Return the fields of a reply; None where the call failed.

    Raises:
        MalformedReplyError: the reply does not hold the fields, or was cut.
    """
    if not completion.ok:
        return None
    if completion.finish_reason == "length" and not prompt.allows_cut:
        raise MalformedReplyError("the reply was cut at max_tokens; give the serving a higher one")
    return prompt.parse(completion.text or "")


def is_blank(value: Any) -> bool:
    """Whether there is nothing to ask about: null, a blank text, or a list of nothing."""
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


class Prompted(Operator):
    """Base of operators that ask a model, beside `RowOperator`, `FilterOperator` or `ExpandOperator`.

    Args:
        llm_serving: the model that is asked.
        on_error: what happens to a row whose call failed: `keep` it with null results, `drop` it, or `raise`. The
            reason is in the run's errors in any case.

    Attributes:
        prompts: the prompt template classes that the operator accepts.
        prompt: the template of an operator that always renders the same one.
        may_be_blank: inputs that a row can do without; a row without any other input is not asked.
    """

    prompts: ClassVar[tuple[type[PromptTemplate], ...]] = ()
    prompt: ClassVar[PromptTemplate | None] = None
    may_be_blank: ClassVar[frozenset[str]] = frozenset()

    llm_serving: Serving
    on_error: OnError = field(default="keep", kw_only=True)

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the prompt templates that the operator renders."""
        return () if self.prompt is None else (self.prompt,)

    def optional_inputs(self) -> frozenset[str]:
        """Return the inputs that a row can do without, by default `may_be_blank`."""
        return self.may_be_blank

    def fingerprint(self) -> str:
        """Return a digest of the operator and of what its templates ask."""
        asked = [super().fingerprint(), *(template.identity() for template in self.templates())]
        return _native.digest(json.dumps(asked, sort_keys=True).encode())

    def batches_at_once(self, rows: int) -> int | None:
        """Return as many as keep the serving busy: calls of one batch should not wait for the last of another."""
        busy = self.llm_serving.concurrency
        return 1 if busy <= 1 else 2 + busy // rows

    def columns_read(self, keys: dict[str, Any]) -> dict[str, ColumnType]:
        """Return the columns of the keys, and those that the templates name."""
        bound = {*self.roles(keys), *self.unset(keys)}
        named = {name for template in self.templates() for name in template.input_names() if name not in bound}
        return {**super().columns_read(keys), **{name: ColumnType() for name in sorted(named)}}

    def roles(self, keys: Mapping[str, Any]) -> dict[str, Any]:
        """Return input name -> column: `input_question_key` binds `question`, `input_key` binds `text`.

        A key that names several columns, such as `input_sub_tasks_keys`, binds a list.
        """
        inputs = [key for key in self.spec().keys if key.direction == "input" and key.column is not None]
        return {_role(key.name): keys[key.name] for key in inputs if keys.get(key.name) is not None}

    def unset(self, keys: Mapping[str, Any]) -> set[str]:
        """Return the names of the inputs whose optional key was left open."""
        return {_role(name) for name, value in keys.items() if value is None and name.startswith("input_")}

    def rows(
        self, batch: pa.RecordBatch, prompt: PromptTemplate, keys: Mapping[str, Any]
    ) -> list[dict[str, Any] | None]:
        """Return the inputs of a template for each row; None where a column that a key names is null or blank."""
        bound, unset = self.roles(keys), self.unset(keys)
        columns = {name: _values(batch, bound.get(name, name)) for name in prompt.input_names() if name not in unset}
        rows = [{name: values[row] for name, values in columns.items()} for row in range(batch.num_rows)]
        needed = [name for name in columns if name in bound and name not in self.optional_inputs()]
        nothing = dict.fromkeys(sorted(unset))
        return [None if any(is_blank(row[name]) for name in needed) else {**nothing, **row} for row in rows]

    def ask(self, batch: pa.RecordBatch, prompt: PromptTemplate, keys: Mapping[str, Any]) -> Answers:
        """Ask about every row of a batch."""
        return ask_rows(self.llm_serving, prompt, self.rows(batch, prompt, keys))


def column_type(kind: type) -> ColumnType:
    """Return what a column holds whose values have a field's type."""
    return ColumnType(_HOLDS.get(kind, "any"))


def _role(key: str) -> str:
    """Return what a key stands for: `input_question_key` -> `question`, `input_key` -> `text`."""
    name = key.removeprefix("input_").removesuffix("s" if key.endswith("_keys") else "").removesuffix("key")
    return name.rstrip("_") or "text"


def _values(batch: pa.RecordBatch, column: str | Sequence[str]) -> list[Any]:
    """Return the values of a column; of several columns, per row the list of those that are not blank."""
    if isinstance(column, str):
        return list(batch[column].to_pylist())
    found = [batch[name].to_pylist() for name in column]
    return [[value for value in row if not is_blank(value)] for row in zip(*found, strict=True)]
