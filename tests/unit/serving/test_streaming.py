"""Many calls: order, bounded windows, several endpoints, limits, budgets, stops, and what is kept of them."""

from __future__ import annotations

import logging
import threading
import time

import pytest
from dataflow_rs.exceptions import BudgetExceededError, ConfigurationError, ParameterError, TooManyErrorsError
from dataflow_rs.serving import CallLog, OpenAIServing, Request, Usage, recording
from dataflow_rs.serving import endpoints as endpoints_module
from dataflow_rs.serving.retry import RetryPolicy
from dataflow_rs.testing import FakeServing, FaultServer, echo

KEY = "sk-planted-secret-key"
FAULTS = {
    "429": 0.02,
    "429-retry-after": 0.02,
    "500": 0.02,
    "502": 0.02,
    "503": 0.02,
    "reset": 0.02,
    "truncated": 0.02,
    "invalid-json": 0.02,
    "wrong-schema": 0.02,
    "empty-choices": 0.02,
    "duplicate-id": 0.05,
    "slow-drip": 0.02,
}


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(RetryPolicy, "wait", lambda self, attempt, asked_s: min(asked_s or 0.002, 0.02))


def asking(*servers, **settings):
    urls = [server.url for server in servers]
    return OpenAIServing("m", base_url=urls, api_key=KEY, **{"max_concurrency": 16, "timeout_s": 5.0, **settings})


def prompts(count):
    return [f"prompt {number}" for number in range(count)]


def requests(count, **settings):
    return (Request.of(prompt, **settings) for prompt in prompts(count))


def test_every_request_of_a_stream_is_answered_in_its_place_and_never_again(tmp_path):
    with FaultServer(faults=FAULTS, seed=1) as server:
        with asking(server, call_log=tmp_path / "calls.log", max_retries=30) as serving:
            completions = list(serving.stream(requests(600), window=100))
        assert [completion.text for completion in completions] == [echo(prompt) for prompt in prompts(600)]
        assert set(server.counts) == {"good", *FAULTS}
        assert sum(completion.attempts for completion in completions) == server.requests
        assert max(server.answered.values()) == 1
        sent = server.requests
        with asking(server, call_log=tmp_path / "calls.log") as serving:
            again = serving.generate(requests(600))
        assert server.requests == sent, "the second run asks nothing"
    assert [completion.text for completion in again] == [completion.text for completion in completions]


def test_a_stream_takes_no_more_than_its_window():
    taken, most = 0, 0

    def source():
        nonlocal taken
        for request in requests(500):
            taken += 1
            yield request

    with FaultServer(latency_s=0.001) as server, asking(server) as serving:
        for number, completion in enumerate(serving.stream(source(), window=40)):
            assert completion.text == echo(f"prompt {number}")
            most = max(most, taken - number)
    assert taken == 500
    assert 20 < most <= 40


def test_a_stream_that_is_closed_cancels_what_is_under_way_and_keeps_what_is_answered(tmp_path):
    answered = threading.Event()

    def reply(prompt):
        if prompt == "prompt 1":
            answered.set()
        return echo(prompt)

    with FaultServer(reply=reply, faults={"hang": 0.5}, seed=2) as server:
        with asking(server, call_log=tmp_path / "calls.log", timeout_s=60) as serving:
            kinds = [server.drawn(prompt, 1) for prompt in prompts(16)]
            assert kinds[0] == "good"
            answers = serving.stream(requests(16))
            assert next(answers).text == echo("prompt 0")
            while len(CallLog(tmp_path / "calls.log")) < kinds.count("good"):
                time.sleep(0.01)
            started = time.monotonic()
            answers.close()
            assert time.monotonic() - started < 30
        with asking(server, call_log=tmp_path / "calls.log", replay="only") as serving:
            ends = serving.generate(requests(16))
    assert [end.ok for end in ends] == [kind == "good" for kind in kinds]
    assert 4 < kinds.count("good") < 14


def test_endpoints_share_the_calls_by_weight():
    with FaultServer(latency_s=0.01) as heavy, FaultServer(latency_s=0.01) as light:
        serving = OpenAIServing("m", base_url={heavy.url: 3, light.url: 1}, api_key=KEY, max_concurrency=16)
        with serving:
            texts = serving.generate_from_input(prompts(400))
    assert texts == [echo(prompt) for prompt in prompts(400)]
    assert heavy.requests + light.requests == 400
    assert heavy.requests > 1.3 * light.requests
    assert light.requests > 20


def test_an_endpoint_stands_in_for_one_that_is_down():
    with FaultServer() as gone:
        pass
    with FaultServer(latency_s=0.001) as server, asking(gone, server, max_retries=5) as serving:
        completions = serving.generate(requests(300))
        assert [completion.text for completion in completions] == [echo(prompt) for prompt in prompts(300)]
        assert server.requests == 300
    failed = sum(completion.attempts - 1 for completion in completions)
    assert 1 <= failed <= 40, "the one that is down is left alone"


