"""Tell rows with a ground truth from rows without one."""

from __future__ import annotations

import pyarrow as pa
from dataflow_rs.answers import extract_answers
from dataflow_rs.core.bases import FilterOperator
from dataflow_rs.core.keys import RewrittenText, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Verdict


@operator
class ReasoningAnswerPipelineRootFilter(FilterOperator):
    """Fill in missing ground truths from given answers, and say which rows have one.

    All rows stay. Branches of a pipeline then keep the rows of one kind.

    Keys:
        input_answer_key: the given answer, from which a missing ground truth is read.
        input_gt_key: the ground truth; null and blank ones are filled where the answer has a final answer.
        output_key: receives `with_gt` or `without_gt`.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.reasoning import ReasoningAnswerPipelineRootFilter
        >>> table = pa.table({"output": ["So the answer is 4.", None], "golden_answer": [None, " "]})
        >>> rows = ReasoningAnswerPipelineRootFilter().apply(table).to_pylist()
        >>> [(row["golden_answer"], row["answer_branch"]) for row in rows]
        [('4', 'with_gt'), (None, 'without_gt')]
    """

    def process(
        self,
        batch: pa.RecordBatch,
        input_answer_key: Text = "output",
        input_gt_key: RewrittenText = "golden_answer",
        output_key: Text = "answer_branch",
    ) -> Verdict:
        """Fill and mark each row."""
        found = extract_answers(batch[input_answer_key].to_pylist())
        given = batch[input_gt_key].to_pylist()
        truths = [truth if truth and truth.strip() else answer for truth, answer in zip(given, found, strict=True)]
        branches = ["without_gt" if truth is None else "with_gt" for truth in truths]
        return Verdict(keep=[True] * batch.num_rows, columns={input_gt_key: truths, output_key: branches})
