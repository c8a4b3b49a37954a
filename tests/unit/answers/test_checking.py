"""Equivalence of answers: labelled pairs, agreement of the fast path with the algebra, hostile answers."""

from __future__ import annotations

import os
import signal
import time

import pyarrow as pa
import pytest
from dataflow_rs import _native
from dataflow_rs.answers import AnswerChecker, Vote, majority
from dataflow_rs.answers.checking import as_formula
from dataflow_rs.answers.pool import Worker, shared_pool
from dataflow_rs.exceptions import AnswerCheckError, AnswerTimeoutError, MissingExtraError, ParameterError
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.effort import EFFORT
from tests.shared_data import shared_rows

MUST_HOLD = 0.99

KNOWN_DISAGREEMENTS = [
    ("$9$", "Answer \\( \n 9 \n \\)", 0, True),
    ("$1 - \\frac{1}{\\mathrm{e}}$", "$1 + \\frac{1}{\\mathrm{e}}$", 1, False),
]
"""(gold answer, answer, label, our verdict): both labels are about what a parser finds, not about what is equal."""

PAIRS = [
    ("x+1", "1+x", True),
    ("\\frac{x+2}{7}", "\\frac{x}{7}+\\frac{2}{7}", True),
    ("\\tan^2(y)+1", "\\sec^2(y)", True),
    ("\\sqrt{8}", "2\\sqrt{2}", True),
    ("[0,1)", "[0,1]", False),
    ("(-\\infty, 3)", "x < 3", True),
    ("\\{1,2,3\\}", "3, 2, 1", True),
    ("1,2", "1,2,3", False),
    ("(1,2)", "(2,1)", False),
    ("1/3", "0.333333", True),
    ("1/3", "0.3333", False),
    ("\\pi", "3.14", False),
    ("2^{10}", "1024", True),
    ("\\begin{pmatrix}1 & 2\\end{pmatrix}", "\\begin{pmatrix}1 & 2.0\\end{pmatrix}", True),
    ("listen", "silent", False),
]


@pytest.mark.parametrize(("gold", "answer", "equal"), PAIRS)
def test_pairs(gold, answer, equal):
    checks = AnswerChecker().check([gold], [answer])
    assert checks.errors == {}
    assert checks.equal == [equal]


def test_labelled_pairs():
    """Every pair but the ones that are listed, with their labels, has the verdict of its label."""
    cases = shared_rows("math/answer_equivalence_cases.jsonl.zst")
    numbers = [row for row in shared_rows("math/answer_pairs_gsm8k_tora.jsonl.zst") if row["equal"] is not None]
    assert (len(cases), len(numbers)) == (89, 717)
    disagreements = []
    for row in cases:
        label = row.get("expected", row.get("result"))
        checks = AnswerChecker(float_rounding=row.get("precision", 6)).check([row["gold"]], [row["pred"]])
        if checks.equal != [bool(label)]:
            disagreements.append((row["gold"], row["pred"], label, checks.equal[0]))
    checks = AnswerChecker().check([row["gold"] for row in numbers], [row["pred"] for row in numbers])
    disagreements += [
        (row["gold"], row["pred"], row["equal"], equal)
        for row, equal in zip(numbers, checks.equal, strict=True)
        if equal != row["equal"]
    ]
    assert disagreements == KNOWN_DISAGREEMENTS
    assert 1 - len(disagreements) / (len(cases) + len(numbers)) >= MUST_HOLD


def notation():
    """Numbers as they are written."""
    whole = st.integers(-2000, 2000)
    return st.one_of(
        whole.map(str),
        st.tuples(whole, st.integers(0, 99)).map(lambda n: f"{n[0]}.{n[1]:02}"),
        st.tuples(whole, st.integers(1, 40)).map(lambda n: f"\\frac{{{n[0]}}}{{{n[1]}}}"),
        st.tuples(st.integers(1, 9), st.integers(1, 4), st.integers(5, 9)).map(
            lambda n: f"{n[0]}\\frac{{{n[1]}}}{{{n[2]}}}"
        ),
        st.integers(0, 200).map(lambda n: f"{n}\\%"),
        st.integers(1000, 9_999_999).map(lambda n: f"{n:,}"),
    )


@settings(max_examples=6 * EFFORT, deadline=None)
@given(st.lists(st.tuples(notation(), notation()), min_size=20, max_size=20))
def test_the_fast_path_agrees_with_the_algebra(pairs):
    golds, answers = map(list, zip(*[*pairs, *((gold, gold) for gold, _ in pairs)], strict=True))
    fast = AnswerChecker(algebra=False).check(golds, answers).equal
    slow = shared_pool().compare_all([(f"${g}$", f"${a}$", 6) for g, a in zip(golds, answers, strict=True)], 20)
    decided = pa.array(_native.compare_answers(pa.array(golds), pa.array(answers))).to_pylist()
    wrong = [
        (gold, answer, quick, thorough)
        for gold, answer, quick, thorough in zip(golds, answers, decided, slow, strict=True)
        if quick is not None and quick != thorough
    ]
    assert wrong == []
    assert fast.count(True) >= len(pairs), "each number is equal to itself"


