"""`OpenAIBatchServing` over a real HTTP server: collected by any process, nothing sold twice, all requests end."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from dataflow_rs import FileStorage, Pipeline
from dataflow_rs.exceptions import AuthenticationFailedError, ParameterError
from dataflow_rs.operators.core_text import PromptedGenerator
from dataflow_rs.serving import OpenAIBatchServing, Request
from dataflow_rs.testing import FakeBatchServer

KEY = "sk-planted-secret-1234"


def upper(body):
    return body["messages"][-1]["content"].upper()


def asking(server, tmp_path, **settings):
    settings = {"poll_s": 0.01, "api_key": KEY, "max_retries": 2, "call_log": tmp_path / "calls.log", **settings}
    return OpenAIBatchServing("m", base_url=server.url, **settings)


def quick(monkeypatch):
    monkeypatch.setattr("dataflow_rs.serving.retry.RetryPolicy.wait", lambda *_: 0.0)


def test_answers_in_order_and_a_second_run_for_free(tmp_path):
    prompts = [f"prompt {n}" for n in range(20)]
    with FakeBatchServer(upper, polls=3, api_key=KEY) as server:
        serving = asking(server, tmp_path, max_tokens=7, seed=3, extra_body={"top_k": 5})
        completions = serving.generate([Request.of(p, "Shout.") for p in prompts])
        again = asking(server, tmp_path, max_tokens=7, seed=3, extra_body={"top_k": 5}).generate(
            [Request.of(p, "Shout.") for p in prompts]
        )
        (batch,) = server.batches.values()
    assert [c.text for c in completions] == [p.upper() for p in prompts]
    assert all(c.replayed for c in again)
    assert (completions[0].usage.prompt_tokens, serving.totals.calls) == (5, 20)
    assert (batch["endpoint"], batch["completion_window"]) == ("/v1/chat/completions", "24h")
    assert len(server.sold) == 20
    assert server.sold[0] == {
        "model": "m",
        "messages": [{"role": "system", "content": "Shout."}, {"role": "user", "content": "prompt 0"}],
        "temperature": 0.0,
        "max_tokens": 7,
        "seed": 3,
        "top_k": 5,
    }


def test_limits_split_the_file(tmp_path):
    with FakeBatchServer(upper) as server:
        assert asking(server, tmp_path, requests_per_batch=3).generate_from_input(list("abcdefg")) == list("ABCDEFG")
        sizes = [len(server.files[batch["input_file_id"]].splitlines()) for batch in server.batches.values()]
        assert sizes == [3, 3, 1]
        long = ["x" * 600, "y" * 600, "z"]
        asking(server, tmp_path, megabytes_per_batch=0.001).generate_from_input(long)
        assert len(server.batches) == 6


def test_each_request_ends_in_its_own_way(tmp_path):
    ends = {
        "good": "fine",
        "long": (400, {"error": {"message": "too long", "code": "context_length_exceeded"}}),
        "limited": (429, {"error": {"message": "slow down"}}),
        "broken": (200, {"choices": []}),
        "late": None,
    }
    with FakeBatchServer(lambda body: ends[body["messages"][-1]["content"]]) as server:
        completions = asking(server, tmp_path).generate([Request.of(name) for name in ends])
        assert [c.text for c in completions] == ["fine", None, None, None, None]
        assert [type(c.error).__name__ for c in completions[1:]] == [
            "ContextLengthError",
            "RateLimitedError",
            "BrokenReplyError",
            "ServerFailedError",
        ]
        assert str(completions[4].error) == "the batch has no answer to this request: the batch has expired"
        ends["late"] = "now"
        assert asking(server, tmp_path).generate_from_input(["late", "good"]) == ["now", "fine"]
        assert len(server.sold) == 2


def test_a_batch_that_the_endpoint_does_not_accept(tmp_path):
    with FakeBatchServer(upper, status="failed") as server:
        completion = asking(server, tmp_path).generate([Request.of("a")])[0]
    assert (type(completion.error).__name__, str(completion.error)) == (
        "InvalidRequestError",
        "the batch is 'failed' and says nothing about this request: the file is not valid",
    )


def test_what_takes_too_long_is_collected_by_the_next_run(tmp_path):
    with FakeBatchServer(upper, polls=10**9) as server:
        completion = asking(server, tmp_path, wait_s=0.05).generate([Request.of("a")])[0]
        assert (type(completion.error).__name__, str(completion.error)) == (
            "RequestTimeoutError",
            "batch batch_1 is 'in_progress' after 0.05 s; the next run collects it",
        )
        server.polls = 0
        # The same question among others: it is collected, only the others are submitted.
        assert asking(server, tmp_path).generate_from_input(["b", "a"]) == ["B", "A"]
        assert len(server.batches) == 2
    assert sorted(body["messages"][-1]["content"] for body in server.sold) == ["a", "b"]


SCRIPT = """
import sys
from dataflow_rs.serving import OpenAIBatchServing
serving = OpenAIBatchServing("m", base_url=sys.argv[1], poll_s=0.01, call_log=sys.argv[2])
serving.generate_from_input([f"prompt {n}" for n in range(10)])
"""


def test_a_killed_process_has_paid_once(tmp_path):
    with FakeBatchServer(upper, polls=10**9) as server:
        command = [sys.executable, "-c", SCRIPT, server.url, str(tmp_path / "calls.log")]
        with subprocess.Popen(command) as process:
            while not server.calls.get(("GET", "/batches/ID")):
                assert process.poll() is None
                time.sleep(0.02)
            process.kill()
        server.polls = 0
        texts = asking(server, tmp_path).generate_from_input([f"prompt {n}" for n in range(10)])
    assert texts == [f"PROMPT {n}" for n in range(10)]
    assert (len(server.batches), len(server.sold)) == (1, 10)


def test_threads_share_the_journal_and_batches(tmp_path):
    with FakeBatchServer(upper, polls=20) as server:
        # One batch of ten is left behind without its confirmation, and collected by five threads at once.
        server.fail = lambda m, p, n: 503 if (m, p) == ("POST", "/batches") else None
        left = asking(server, tmp_path, max_retries=0).generate([Request.of(f"old {n}") for n in range(10)])
        assert [type(c.error).__name__ for c in left] == ["ServerFailedError"] * 10
        server.fail = lambda *_: None
        serving = asking(server, tmp_path)
        with ThreadPoolExecutor(5) as pool:
            groups = [[f"old {2 * n}", f"old {2 * n + 1}", f"new {n}"] for n in range(5)]
            ends = list(pool.map(serving.generate_from_input, groups))
    assert ends == [[prompt.upper() for prompt in group] for group in groups]
    assert len(server.batches) == 6
    assert len(server.sold) == 15


LOST = [
    ("the confirmation is lost", lambda m, p, n: 0 if (m, p, n) == ("POST", "/batches", 1) else None),
    ("503 before it", lambda m, p, n: 503 if (m, p, n) == ("POST", "/batches", 1) else None),
    ("failing looks", lambda m, p, n: 500 if (m, p) == ("GET", "/batches/ID") and n % 2 else None),
    ("failing files", lambda m, p, n: 429 if p.startswith("/files") and n == 1 else None),
]


@pytest.mark.parametrize(("most", "together"), [(1, 1), (30, 5)])
def test_the_parts_of_a_table_wait_together(tmp_path, most, together):
    seen = []

    class Ask(Pipeline):
        def __init__(self, url):
            super().__init__()
            rows = [{"text": f"row {number}"} for number in range(50)]
            self.storage = FileStorage(rows, cache_path=tmp_path / "run", batch_rows=10)
            serving = OpenAIBatchServing("m", base_url=url, poll_s=0.01, max_concurrency=most)
            self.ask = PromptedGenerator(serving, "Shout.")

        def forward(self):
            self.ask.run(storage=self.storage.step(), input_key="text", output_key="reply")

    def look(*_):
        """No batch ends before as many as are expected are there."""
        server.polls = 1 if len(server.batches) >= together else 10**9
        seen.append(sum(batch["status"] != "completed" for batch in list(server.batches.values())))

    with FakeBatchServer(upper, fail=look) as server:
        table = Ask(server.url).compile().run(quiet=True).table()
        assert len(server.batches) == 5
    assert table["reply"].to_pylist() == [f"ROW {number}" for number in range(50)]
    assert max(seen) == together


@pytest.mark.parametrize("fail", [case[1] for case in LOST], ids=[case[0] for case in LOST])
def test_faults_of_the_interface_cost_nothing_twice(fail, tmp_path, monkeypatch):
    quick(monkeypatch)
    with FakeBatchServer(upper, fail=fail) as server:
        assert asking(server, tmp_path).generate_from_input(["a", "b"]) == ["A", "B"]
    assert (len(server.batches), len(server.sold)) == (1, 2)


def test_an_interface_that_is_down_is_an_error_of_each_row(tmp_path, monkeypatch):
    quick(monkeypatch)
    down = True
    with FakeBatchServer(upper, fail=lambda m, p, n: 503 if down and p != "/files" else None) as server:
        completions = asking(server, tmp_path).generate([Request.of("a"), Request.of("b")])
        assert [type(c.error).__name__ for c in completions] == ["ServerFailedError"] * 2
        assert str(completions[0].error) == "the endpoint failed: status 503: told to fail with 503"
        down = False
        assert asking(server, tmp_path).generate_from_input(["a", "b"]) == ["A", "B"]
    assert len(server.batches) == 1


def test_the_key_is_in_no_text(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    with FakeBatchServer(upper, api_key="another-key") as server:
        serving = asking(server, tmp_path)
        completion = serving.generate([Request.of("a")])[0]
    assert type(completion.error).__name__ == "AuthenticationFailedError"
    assert str(completion.error) == "the endpoint refused the credentials: status 401: wrong key: Bearer ***"
    files = "".join(file.read_text() for file in tmp_path.iterdir())
    told = [repr(serving), json.dumps(serving.identity()), files, caplog.text]
    assert all(KEY not in text for text in told)


def test_without_a_place_for_its_state_it_says_so(caplog):
    with FakeBatchServer(upper) as server:
        assert OpenAIBatchServing("m", base_url=server.url, poll_s=0.01).generate_from_input(["a"]) == ["A"]
    assert "without call_log= or state=, batches cannot be collected by another process" in caplog.text


def test_what_is_checked_before_anything_is_sent(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert OpenAIBatchServing("m").check() == [
        "the environment variable OPENAI_API_KEY holds no API key; set it, or give base_url"
    ]
    with pytest.raises(AuthenticationFailedError, match="OPENAI_API_KEY holds no API key"):
        OpenAIBatchServing("m").generate([Request.of("a")])
    with pytest.raises(ParameterError, match="requests_per_batch=0 must be at least 1"):
        OpenAIBatchServing("m", requests_per_batch=0)
    with pytest.raises(ParameterError, match="must begin with http"):
        OpenAIBatchServing("m", base_url="file:///etc")
