"""Grade conversations with function calls."""

from __future__ import annotations

from typing import ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.core.keys import Integer
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Rows
from dataflow_rs.prompts import Prompted, PromptTemplate
from dataflow_rs.prompts.conversations import ConversationEvalPrompt


@operator
class FuncCallConversationSampleEvaluator(Prompted, RowOperator):
    """Let a model grade a conversation with function calls, from 1 to 5.

    A conversation that is null or empty is not sent. Where the call fails, or the reply has no score from 1 to 5, the
    score is null, never 0, and the run's errors say why.

    Args:
        llm_serving: the model that is asked.
        on_error: what happens to a row whose call failed: `keep` it without a score, `drop` it, or `raise`.

    Keys:
        input_conversation_key: the conversation, a list of messages or text.
        output_score_key: receives the score.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.conversations import FuncCallConversationSampleEvaluator
        >>> from dataflow_rs.testing import FakeServing
        >>> serving = FakeServing(lambda prompt: '{"reason": "All calls fit.", "score": 4}')
        >>> table = pa.table({"conversations": [[{"role": "user", "content": "Hi"}], []]})
        >>> FuncCallConversationSampleEvaluator(serving).apply(table)["score"].to_pylist()
        [4, None]
    """

    prompt: ClassVar[PromptTemplate] = ConversationEvalPrompt()

    def process(
        self, batch: pa.RecordBatch, input_conversation_key: str = "conversations", output_score_key: Integer = "score"
    ) -> Rows:
        """Grade each conversation."""
        answers = self.ask(batch, self.prompt, {"input_conversation_key": input_conversation_key})
        return Rows({output_score_key: answers.column("score")}, answers.errors)
