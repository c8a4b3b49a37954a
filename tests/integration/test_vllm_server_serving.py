"""`VLLMServerServing` with a real `vllm serve`: started, asked, killed and started again, ended with all its processes.

The figures of docs/backends.md are printed with `-s`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pydantic
import pytest
from dataflow_rs.exceptions import ModelUnavailableError
from dataflow_rs.serving import Request, VLLMServerServing

from tests.integration.vllm_server import CONTEXT, SETTINGS, VLLM, make_model

pytestmark = pytest.mark.vllm
TOKENS = 24
ARGUMENTS = [
    *("--max-num-seqs", "8", "--enforce-eager"),
    *("--structured-outputs-config", '{"backend": "xgrammar", "disable_any_whitespace": true}'),
]


class Person(pydantic.BaseModel):
    """Somebody."""

    name: str = pydantic.Field(max_length=12)
    age: int = pydantic.Field(ge=1, le=8)


def made(model, **settings):
    settings = {"context": CONTEXT, "gpu_memory": 0.25, "max_tokens": TOKENS, "arguments": ARGUMENTS, **settings}
    return VLLMServerServing(str(model), command=str(VLLM), environment=SETTINGS, start_timeout_s=600, **settings)


def processes_of(parent):
    """All processes below one, from the process table."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, waiting = [], [parent]
    while waiting:
        found += (below := children.get(waiting.pop(), []))
        waiting += below
    return found


def is_there(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return make_model(tmp_path_factory.mktemp("model"))


def test_it_serves_is_restarted_and_ends(model):
    started = time.monotonic()
    with made(model) as serving:
        assert serving.generate([Request.of("hi")])[0].ok
        ready = time.monotonic() - started
        processes = [serving.pid, *processes_of(serving.pid)]
        assert len(processes) >= 3, "the child, the server, its engine"

        started = time.monotonic()
        requests = [
            Request.of(f"person {n}", json_schema=Person, temperature=1.0, seed=n, max_tokens=200) for n in range(40)
        ]
        people = serving.generate(requests)
        shaped = time.monotonic() - started
        for completion in people:
            jsonschema.validate(completion.json(), requests[0].json_schema)
            assert isinstance(completion.parsed(Person), Person)
        assert {completion.attempts for completion in people} == {1}

        token = serving.generate([Request.of("hi", logprobs=2, max_tokens=3)])[0].logprobs
        assert [(entry.logprob <= 0, len(entry.top)) for entry in token] == [(True, 2)] * 3
        samples = serving.generate(Request.of("hi", temperature=1.0).samples(3))
        assert len({completion.text for completion in samples}) == 3

        os.kill(processes[1], signal.SIGKILL)  # the server, not the child that watches it
        started = time.monotonic()
        assert serving.generate([Request.of("after the crash")])[0].ok
        restarted = time.monotonic() - started
        processes += [serving.pid, *processes_of(serving.pid)]
    figures = f"ready {ready:.0f} s, 40 JSON answers {shaped:.1f} s, again after a crash {restarted:.0f} s"
    sys.stdout.write(f"\nVLLMServerServing: {figures}\n")
    assert [pid for pid in processes if is_there(pid)] == []


def test_a_model_that_vllm_cannot_load(tmp_path):
    with made(tmp_path / "nothing") as serving, pytest.raises(ModelUnavailableError) as caught:
        serving.generate([Request.of("hi")])
    assert str(caught.value).startswith("the server has ended before it was ready: ")
    assert "nothing" in str(caught.value)


SCRIPT = """
import sys, time
sys.path.insert(0, sys.argv[3])
from pathlib import Path
from tests.integration.test_vllm_server_serving import made
serving = made(Path(sys.argv[1]))
serving.generate_from_input(["a"])
Path(sys.argv[2]).write_text(str(serving.pid))
time.sleep(600)
"""


def test_it_ends_with_a_parent_that_is_killed(model, tmp_path):
    root = Path(__file__).resolve().parents[2]
    note = tmp_path / "pid"
    with subprocess.Popen([sys.executable, "-c", SCRIPT, str(model), str(note), str(root)]) as process:
        while not note.is_file() or not note.read_text():
            assert process.poll() is None
            time.sleep(0.5)
        child = int(note.read_text())
        processes = [child, *processes_of(child)]
        assert len(processes) >= 3
        process.kill()
    for _ in range(600):
        if not any(map(is_there, processes)):
            break
        time.sleep(0.1)
    assert [pid for pid in processes if is_there(pid)] == []
