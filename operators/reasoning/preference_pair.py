"""Pair right with wrong solutions."""

from __future__ import annotations

from itertools import product

import pyarrow as pa
from dataflow_rs.core.bases import ExpandOperator
from dataflow_rs.core.keys import ListColumn, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Expansion
from dataflow_rs.exceptions import ParameterError


@operator
class ReasoningPreferencePairGenerator(ExpandOperator):
    """Make preference pairs from the solutions of each question: a right one is chosen, a wrong one rejected.

    A question whose solutions are all right, or all wrong, yields no pair, and is in the drop log.

    Args:
        max_pairs: pairs per question at most, 1 or more; the first solutions of both kinds come first.

    Keys:
        input_right_key: the list of right solutions.
        input_wrong_key: the list of wrong solutions.
        output_chosen_key: receives the right one.
        output_rejected_key: receives the wrong one.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.reasoning import ReasoningPreferencePairGenerator
        >>> table = pa.table({"pseudo_solutions": [["4", "four"]], "other_solutions": [["5"]]})
        >>> made = ReasoningPreferencePairGenerator(max_pairs=1).apply(table)
        >>> made.select(["chosen", "rejected"]).to_pylist()
        [{'chosen': '4', 'rejected': '5'}]
    """

    max_pairs: int = 1

    def __post_init__(self) -> None:
        if self.max_pairs < 1:
            raise ParameterError(f"{self.name}: max_pairs={self.max_pairs} must be at least 1")

    def process(
        self,
        batch: pa.RecordBatch,
        input_right_key: ListColumn = "pseudo_solutions",
        input_wrong_key: ListColumn = "other_solutions",
        output_chosen_key: Text = "chosen",
        output_rejected_key: Text = "rejected",
    ) -> Expansion:
        """Pair the solutions of each question."""
        parents: list[int] = []
        pairs: list[tuple[str, str]] = []
        columns = zip(batch[input_right_key].to_pylist(), batch[input_wrong_key].to_pylist(), strict=True)
        for row, (right, wrong) in enumerate(columns):
            made = list(product(right or [], wrong or []))[: self.max_pairs]
            parents.extend([row] * len(made))
            pairs.extend(made)
        return Expansion(
            parents,
            {output_chosen_key: [right for right, _ in pairs], output_rejected_key: [wrong for _, wrong in pairs]},
        )
