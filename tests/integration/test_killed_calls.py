"""A run that asks an endpoint is killed at random moments: same table as undisturbed, and finished calls are kept."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter

import pyarrow as pa
from dataflow_rs import FileStorage, Pipeline
from dataflow_rs.operators.core_text import PromptedEvaluator, Text2QAGenerator
from dataflow_rs.serving import OpenAIServing
from dataflow_rs.serving.call_log import LOG_FILE, CallLog

from tests.unit.serving.fault_server import Answer, reply, serving_faults

ROWS = 30
CONCURRENCY = 4
KILLS = 6


answered = Counter()


def answer(body, number):
    time.sleep(0.03)
    if number % 10 == 0:
        return Answer("", 503)
    prompt = body["messages"][-1]["content"]
    answered[prompt] += 1
    if "Task: " in prompt:
        task = prompt.split("Task: ")[1].split("\n")[0]
        return reply(json.dumps({"question": f"{task}?", "answer": f"Answer to {task}."}))
    if prompt.startswith("Text:"):
        text = prompt.split("\n")[1]
        return reply(json.dumps({"tasks": [f"{text} a", f"{text} b"]}))
    return reply(json.dumps({"score": 1 + len(prompt) % 5}))


class Ask(Pipeline):
    def __init__(self, url, folder):
        super().__init__()
        table = pa.table({"text": [f"text {number}" for number in range(ROWS)]})
        self.storage = FileStorage(table, cache_path=folder)
        serving = OpenAIServing("m", base_url=url, api_key="x", max_concurrency=CONCURRENCY, max_retries=100)
        self.qa = Text2QAGenerator(serving)
        self.score = PromptedEvaluator(serving)

    def forward(self):
        self.qa.run(storage=self.storage.step(), input_key="text", input_question_num=2)
        self.score.run(storage=self.storage.step(), input_key="generated_question")


def run_in_process(url, folder):
    script = (
        "import sys\nfrom tests.integration.test_killed_calls import Ask\nAsk(*sys.argv[1:]).compile().run(quiet=True)"
    )
    return subprocess.Popen([sys.executable, "-c", script, url, str(folder)], stderr=subprocess.PIPE, text=True)


def test_killed_at_random_moments(tmp_path):
    chosen = random.Random(5)
    with serving_faults(answer) as server:
        expected = Ask(server.url, tmp_path / "undisturbed").compile().run(quiet=True).table()
        calls = len(CallLog(tmp_path / "undisturbed" / LOG_FILE))
        answered.clear()
        log = tmp_path / "killed" / LOG_FILE
        survived = []
        for number in range(KILLS):
            goal = calls * (number + 1) // (KILLS + 1) - chosen.randrange(4)
            with run_in_process(server.url, tmp_path / "killed") as process:
                while process.poll() is None and (not log.exists() or log.read_bytes().count(b"\n") < goal):
                    time.sleep(0.01)
                assert process.poll() is None, process.stderr.read()
                time.sleep(chosen.random() * 0.05)
                process.send_signal(signal.SIGKILL)
            survived.append(log.read_bytes().count(b"\n"))
        with run_in_process(server.url, tmp_path / "killed") as process:
            _, problems = process.communicate(timeout=120)
            assert process.returncode == 0, problems
        paid = answered.total()
        found = Ask(server.url, tmp_path / "killed").compile().run(quiet=True).table()
    assert answered.total() == paid, "a run that is complete asks nothing"
    assert found.equals(expected)
    assert expected.num_rows == 2 * ROWS
    assert survived == sorted(survived)
    assert survived[0] < survived[-1]
    assert len(CallLog(log)) == calls == 5 * ROWS
    assert len(answered) == calls
    assert paid - calls <= KILLS * CONCURRENCY, "only calls that were under way at a kill are made again"
