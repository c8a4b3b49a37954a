"""Find final answers in texts; the work is native (`dfrs-text`, `answers`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from dataflow_rs import _native


def extract_answers(replies: Sequence[str | None]) -> list[str | None]:
    r"""Return the final answer of each reply in one form, or None where there is nothing like an answer.

    Signs of a final answer, strongest first: `<answer>` tags; whichever comes last of `\boxed{...}`, `#### ...` and
    "final answer is"; the last "answer is" or "answer:"; the last formula or number. A reasoning block at the beginning
    of a reply is not looked into.

    Args:
        replies: texts of any length; the time is linear in it.

    Examples:
        >>> extract_answers(["So $x = \\boxed{\\frac{10}{4}}$.", "3 + 4 = 7\n#### 7", "The answer is (C).", "No idea."])
        ['5/2', '7', 'C', None]
    """
    return _mapped(_native.extract_answers, replies)


def read_answers(texts: Sequence[str | None]) -> list[str | None]:
    r"""Return the answer that each text is or ends with: what stands alone is cleaned, anything longer is searched.

    Examples:
        >>> read_answers(["$x = 5$", "1,200 apples", "I add 2 and 3.\n#### 5"])
        ['5', '1200', '5']
    """
    return _mapped(_native.read_answers, texts)


def clean_answers(answers: Sequence[str | None]) -> list[str | None]:
    r"""Return answers in one form: no dollars, sizes and units; numbers as digits, decimals or reduced fractions.

    Examples:
        >>> clean_answers(["$\\dfrac{3}{6}$", "1,234.50 dollars", "\\text{(B)}", "a + b", None])
        ['1/2', '1234.5', 'B', 'a + b', None]
    """
    return _mapped(_native.clean_answers, answers)


def _mapped(function: Callable[[Any], Any], texts: Sequence[str | None]) -> list[str | None]:
    found: list[str | None] = pa.array(function(pa.array(texts, pa.large_string()))).to_pylist()
    return found