def test_calls_to_an_endpoint_that_stays_down_end_in_time(monkeypatch):
    monkeypatch.setattr(endpoints_module, "PATIENCE_S", 0.6)
    with FaultServer() as gone:
        pass
    with asking(gone, max_retries=1000, max_error_share=None) as serving:
        completions = serving.generate(requests(200))
    assert {type(completion.error).__name__ for completion in completions} == {"TransportError"}
    assert all("the connection failed: " in str(end.error) for end in completions)
    assert sum(str(end.error).startswith("the endpoint is down: ") for end in completions) > 100
    assert sum(completion.attempts for completion in completions) < 100


def test_a_server_that_allows_few_calls_is_not_asked_more():
    with FaultServer(capacity=6, latency_s=0.01, retry_after_s=0.01) as server:
        with asking(server, max_concurrency=64, max_retries=100) as serving:
            completions = serving.generate(requests(1500))
            limit = serving._engine.pool.endpoints[0].limit.value
        refused = server.counts["refused"]
    assert [completion.text for completion in completions] == [echo(prompt) for prompt in prompts(1500)]
    assert 4 <= limit <= 9
    assert 0 < refused < 750


def test_the_rate_of_requests_is_limited():
    with FaultServer() as server, asking(server, requests_per_minute=1200) as serving:
        started = time.monotonic()
        serving.generate(requests(50))
        assert time.monotonic() - started >= (50 - 20) / 20 * 0.9


def test_the_rate_of_tokens_is_limited():
    with FaultServer() as server, asking(server, tokens_per_minute=60_000, max_tokens=100) as serving:
        started = time.monotonic()
        serving.generate(requests(20))  # 20 times 113 tokens at most, a thousand per second
        assert time.monotonic() - started >= 0.9


def test_a_deadline_ends_a_request_that_no_endpoint_takes():
    settings = {"max_concurrency": 1, "deadline_s": 0.4, "timeout_s": 10}
    with FaultServer(faults={"hang": 1.0}) as server, asking(server, **settings) as serving:
        ends = serving.generate(requests(2))
    assert [type(end.error).__name__ for end in ends] == ["RequestTimeoutError"] * 2
    assert sorted(end.attempts for end in ends) in ([0, 1], [1, 1]), "the first one ends just before the second"


def test_a_run_with_too_many_errors_stops_and_goes_on_later(tmp_path):
    def bad(prompt):
        return "" if int(prompt.split()[1]) % 2 else echo(prompt)

    with FaultServer(reply=bad) as server:
        serving = asking(server, call_log=tmp_path / "calls.log", max_error_share=0.3)
        with serving, pytest.raises(TooManyErrorsError) as caught:
            serving.generate(requests(2000))
        stopped = server.requests
        assert "calls failed, more than max_error_share=0.3 allows (MalformedReplyError " in str(caught.value)
        assert 100 <= stopped < 400
        kept = len(CallLog(tmp_path / "calls.log"))
        assert kept >= 40
        server.reply = echo
        with asking(server, call_log=tmp_path / "calls.log", max_error_share=0.3) as serving:
            assert serving.generate_from_input(prompts(2000)) == [echo(prompt) for prompt in prompts(2000)]
        assert server.requests == stopped + 2000 - kept


def test_a_budget_is_never_exceeded_and_a_higher_one_goes_on(tmp_path, caplog):
    def budgeted(server, tokens):
        return asking(server, call_log=tmp_path / "calls.log", budget_tokens=tokens, max_tokens=20)

    with FaultServer(latency_s=0.001) as server:
        with budgeted(server, 600) as serving, pytest.raises(BudgetExceededError) as caught:
            serving.generate(requests(200))
        # A prompt has 2 tokens and its answer 2, but 27 have to be set aside for each.
        assert "the next call might exceed the budget of 600 tokens: 5" in str(caught.value)
        assert "OpenAIServing: these calls may use up to 5,590 tokens, the budget is 600 tokens" in caplog.text
        first = server.requests
        assert 600 - 27 < 4 * first <= 600
        assert len(CallLog(tmp_path / "calls.log")) == first
        with budgeted(server, 600) as serving, pytest.raises(BudgetExceededError):
            serving.generate(requests(200))
        assert server.requests == first, "what earlier processes spent counts"
        with budgeted(server, 900) as serving:
            assert len(serving.generate(requests(200))) == 200
        assert server.requests == 200
        assert max(server.answered.values()) == 1


