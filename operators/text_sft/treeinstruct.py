"""Count the nodes of an instruction's syntax tree; the filter is a threshold over the same count."""

from __future__ import annotations

from typing import Any, ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import FilterOperator, RowOperator
from dataflow_rs.core.keys import Integer, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Rows, Verdict
from dataflow_rs.core.score_range import score_range
from dataflow_rs.core.validation import check_range
from dataflow_rs.prompts import Prompted, PromptTemplate
from dataflow_rs.prompts.sft import TreeinstructPrompt


@operator
class TreeinstructSampleEvaluator(Prompted, RowOperator):
    """Let a model count the nodes of each instruction's syntax tree: the more, the more complex it is.

    The model lists the nodes and the list is counted, because models list better than they count. A null or blank
    instruction is not sent and has no score; a reply without a count is an error of its row.

    Args:
        llm_serving: the model that is asked.
        on_error: what happens to a row whose call failed: `keep` it without a score, `drop` it, or `raise`.

    Keys:
        input_instruction_key: the instruction.
        output_key: receives the number of nodes.

    Source:
        Zhao et al., Tree-Instruct: A Preliminary Study of the Intrinsic Relationship between Complexity and Alignment,
        2023, https://arxiv.org/abs/2308.05696

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.text_sft import TreeinstructSampleEvaluator
        >>> from dataflow_rs.testing import FakeServing
        >>> serving = FakeServing(['{"nodes": ["write", "poem", "short"], "count": 7}'])
        >>> table = pa.table({"instruction": ["Write a short poem."]})
        >>> TreeinstructSampleEvaluator(serving).apply(table)["TreeinstructScore"].to_pylist()
        [3]
    """

    prompt: ClassVar[PromptTemplate] = TreeinstructPrompt()

    def process(
        self,
        batch: pa.RecordBatch,
        input_instruction_key: Text = "instruction",
        output_key: Integer = "TreeinstructScore",
    ) -> Rows:
        """Count the nodes of each instruction."""
        answers = self.ask(batch, self.prompt, {"input_instruction_key": input_instruction_key})
        return Rows({output_key: answers.column("count")}, answers.errors)


@operator
class TreeinstructFilter(Prompted, FilterOperator):
    """Keep the instructions whose number of nodes, as `TreeinstructSampleEvaluator` counts it, lies in a range.

    A null or blank instruction is not sent and is dropped by the rule `empty`.

    Args:
        llm_serving: the model that is asked.
        min_score: lowest number of nodes that is kept.
        max_score: highest number of nodes that is kept.
        on_error: what happens to a row whose call failed: `keep` it without a score, `drop` it, or `raise`.

    Keys:
        input_key: the instruction.
        output_key: receives the number of nodes.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.text_sft import TreeinstructFilter
        >>> from dataflow_rs.testing import FakeServing
        >>> serving = FakeServing(['{"nodes": ["say", "yes"], "count": 2}', '{"nodes": [], "count": 12}'])
        >>> table = pa.table({"instruction": ["Say yes.", "Write a long story about a river and its towns."]})
        >>> TreeinstructFilter(serving).apply(table)["TreeinstructScore"].to_pylist()
        [12]
    """

    prompt: ClassVar[PromptTemplate] = TreeinstructPrompt()

    min_score: float = 7
    max_score: float = 100

    def __post_init__(self) -> None:
        check_range(self.name, min_score=self.min_score, max_score=self.max_score)

    def roles(self, keys: Any) -> dict[str, Any]:
        """Return the column of the instruction, which the key calls just the input."""
        return {"instruction": super().roles(keys)["text"]}

    def process(
        self, batch: pa.RecordBatch, input_key: Text = "instruction", output_key: Integer = "TreeinstructScore"
    ) -> Verdict:
        """Judge each instruction."""
        answers = self.ask(batch, self.prompt, {"input_key": input_key})
        scores = answers.column("count")
        return score_range(
            scores,
            min_score=self.min_score,
            max_score=self.max_score,
            columns={output_key: scores},
            errors=answers.errors,
        )
