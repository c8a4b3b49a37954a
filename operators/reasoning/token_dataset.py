"""Describe the lengths of questions and answers in tokens."""

from __future__ import annotations

import pyarrow as pa
from dataflow_rs.core.bases import Dataset, DatasetOperator
from dataflow_rs.core.keys import Text
from dataflow_rs.core.registry import operator
from dataflow_rs.operators.reasoning.token_counts import WORDS, check_tokenizer, token_counts


@operator
class ReasoningTokenDatasetEvaluator(DatasetOperator):
    """Describe the lengths of questions and answers in tokens.

    One row per column: smallest, largest, mean and median number of tokens, and how many texts have none (null counts
    as such). They take the place of the rows: run it as a branch, whose step no other one reads. The median of an even
    number of texts is the mean of the two in the middle.


    Args:
        model_name_or_path: what counts: `words`, what whitespace separates, or a tokenizer as
            `dataflow_rs.tokenizers.load_tokenizer` takes it: `cl100k_base`, or a path of a `tokenizer.json`. Nothing is
            downloaded.

    Keys:
        input_question_key: the question.
        input_answer_key: the answer.
        output_key: receives the name of the column that is described.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.reasoning import ReasoningTokenDatasetEvaluator
        >>> table = pa.table({"q": ["one two", "one"], "a": ["one two three", None]})
        >>> ReasoningTokenDatasetEvaluator().apply(table, input_question_key="q", input_answer_key="a").to_pylist()[1]
        {'column': 'a', 'min': 0, 'max': 3, 'mean': 1.5, 'median': 1.5, 'zero': 1}
    """

    model_name_or_path: str = WORDS

    def __post_init__(self) -> None:
        check_tokenizer(self.model_name_or_path)

    def process(
        self,
        dataset: Dataset,
        input_question_key: Text,
        input_answer_key: Text,
        output_key: Text = "column",
    ) -> pa.Table:
        """Count the tokens of both columns."""
        counts: dict[str, list[int]] = {input_question_key: [], input_answer_key: []}
        for batch in dataset.batches():
            for column, of_column in counts.items():
                found = token_counts(self.model_name_or_path, batch[column])
                of_column.extend(count or 0 for count in found)
        return pa.Table.from_pylist([{output_key: name, **_described(of)} for name, of in counts.items()])


def _described(counts: list[int]) -> dict[str, float | int | None]:
    """Return the statistics of a column; none of them exist for no rows."""
    import statistics

    if not counts:
        return {"min": None, "max": None, "mean": None, "median": None, "zero": 0}
    return {
        "min": min(counts),
        "max": max(counts),
        "mean": statistics.fmean(counts),
        "median": float(statistics.median(counts)),
        "zero": counts.count(0),
    }
