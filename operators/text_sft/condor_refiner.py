"""Improve answers by a critique."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.core.keys import RewrittenText, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Rows
from dataflow_rs.prompts import Prompted, PromptTemplate, ask_rows
from dataflow_rs.prompts.base import check_accepted
from dataflow_rs.prompts.sft import CondorRefinePrompt


@operator
class CondorRefiner(Prompted, RowOperator):
    """Let a model criticise each answer, then rewrite it by the critique.

    Two calls per row. A row whose question or answer is null or blank is not sent and stays as it is. Where a call
    fails, the answer stays, and the run's errors say why.

    Args:
        llm_serving: the model that is asked.
        prompt_template: writes the critique and the new answer.
        on_error: what happens to a row with a failed call: `keep` it with its old answer, `drop` it, or `raise`.

    Keys:
        input_instruction_key: the question.
        input_output_key: the answer, rewritten in place.

    Source:
        Cao et al., Condor: Enhance LLM Alignment with Knowledge-Driven Data Synthesis and Refinement, 2025,
        https://arxiv.org/abs/2501.12273

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.text_sft import CondorRefiner
        >>> from dataflow_rs.testing import FakeServing
        >>> serving = FakeServing(["It lacks the unit.", "5 km"])
        >>> CondorRefiner(serving).apply(pa.table({"instruction": ["How far?"], "output": ["5"]})).to_pylist()
        [{'instruction': 'How far?', 'output': '5 km'}]
    """

    prompts: ClassVar[tuple[type[PromptTemplate], ...]] = (CondorRefinePrompt,)

    prompt_template: PromptTemplate | None = None

    def __post_init__(self) -> None:
        check_accepted(self.name, "prompt_template", self.prompt_template, self.prompts)
        refine = self.prompt_template or CondorRefinePrompt()
        assert isinstance(refine, CondorRefinePrompt)
        self._refine, self._critique = refine, refine.critique()

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the templates of critique and answer."""
        return self._critique, self._refine

    def roles(self, keys: Any) -> dict[str, Any]:
        """Return the inputs; the critique comes from the first call, not from a column of its own."""
        bound = super().roles(keys)
        return {**bound, "critique": bound["output"]}

    def process(
        self,
        batch: pa.RecordBatch,
        input_instruction_key: Text = "instruction",
        input_output_key: RewrittenText = "output",
    ) -> Rows:
        """Criticise, then rewrite."""
        keys = {"input_instruction_key": input_instruction_key, "input_output_key": input_output_key}
        rows = self.rows(batch, self._critique, keys)
        criticised = ask_rows(self.llm_serving, self._critique, rows)
        shown = [
            None if row is None or critique is None else {**row, "critique": critique}
            for row, critique in zip(rows, criticised.column("critique"), strict=True)
        ]
        refined = ask_rows(self.llm_serving, self._refine, shown)
        old = batch[input_output_key].to_pylist()
        new = [answer or text for answer, text in zip(refined.column("answer"), old, strict=True)]
        return Rows({input_output_key: new}, {**criticised.errors, **refined.errors})
