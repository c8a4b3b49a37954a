"""The table after a step as a `Dataset`: what an operator reads that needs all of it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from dataflow_rs.storage.manifest import Step

if TYPE_CHECKING:
    from dataflow_rs.storage.step_store import StepStore


@dataclass(frozen=True)
class StoredDataset:
    """The table after a step, for operators that need all of it; batches are read from disk each time."""

    store: StepStore
    step: Step
    columns: list[str]
    on_batch: Callable[[int], None] | None = None

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        return self.step.rows_out

    @property
    def schema(self) -> pa.Schema:
        """The columns."""
        schema = self.store.schema(self.step)
        return pa.schema([schema.field(name) for name in self.columns])

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows in order."""
        for batch in self.store.batches(self.step, self.columns):
            yield batch
            if self.on_batch is not None:
                self.on_batch(batch.num_rows)

    def to_table(self) -> pa.Table:
        """Return all rows."""
        return pa.Table.from_batches(list(self.batches()), schema=self.schema)

    def row_ids(self, positions: Sequence[int]) -> list[int]:
        """Return the ids of the rows at these positions."""
        found: dict[int, int] = {}
        wanted = sorted(set(positions))
        start = taken = 0
        for number, part in enumerate(self.step.parts):
            end = bisect_left(wanted, start + part.rows_out, taken)
            if end > taken:
                ids = self.store.row_ids(self.step, number)
                found.update((position, ids[position - start].as_py()) for position in wanted[taken:end])
            start, taken = start + part.rows_out, end
        return [found[position] for position in positions]
