"""Tables in and out: whatever a user holds becomes Arrow batches, and results go back to what was given.

Arrow data pass without copying. pandas and Polars are imported only when the user brings them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import pyarrow as pa

from dataflow_rs.exceptions import MissingExtraError, ParameterError

As = Literal["arrow", "polars", "pandas", "dicts"]


def as_batches(table: Any) -> Iterator[pa.RecordBatch]:
    """Yield the record batches of a table; an empty table yields one empty batch, so that its schema is kept.

    Raises:
        ParameterError: the object is no table.
    """
    if isinstance(table, pa.RecordBatch):
        yield table
        return
    if isinstance(table, pa.RecordBatchReader):
        reader = table
    elif isinstance(table, pa.Table):
        reader = table.to_reader()
    elif hasattr(table, "__arrow_c_stream__"):  # Polars, DuckDB, Daft, pandas 3 ...
        reader = pa.RecordBatchReader.from_stream(table)
    else:
        raise ParameterError(
            f"{type(table).__module__}.{type(table).__qualname__} is no table; give a pyarrow Table, RecordBatch or "
            "RecordBatchReader, a Polars DataFrame, or any object with __arrow_c_stream__"
        )
    empty = True
    for batch in reader:
        empty = False
        yield batch
    if empty:
        yield pa.RecordBatch.from_pylist([], schema=reader.schema)


def like(original: Any, batches: Iterator[pa.RecordBatch]) -> Any:
    """Return batches as the kind of table that `original` is."""
    if isinstance(original, pa.RecordBatchReader):
        first = next(batches)

        def chain() -> Iterator[pa.RecordBatch]:
            yield first
            yield from batches

        return pa.RecordBatchReader.from_batches(first.schema, chain())
    table = concat(list(batches))
    if isinstance(original, pa.RecordBatch):
        merged = table.combine_chunks().to_batches()
        if len(merged) > 1:
            raise ParameterError("the result holds more than 2 GiB of text, too much for one RecordBatch; give a Table")
        return merged[0] if merged else pa.RecordBatch.from_pylist([], schema=table.schema)
    if isinstance(original, pa.Table):
        return table
    return convert(table, "polars" if type(original).__module__.startswith("polars") else "arrow")


def concat(batches: list[pa.RecordBatch]) -> pa.Table:
    """Join batches into a table; a column that is all null in some batches takes the type of the others."""
    return pa.concat_tables([pa.Table.from_batches([batch]) for batch in batches], promote_options="permissive")


def convert(table: pa.Table, as_: As) -> Any:
    """Return an Arrow table in the form a user asks for.

    Args:
        table: the table.
        as_: `arrow` (a `pyarrow.Table`), `polars`, `pandas` (with Arrow-backed columns, so that integers with nulls
            stay integers) or `dicts` (a list with one dict per row).
    """
    if as_ == "arrow":
        return table
    if as_ == "dicts":
        return table.to_pylist()
    if as_ == "polars":
        import polars

        return polars.from_arrow(table)
    if as_ == "pandas":
        try:
            import pandas
        except ImportError:
            raise MissingExtraError("pandas", "pandas", "read(as_='pandas')") from None
        return table.to_pandas(types_mapper=pandas.ArrowDtype)
    raise ParameterError(f"as_={as_!r} is not one of 'arrow', 'polars', 'pandas', 'dicts'")
