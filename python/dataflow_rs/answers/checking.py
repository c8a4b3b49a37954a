"""`AnswerChecker`: whether answers are equivalent to gold answers, within a time limit each."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from dataflow_rs import _native
from dataflow_rs.answers.extraction import read_answers
from dataflow_rs.answers.pool import Pair, shared_pool
from dataflow_rs.core.environment import load
from dataflow_rs.core.results import RowError
from dataflow_rs.exceptions import ParameterError

MOST_CHARACTERS = 2000
"""An answer that is longer is not given to algebra."""


@dataclass(frozen=True)
class Checks:
    """What came of checking answers.

    Attributes:
        equal: one verdict per pair; None where gold answer or answer is missing, or the comparison failed.
        errors: position -> why the comparison failed.
    """

    equal: list[bool | None]
    errors: dict[int, RowError] = field(default_factory=dict)


@dataclass(frozen=True)
class AnswerChecker:
    r"""Compare answers with gold answers.

    Numbers in any notation, letters of multiple choice, words and equal texts are decided natively; the rest goes to
    `math-verify` (the extra `math`) in worker processes. A comparison that takes too long costs its own pair an error.

    Args:
        timeout_s: seconds for one comparison that takes algebra, above 0.
        float_rounding: decimals that count where one of two numbers is a decimal, 0 or more.
        algebra: False: what is not decided natively counts as different, and no extra is needed.

    Raises:
        ParameterError: an argument is out of range.

    Examples:
        >>> checker = AnswerChecker()
        >>> checker.check(["1,000", "C", "1/2"], ["$1000$", "(C) 12 m", "0.4"]).equal
        [True, True, False]
        >>> checker.check(["x^2 + 2x + 1"], ["\\boxed{(x+1)^2}"]).equal
        [True]
    """

    timeout_s: float = 5.0
    float_rounding: int = 6
    algebra: bool = True

    def __post_init__(self) -> None:
        if not self.timeout_s > 0:
            raise ParameterError(f"AnswerChecker: timeout_s={self.timeout_s} must be above 0")
        if self.float_rounding < 0:
            raise ParameterError(f"AnswerChecker: float_rounding={self.float_rounding} must be at least 0")

    def problems(self) -> list[str]:
        """Return why answers could not be compared here."""
        from dataflow_rs.core.environment import missing_extra

        return missing_extra("math", "AnswerChecker") if self.algebra else []

    def check(self, golds: Sequence[str | None], answers: Sequence[str | None]) -> Checks:
        """Compare answers with gold answers, pair by pair.

        Both may be answers that stand alone or whole solutions; of a solution the final answer counts.

        Args:
            golds: what is right.
            answers: what is checked.

        Raises:
            MissingExtraError: a comparison takes algebra, and the extra `math` is not installed.
        """
        return self.check_cleaned(read_answers(golds), read_answers(answers))

    def check_cleaned(self, golds: Sequence[str | None], answers: Sequence[str | None]) -> Checks:
        """Compare answers that `extract_answers` or `read_answers` returned."""
        compared = _native.compare_answers(pa.array(golds, pa.large_string()), pa.array(answers, pa.large_string()))
        equal: list[bool | None] = pa.array(compared).to_pylist()
        errors: dict[int, RowError] = {}
        open_pairs: dict[Pair, list[int]] = {}
        for position, (gold, answer) in enumerate(zip(golds, answers, strict=True)):
            if equal[position] is not None or gold is None or answer is None:
                continue
            if not self.algebra:
                equal[position] = False
            elif max(len(gold), len(answer)) > MOST_CHARACTERS:
                errors[position] = _too_long(max(len(gold), len(answer)))
            else:
                pair = as_formula(gold), as_formula(answer), self.float_rounding
                open_pairs.setdefault(pair, []).append(position)
        if open_pairs:
            self._compare(open_pairs, equal, errors)
        return Checks(equal, dict(sorted(errors.items())))

    def _compare(self, pairs: dict[Pair, list[int]], equal: list[bool | None], errors: dict[int, RowError]) -> None:
        if importlib.util.find_spec("math_verify") is None:
            load("math_verify", "math", "AnswerChecker")
        for positions, result in zip(
            pairs.values(), shared_pool().compare_all(list(pairs), self.timeout_s), strict=True
        ):
            for position in positions:
                if isinstance(result, RowError):
                    errors[position] = result
                else:
                    equal[position] = result


def as_formula(answer: str) -> str:
    r"""Return an answer as the LaTeX formula that algebra reads.

    Examples:
        >>> as_formula("x+1"), as_formula("no solution"), as_formula("28%")
        ('$x+1$', '$\\text{no solution}$', '$28\\%$')
    """
    words = len(answer) > 3 and all(char.isalpha() or char in " -'" for char in answer)
    if words:
        return f"$\\text{{{answer}}}$"
    return "$" + answer.replace("\\%", "%").replace("%", "\\%").replace("$", " ") + "$"


def _too_long(length: int) -> RowError:
    return RowError("AnswerCheckError", f"the answer has {length} characters; up to {MOST_CHARACTERS} are compared")
