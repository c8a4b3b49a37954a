"""What the operators of benchmarks share: columns in, verdicts of a judge, a report out."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from dataflow_rs.core.bases import Dataset
from dataflow_rs.core.operator import OnError, Operator
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.prompts import Answers, PromptTemplate, ask_rows
from dataflow_rs.prompts.rows import is_blank
from dataflow_rs.serving.base import Serving


class Judging(Operator):
    """Base of evaluators that can ask a judge, beside `DatasetOperator`.

    Args:
        llm_serving: the judge; None where answers are compared without one.
        on_error: what happens to a row that could not be judged.
    """

    llm_serving: Serving | None = None
    on_error: OnError = field(default="keep", kw_only=True)

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the templates that are rendered."""
        return ()

    def judge(self, prompt: PromptTemplate, rows: Sequence[Mapping[str, Any] | None]) -> Answers:
        """Ask the judge about rows; one with a blank value is not asked about.

        Raises:
            ParameterError: there is no judge.
        """
        if self.llm_serving is None:
            raise ParameterError(f"{self.name} needs an llm_serving, the judge")
        asked = [None if row is None or any(map(is_blank, row.values())) else row for row in rows]
        return ask_rows(self.llm_serving, prompt, asked)


def column_values(dataset: Dataset, name: str | None) -> list[Any]:
    """Return all values of a column; nulls where no column is named."""
    if name is None:
        return [None] * dataset.num_rows
    return [value for batch in dataset.batches() for value in batch[name].to_pylist()]


def as_list(value: Any) -> list[Any] | None:
    """Return a value as a list: a list as it is, JSON text of a list read, anything else alone; null stays.

    Examples:
        >>> as_list(["a"]), as_list('["a", "b"]'), as_list("a"), as_list(None)
        (['a'], ['a', 'b'], ['a'], None)
    """
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            found = json.loads(value)
        except ValueError:
            return [value]
        return found if isinstance(found, list) else [value]
    if value is None:
        return None
    return list(value) if isinstance(value, (list, tuple)) else [value]


def write_report(path: str | None, report: Mapping[str, Any]) -> None:
    """Write a report as JSON, all at once; nothing where no path is given."""
    if path is None:
        return
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    unfinished.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    unfinished.replace(target)
