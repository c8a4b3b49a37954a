"""Going on after an end: recorded answers are not waited for, and what ended a run carries what was answered."""

from __future__ import annotations

import pytest
from dataflow_rs.exceptions import BudgetExceededError, CorruptStoreError, TooManyErrorsError
from dataflow_rs.serving import CallLog, OpenAIServing, Request
from dataflow_rs.serving.engine import EngineSession
from dataflow_rs.testing import FakeServing, FaultServer, echo

ROWS = 3000


def asking(server, **settings):
    return OpenAIServing("m", base_url=server.url, api_key="x", **settings)


def prompts(count):
    return [f"row {number}" for number in range(count)]


def ask(server, log, numbers):
    with asking(server, call_log=log) as serving:
        return serving.generate_from_input([f"row {number}" for number in numbers])


@pytest.mark.parametrize(
    "recorded",
    [
        pytest.param(range(0), id="nothing"),
        pytest.param(range(2900), id="the first part"),
        pytest.param(range(100, ROWS), id="the last part"),
        pytest.param([*range(1000), *range(1001, 2500)], id="all but one, and the rest"),
        pytest.param(range(0, ROWS, 3), id="every third"),
        pytest.param(range(1, ROWS), id="all but the first"),
        pytest.param(range(ROWS - 1), id="all but the last"),
        pytest.param([n for n in range(ROWS) if n != 1234], id="all but one in the middle"),
        pytest.param(range(ROWS), id="all"),
    ],
)
def test_what_is_missing_is_asked_and_nothing_else(tmp_path, recorded):
    with FaultServer() as server:
        ask(server, tmp_path / "calls.log", recorded)
        assert server.requests == len(recorded)
        assert ask(server, tmp_path / "calls.log", range(ROWS)) == [echo(prompt) for prompt in prompts(ROWS)]
        assert server.requests == ROWS
        with asking(server, call_log=tmp_path / "calls.log", replay="only") as serving:
            completions = serving.generate([Request.of(prompt) for prompt in [*prompts(ROWS), "row 7"]])
        assert [completion.text for completion in completions] == [echo(prompt) for prompt in [*prompts(ROWS), "row 7"]]
        assert all(completion.replayed for completion in completions)
        assert (serving.totals.replayed, serving.totals.calls, server.requests) == (ROWS + 1, 0, ROWS)


def test_the_first_call_waits_for_no_recorded_answer(tmp_path, monkeypatch):
    done = {"find": 0, "knows": 0}
    at_the_first_call = []
    submit = EngineSession.submit

    def counting(name):
        method = getattr(CallLog, name)

        def counted(log, key):
            done[name] += 1
            return method(log, key)

        monkeypatch.setattr(CallLog, name, counted)

    def submitted(session, requests):
        at_the_first_call.append(dict(done))
        submit(session, requests)

    with FaultServer() as server:
        ask(server, tmp_path / "calls.log", range(2900))
        counting("find")
        counting("knows")
        monkeypatch.setattr(EngineSession, "submit", submitted)
        ask(server, tmp_path / "calls.log", range(ROWS))
        assert server.requests == ROWS
    first = at_the_first_call[0]
    assert first["find"] == 0, "answers are read when they are handed out"
    assert 0 < first["knows"] < 600, "of 2,900 recorded calls, few are looked up before the first one that is not"
    assert done["find"] == 2900


def test_a_log_that_is_replaced_meanwhile(tmp_path, monkeypatch):
    serving = FakeServing(lambda prompt: "yes", call_log=tmp_path / "calls.log")
    serving.generate_from_input(["a"])
    monkeypatch.setattr(CallLog, "find", lambda *_: None)
    with pytest.raises(CorruptStoreError, match=r"does not hold the call [0-9a-f]{16} any more; was it replaced"):
        serving.generate_from_input(["a"])


def test_a_budget_that_ends_a_run_without_a_log_keeps_the_answers():
    serving = FakeServing(lambda prompt: prompt.upper(), budget_tokens=100)
    asked = [Request.of(prompt, max_tokens=5) for prompt in ["row 0", *prompts(30)]]
    with pytest.raises(BudgetExceededError) as caught:
        serving.generate(iter(asked))
    completions = caught.value.completions
    assert len(completions) == 31
    answered = [completion.text for completion in completions if completion.ok]
    assert answered == ["ROW 0", *(f"ROW {number}" for number in range(len(answered) - 1))]
    assert len(answered) == serving.calls + 1 >= 10
    for completion in completions[len(answered) :]:
        assert type(completion.error) is BudgetExceededError
        assert (str(completion.error), completion.error.attempts) == (str(caught.value), 0)


@pytest.mark.parametrize("recorded", [range(0), range(1000)], ids=["nothing recorded", "some recorded"])
def test_too_many_errors_keep_the_answers_in_their_places(tmp_path, recorded):
    def half(prompt):
        return "" if int(prompt.split()[1]) % 2 else echo(prompt)

    with FaultServer() as server:
        ask(server, tmp_path / "calls.log", recorded)
        server.reply = half
        serving = asking(server, call_log=tmp_path / "calls.log", max_error_share=0.3)
        with serving, pytest.raises(TooManyErrorsError) as caught:
            serving.generate([Request.of(prompt) for prompt in prompts(ROWS)])
    completions = caught.value.completions
    assert len(completions) == ROWS
    answered = [number for number, completion in enumerate(completions) if completion.ok]
    assert all(completions[number].text == echo(f"row {number}") for number in answered)
    failed = {type(completion.error).__name__ for completion in completions if not completion.ok}
    assert failed == {"MalformedReplyError", "TooManyErrorsError"}
    assert sum(not completions[number].replayed for number in answered) >= 40


def test_a_stream_that_ends_leaves_what_was_not_handed_out():
    serving = FakeServing(lambda prompt: prompt.upper(), budget_tokens=100)
    got = []
    with pytest.raises(BudgetExceededError) as caught:
        got.extend(serving.stream((Request.of(prompt, max_tokens=5) for prompt in prompts(30)), window=8))
    left = [completion.text for completion in caught.value.completions]
    assert [c.text for c in got] + [text for text in left if text] == [f"ROW {n}" for n in range(serving.calls)]
    assert None in left
