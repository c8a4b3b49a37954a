"""The real small model: form of its answers, determinism, replay, and a child process that never stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import jsonschema
import pyarrow as pa
import pytest
from dataflow_rs.exceptions import ModelUnavailableError
from dataflow_rs.operators.core_text import (
    PromptedEvaluator,
    PromptedGenerator,
    PromptedRefiner,
    Text2QAGenerator,
    Text2QASampleEvaluator,
)
from dataflow_rs.serving import CallLog, LocalServing, OpenAIServing, Request, models, recording

pytestmark = pytest.mark.model

RIVER = (
    "The Danube is the second-longest river in Europe. It rises in the Black Forest in Germany and flows for about "
    "2,850 kilometres to the Black Sea, passing through ten countries. Four capitals lie on its banks: Vienna, "
    "Bratislava, Budapest and Belgrade."
)
PLANET = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "order": {"type": "integer", "minimum": 1, "maximum": 8},
        "kind": {"enum": ["rocky", "gas"]},
    },
    "required": ["name", "order", "kind"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def available():
    """Skip, and say how to change it, where the extra or the model is missing."""
    pytest.importorskip("xllamacpp", reason="the extra [local] is not installed: pip install 'open-dataflow-rs[local]'")
    try:
        models.locate(models.DEFAULT)
    except ModelUnavailableError as error:
        pytest.skip(f"THE REAL MODEL IS NOT TESTED: {error}")


@pytest.fixture(scope="module")
def serving(available):
    with LocalServing(max_tokens=120) as serving:
        yield serving


def alive(pid):
    """Whether a process runs; a zombie does not."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone_soon(pid):
    deadline = time.monotonic() + 20
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not alive(pid)


def test_it_starts_with_the_first_request(available):
    serving = LocalServing(max_tokens=5)
    assert serving.check() == []
    assert serving.pid is None
    assert serving.generate([]) == []
    assert serving.pid is None
    assert serving.generate_from_input(["Say yes."])[0]
    pid = serving.pid
    assert alive(pid)
    serving.close()
    assert gone_soon(pid)
    assert serving.generate_from_input(["Say no."])[0], "a closed serving starts again"
    serving.close()


def test_schema_validity(serving):
    prompts = [f"Describe the planet {name}." for name in ("Mars", "Jupiter", "Venus")]
    completions = serving.generate([Request.of(prompt, json_schema=PLANET) for prompt in prompts])
    for completion in completions:
        assert completion.ok, completion.error
        jsonschema.validate(completion.json(), PLANET)
        assert completion.usage.prompt_tokens > 10
        assert completion.usage.completion_tokens > 5


def test_two_processes_of_the_model_answer_alike(serving):
    requests = [Request.of(text, max_tokens=40) for text in ("Name three colours.", "Why is the sky blue?", RIVER)]
    first = [completion.text for completion in serving.generate(requests)]
    with LocalServing(max_tokens=120) as other:
        reversed_order = [completion.text for completion in other.generate(requests[::-1])]
    assert first == reversed_order[::-1]
    assert all(first)


def test_a_prompt_that_is_too_long_is_an_error_of_its_row(serving):
    good, bad = serving.generate([Request.of("Say yes.", max_tokens=3), Request.of("word " * 9000)])
    assert good.ok
    assert type(bad.error).__name__ == "ContextLengthError"
    assert bad.attempts == 1


def test_replay_pays_nothing_and_starts_nothing(serving, tmp_path):
    questions = ["Name a river.", "Name a mountain."]
    with recording(CallLog(tmp_path / "calls.log")):
        paid = serving.generate_from_input(questions)
        again = LocalServing(max_tokens=120)
        assert again.generate_from_input(questions) == paid
    assert again.pid is None
    assert (again.totals.calls, again.totals.replayed) == (0, 2)


def test_openai_serving_against_the_same_server(serving):
    serving.start()
    api_key = serving._server.api_key
    with OpenAIServing("local", base_url=serving.address, api_key=api_key, max_tokens=120, seed=0) as remote:
        request = Request.of("Name three colours.", max_tokens=40)
        assert remote.generate([request])[0].text == serving.generate([request])[0].text
    with OpenAIServing("local", base_url=serving.address, api_key="wrong") as stranger:
        error = stranger.generate([Request.of("hi")])[0].error
    assert type(error).__name__ == "AuthenticationFailedError"


def test_operators(serving):
    table = pa.table({"text": [RIVER, None], "raw_content": ["teh cat sat on teh mat", RIVER]})
    titled = PromptedGenerator(serving, "Give the text a title of at most eight words.").apply(table)
    assert all(titled["generated_content"].to_pylist())
    scored = PromptedEvaluator(serving).apply(table)["eval"].to_pylist()
    assert all(score in range(1, 6) for score in scored)
    refined = PromptedRefiner(serving, "Correct the spelling.").apply(table.slice(0, 1))["raw_content"].to_pylist()
    assert all(refined)
    pairs = Text2QAGenerator(serving).apply(table.select(["text"]), input_question_num=2)
    assert 1 <= pairs.num_rows <= 2
    assert set(pairs["text"].to_pylist()) == {RIVER}
    graded = Text2QASampleEvaluator(serving).apply(pairs.slice(0, 1)).to_pylist()[0]
    grades = [graded[name] for name in graded if name.endswith("_grades")]
    assert sum(grade in range(1, 6) for grade in grades) >= 2


SCRIPT = """
import sys, time
from dataflow_rs.serving import LocalServing
serving = LocalServing(max_tokens=400)
serving.start()
print(serving.pid, flush=True)
serving.generate_from_input(["Write a long story about a river."] if sys.argv[1] == "busy" else [])
{end}
"""


@pytest.mark.parametrize("busy", ["busy", "idle"])
def test_the_child_dies_with_a_killed_parent(available, busy):
    script = SCRIPT.format(end="time.sleep(600)")
    with subprocess.Popen([sys.executable, "-c", script, busy], stdout=subprocess.PIPE, text=True) as parent:
        pid = int(parent.stdout.readline())
        assert alive(pid)
        time.sleep(1.0 if busy == "busy" else 0.0)
        parent.send_signal(signal.SIGKILL)
    assert gone_soon(pid)


@pytest.mark.parametrize("end", ["", "raise SystemExit(3)", "import os; os._exit(0)"])
def test_the_child_dies_with_a_parent_that_ends(available, end):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(end=end), "idle"], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert gone_soon(int(done.stdout))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_does_not_keep_the_child_alive(available):
    script = SCRIPT.format(end="import os\nif os.fork() == 0: time.sleep(8)\nos._exit(0)")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, "idle"], stdout=subprocess.PIPE, text=True, check=True
    )
    assert gone_soon(int(done.stdout))


def test_a_child_that_dies_is_an_error_and_is_started_again(available):
    with LocalServing(max_tokens=400, max_retries=0) as serving:
        serving.start()
        pid = serving.pid
        threading.Timer(1.0, os.kill, (pid, signal.SIGKILL)).start()
        completion = serving.generate([Request.of("Write a long story about a river.")])[0]
        assert type(completion.error).__name__ == "TransportError"
        assert serving.generate([Request.of("Say yes.", max_tokens=3)])[0].ok
        assert serving.pid != pid


def test_a_file_that_is_no_model(available, tmp_path):
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF" + b"\x00" * 100)
    serving = LocalServing(str(path))
    with pytest.raises(ModelUnavailableError, match=f"the model {path} could not be started: "):
        serving.generate_from_input(["hi"])
    serving.close()
