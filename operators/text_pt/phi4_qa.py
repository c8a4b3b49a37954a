"""Rewrite texts into questions and answers for pre-training."""

from __future__ import annotations

from typing import ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.core.keys import Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Rows
from dataflow_rs.prompts import Prompted, PromptTemplate
from dataflow_rs.prompts.pretraining import Phi4QAGeneratorPrompt


@operator
class Phi4QAGenerator(Prompted, RowOperator):
    """Turn each text into a series of questions and answers that teaches what it says.

    A null or blank text is not sent and has a null result. A failed call, or a reply that was cut at `max_tokens`,
    gives null and an entry in the run's errors.

    Args:
        llm_serving: the model that is asked.
        on_error: what happens to a row whose call failed: `keep` it with a null result, `drop` it, or `raise`.

    Keys:
        input_key: the text.
        output_key: receives the questions and answers, one text.

    Source:
        Abdin et al., Phi-4 Technical Report, 2024, https://arxiv.org/abs/2412.08905

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.text_pt import Phi4QAGenerator
        >>> from dataflow_rs.testing import FakeServing
        >>> table = pa.table({"raw_content": ["Ice floats.", None]})
        >>> serving = FakeServing(lambda prompt: "Q: Does ice sink? A: No.")
        >>> Phi4QAGenerator(serving).apply(table, output_key="qa")["qa"].to_pylist()
        ['Q: Does ice sink? A: No.', None]
    """

    prompt: ClassVar[PromptTemplate] = Phi4QAGeneratorPrompt()

    def process(
        self, batch: pa.RecordBatch, input_key: Text = "raw_content", output_key: Text = "generated_content"
    ) -> Rows:
        """Ask about each text."""
        answers = self.ask(batch, self.prompt, {"input_key": input_key})
        return Rows({output_key: answers.column("content")}, answers.errors)
