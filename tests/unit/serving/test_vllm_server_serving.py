"""`VLLMServerServing` with a program that behaves like `vllm serve`: started, restarted, and ended with its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from dataflow_rs.exceptions import ModelUnavailableError, ParameterError
from dataflow_rs.serving import Request, VLLMServerServing

FAKE = str(Path(__file__).with_name("fake_vllm.py"))
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="vLLM is for Linux")


def made(**settings):
    return VLLMServerServing("some/model", command=FAKE, **{"start_timeout_s": 60, "max_retries": 3, **settings})


def is_there(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def wait_until_gone(pids):
    for _ in range(600):
        if not any(is_there(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def test_it_answers_and_ends_with_all_its_processes(tmp_path):
    serving = made(environment={"FAKE_CHILD": str(tmp_path / "pids")})
    assert serving.check() == []
    with serving:
        assert serving.generate_from_input(["a", "b"]) == ["model: a", "model: b"]
        pids = [serving.pid, *map(int, (tmp_path / "pids").read_text().split())]
        assert all(map(is_there, pids))
        words = serving._server.last_words()
    assert "serve some/model --host 127.0.0.1 --port" in words
    assert "--served-model-name model --tensor-parallel-size 1 --gpu-memory-utilization 0.9" in words
    assert serving.pid is None
    assert wait_until_gone(pids)


def test_the_arguments_of_an_adapter(tmp_path):
    with made(lora="/adapters/one", context=512, arguments=["--enforce-eager"]) as serving:
        assert serving.generate_from_input(["a"]) == ["adapter: a"]
        words = serving._server.last_words()
    assert words.endswith("--max-model-len 512 --enable-lora --lora-modules adapter=/adapters/one --enforce-eager")


def test_a_server_that_dies_is_started_again_and_no_row_is_lost(tmp_path):
    environment = {"FAKE_STARTS": str(tmp_path / "starts"), "FAKE_DIE_AFTER": "5"}
    with made(environment=environment, max_concurrency=4) as serving:
        texts = serving.generate_from_input([f"row {n}" for n in range(12)])
    assert texts == [f"model: row {n}" for n in range(12)]
    assert (tmp_path / "starts").read_text() == "xx"


def test_a_server_that_may_not_be_restarted_leaves_its_reason():
    with made(environment={"FAKE_DIE_AFTER": "0"}, max_restarts=0) as serving:
        completion = serving.generate([Request.of("a")])[0]
        assert type(completion.error).__name__ == "TransportError"
        assert str(completion.error).startswith("the server has ended, and was started 0 times again: arguments: serve")
        assert str(completion.error).endswith("CUDA error: an illegal memory access was encountered")


def test_a_server_that_does_not_start_says_why():
    with made(environment={"FAKE_FAIL": "ValueError: no such model"}) as serving:
        with pytest.raises(ModelUnavailableError) as caught:
            serving.generate([Request.of("a")])
        assert str(caught.value).startswith("the server has ended before it was ready: arguments: serve some/model")
        assert str(caught.value).endswith("ValueError: no such model")


def test_a_program_that_is_not_there():
    serving = VLLMServerServing("m", command="no-such-vllm")
    assert serving.check() == [
        "VLLMServerServing: there is no program 'no-such-vllm'. Install it with: pip install 'open-dataflow-rs[vllm]', "
        "or name it with command="
    ]
    with pytest.raises(ModelUnavailableError, match="there is no program 'no-such-vllm'"):
        serving.generate([Request.of("a")])
    with pytest.raises(ParameterError, match="tensor_parallel=0 must be at least 1"):
        VLLMServerServing("m", tensor_parallel=0)


SCRIPT = """
import sys, time
from dataflow_rs.serving import VLLMServerServing
serving = VLLMServerServing("m", command=sys.argv[1], environment={"FAKE_CHILD": sys.argv[2]}, start_timeout_s=60)
serving.generate_from_input(["a"])
print(serving.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_its_parent_however_that_dies(end, tmp_path):
    command = [sys.executable, "-c", SCRIPT, FAKE, str(tmp_path / "pids")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        pids = [int(process.stdout.readline()), *map(int, (tmp_path / "pids").read_text().split())]
        assert all(map(is_there, pids))
        process.send_signal(end)
        process.wait(30)
    assert wait_until_gone(pids)
