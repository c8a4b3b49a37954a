"""`VLLMServing` with a real vLLM in the process, in the environment of `make test-vllm`.

The figures of docs/backends.md are printed with `-s`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.integration.vllm_adapter import make_adapter
from tests.integration.vllm_server import ROOT, SETTINGS, VLLM, make_model

pytestmark = pytest.mark.vllm
SCRIPT = Path(__file__).with_name("vllm_in_process.py")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vllm")
    model = make_model(folder / "model")
    adapter = make_adapter(model, folder / "adapter")
    packages = [ROOT / "python", sysconfig.get_paths()["purelib"]]
    done = subprocess.run(
        [VLLM.with_name("python"), SCRIPT, model, folder / "run", adapter, *packages],
        env={**os.environ, **SETTINGS, "VLLM_ENABLE_V1_MULTIPROCESSING": "0"},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    found = json.loads(done.stdout.splitlines()[-1])
    figures = ("seconds_with_start", "seconds_plain", "seconds_json", "seconds_restart", "rss_mb", "cpu_s")
    sys.stdout.write(f"\nVLLMServing: { {name: found[name] for name in figures} }\n")
    return found


def test_the_engine_starts_with_the_first_request_and_answers_all(found):
    assert found["before"] is False
    assert [row[0] for row in found["plain"]] == [True] * 40
    prompt = len("<user:><assistant:") + len("prompt 1")
    assert found["plain"][1] == [True, 24, prompt, 24]
    assert found["again"] is True


def test_answers_follow_their_schema_at_temperature_1(found):
    assert len(found["json"]) == 20
    for value in found["json"]:
        assert set(value) == {"name", "age"}
        assert len(value["name"]) <= 8
        assert 1 <= value["age"] <= 8
    assert len({json.dumps(value) for value in found["json"]}) > 10


def test_a_request_that_vllm_refuses_is_an_error_of_its_row(found):
    short, long, tools, other = found["errors"]
    assert (short, other) == (None, None)
    assert long[0] == "ContextLengthError"
    assert tools == ["InvalidRequestError", "vLLM refuses the request: tools need VLLMServerServing, or another server"]


def test_samples_and_logprobs(found):
    assert found["samples"] == 3
    assert found["logprobs"] == [[True, True, True]] * 3


def test_a_plan_starts_it_once_and_frees_it(found):
    assert [set(row) for row in found["table"]] == [{"text", "a", "b"}] * 2
    assert (found["after_plan"], found["restarted"], found["after_close"]) == (False, True, False)


def test_an_adapter_changes_the_answers(found):
    assert found["lora"] == [24] * 4
    assert found["lora_differs"] is True
