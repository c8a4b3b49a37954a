"""Many rows against an endpoint that fails at random: every row ends as predicted, and no answer is paid for twice.

What the endpoint does with the n-th request of a row is drawn by a generator that the row and n seed. So the end of a
row can be predicted by following the draws, whatever the order in which requests arrive.
"""

from __future__ import annotations

import itertools
import json
import random
import threading
from collections import Counter

import pyarrow as pa
import pytest
from dataflow_rs import FileStorage, Pipeline
from dataflow_rs import exceptions as errors
from dataflow_rs.operators.core_text import PromptedGenerator
from dataflow_rs.serving import CallLog, OpenAIServing
from dataflow_rs.serving.retry import RetryPolicy

from tests.unit.serving.fault_server import Answer, reply, serving_faults

SCHEMA = {
    "type": "object",
    "properties": {"row": {"type": "string"}},
    "required": ["row"],
    "additionalProperties": False,
}
MAX_RETRIES, MAX_REPAIRS, CONCURRENCY = 3, 2, 32
GOOD, MISMATCH = "good", "mismatch"


def failure(status, **details):
    return Answer({"error": {"message": "no", **details}}, status)


PASSING = {
    "slow down": (Answer({"error": {"message": "no"}}, 429, {"Retry-After": "0.01"}), "RateLimitedError"),
    "500": (failure(500), "ServerFailedError"),
    "502": (Answer("<html>bad gateway</html>", 502), "ServerFailedError"),
    "503": (Answer("", 503), "ServerFailedError"),
    "no body": (Answer(reply("x"), drop=0), "TransportError"),
    "half a body": (Answer(reply("x"), drop=50), "TransportError"),
    "half JSON": (Answer('{"choices": [{"mess'), "BrokenReplyError"),
    "no choices": (Answer({"choices": []}), "BrokenReplyError"),
    "hang": (Answer(hang=True), "RequestTimeoutError"),
}
FINAL = {
    "bad request": (failure(400), "InvalidRequestError"),
    "too long": (failure(400, code="context_length_exceeded"), "ContextLengthError"),
    "wrong key": (failure(401), "AuthenticationFailedError"),
    "filtered": (Answer(reply("", "content_filter")), "ContentFilteredError"),
    "no quota": (failure(429, code="insufficient_quota"), "RateLimitedError"),
    "empty": (Answer(reply("")), "MalformedReplyError"),
}
WEIGHTS = {GOOD: 60, MISMATCH: 12, **dict.fromkeys(PASSING, 5), "hang": 0.2, **dict.fromkeys(FINAL, 1)}


def drawn(row, number):
    """What happens to the request of that number, from 0, of a row."""
    return random.Random(f"{row}/{number}").choices(list(WEIGHTS), list(WEIGHTS.values()))[0]


def predicted(row):
    """Return (error class name or None, number of requests)."""
    numbers, sent, end = itertools.count(), 0, None
    for repair in range(MAX_REPAIRS + 1):
        for _ in range(MAX_RETRIES + 1):
            outcome, sent = drawn(row, next(numbers)), sent + 1
            if outcome not in PASSING:
                break
        if outcome == GOOD:
            return None, sent
        if outcome != MISMATCH:
            end = {**PASSING, **FINAL}[outcome][1]
            refused = issubclass(getattr(errors, end, Exception), errors.InvalidRequestError)
            return ("SchemaMismatchError" if refused and repair else end), sent
    return "SchemaMismatchError", sent


class Endpoint:
    """Answers as drawn, and counts the requests and the good answers of each row."""

    def __init__(self):
        self.asked, self.answered = Counter(), Counter()
        self.outcomes = Counter()
        self.healthy = False
        self._lock = threading.Lock()

    def __call__(self, body, number):
        row = body["messages"][1]["content"]
        with self._lock:
            outcome = GOOD if self.healthy else drawn(row, self.asked[row])
            self.asked[row] += 1
            self.outcomes[outcome] += 1
            self.answered[row] += outcome == GOOD
        if outcome == GOOD:
            return reply(json.dumps({"row": row}))
        if outcome == MISMATCH:
            return reply(json.dumps({"line": row}))
        return {**PASSING, **FINAL}[outcome][0]


class Ask(Pipeline):
    def __init__(self, url, rows, folder, log):
        super().__init__()
        self.storage = FileStorage(pa.table({"text": rows}), cache_path=folder)
        serving = OpenAIServing(
            "m",
            base_url=url,
            api_key="planted",
            max_retries=MAX_RETRIES,
            max_repairs=MAX_REPAIRS,
            max_concurrency=CONCURRENCY,
            timeout_s=10.0,
            call_log=log,
        )
        self.ask = PromptedGenerator(serving, "Repeat.", json_schema=SCHEMA)

    def forward(self):
        self.ask.run(storage=self.storage.step(), input_key="text", output_key="reply")


def check(number_of_rows, tmp_path):
    rows, log, endpoint = [f"row {number}" for number in range(number_of_rows)], tmp_path / "calls.log", Endpoint()
    ends = [predicted(row) for row in rows]
    with serving_faults(endpoint) as server:
        run = Ask(server.url, rows, tmp_path / "first", log).compile().run(quiet=True)
        table = run.table().to_pylist()
        assert [row["text"] for row in table] == rows, "every row is there, in its place"
        replies = [None if row["reply"] is None else json.loads(row["reply"])["row"] for row in table]
        assert replies == [row if error is None else None for row, (error, _) in zip(rows, ends, strict=True)]
        labels = [(error["row"], error["type"], error["attempts"]) for error in run.errors().to_pylist()]
        assert sorted(labels) == [(n, error, sent) for n, (error, sent) in enumerate(ends) if error is not None]
        assert [endpoint.asked[row] for row in rows] == [sent for _, sent in ends]
        assert server.most_under_way <= CONCURRENCY

        answered = [row for row, (error, _) in zip(rows, ends, strict=True) if error is None]
        assert +endpoint.answered == Counter(answered), "each good answer was given once"
        assert len(CallLog(log)) == len(answered)

        # A run anew, of an endpoint that has recovered, pays for the rows that failed and for no other.
        endpoint.healthy = True
        before = endpoint.asked.copy()
        run = Ask(server.url, rows, tmp_path / "second", log).compile().run(quiet=True)
        assert [json.loads(row["reply"])["row"] for row in run.table().to_pylist()] == rows
        assert endpoint.asked - before == Counter(set(rows) - set(answered))
    return endpoint, ends


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(RetryPolicy, "wait", lambda self, attempt, asked_s: 0.002)


def test_hundreds_of_rows(tmp_path):
    endpoint, ends = check(300, tmp_path)
    assert sum(error is None for error, _ in ends) > 150
    assert len(endpoint.outcomes) >= len(WEIGHTS) - 1


@pytest.mark.soak
def test_thousands_of_rows(tmp_path):
    endpoint, ends = check(20_000, tmp_path)
    assert set(endpoint.outcomes) == set(WEIGHTS)
    ended = Counter(error for error, _ in ends)
    assert set(ended) == {None, "SchemaMismatchError", *(name for _, name in [*PASSING.values(), *FINAL.values()])}
