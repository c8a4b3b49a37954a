"""What operators share that cut repeated pieces out of texts: they rewrite a column and drop rows with little left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import pyarrow as pa

from dataflow_rs.core.results import Verdict

Reason: TypeAlias = "tuple[str, float, float]"
"""Why a row goes: the rule, the judged value and its bound."""


def texts_of(batches: list[pa.RecordBatch], name: str, dtype: pa.DataType) -> pa.ChunkedArray:
    """Return a column of cut texts in the type of the column that was read."""
    column = pa.chunked_array([batch[name] for batch in batches], pa.large_string())
    if pa.types.is_null(dtype):
        return pa.chunked_array([pa.nulls(len(column))])
    return column if column.type == dtype else column.cast(dtype)


def cut_verdict(
    key: str,
    texts: pa.ChunkedArray,
    reasons: Sequence[Reason | None],
    details: Sequence[str | None],
    extra: Mapping[str, Any],
) -> Verdict:
    """Return the verdict over rows that were cut, with further columns."""
    return Verdict(
        keep=[reason is None for reason in reasons],
        rule=pa.array([reason[0] if reason else None for reason in reasons], pa.string()),
        value=pa.array([reason[1] if reason else None for reason in reasons], pa.float64()),
        threshold=pa.array([reason[2] if reason else None for reason in reasons], pa.float64()),
        detail=pa.array(details, pa.string()),
        columns={key: texts, **extra},
    )
