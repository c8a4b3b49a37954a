"""`FromScratch`: operators that make a new table by asking a model, and take nothing from the table they are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from dataflow_rs.core.bases import DatasetOperator
from dataflow_rs.core.results import RowError
from dataflow_rs.exceptions import OperatorError
from dataflow_rs.prompts.rows import Prompted


class FromScratch(Prompted, DatasetOperator):
    """Base of generators whose output takes the place of the table they are given.

    A row that could not be made has nulls and, in the column `error`, the reason (`on_error="keep"`); it is left out
    (`"drop"`), or stops the step (`"raise"`).

    Args:
        llm_serving: the model that is asked.
        on_error: what becomes of rows that could not be made.
    """

    def columns_after(
        self,
        columns: dict[str, pa.DataType | None],  # noqa: ARG002 - they are gone
        keys: dict[str, Any],
    ) -> dict[str, pa.DataType | None]:
        """Return the columns of the new table."""
        return {name: kind.arrow_type for name, kind in self.columns_written(keys).items()}

    def table_of(
        self, columns: Mapping[str, pa.Array], error_column: str, errors: Mapping[int, RowError], rows: int
    ) -> pa.Table:
        """Return the new table.

        Args:
            columns: column name -> values; null where a row could not be made.
            error_column: name of the column that says why.
            errors: position of the row -> why it could not be made.
            rows: number of rows.

        Raises:
            OperatorError: there is an error, and `on_error` is "raise".
        """
        if errors and self.on_error == "raise":
            row = min(errors)
            raise OperatorError(
                f"{self.name}: row {row} could not be made, {errors[row].type}: {errors[row].message} ({len(errors)} "
                "rows failed; on_error='keep' or 'drop' goes on without them)"
            )
        reasons = [f"{errors[row].type}: {errors[row].message}" if row in errors else None for row in range(rows)]
        table = pa.table({**columns, error_column: pa.array(reasons, pa.string())})
        if self.on_error == "drop":
            kept: Sequence[int] = [row for row in range(rows) if row not in errors]
            table = table.take(pa.array(kept, pa.int64()))
        return table
