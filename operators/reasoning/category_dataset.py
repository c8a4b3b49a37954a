"""Count the questions of each subject."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
from dataflow_rs.core.bases import Dataset, DatasetOperator
from dataflow_rs.core.keys import Integer, Text
from dataflow_rs.core.registry import operator


@operator
class ReasoningCategoryDatasetEvaluator(DatasetOperator):
    """Count the questions of each subject.

    The counts take the place of the rows: run it as a branch, whose step no other one reads.
    Most frequent first; rows without a subject are counted as such.


    Keys:
        input_primary_category_key: the first level.
        input_secondary_category_key: the second level.
        output_key: receives the number of rows of each pair of levels.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.reasoning import ReasoningCategoryDatasetEvaluator
        >>> table = pa.table({"primary_category": ["Algebra", "Algebra"], "secondary_category": ["Functions"] * 2})
        >>> ReasoningCategoryDatasetEvaluator().apply(table).to_pylist()
        [{'primary_category': 'Algebra', 'secondary_category': 'Functions', 'rows': 2}]
    """

    def process(
        self,
        dataset: Dataset,
        input_primary_category_key: Text = "primary_category",
        input_secondary_category_key: Text = "secondary_category",
        output_key: Integer = "rows",
    ) -> pa.Table:
        """Count the pairs of levels."""
        counts: Counter[tuple[str | None, str | None]] = Counter()
        for batch in dataset.batches():
            firsts, seconds = batch[input_primary_category_key], batch[input_secondary_category_key]
            counts.update(zip(firsts.to_pylist(), seconds.to_pylist(), strict=True))
        pairs = sorted(counts, key=lambda pair: (-counts[pair], str(pair)))
        return pa.table(
            {
                input_primary_category_key: pa.array([first for first, _ in pairs], pa.string()),
                input_secondary_category_key: pa.array([second for _, second in pairs], pa.string()),
                output_key: pa.array([counts[pair] for pair in pairs], pa.int64()),
            }
        )