HOSTILE = {
    "a tower of powers": "9^{9^{9^{9^{9}}}}x",
    "an endless expansion": "(x+1)^{100000}",
    "a factorial": "10000000!+x",
}


@pytest.mark.parametrize("answer", HOSTILE.values(), ids=list(HOSTILE))
def test_a_hostile_answer_costs_its_own_row_an_error(answer):
    checks = AnswerChecker(timeout_s=1.0).check(["x+1"] * 3, ["1+x", answer, "x"])
    assert [checks.equal[0], checks.equal[2]] == [True, False]
    assert checks.equal[1] in (None, False), "never equal"
    if checks.equal[1] is None:
        assert checks.errors[1].type in ("AnswerTimeoutError", "AnswerCheckError")
    assert set(checks.errors) <= {1}


def test_an_answer_that_takes_too_long():
    checks = AnswerChecker(timeout_s=0.5).check(["x+1"], ["(x+1)^{100000}"])
    assert checks.equal == [None]
    assert checks.errors[0].type == "AnswerTimeoutError"
    assert checks.errors[0].message == "comparing took longer than 0.5 s; raise timeout_s if the answer is worth it"


def test_huge_replies():
    million = 10**6
    replies = ["{" * million + "}" * million, "1" * 10 * million, "\\boxed{" + "{" * million + "}" * million + "}"]
    checks = AnswerChecker().check(["x+1"] * 3, replies)
    assert checks.equal == [None] * 3
    assert [error.message for error in checks.errors.values()] == [
        "the answer has 2000000 characters; up to 2000 are compared"
    ]


def test_missing_answers_are_no_errors():
    checks = AnswerChecker().check(["5", None, "x", None], [None, "5", None, None])
    assert checks.equal == [None] * 4
    assert checks.errors == {}


def test_a_worker_that_dies_is_replaced():
    worker = Worker()
    try:
        assert worker.compare(("$x$", "$x$", 6), 30)
        first = worker._process
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        assert worker.compare(("$x$", "$x$", 6), 30)
        assert worker._process.pid != first.pid
    finally:
        worker.close()


def test_a_stuck_worker_is_killed():
    worker = Worker()
    try:
        worker.compare(("$x$", "$x$", 6), 30)
        stuck = worker._process
        with pytest.raises(AnswerTimeoutError):
            worker.compare(("$x+1$", "$(x+1)^{100000}$", 6), 0.2)
        assert stuck.poll() is not None, "the process is gone"
        assert worker.compare(("$2x$", "$x+x$", 6), 30)
    finally:
        worker.close()


def test_what_no_process_can_read_is_an_error_of_its_pair(monkeypatch):
    monkeypatch.setattr("dataflow_rs.answers.pool.START_TIMEOUT_S", 0.0)
    with pytest.raises(AnswerCheckError, match="could not be started"):
        Worker().compare(("$x$", "$x$", 6), 1)


def test_workers_are_reused():
    checker = AnswerChecker()
    checker.check(["x+1"], ["1+x"])
    start = time.process_time()
    assert checker.check(["x+1"] * 50, [f"{n}+x" for n in range(50)]).equal.count(True) == 1
    assert time.process_time() - start < 5, "our own process only waits"


def test_without_the_extra(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("importlib.import_module", lambda name: (_ for _ in ()).throw(ImportError(name)))
    assert AnswerChecker().check(["1/2"], ["0.5"]).equal == [True]
    assert AnswerChecker(algebra=False).check(["x+1"], ["1+x"]).equal == [False]
    with pytest.raises(MissingExtraError, match=r"open-dataflow-rs\[math\]"):
        AnswerChecker().check(["x+1"], ["1+x"])
    assert len(AnswerChecker().problems()) == 1
    assert AnswerChecker(algebra=False).problems() == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"timeout_s": 0.0}, "AnswerChecker: timeout_s=0.0 must be above 0"),
        ({"float_rounding": -1}, "AnswerChecker: float_rounding=-1 must be at least 0"),
    ],
)
def test_wrong_parameters(arguments, message):
    with pytest.raises(ParameterError) as error:
        AnswerChecker(**arguments)
    assert str(error.value) == message


def test_formulas():
    assert [as_formula(a) for a in ("x+1", "no way", "5\\%", "e")] == ["$x+1$", "$\\text{no way}$", "$5\\%$", "$e$"]


@pytest.mark.parametrize(
    ("ballot", "vote"),
    [
        (["7", "7", "8"], Vote("7", (0, 1), 3)),
        (["1/2", "7", "0.5", None], Vote("1/2", (0, 2), 3)),
        (["x+1", "y", "1+x"], Vote("x+1", (0, 2), 3)),
        (["1", "2"], Vote("1", (0,), 2)),
        (["1", "2", "2"], Vote("2", (1, 2), 3)),
        ([None, None], Vote(None, (), 0)),
        ([], Vote(None, (), 0)),
    ],
)
def test_votes(ballot, vote):
    assert majority([ballot]) == [vote]
    assert majority([["9"], ballot])[1] == vote
