"""A bound on the length of answers, in tokens."""

from __future__ import annotations

import pyarrow as pa
from dataflow_rs.core.bases import FilterOperator
from dataflow_rs.core.keys import Integer, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Verdict
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.operators.reasoning.token_counts import WORDS, check_tokenizer, token_counts


@operator
class ReasoningAnswerTokenLengthFilter(FilterOperator):
    """Keep the answers of at most so many tokens.

    Null answers and those without a token are dropped by the rule `blank`.

    Args:
        max_answer_token_length: largest number of tokens that is kept, 0 or more.
        tokenizer_dir: what counts: `words`, what whitespace separates, or a tokenizer as
            `dataflow_rs.tokenizers.load_tokenizer` takes it: `cl100k_base`, or a path of a `tokenizer.json`. Nothing is
            downloaded.

    Keys:
        input_key: the answer.
        output_key: receives the number of tokens; by default it is not written.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.reasoning import ReasoningAnswerTokenLengthFilter
        >>> table = pa.table({"generated_cot": ["one two three", "one two", " "]})
        >>> kept, drops = ReasoningAnswerTokenLengthFilter(max_answer_token_length=2).apply(table, return_drops=True)
        >>> kept.num_rows, drops.select(["rule", "value", "threshold"]).to_pylist()[0]
        (1, {'rule': 'max_answer_token_length', 'value': 3.0, 'threshold': 2.0})
    """

    max_answer_token_length: int = 8192
    tokenizer_dir: str = WORDS

    def __post_init__(self) -> None:
        if self.max_answer_token_length < 0:
            raise ParameterError(
                f"{self.name}: max_answer_token_length={self.max_answer_token_length} must be at least 0"
            )
        check_tokenizer(self.tokenizer_dir)

    def process(
        self, batch: pa.RecordBatch, input_key: Text = "generated_cot", output_key: Integer | None = None
    ) -> Verdict:
        """Count the tokens of each answer."""
        counts = token_counts(self.tokenizer_dir, batch[input_key])
        return Verdict(
            keep=[0 < (count or 0) <= self.max_answer_token_length for count in counts],
            rule=["max_answer_token_length" if count else "blank" for count in counts],
            value=counts,
            threshold=[float(self.max_answer_token_length) if count else None for count in counts],
            columns={} if output_key is None else {output_key: counts},
        )
