"""Write questions with their solutions as chat messages."""

from __future__ import annotations

import pyarrow as pa
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.core.keys import ListColumn, Text
from dataflow_rs.core.registry import operator

MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))


@operator
class ReasoningMessagesGenerator(RowOperator):
    """Write each question with its solution as the two messages of a conversation, for supervised fine-tuning.

    A row without a question or a solution has null messages.

    Args:
        system_prompt: content of a system message before them; empty: none.

    Keys:
        input_question_key: the question.
        input_answer_key: the solution.
        output_key: receives the messages, a list of `role` and `content`.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.reasoning import ReasoningMessagesGenerator
        >>> table = pa.table({"question": ["2 + 2?"], "answer": ["4"]})
        >>> ReasoningMessagesGenerator().apply(table)["messages"].to_pylist()[0]
        [{'role': 'user', 'content': '2 + 2?'}, {'role': 'assistant', 'content': '4'}]
    """

    system_prompt: str = ""

    def process(
        self,
        batch: pa.RecordBatch,
        input_question_key: Text = "question",
        input_answer_key: Text = "answer",
        output_key: ListColumn = "messages",
    ) -> dict[str, pa.Array]:
        """Write each conversation."""
        system = [{"role": "system", "content": self.system_prompt}] if self.system_prompt else []
        pairs = zip(batch[input_question_key].to_pylist(), batch[input_answer_key].to_pylist(), strict=True)
        rows = [
            [*system, {"role": "user", "content": question}, {"role": "assistant", "content": answer}]
            if question and answer
            else None
            for question, answer in pairs
        ]
        return {output_key: pa.array(rows, MESSAGES)}
