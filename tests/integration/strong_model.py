"""The replies of a strong model, written by hand: what it says to every question that the math pipeline asks.

`math_replies.jsonl` has a row per question: whether it can be solved and why, the question it makes of it, rating,
subject, and three solutions. Some are wrong on purpose.
"""

from __future__ import annotations

import json
from pathlib import Path

from dataflow_rs.testing import FakeServing

SEEDS = Path(__file__).resolve().parents[2] / "examples" / "data" / "gsm8k_seeds.jsonl"


def json_lines(path: Path) -> list[dict]:
    """Return the rows of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


REPLIES = json_lines(Path(__file__).parent / "data" / "math_replies.jsonl")


def seeds() -> list[dict]:
    """Return the seeds that the replies are about."""
    known = {row["question"] for row in REPLIES}
    return [row for row in json_lines(SEEDS) if row["question"] in known]


def reply_to(request) -> str:
    """Answer what is asked about a question."""
    prompt = request.messages[-1]["content"]
    found = max((row for row in REPLIES if row["question"] in prompt), key=lambda row: len(row["question"]))
    if "Write a new problem" in prompt:
        return json.dumps({"question": found["new_question"]})
    if "judgement_test" in prompt:
        return json.dumps({"reason": found["reason"], "judgement_test": found["solvable"]})
    if '"rating"' in prompt:
        return json.dumps({"reason": "It takes several steps.", "rating": found["rating"]})
    if "primary_category" in prompt:
        first, second = found["category"]
        return json.dumps({"primary_category": first, "secondary_category": second})
    return found["answers"][request.sample]


def strong_model(**settings) -> FakeServing:
    """Return a serving that answers as the strong model did."""
    return FakeServing(reply_to, model="strong", **settings)
