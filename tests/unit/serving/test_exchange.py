"""What all backends share: replay, one sending of equal requests, repair rounds, statistics."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from dataflow_rs.core.metering import metering
from dataflow_rs.exceptions import (
    ModelUnavailableError,
    ParameterError,
    RateLimitedError,
    ReplayMissError,
    StoreLockedError,
)
from dataflow_rs.serving import CallLog, Completion, Request, Serving, Usage, recording
from dataflow_rs.serving.exchange import Exchange
from dataflow_rs.storage.tracing import TracingError, tracing
from dataflow_rs.testing import FakeServing

NUMBER = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def shout(prompt):
    return prompt.upper()


def test_equal_requests_are_sent_once_and_samples_are_not_equal():
    serving = FakeServing(shout)
    completions = serving.generate([Request.of("a"), Request.of("b"), Request.of("a"), Request.of("a", sample=1)])
    assert [completion.text for completion in completions] == ["A", "B", "A", "A"]
    assert [completion.replayed for completion in completions] == [False, False, True, False]
    assert serving.calls == 3


@pytest.mark.parametrize(
    "changed",
    [
        {"temperature": 0.7},
        {"top_p": 0.5},
        {"max_tokens": 9},
        {"seed": 1},
        {"stop": ("x",)},
        {"json_schema": {}},
        {"sample": 1},
    ],
)
def test_everything_that_determines_the_answer_is_in_the_key(changed, tmp_path):
    serving = FakeServing(lambda prompt: "{}")
    with recording(CallLog(tmp_path / "calls.log")):
        serving.generate([Request.of("a")])
        assert serving.generate([Request.of("a", **changed)])[0].replayed is False
        assert serving.generate([Request.of("a", **changed)])[0].replayed is True


def test_what_does_not_determine_the_answer_is_not_in_the_key():
    assert (
        FakeServing(shout).identity()
        == FakeServing(shout, price=(1, 2), replay="off", latency_s=0.1, max_repairs=0).identity()
    )
    assert FakeServing(shout).identity() != FakeServing(shout, model="other").identity()
    assert FakeServing(shout).identity() != FakeServing({"*": "x"}).identity()


def test_replay(tmp_path):
    path = str(tmp_path / "calls.log")
    first = FakeServing(shout, call_log=path, fail={2: RateLimitedError("slow down")})
    assert first.generate_from_input(["a", "b", "c"]) == ["A", None, "C"]
    first.close()
    again = FakeServing(shout, call_log=path)
    assert again.generate_from_input(["a", "b", "c"]) == ["A", "B", "C"]
    assert again.calls == 1, "failures are not recorded, answers are"
    only = FakeServing(shout, call_log=path, replay="only")
    completions = only.generate([Request.of("b"), Request.of("new")])
    assert (completions[0].text, completions[0].replayed, only.calls) == ("B", True, 0)
    assert isinstance(completions[1].error, ReplayMissError)
    assert str(completions[1].error) == "replay='only', and this call was never recorded"
    off = FakeServing(lambda prompt: prompt.upper(), call_log=path, replay="off")
    off.generate_from_input(["a"])
    assert off.calls == 1
    again.close()


def test_a_replayed_answer_is_the_same(tmp_path):
    text = "<think>x</think>\n\u4e2d\u0000\U0001f600 007"
    with recording(CallLog(tmp_path / "calls.log")):
        serving = FakeServing({"a": text})
        first, second = serving.generate([Request.of("a")])[0], serving.generate([Request.of("a")])[0]
    assert (second.text, second.usage, second.finish_reason) == (text, first.usage, first.finish_reason)
    assert (first.replayed, second.replayed) == (False, True)


def test_lone_surrogates_become_replacement_characters():
    assert FakeServing({"*": "a\ud800b"}).generate_from_input(["x"]) == ["a\ufffdb"]


def test_repair_rounds_of_any_backend():
    serving = FakeServing(["no", '{"n": "x"}', '{"n": 2}'])
    completion = serving.generate([Request.of("a", json_schema=NUMBER)])[0]
    assert (completion.json(), completion.attempts, serving.calls) == ({"n": 2}, 3, 3)
    serving = FakeServing(["no"], max_repairs=0)
    completion = serving.generate([Request.of("a", json_schema=NUMBER)])[0]
    assert str(completion.error) == "the reply holds no JSON: 'no'"
    assert (completion.attempts, completion.error.attempts, serving.calls) == (1, 1, 1)


def test_the_repaired_answer_is_recorded_under_the_question(tmp_path):
    with recording(CallLog(tmp_path / "calls.log")) as log:
        FakeServing(["no", '{"n": 2}']).generate([Request.of("a", json_schema=NUMBER)])
        records = list(log.records())
        assert FakeServing(["no", '{"n": 2}'], replay="only").generate([Request.of("a", json_schema=NUMBER)])[0].ok
    assert len(records) == 1
    assert records[0]["call"]["messages"] == [{"role": "user", "content": "a"}]
    assert records[0]["answer"]["text"] == '{"n": 2}'


def test_a_wrong_schema_is_an_error_of_the_caller():
    with pytest.raises(ParameterError) as caught:
        FakeServing(shout).generate([Request.of("a", json_schema={"type": "objekt"})])
    assert str(caught.value) == "json_schema.type: unknown type 'objekt' (did you mean 'object'?)"


def test_the_meter_counts_calls_replays_failures_tokens_and_cost():
    seen = []
    with metering(lambda: seen.append(1)) as meter:
        serving = FakeServing(shout, price=(1.0, 10.0), fail={2: RateLimitedError("slow")})
        serving.generate([Request.of("one two"), Request.of("x"), Request.of("one two")])
    assert meter.to_dict() == {
        "calls": 2,
        "replayed": 1,
        "failed": {"RateLimitedError": 1},
        "retries": 0,
        "prompt_tokens": 2,
        "completion_tokens": 2,
        "seconds": 0.0,
        "cost": 2.2e-05,
    }
    assert len(seen) == 3
    assert serving.usage == Usage(2, 2)
    with metering() as empty:
        pass
    assert empty.to_dict() == {}


@pytest.fixture
def two_threads(monkeypatch):
    """Return what asks the same from two threads, the second one while the first one's request is under way."""
    under_way, both_there = threading.Event(), threading.Event()
    claim, claims = Exchange._claim, []

    def counted(exchange, call):
        claim(exchange, call)
        claims.append(1)
        if len(claims) == 2:
            both_there.set()

    monkeypatch.setattr(Exchange, "_claim", counted)

    def reply_when_both_are_there(answer):
        def reply(prompt):
            under_way.set()
            assert both_there.wait(10)
            return answer(prompt)

        return reply

    def ask(answer):
        serving = FakeServing(reply_when_both_are_there(answer))
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(serving.generate, [Request.of("a")])
            assert under_way.wait(10)
            second = pool.submit(serving.generate, [Request.of("a")])
            return serving, first, second

    return ask