def test_threads_share_a_budget(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    # Each of four threads needs 30 * 5 tokens, and sets aside 27 a call: all of it fits, if they wait for each other.
    settings = {"call_log": tmp_path / "calls.log", "budget_tokens": 4 * 30 * 5 + 27, "max_tokens": 20}
    lots = [[f"lot {lot} {number}" for number in range(30)] for lot in range(4)]
    with (
        FaultServer(latency_s=0.002) as server,
        asking(server, **settings) as serving,
        ThreadPoolExecutor(4) as pool,
    ):
        found = list(pool.map(serving.generate_from_input, lots))
    assert found == [[echo(prompt) for prompt in lot] for lot in lots]
    assert serving.usage == Usage(360, 240)


def test_a_budget_of_money():
    serving = FakeServing(lambda prompt: "one two three four", price=(1.0, 1000.0), budget_usd=0.0999)
    with pytest.raises(BudgetExceededError) as caught:
        serving.generate(requests(100, max_tokens=5))
    assert serving.calls == 24
    assert serving.usage == Usage(48, 96)
    assert str(caught.value) == (
        "the next call might exceed the budget of 0.0999 USD: 0.096048 USD (144 tokens) are spent. "
        "Finished calls are kept; raise the budget and run again to go on"
    )


def test_prices(monkeypatch, tmp_path):
    listed = OpenAIServing("gpt-4o-mini-2024-07-18", api_key="x", budget_usd=1)
    assert listed.cost_of(Usage(1_000_000, 1_000_000)) == 0.75
    assert OpenAIServing("gpt-4o-mini", api_key="x", price=(1, 1)).cost_of(Usage(1_000_000, 1_000_000)) == 2
    assert OpenAIServing("gpt-4o-mini", base_url="http://localhost/v1").cost_of(Usage(1, 1)) is None
    with pytest.raises(ParameterError) as caught:
        OpenAIServing("mine", base_url="http://localhost/v1", budget_usd=1)
    assert str(caught.value) == (
        "OpenAIServing: budget_usd=1 needs a price: none is listed for 'mine' at this endpoint; "
        "give price=(prompt, generated), per million tokens"
    )
    own = tmp_path / "prices.json"
    own.write_text('{"endpoints": {"localhost": {"models": {"mine": [1, 3]}}}}')
    monkeypatch.setenv("DATAFLOW_RS_PRICES", str(own))
    assert OpenAIServing("mine", base_url="http://localhost/v1").cost_of(Usage(1_000_000, 1_000_000)) == 4
    own.write_text('{"endpoints": {"localhost": {"models": {"mine": 3}}}}')
    with pytest.raises(ConfigurationError, match="cannot be read as prices: "):
        OpenAIServing("mine", base_url="http://localhost/v1").cost_of(Usage(1, 1))


def test_an_estimate_knows_what_is_recorded(tmp_path):
    serving = FakeServing(lambda prompt: "yes", price=(1.0, 2.0))
    with recording(CallLog(tmp_path / "calls.log")):
        serving.generate(requests(3, max_tokens=10))
        estimate = serving.estimate(requests(5, max_tokens=10))
    assert (estimate.calls, estimate.replayed) == (2, 3)
    assert estimate.usage == Usage(14, 20)
    assert estimate.cost == pytest.approx(54e-6)


def test_a_redirect_is_not_followed_and_no_other_host_is_asked():
    from tests.unit.serving.fault_server import Answer, serving_faults

    with FaultServer() as elsewhere:
        away = Answer("", 307, {"Location": f"{elsewhere.url}/chat/completions"})
        with serving_faults(lambda body, n: away) as server:
            with OpenAIServing("m", base_url=server.url, api_key=KEY) as serving:
                completion = serving.generate([Request.of("hi")])[0]
            assert len(server.seen) == 1
        assert elsewhere.requests == 0
    assert (type(completion.error).__name__, str(completion.error)) == (
        "InvalidRequestError",
        "the endpoint sends requests elsewhere, which is not followed: status 307",
    )


def test_a_key_that_an_endpoint_repeats_is_in_no_text(caplog, tmp_path):
    from tests.unit.serving.fault_server import Answer, serving_faults

    caplog.set_level(logging.DEBUG)
    bodies = [
        Answer({"choices": [], "echo": KEY}),
        Answer(f"Bearer {KEY}", 500),
        Answer({"error": {"message": KEY}}, 400),
    ]
    settings = {"api_key": KEY, "call_log": tmp_path / "log", "max_retries": 0}
    with (
        serving_faults(lambda body, n: bodies[n - 1]) as server,
        OpenAIServing("m", base_url=server.url, **settings) as serving,
    ):
        texts = [str(serving.generate([Request.of(text)])[0].error) for text in ("a", "b", "c")]
    assert all("***" in text and KEY not in text for text in texts)
    assert KEY not in caplog.text


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"base_url": []}, None),
        (
            {"base_url": "http://me:secret@host/v1"},
            "base_url must hold no user name or password; give the key as api_key",
        ),
        ({"base_url": {"http://host/v1": 0}}, "the weight 0 of http://host/v1 must be above 0"),
        ({"base_url": ["http://a/v1", "b"]}, "base_url='b' must begin with http:// or https://"),
        ({"requests_per_minute": 0}, "requests_per_minute=0 must be above 0"),
        ({"budget_tokens": 0}, "budget_tokens=0 must be above 0"),
        ({"max_error_share": 2}, "max_error_share=2 must lie between 0 and 1"),
    ],
)
def test_wrong_limits(settings, message):
    if message is None:
        assert OpenAIServing("m", api_key="x", **settings).connect()["base_url"] == "https://api.openai.com/v1"
        return
    with pytest.raises(ParameterError) as caught:
        OpenAIServing("m", **settings)
    assert str(caught.value) == f"OpenAIServing: {message}"
