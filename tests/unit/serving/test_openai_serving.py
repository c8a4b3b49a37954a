"""`OpenAIServing` against a real server with faults: every request ends as an answer or as a typed error."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import signal
import subprocess
import sys
import threading
import time

import pytest
from dataflow_rs.exceptions import AuthenticationFailedError, ParameterError
from dataflow_rs.serving import OpenAIServing, Request, Usage
from dataflow_rs.serving.retry import RetryPolicy

from tests.unit.serving.fault_server import Answer, reply, serving_faults

SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
    "additionalProperties": False,
}
KEY = "sk-planted-secret-key"


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    """Waits between attempts as short as the endpoint allows."""
    monkeypatch.setattr(RetryPolicy, "wait", lambda self, attempt, asked_s: min(asked_s or 0.001, 0.05))


def error_body(message, **details):
    return {"error": {"message": message, **details}}


def serving(server, **settings):
    return OpenAIServing("m", base_url=server.url, api_key=KEY, **{"max_retries": 2, "timeout_s": 5.0, **settings})


def ask(answer, request=None, **settings):
    """Return (completion, number of requests at the server)."""
    with serving_faults(answer) as server, serving(server, **settings) as client:
        completion = client.generate([request or Request.of("hi")])[0]
        return completion, len(server.seen)


def test_an_answer_with_its_usage():
    completion, sent = ask(lambda body, n: reply("hello"))
    assert (completion.text, completion.usage, completion.finish_reason) == ("hello", Usage(7, 3), "stop")
    assert (completion.attempts, sent, completion.replayed, completion.ok) == (1, 1, False, True)


def test_what_is_sent():
    with serving_faults(lambda body, n: reply('{"n": 1}')) as server:
        client = serving(server, temperature=0.5, top_p=0.9, max_tokens=20, seed=3, extra_body={"top_k": 4})
        with client:
            client.generate([Request.of("hi", "be brief", stop=("END",), json_schema=SCHEMA, sample=2)])
        seen, headers = server.seen[0]
    assert headers["authorization"] == f"Bearer {KEY}"
    assert seen == {
        "model": "m",
        "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}],
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 20,
        "seed": 5,
        "stop": ["END"],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "reply", "schema": SCHEMA, "strict": True},
        },
        "top_k": 4,
    }


TOO_LONG = error_body("This model's maximum context length is 10 tokens.", code="context_length_exceeded")
LLAMA_TOO_LONG = error_body("request (9 tokens) exceeds the available context size", type="exceed_context_size_error")
FINAL = [
    ("401", Answer(error_body("bad key"), 401), "AuthenticationFailedError"),
    ("403", Answer(error_body("no access"), 403), "AuthenticationFailedError"),
    ("404", Answer(error_body("no such model"), 404), "InvalidRequestError"),
    ("400", Answer(error_body("temperature is wrong"), 400), "InvalidRequestError"),
    ("422", Answer(error_body("wrong"), 422), "InvalidRequestError"),
    ("context", Answer(TOO_LONG, 400), "ContextLengthError"),
    ("context of llama.cpp", Answer(LLAMA_TOO_LONG, 400), "ContextLengthError"),
    ("filtered request", Answer(error_body("no", code="content_filter"), 400), "ContentFilteredError"),
    ("filtered answer", Answer(reply("", "content_filter")), "ContentFilteredError"),
    ("refusal", Answer(reply(None, refusal="I will not.")), "ContentFilteredError"),
    ("no quota", Answer(error_body("pay", code="insufficient_quota"), 429), "RateLimitedError"),
    ("empty", Answer(reply("")), "MalformedReplyError"),
]


@pytest.mark.parametrize(("answer", "expected"), [case[1:] for case in FINAL], ids=[case[0] for case in FINAL])
def test_errors_that_are_final(answer, expected):
    completion, sent = ask(lambda body, n: answer)
    assert (type(completion.error).__name__, completion.attempts, sent, completion.ok) == (expected, 1, 1, False)


PASSING = [
    ("429", Answer(error_body("slow down"), 429), "RateLimitedError"),
    ("429 with a wait", Answer(error_body("slow down"), 429, {"Retry-After": "0.01"}), "RateLimitedError"),
    ("500", Answer(error_body("oops"), 500), "ServerFailedError"),
    ("502, no JSON", Answer("<html>bad gateway</html>", 502), "ServerFailedError"),
    ("503", Answer("", 503), "ServerFailedError"),
    ("dropped", Answer(reply("hello"), drop=20), "TransportError"),
    ("broken JSON", Answer('{"choices": [{"mess'), "BrokenReplyError"),
    ("no JSON", Answer("hello"), "BrokenReplyError"),
    ("no choices", Answer({**reply("x"), "choices": []}), "BrokenReplyError"),
    ("choices null", Answer({**reply("x"), "choices": None}), "BrokenReplyError"),
    ("a list", Answer([1, 2]), "BrokenReplyError"),
    ("content of a wrong type", Answer(reply(["x"])), "BrokenReplyError"),
    ("hangs", Answer(hang=True), "RequestTimeoutError"),
]


@pytest.mark.parametrize(("answer", "expected"), [case[1:] for case in PASSING], ids=[case[0] for case in PASSING])
def test_errors_that_may_pass(answer, expected):
    settings = {"timeout_s": 0.4} if answer.hang else {}
    completion, sent = ask(lambda body, n: answer, **settings)
    assert (type(completion.error).__name__, completion.attempts, sent) == (expected, 3, 3)
    completion, sent = ask(lambda body, n: answer if n == 1 else reply("hello"), **settings)
    assert (completion.text, completion.attempts, sent) == ("hello", 2, 2)


def test_a_connection_that_nobody_answers():
    with serving_faults(lambda body, n: reply("x")) as server:
        url = server.url
    with OpenAIServing("m", base_url=url, api_key=KEY, max_retries=1) as client:
        completion = client.generate([Request.of("hi")])[0]
    assert (type(completion.error).__name__, completion.attempts) == ("TransportError", 2)


def test_the_deadline_ends_retries():
    completion, sent = ask(lambda body, n: Answer("", 503), max_retries=1000, deadline_s=0.3)
    assert type(completion.error).__name__ in ("ServerFailedError", "RequestTimeoutError")
    assert 1 <= sent < 1000


def test_order_and_concurrency():
    def answer(body, n):
        return Answer("", 503) if n % 3 == 0 else reply(body["messages"][-1]["content"].upper())

    with serving_faults(answer) as server, serving(server, max_concurrency=4, max_retries=50) as client:
        texts = client.generate_from_input([f"prompt {i}" for i in range(60)])
        most = server.most_under_way
    assert texts == [f"PROMPT {i}" for i in range(60)]
    assert 1 <= most <= 4


def test_a_reply_that_does_not_follow_its_schema_is_repaired():
    replies = ['{"n": "one"}', "n is 1", '```json\n{"n": 1}\n```']
    with serving_faults(lambda body, n: reply(replies[n - 1])) as server, serving(server) as client:
        completion = client.generate([Request.of("hi", json_schema=SCHEMA)])[0]
        roles = [[message["role"] for message in body["messages"]] for body, _ in server.seen]
        repair = server.seen[1][0]["messages"][-1]["content"]
    assert (completion.text, completion.json()) == ('{"n": 1}', {"n": 1})
    assert (completion.attempts, completion.usage) == (3, Usage(21, 9))
    assert roles == [["user"], ["user", "assistant", "user"], ["user", "assistant", "user"]]
    assert repair.startswith("This reply does not follow the requested JSON schema: n: 'one' is not of type integer;")


def test_a_schema_that_is_never_followed_ends_as_a_row_error():
    completion, sent = ask(lambda body, n: reply('{"m": 1}'), Request.of("hi", json_schema=SCHEMA), max_repairs=1)
    assert (type(completion.error).__name__, str(completion.error)) == ("SchemaMismatchError", "'n' is missing")
    assert (completion.attempts, sent, completion.ok) == (2, 2, False)


def test_a_repair_that_is_refused_is_the_last():
    def answer(body, n):
        return reply('{"m": 1}') if n == 1 else Answer(TOO_LONG, 400)

    completion, sent = ask(answer, Request.of("hi", json_schema=SCHEMA))
    assert (type(completion.error).__name__, str(completion.error)) == ("SchemaMismatchError", "'n' is missing")
    assert (completion.text, completion.attempts, sent) == ('{"m": 1}', 2, 2)


def test_a_cut_reply_is_not_sent_back():
    completion, sent = ask(lambda body, n: reply('{"n": ', "length"), Request.of("hi", json_schema=SCHEMA))
    assert str(completion.error) == "the reply holds no JSON: '{\"n\": ' (it was cut at max_tokens)"
    assert sent == 1


def test_reasoning_stays_in_place_and_is_available_apart():
    completion, _ = ask(lambda body, n: reply("<think>hm</think>\nfour"))
    assert (completion.text, completion.answer, completion.reasoning) == ("<think>hm</think>\nfour", "four", "hm")
    completion, _ = ask(lambda body, n: reply("four", reasoning_content="hm"))
    assert (completion.text, completion.answer, completion.reasoning) == ("four", "four", "hm")


def test_it_works_inside_a_running_loop():
    async def main():
        with serving_faults(lambda body, n: reply("hello")) as server, serving(server) as client:
            return client.generate_from_input(["a", "b"])

    assert asyncio.run(main()) == ["hello", "hello"]


SCRIPT = """
import sys
import threading
from dataflow_rs.serving import OpenAIServing, Request
serving = OpenAIServing("m", base_url=sys.argv[1], api_key="x", max_concurrency=3, call_log=sys.argv[2])
try:
    serving.generate([Request.of(text) for text in ("a", "hang", "b", "c")])
