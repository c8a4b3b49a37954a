"""Turn texts into instruction data."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from dataflow_rs.core.bases import ExpandOperator
from dataflow_rs.core.keys import Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Expansion
from dataflow_rs.prompts import Prompted, PromptTemplate
from dataflow_rs.prompts.sft import SFTGeneratorSeedPrompt


@operator
class SFTGeneratorSeed(Prompted, ExpandOperator):
    """Make an instruction and its output from each text: one new row per pair, beside all columns of its text.

    Braces in the output do no harm, because the reply is read as JSON. A text whose call failed, or whose reply holds
    no pair, yields no row, and the drop log says why; a null or blank text is not sent and yields none.

    Args:
        llm_serving: the model that is asked.
        custom_prompt: what kind of pair is wanted; it goes before the text.
        on_error: what happens when a call failed: `keep` and `drop` go on with the other rows, `raise` stops.

    Keys:
        input_key: the text.
        output_instruction_key: receives the instruction.
        output_output_key: receives the output.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.text_sft import SFTGeneratorSeed
        >>> from dataflow_rs.testing import FakeServing
        >>> serving = FakeServing(['{"instruction": "Show a set in C.", "output": "int s[] = {1, 2};"}'])
        >>> table = pa.table({"raw_content": ["On arrays.", None]})
        >>> SFTGeneratorSeed(serving, "Make a programming exercise.").apply(table).to_pylist()
        [{'raw_content': 'On arrays.', 'instruction': 'Show a set in C.', 'output': 'int s[] = {1, 2};'}]
    """

    kind = "generate"

    custom_prompt: str

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the template that is rendered."""
        return (SFTGeneratorSeedPrompt(self.custom_prompt),)

    def process(
        self,
        batch: pa.RecordBatch,
        input_key: Text = "raw_content",
        output_instruction_key: Text = "instruction",
        output_output_key: Text = "output",
    ) -> Expansion:
        """Ask about each text."""
        answers = self.ask(batch, self.templates()[0], {"input_key": input_key})
        made = [(row, pair) for row, pair in enumerate(answers.values) if pair is not None]
        columns = {
            output_instruction_key: [pair["instruction"] for _, pair in made],
            output_output_key: [pair["output"] for _, pair in made],
        }
        return Expansion([row for row, _ in made], columns, answers.errors)
