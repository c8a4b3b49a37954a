"""Keep a random sample."""

from __future__ import annotations

import random
from typing import Any

import pyarrow as pa
from dataflow_rs.core.bases import Dataset, DatasetOperator
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Verdict
from dataflow_rs.exceptions import ParameterError


@operator
class SampleFilter(DatasetOperator):
    """Keep a random sample of fixed size, in the order of the rows; for trial runs and for steps that cost money.

    The same table, size and seed give the same rows, however the table is cut and whatever it contains. A table with
    fewer rows is kept whole.

    Args:
        size: number of rows to keep, 0 or more.
        seed: of the random numbers; another seed is another sample.

    Keys:
        input_key: any column; only the number of rows counts.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.core_text import SampleFilter
        >>> SampleFilter(size=2, seed=1).apply(pa.table({"text": ["a", "b", "c", "d"]}))["text"].to_pylist()
        ['b', 'c']
    """

    size: int
    seed: int = 0

    def __post_init__(self) -> None:
        if self.size < 0:
            raise ParameterError(f"SampleFilter: size={self.size} must be at least 0")

    def process(self, dataset: Dataset, input_key: str = "text") -> Verdict:  # noqa: ARG002 - a table needs a column
        """Draw positions without looking at the rows."""
        rows = dataset.num_rows
        chosen = set(random.Random(self.seed).sample(range(rows), min(self.size, rows)))  # noqa: S311 - no secret
        keep: Any = pa.array((row in chosen for row in range(rows)), pa.bool_())
        return Verdict(keep, rule="not_sampled")
