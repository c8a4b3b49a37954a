"""Keep the rows for which expressions over their columns are true."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from dataflow_rs.core.bases import FilterOperator
from dataflow_rs.core.keys import ColumnType
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Verdict
from dataflow_rs.exceptions import OperatorError, ParameterError
from dataflow_rs.operators.core_text.row_expression import RowExpression


@operator
class GeneralFilter(FilterOperator):
    """Keep the rows that fulfil all rules, each an expression over columns.

    A rule is an expression of SQL, such as `score >= 3 AND lang IN ('en', 'de')` or `LENGTH(text) BETWEEN 20 AND 5000`,
    or a Polars expression. Rules are parsed, never executed as code. They see one row at a time: aggregates, window
    functions and functions written in Python are refused, because their result would depend on how the table is cut. A
    rule that is null for a row, because one of its columns is, drops the row. The rule in the drop log is the text of
    the first one that a row breaks. Recipes can hold rules in SQL.

    Args:
        filter_rules: the rules, at least one.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.core_text import GeneralFilter
        >>> table = pa.table({"score": [5, 2, None, 4], "text": ["long enough", "long enough", "long enough", "no"]})
        >>> kept, drops = GeneralFilter(["score >= 3", "LENGTH(text) > 5"]).apply(table, return_drops=True)
        >>> kept["score"].to_pylist(), drops["rule"].to_pylist()
        ([5], ['score >= 3', 'score >= 3', 'LENGTH(text) > 5'])
    """

    filter_rules: list[Any] | tuple[Any, ...]

    def __post_init__(self) -> None:
        if not self.filter_rules:
            raise ParameterError(f"{self.name}(filter_rules=): there must be at least one rule")
        places = [f"{self.name}(filter_rules[{number}]=)" for number in range(len(self.filter_rules))]
        self._rules = [RowExpression(place, rule) for place, rule in zip(places, self.filter_rules, strict=True)]

    def describe_parameters(self) -> dict[str, Any]:
        """Return the rules as text."""
        return {"filter_rules": [rule.text for rule in self._rules]}

    def fingerprint(self) -> str:
        """Return a digest of the rules."""
        return f"{self.name}-{self.version}-" + "-".join(rule.digest for rule in self._rules)

    def columns_read(self, keys: dict[str, Any]) -> dict[str, ColumnType]:  # noqa: ARG002 - the rules name them
        """Return the columns that the rules name."""
        return {name: ColumnType() for rule in self._rules for name in rule.columns}

    def process(self, batch: pa.RecordBatch) -> Verdict:
        """Judge each row by each rule, in order."""
        import polars as pl

        frame = pl.DataFrame(batch)
        broken: list[str | None] = [None] * batch.num_rows
        for rule in self._rules:
            for row, fulfilled in enumerate(self._judge(rule, frame)):
                if not fulfilled and broken[row] is None:
                    broken[row] = rule.text
        return Verdict(keep=[rule is None for rule in broken], rule=broken)

    def _judge(self, rule: RowExpression, frame: Any) -> Sequence[bool | None]:
        import polars as pl

        try:
            found = frame.select(rule.expression.alias("verdict"))["verdict"]
        except pl.exceptions.PolarsError as error:
            raise OperatorError(f"{self.name}: the rule {rule.text!r} cannot be applied: {error}") from None
        if found.dtype not in (pl.Boolean, pl.Null):
            raise OperatorError(f"{self.name}: the rule {rule.text!r} gives {found.dtype}, not true or false")
        verdicts: list[bool | None] = found.to_list()
        return verdicts
