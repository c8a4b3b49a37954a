"""Majority votes among answers that may be written differently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dataflow_rs.answers.checking import AnswerChecker


@dataclass(frozen=True)
class Vote:
    """The outcome of a vote.

    Attributes:
        winner: the answer of the largest group as its first member wrote it; None where nobody answered.
        members: positions of the answers in that group, ascending.
        voters: how many answers there were.
    """

    winner: str | None
    members: tuple[int, ...]
    voters: int


def majority(ballots: Sequence[Sequence[str | None]], checker: AnswerChecker | None = None) -> list[Vote]:
    """Return the vote of each question: equivalent answers are one group, the largest wins, at a tie the earliest.

    What is missing does not vote.

    Args:
        ballots: the answers to each question, as `extract_answers` returned them.
        checker: who decides which answers are equivalent; a comparison that fails counts as different.

    Examples:
        >>> majority([["1/2", None, "7", "0.5"], [None]])
        [Vote(winner='1/2', members=(0, 3), voters=3), Vote(winner=None, members=(), voters=0)]
    """
    checker = checker or AnswerChecker()
    distinct = [list(dict.fromkeys(answer for answer in ballot if answer)) for ballot in ballots]
    pairs = [
        (question, earlier, later)
        for question, answers in enumerate(distinct)
        for later in range(1, len(answers))
        for earlier in range(later)
    ]
    checks = checker.check_cleaned(
        [distinct[question][earlier] for question, earlier, _ in pairs],
        [distinct[question][later] for question, _, later in pairs],
    )
    equal = {pair for pair, same in zip(pairs, checks.equal, strict=True) if same}
    return [_count(question, ballot, distinct[question], equal) for question, ballot in enumerate(ballots)]


def _count(
    question: int, ballot: Sequence[str | None], answers: Sequence[str], equal: set[tuple[int, int, int]]
) -> Vote:
    group = list(range(len(answers)))
    for later in range(len(answers)):
        same = [
            earlier for earlier in range(later) if group[earlier] == earlier and (question, earlier, later) in equal
        ]
        group[later] = same[0] if same else later
    of_answer = {answer: group[place] for place, answer in enumerate(answers)}
    members: dict[int, list[int]] = {}
    for position, answer in enumerate(ballot):
        if answer:
            members.setdefault(of_answer[answer], []).append(position)
    if not members:
        return Vote(None, (), 0)
    winner = max(members, key=lambda leader: (len(members[leader]), -members[leader][0]))
    return Vote(answers[winner], tuple(members[winner]), sum(map(len, members.values())))
