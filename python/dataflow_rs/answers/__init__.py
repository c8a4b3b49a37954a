"""Final answers of worked solutions: find them in replies, check them against gold answers, and vote among them.

Plain answers (numbers in any notation, letters, words) are decided by a native kernel. What takes algebra goes to
`math-verify` in worker processes with a time limit, so that no answer, however hostile, costs more than its own row.
"""

from __future__ import annotations

from dataflow_rs.answers.checking import AnswerChecker, Checks
from dataflow_rs.answers.extraction import clean_answers, extract_answers, read_answers
from dataflow_rs.answers.voting import Vote, majority

__all__ = [
    "AnswerChecker",
    "Checks",
    "Vote",
    "clean_answers",
    "extract_answers",
    "majority",
    "read_answers",
]
