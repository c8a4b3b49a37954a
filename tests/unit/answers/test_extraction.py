"""Answers from columns: nulls stay null, and real solutions give their labelled answers."""

from __future__ import annotations

from dataflow_rs.answers import clean_answers, extract_answers, read_answers

from tests.shared_data import shared_rows

MUST_HOLD = 0.995
"""Share of worked solutions from which the right answer is read."""


def test_missing_texts():
    assert extract_answers([None, "", "no answer at all", "#### 3"]) == [None, None, None, "3"]
    assert read_answers([None, " ", "1/2", "So it is 4."]) == [None, None, "1/2", "4"]
    assert clean_answers([None, "", "$5$"]) == [None, "", "5"]
    assert extract_answers([]) == []


def test_gsm8k_solutions():
    rows = shared_rows("math/gsm8k_train_2000.jsonl.zst")
    assert len(rows) == 2000
    final = [row["final"].replace(",", "") for row in rows]
    as_written = extract_answers([row["answer"] for row in rows])
    boxed = [row["answer"].split("####")[0] + f"$\\boxed{{{row['final']}}}$." for row in rows]
    spoken = [row["answer"].split("####")[0] + f"The answer is {row['final']}." for row in rows]
    for found in (as_written, extract_answers(boxed), extract_answers(spoken)):
        right = sum(a == b for a, b in zip(found, clean_answers(final), strict=True))
        assert right == 2000, "not one is missed"


def test_solutions_without_a_marker():
    """The last number is a guess: it is right where the solution ends with its result."""
    rows = shared_rows("math/gsm8k_train_2000.jsonl.zst")
    found = extract_answers([row["answer"].split("####")[0] for row in rows])
    right = sum(a == b for a, b in zip(found, clean_answers([row["final"] for row in rows]), strict=True))
    assert 0.96 < right / len(rows) < 1


def test_boxed_competition_solutions():
    """Those of the labelled pairs whose answer is right and boxed."""
    from dataflow_rs.answers import AnswerChecker

    rows = [
        row
        for row in shared_rows("math/answer_equivalence_cases.jsonl.zst")
        if "\\boxed{" in row["pred"] and row.get("expected", row.get("result")) == 1
    ]
    assert len(rows) > 20
    checks = AnswerChecker().check([row["gold"] for row in rows], extract_answers([row["pred"] for row in rows]))
    assert sum(equal is True for equal in checks.equal) / len(rows) >= MUST_HOLD
