"""Many rows over an endpoint with every kind of fault, killed again and again: none is lost, mixed up or paid twice."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pytest
from dataflow_rs import FileStorage, Pipeline
from dataflow_rs.operators.core_text import PromptedGenerator
from dataflow_rs.serving import OpenAIServing
from dataflow_rs.testing import echo
from dataflow_rs.testing.fault_server import FAULTS

CONCURRENCY = 64
BASE_MB, MEMORY_MB = 200, 300
ERRORS = {
    "BrokenReplyError",
    "RateLimitedError",
    "RequestTimeoutError",
    "ServerFailedError",
    "TransportError",
}
SERVER = """
import json, sys
from dataflow_rs.testing import FaultServer
with FaultServer(**json.loads(sys.argv[1])) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""
JOB = """
import sys
from tests.integration.test_killed_stream import Ask, peak_mb
before = peak_mb()
Ask(sys.argv[1], int(sys.argv[2]), sys.argv[3]).compile().run(quiet=True)
print(before, peak_mb())
"""


class Ask(Pipeline):
    def __init__(self, url, rows, folder):
        super().__init__()
        self.storage = FileStorage(pa.table({"text": texts(rows)}), cache_path=folder)
        serving = OpenAIServing(
            "m", base_url=url, api_key="x", max_concurrency=CONCURRENCY, max_retries=8, timeout_s=2.0
        )
        self.ask = PromptedGenerator(serving, "Repeat.")

    def forward(self):
        self.ask.run(storage=self.storage.step(), input_key="text", output_key="reply")


def texts(rows):
    return [f"row {number}" for number in range(rows)]


def peak_mb():
    """Return the peak of this process; `ru_maxrss` would be at least that of the process that started it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return int(next(line for line in status.read_text().splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


@contextmanager
def fault_server(**settings):
    command = [sys.executable, "-c", SERVER, json.dumps(settings)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process.stdout.readline().strip()
        process.stdin.close()


def counts(url):
    with urllib.request.urlopen(f"{url}/counts") as reply:
        return json.load(reply)


def job(url, rows, folder):
    command = [sys.executable, "-c", JOB, url, str(rows), str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def sent(url):
    return sum(number for kind, number in counts(url).items() if kind in ("good", *FAULTS))


def check(tmp_path, rows, share, pause):
    """Kill a job as soon as it has asked something and then `pause()` seconds later; return how often."""
    kills = 0
    faults = {kind: share / len(FAULTS) for kind in FAULTS}
    with fault_server(faults=faults, seed=3, retry_after_s=0.02, latency_s=0.005) as url:
        while True:
            before = sent(url)
            with job(url, rows, tmp_path / "run") as process:
                while process.poll() is None and sent(url) == before:
                    time.sleep(0.05)
                try:
                    process.wait(pause())
                except subprocess.TimeoutExpired:
                    process.send_signal(signal.SIGKILL)
                    kills += 1
                    process.communicate()
                    continue
                out, problems = process.communicate()
            assert process.returncode == 0, problems
            break
        found = counts(url)
        assert found["repeated"] <= kills * CONCURRENCY, "only calls that were under way at a kill are made again"
        assert set(FAULTS) < set(found), "every kind of fault has happened"
        run = Ask(url, rows, tmp_path / "run").compile().run(quiet=True)
        assert counts(url) == found, "a second run asks nothing"
    before, peak = map(float, out.split())
    assert peak - before < MEMORY_MB
    assert before < BASE_MB + rows / 500, "what is measured against is small itself"
    table = run.table().to_pydict()
    assert table["text"] == texts(rows), "every row is there, in its place"
    failed = {error["row"]: error for error in run.errors().to_pylist()}
    for number, (text, reply) in enumerate(zip(table["text"], table["reply"], strict=True)):
        if number in failed:
            assert reply is None
            assert failed[number]["type"] in ERRORS
            assert failed[number]["attempts"] == 9
        else:
            assert reply == echo(text)
    assert len(failed) <= rows / 100
    return kills


def test_hundreds_of_rows(tmp_path):
    chosen = random.Random(1)
    assert check(tmp_path, 600, 0.2, lambda: chosen.uniform(0.1, 0.5) if chosen.random() < 0.7 else 600) >= 1


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("share", [0.01 * len(FAULTS), 0.5])
def test_a_hundred_thousand_rows(tmp_path, share):
    rows = int(os.environ.get("DATAFLOW_RS_SOAK_ROWS", "100000"))
    chosen = random.Random(2)
    # Rows that fail are never recorded, and asked again by each process: one must live long enough to try them all.
    lives = iter([chosen.uniform(3, 12) for _ in range(60)])
    assert check(tmp_path, rows, share, lambda: next(lives, 3600)) >= 5 * rows // 100_000
