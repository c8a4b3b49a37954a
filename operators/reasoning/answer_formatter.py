"""Keep the answers that have the form of a solution with a final answer."""

from __future__ import annotations

from typing import Literal

import pyarrow as pa
from dataflow_rs.answers import extract_answers
from dataflow_rs.core.bases import FilterOperator
from dataflow_rs.core.keys import Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Verdict


@operator
class ReasoningAnswerFormatterFilter(FilterOperator):
    r"""Keep the answers that are whole and end with a final answer.

    Dropped are, by these rules: `blank`, null or nothing but whitespace; `unfinished_reasoning`, a `<think>` block that
    never ends; `unbalanced_braces`, a different number of `{` and `}`, as in a formula that was cut; `no_answer`,
    nothing that could be the final answer; `no_box`, with `style="boxed"`. The reference lets everything pass.

    Args:
        style: `any`: whatever shows a final answer; `boxed`: it must be in `\boxed{}`.

    Keys:
        input_key: the answer with its reasoning.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.reasoning import ReasoningAnswerFormatterFilter
        >>> table = pa.table({"generated_cot": ["The answer is 4.", "It is $\\frac{1}{2", "I cannot say.", None]})
        >>> kept, drops = ReasoningAnswerFormatterFilter().apply(table, return_drops=True)
        >>> kept.num_rows, drops["rule"].to_pylist()
        (1, ['unbalanced_braces', 'no_answer', 'blank'])
    """

    style: Literal["any", "boxed"] = "any"

    def process(self, batch: pa.RecordBatch, input_key: Text = "generated_cot") -> Verdict:
        """Look at the form of each answer."""
        texts = batch[input_key].to_pylist()
        rules = [self._fault(text, answer) for text, answer in zip(texts, extract_answers(texts), strict=True)]
        return Verdict(keep=[rule is None for rule in rules], rule=rules)

    def _fault(self, text: str | None, answer: str | None) -> str | None:
        """Return the rule that an answer breaks."""
        if text is None or not text.strip():
            return "blank"
        if text.count("<think>") > text.count("</think>"):
            return "unfinished_reasoning"
        plain = text.replace("\\{", "").replace("\\}", "")
        if plain.count("{") != plain.count("}"):
            return "unbalanced_braces"
        if answer is None:
            return "no_answer"
        return "no_box" if self.style == "boxed" and "\\boxed{" not in text else None
