"""What filters of duplicates share: the texts they compare, priorities, and the verdict over all rows.

A deduplication takes all rows, then names those that repeat another one, each with the row that stays. Which one stays
is decided by priority, then by the order of rows.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import pyarrow as pa

from dataflow_rs.core.bases import Dataset, DatasetOperator
from dataflow_rs.core.keys import Integer, Number, Text
from dataflow_rs.core.results import Verdict
from dataflow_rs.exceptions import ParameterError

MEBIBYTE = 1 << 20


class Finder(Protocol):
    """A native kernel that takes rows and then names those that repeat another one."""

    def add(self, column: Any, priorities: Any = None) -> None:
        """Take the next rows."""

    def finish(self) -> Any:
        """Return row, keeper and similarity of the rows that repeat another one."""


class DeduplicateFilter(DatasetOperator):
    """A filter that drops rows whose text repeats that of another row.

    Exactly one of `input_key` and `input_keys` is given; several columns are compared as one text, each below its name.
    """

    @abstractmethod
    def finder(self) -> Finder:
        """Return a kernel without rows."""

    def threshold_value(self) -> float | None:
        """Return the bound that the judged value is compared with, for the drop log."""
        return None

    def describe_duplicate(self, keeper: int, similarity: float) -> str:  # noqa: ARG002  # for those that override it
        """Say which row a dropped one repeats."""
        return f"duplicate of row {keeper}"

    def column_mistakes(self, columns: dict[str, pa.DataType | None], keys: dict[str, Any]) -> list[str]:
        """Check that exactly one of the input keys is given and that the label is a new column, besides the columns."""
        mistakes = super().column_mistakes(columns, keys)
        if "input_keys" in keys and (keys["input_key"] is None) == (keys["input_keys"] is None):
            mistakes.insert(0, f"{self.name}: give exactly one of input_key and input_keys")
        return mistakes + label_mistakes(self.name, columns, keys)

    def process(
        self,
        dataset: Dataset,
        input_key: Text | None = None,
        input_keys: list[Text] | None = None,
        input_priority_key: Number | None = None,
        output_key: Integer | None = None,
    ) -> Verdict:
        """Compare the texts of all rows."""
        finder = self.finder()
        for batch in dataset.batches():
            finder.add(joined_texts(batch, input_key, input_keys), priorities(batch, input_priority_key))
        return self.verdict(finder, dataset, output_key)

    def verdict(self, finder: Finder, dataset: Dataset, output_key: str | None) -> Verdict:
        """Return the verdict over all rows, with the row that each dropped one repeats in the detail."""
        found = pa.Table.from_batches([pa.record_batch(finder.finish())])
        return verdict_over(found, dataset, output_key, self.threshold_value(), self.describe_duplicate)


def verdict_over(
    found: pa.Table,
    dataset: Dataset,
    output_key: str | None,
    threshold: float | None,
    describe: Callable[[int, float], str],
) -> Verdict:
    """Return the verdict over all rows.

    Args:
        found: row, keeper and similarity of the rows that repeat another one.
        dataset: all rows.
        output_key: the column for the label, or None.
        threshold: what similarities are compared with.
        describe: makes the detail from the id of the row that stays and the similarity.
    """
    rows, keepers, values = (found[name].to_pylist() for name in ("row", "keeper", "similarity"))
    count = dataset.num_rows
    keep = [True] * count
    value: list[float | None] = [None] * count
    detail: list[str | None] = [None] * count
    for row, keeper, similarity in zip(rows, dataset.row_ids(keepers), values, strict=True):
        keep[row], value[row] = False, similarity
        detail[row] = describe(keeper, similarity)
    return Verdict(
        keep=keep,
        value=pa.array(value, pa.float64()),
        threshold=threshold,
        detail=pa.array(detail, pa.string()),
        columns={} if output_key is None else {output_key: [int(stays) for stays in keep]},
    )


def label_mistakes(owner: str, columns: Iterable[str], keys: dict[str, Any]) -> list[str]:
    """Return what is wrong with output columns: they must be new, so that two labels never overwrite each other."""
    known, mistakes = set(columns), []
    for key, column in keys.items():
        if key.startswith("output_") and column is not None:
            if column in known:
                mistakes.append(f"{owner}({key}={column!r}): there is a column '{column}' already; choose another name")
            known.add(column)
    return mistakes


def check_memory(owner: str, memory_mb: int | None) -> int | None:
    """Return a memory limit in bytes.

    Raises:
        ParameterError: it is no positive number.
    """
    if memory_mb is None:
        return None
    if not 1 <= memory_mb < 1 << 32:
        raise ParameterError(f"{owner}: memory_mb={memory_mb} must be at least 1")
    return memory_mb * MEBIBYTE


def joined_texts(batch: pa.RecordBatch, input_key: str | None, input_keys: list[str] | None) -> Any:
    """Return the texts to compare, those of several columns each below its name; null where all of them are null."""
    if input_keys is None:
        return batch[input_key]
    import pyarrow.compute as pc  # costs 11 MB, which one column does not need

    parts: list[Any] = []
    missing = pa.repeat(True, batch.num_rows)
    for name in input_keys:
        texts = batch[name].cast(pa.large_string())
        missing = pc.and_(missing, texts.is_null())
        separator = "\n" if parts else ""
        parts += [pa.scalar(f"{separator}{name}:\n", pa.large_string()), pc.fill_null(texts, "")]
    joined = pc.binary_join_element_wise(*parts, pa.scalar("", pa.large_string()))
    return pc.if_else(missing, pa.scalar(None, pa.large_string()), joined)


def priorities(batch: pa.RecordBatch, key: str | None) -> pa.Array | None:
    """Return a column of priorities as int64 where it holds whole numbers that fit, else as float64."""
    if key is None:
        return None
    column = batch[key]
    whole = pa.types.is_integer(column.type) and not pa.types.is_uint64(column.type)
    return column.cast(pa.int64() if whole else pa.float64())
