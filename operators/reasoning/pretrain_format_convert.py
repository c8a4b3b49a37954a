"""Join questions and answers to texts for pretraining."""

from __future__ import annotations

import pyarrow as pa
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.core.keys import Text
from dataflow_rs.core.registry import operator


@operator
class ReasoningPretrainFormatConvertGenerator(RowOperator):
    r"""Join each question with its answer to one text, with a line break between them.

    A missing part is left out with its line break; a row without both has a null text. The other columns stay: an
    export chooses with `columns=["text"]`.

    Keys:
        input_read_key_question: the question.
        input_read_key_answer: the answer.
        output_key: receives the text.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.reasoning import ReasoningPretrainFormatConvertGenerator
        >>> table = pa.table({"question": ["2 + 2?", "Why?", None], "answer": ["4", None, None]})
        >>> ReasoningPretrainFormatConvertGenerator().apply(table)["text"].to_pylist()
        ['2 + 2?\n4', 'Why?', None]
    """

    def process(
        self,
        batch: pa.RecordBatch,
        input_read_key_question: Text = "question",
        input_read_key_answer: Text = "answer",
        output_key: Text = "text",
    ) -> dict[str, list[str | None]]:
        """Join each row."""
        pairs = zip(batch[input_read_key_question].to_pylist(), batch[input_read_key_answer].to_pylist(), strict=True)
        return {output_key: ["\n".join(part for part in pair if part) or None for pair in pairs]}
