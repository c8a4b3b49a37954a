"""Count the questions of each level of difficulty."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
from dataflow_rs.core.bases import Dataset, DatasetOperator
from dataflow_rs.core.keys import Integer, Number
from dataflow_rs.core.registry import operator


@operator
class ReasoningDifficultyDatasetEvaluator(DatasetOperator):
    """Count the questions of each level of difficulty.

    The counts take the place of the rows: run it as a branch, whose step no other one reads.
    In ascending order; rows without a level are counted last.


    Keys:
        input_diffulty_key: the level of difficulty; the name is misspelt as in the reference.
        output_key: receives the number of rows of each level.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.reasoning import ReasoningDifficultyDatasetEvaluator
        >>> table = pa.table({"difficulty_score": [3.0, 1.0, 3.0, None]})
        >>> ReasoningDifficultyDatasetEvaluator().apply(table).to_pydict()
        {'difficulty_score': [1.0, 3.0, None], 'rows': [1, 2, 1]}
    """

    def process(
        self,
        dataset: Dataset,
        input_diffulty_key: Number = "difficulty_score",
        output_key: Integer = "rows",
    ) -> pa.Table:
        """Count the levels."""
        counts: Counter[float | None] = Counter()
        for batch in dataset.batches():
            counts.update(batch[input_diffulty_key].to_pylist())
        levels = sorted(counts, key=lambda level: (level is None, level or 0.0))
        return pa.table(
            {
                input_diffulty_key: pa.array(levels, dataset.schema.field(input_diffulty_key).type),
                output_key: pa.array([counts[level] for level in levels], pa.int64()),
            }
        )