def test_equal_requests_of_two_threads_are_sent_once(two_threads):
    serving, first, second = two_threads(shout)
    assert [(end.text, end.replayed) for end in first.result() + second.result()] == [("A", False), ("A", True)]
    assert serving.calls == 1


def test_a_thread_that_waits_for_a_request_that_is_given_up_asks_itself(two_threads):
    asked = []

    def broken_at_first(prompt):
        asked.append(prompt)
        if len(asked) == 1:
            raise ModelUnavailableError("gone")
        return shout(prompt)

    serving, first, second = two_threads(broken_at_first)
    assert isinstance(first.exception(), ModelUnavailableError)
    assert [(end.text, end.replayed) for end in second.result()] == [("A", False)]
    assert serving.calls == 2


def test_a_backend_that_forgets_a_request_is_found_out():
    class ForgetfulServing(Serving):
        """Answer only the first request."""

        def answer_all(self, requests, finished):
            finished(0, Completion("yes"))

    completions = ForgetfulServing().generate([Request.of("a"), Request.of("b")])
    assert completions[0].text == "yes"
    assert str(completions[1].error) == "ForgetfulServing ended without an answer to this request"


def test_nothing_is_asked_while_a_pipeline_is_compiled():
    with tracing(object()), pytest.raises(TracingError, match=r"forward\(\) calls FakeServing.generate\(\)"):
        FakeServing(shout).generate_from_input(["a"])


def test_a_log_in_use_stops_before_anything_is_paid(tmp_path):
    held = CallLog(tmp_path / "calls.log")
    held.claim()
    serving = FakeServing(shout)
    with recording(CallLog(tmp_path / "calls.log")), pytest.raises(StoreLockedError) as caught:
        serving.generate_from_input(["a"])
    assert serving.calls == 0
    assert str(caught.value) == (
        f"the call log {tmp_path / 'calls.log'} is in use by another process. Wait for it, or give another call_log"
    )
    held.close()


def test_no_requests():
    assert FakeServing(shout).generate([]) == []
