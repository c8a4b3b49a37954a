"""Sort questions by subject."""

from __future__ import annotations

from typing import ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.core.keys import Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Rows
from dataflow_rs.prompts import Prompted, PromptTemplate
from dataflow_rs.prompts.reasoning_questions import MathQuestionCategoryPrompt


@operator
class ReasoningQuestionCategorySampleEvaluator(Prompted, RowOperator):
    """Let a model sort each mathematical question into a table of subjects with two levels.

    The table is `prompts/math_categories.tsv`. Its second level decides about the first; small misspellings are
    mended, and a subject that is not in the table is an error of the row. A null or blank question is not sent.

    Args:
        llm_serving: the model that is asked.
        on_error: what happens to a row whose call failed: `keep` it with nulls, `drop` it, or `raise`.

    Keys:
        input_key: the question.
        output_key: receives both levels, `Algebra: Polynomials`.
        output_primary_category_key: receives the first level.
        output_secondary_category_key: receives the second level.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.reasoning import ReasoningQuestionCategorySampleEvaluator
        >>> from dataflow_rs.testing import FakeServing
        >>> reply = '{"primary_category": "Algebra", "secondary_category": "Linear Equations"}'
        >>> table = pa.table({"instruction": ["Solve x + 1 = 3."]})
        >>> ReasoningQuestionCategorySampleEvaluator(FakeServing([reply])).apply(table)["question_category"].to_pylist()
        ['Algebra: Linear Equations']
    """

    prompts: ClassVar[tuple[type[PromptTemplate], ...]] = (MathQuestionCategoryPrompt,)
    prompt: ClassVar[PromptTemplate | None] = MathQuestionCategoryPrompt()

    def process(
        self,
        batch: pa.RecordBatch,
        input_key: Text = "instruction",
        output_key: Text = "question_category",
        output_primary_category_key: Text = "primary_category",
        output_secondary_category_key: Text = "secondary_category",
    ) -> Rows:
        """Sort each question."""
        answers = self.ask(batch, self.templates()[0], {"input_key": input_key})
        firsts, seconds = answers.column("primary_category"), answers.column("secondary_category")
        both = [None if one is None else f"{one}: {other}" for one, other in zip(firsts, seconds, strict=True)]
        columns = {output_key: both, output_primary_category_key: firsts, output_secondary_category_key: seconds}
        return Rows(columns, answers.errors)
