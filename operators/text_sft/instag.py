"""Tag what an instruction asks for and count the tags; the filter is a threshold over the same count."""

from __future__ import annotations

from typing import ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import FilterOperator, RowOperator
from dataflow_rs.core.keys import Integer, ListColumn, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Rows, Verdict
from dataflow_rs.core.score_range import score_range
from dataflow_rs.core.validation import check_range
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.prompts import Answers, Prompted, PromptTemplate
from dataflow_rs.prompts.sft import InstagPrompt


class Instag(Prompted):
    """The count that evaluator and filter share.

    Args:
        llm_serving: the model that is asked.
        on_error: what happens to a row whose call failed.
    """

    prompt: ClassVar[PromptTemplate] = InstagPrompt()

    def columns(
        self, answers: Answers, output_key: str, output_tags_key: str | None
    ) -> dict[str, list[int | None] | pa.Array]:
        """Return the number of tags and, where a column is named for them, the tags."""
        tags = answers.column("tags")
        columns: dict[str, list[int | None] | pa.Array] = {
            output_key: [None if found is None else len(found) for found in tags]
        }
        if output_tags_key is not None:
            columns[output_tags_key] = pa.array(tags, pa.list_(pa.string()))
        return columns


@operator
class InstagSampleEvaluator(Instag, RowOperator):
    """Let a model tag each instruction with its intentions; the score is the number of distinct tags.

    Any chat model takes the part of the published tagger. A null or blank instruction is not sent and has no score. A
    reply that is no list of tags is an error of its row, not one tag.

    Args:
        llm_serving: the model that is asked.
        on_error: what happens to a row whose call failed: `keep` it without a score, `drop` it, or `raise`.

    Keys:
        input_instruction_key: the instruction.
        output_key: receives the number of tags.
        output_tags_key: receives the tags; None: they are not kept.

    Source:
        Lu et al., #InsTag: Instruction Tagging for Analyzing Supervised Fine-tuning of Large Language Models, 2023,
        https://arxiv.org/abs/2308.07074

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.text_sft import InstagSampleEvaluator
        >>> from dataflow_rs.testing import FakeServing
        >>> serving = FakeServing(['{"tags": ["poem writing", "autumn", "Autumn"]}'])
        >>> table = pa.table({"instruction": ["Write a poem about autumn."]})
        >>> InstagSampleEvaluator(serving).apply(table, output_tags_key="tags").to_pylist()[0]["tags"]
        ['poem writing', 'autumn']
    """

    def process(
        self,
        batch: pa.RecordBatch,
        input_instruction_key: Text = "instruction",
        output_key: Integer = "InstagScore",
        output_tags_key: ListColumn | None = None,
    ) -> Rows:
        """Tag each instruction."""
        answers = self.ask(batch, self.prompt, {"input_instruction_key": input_instruction_key})
        return Rows(self.columns(answers, output_key, output_tags_key), answers.errors)


@operator
class InstagFilter(Instag, FilterOperator):
    """Keep the instructions whose number of tags, as `InstagSampleEvaluator` counts it, lies in a range.

    By default instructions with at least one tag are kept, and there is no upper bound: an upper bound of one, as the
    reference implementation has it, keeps the least diverse. A null or blank instruction is not sent and is dropped by
    the rule `empty`.

    Args:
        llm_serving: the model that is asked.
        min_score: lowest number of tags that is kept.
        max_score: highest number of tags that is kept; None: no bound.
        on_error: what happens to a row whose call failed: `keep` it without a score, `drop` it, or `raise`.

    Keys:
        input_instruction_key: the instruction.
        output_key: receives the number of tags.
        output_tags_key: receives the tags; None: they are not kept.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.text_sft import InstagFilter
        >>> from dataflow_rs.testing import FakeServing
        >>> serving = FakeServing(['{"tags": ["greeting"]}', '{"tags": ["poem writing", "autumn"]}'])
        >>> table = pa.table({"instruction": ["Hi!", "Write a poem about autumn."]})
        >>> InstagFilter(serving, min_score=2).apply(table)["InstagScore"].to_pylist()
        [2]
    """

    min_score: float = 1
    max_score: float | None = None

    def __post_init__(self) -> None:
        check_range(self.name, min_score=self.min_score, max_score=self.max_score)
        if self.min_score < 0:
            raise ParameterError(f"{self.name}: min_score={self.min_score} must be at least 0")

    def process(
        self,
        batch: pa.RecordBatch,
        input_instruction_key: Text = "instruction",
        output_key: Integer = "InstagScore",
        output_tags_key: ListColumn | None = None,
    ) -> Verdict:
        """Judge each instruction."""
        answers = self.ask(batch, self.prompt, {"input_instruction_key": input_instruction_key})
        columns = self.columns(answers, output_key, output_tags_key)
        scores = list(columns[output_key])
        return score_range(
            scores,
            min_score=self.min_score,
            max_score=self.max_score,
            columns=columns,
            errors=answers.errors,
        )
