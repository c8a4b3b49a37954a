"""Find the final answers of solutions."""

from __future__ import annotations

import re

import pyarrow as pa
from dataflow_rs import _native
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.core.keys import Text
from dataflow_rs.core.registry import operator

MULTIPLE_CHOICE = ("aqua", "mmlu_stem", "sat_math")
_LETTER = re.compile(r"\(?([A-J])(?:[).:]|$)")


@operator
class ReasoningAnswerExtractionQwenMathEvalGenerator(RowOperator):
    r"""Find the final answer of each solution, and write it in one form.

    Signs of an answer, strongest first: `<answer>` tags; whichever comes last of `\boxed{}` with balanced braces,
    `#### ...` and "final answer is"; the last "answer is"; the last formula or number. Numbers lose their thousands
    separators and units, fractions are reduced. Unlike the reference, letters are never taken for units: `c`, `t=5` and
    `a+b` stay answers. A null solution, and one without an answer, gives null.

    Args:
        dataset_name: `aqua`, `mmlu_stem` or `sat_math`: only the letter of the choice is an answer; others change
            nothing.

    Keys:
        input_key: the solution.
        output_key: receives the answer.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.reasoning import ReasoningAnswerExtractionQwenMathEvalGenerator
        >>> table = pa.table({"cot": ["So $x = \\boxed{\\frac{2}{4}}$.", "7 * 6 = 42 apples.", "No idea."]})
        >>> found = ReasoningAnswerExtractionQwenMathEvalGenerator().apply(table, input_key="cot")
        >>> found["extraction"].to_pylist()
        ['1/2', '42', None]
    """

    dataset_name: str | None = None

    def process(
        self,
        batch: pa.RecordBatch,
        input_key: Text = "pseudo_correct_solution_example",
        output_key: Text = "extraction",
    ) -> dict[str, pa.Array]:
        """Find each answer."""
        found = pa.array(_native.extract_answers(batch[input_key]))
        if self.dataset_name in MULTIPLE_CHOICE:
            letters = [_LETTER.match(answer or "") for answer in found.to_pylist()]
            found = pa.array([letter[1] if letter else None for letter in letters], pa.string())
        return {output_key: found}