except KeyboardInterrupt:
    serving.close()
    print("interrupted")
"""


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_ending_the_process_keeps_finished_answers(end, tmp_path):
    def answer(body, n):
        text = body["messages"][0]["content"]
        return Answer(hang=True) if text == "hang" else reply(text.upper())

    log = tmp_path / "calls.log"
    with serving_faults(answer) as server:
        command = [sys.executable, "-c", SCRIPT, server.url, str(log)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            while not log.exists() or log.read_bytes().count(b"\n") < 3:
                assert process.poll() is None, process.stderr.read()
                time.sleep(0.02)
            process.send_signal(end)
            out, err = process.communicate(timeout=30)
        sent = len(server.seen)
        with serving(server, call_log=str(log), replay="only") as again:
            requests = [Request.of(text) for text in ("a", "hang", "b", "c")]
            completions = again.generate([again.complete(request) for request in requests])
        assert len(server.seen) == sent
    assert (out, err) == (("interrupted\n", "") if end == signal.SIGINT else ("", ""))
    assert [completion.text for completion in completions] == ["A", None, "B", "C"]
    assert type(completions[1].error).__name__ == "ReplayMissError"


def test_the_key_is_in_no_text(caplog, tmp_path):
    caplog.set_level(logging.DEBUG)

    def answer(body, n):
        return Answer(error_body(f"Incorrect API key provided: {KEY}"), 401) if n == 1 else reply("ok")

    with serving_faults(answer) as server:
        client = serving(server, call_log=str(tmp_path / "calls.log"))
        with client:
            completion = client.generate([Request.of("hi")])[0]
            client.generate([Request.of("ho")])
    told = [
        str(completion.error),
        repr(client),
        json.dumps(client.describe()),
        json.dumps(client.identity()),
        (tmp_path / "calls.log").read_text(),
    ]
    assert str(completion.error).startswith("the endpoint refused the credentials: ")
    assert "***" in str(completion.error)
    assert all(KEY not in text for text in told)
    assert KEY not in caplog.text


def test_check_finds_a_missing_key_without_sending(monkeypatch):
    monkeypatch.delenv("MY_KEY", raising=False)
    client = OpenAIServing("m", api_key_env="MY_KEY")
    assert client.check() == ["the environment variable MY_KEY holds no API key; set it, or give base_url"]
    with pytest.raises(AuthenticationFailedError, match="MY_KEY holds no API key"):
        client.generate([Request.of("hi")])
    monkeypatch.setenv("MY_KEY", "x")
    assert client.check() == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_tokens": 0}, "OpenAIServing: max_tokens=0 must be at least 1"),
        ({"timeout_s": 0}, "OpenAIServing: timeout_s=0 must be above 0"),
        ({"top_p": 1.5}, "OpenAIServing: top_p=1.5 must lie above 0 and not above 1"),
        (
            {"base_url": "localhost:8000"},
            "OpenAIServing: base_url='localhost:8000' must begin with http:// or https://",
        ),
        ({"price": (1,)}, "OpenAIServing: price=(1,) must be two numbers, (prompt, generated)"),
        ({"replay": "never"}, "OpenAIServing(replay=): got 'never', the type is Literal['auto', 'only', 'off']"),
        ({"timeout": 1}, "OpenAIServing has no parameter 'timeout' (did you mean 'timeout_s'?)"),
    ],
)
def test_wrong_parameters(settings, message):
    with pytest.raises(ParameterError) as caught:
        OpenAIServing("m", **settings)
    assert str(caught.value).startswith(message)


def test_a_serving_that_nobody_closes_leaves_no_thread():
    with serving_faults(lambda body, n: reply("hello")) as server:
        client = serving(server)
        client.generate_from_input(["a"])
        assert [thread.name for thread in threading.enumerate()].count("dataflow-rs-serving") == 1
        del client
        gc.collect()
    assert "dataflow-rs-serving" not in [thread.name for thread in threading.enumerate()]
