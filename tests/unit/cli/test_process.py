"""The command line as a process: exit codes, colours, closed pipes, Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.sample_runs import sample_run

COMMAND = [sys.executable, "-W", "error", "-m", "dataflow_rs.cli"]
SLOW = """
from __future__ import annotations
import pathlib, time
import dataflow_rs as dfrs


class SlowRefiner(dfrs.RowOperator):
    \"\"\"Take its time.

    Keys:
        input_key: text.
    \"\"\"

    def process(self, batch, input_key: dfrs.RewrittenText = "text"):
        texts = batch[input_key].to_pylist()
        with pathlib.Path("seen.txt").open("a") as seen:
            seen.write(texts[0] + "\\n")
        if texts[0] == "2" and not pathlib.Path("released").exists():
            time.sleep(60)
        return {input_key: texts}


class Slow(dfrs.Pipeline):
    def __init__(self):
        super().__init__()
        self.storage = dfrs.FileStorage([{"text": str(n)} for n in range(4)], cache_path="run", batch_rows=1)
        self.slow = SlowRefiner()

    def forward(self):
        self.slow.run(storage=self.storage.step(), input_key="text")
"""


def run(*arguments: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        env={name: value for name, value in os.environ.items() if name != "NO_COLOR"} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "code", "stderr"),
    [
        (["--version"], 0, ""),
        (["ops", "list", "--json"], 0, ""),
        (["show", "nowhere"], 1, "error: nowhere holds no run"),
        (["nonsense"], 2, "error: No such command 'nonsense'."),
        ([], 2, "Usage: dataflow-rs [OPTIONS] COMMAND [ARGS]..."),
    ],
)
def test_exit_codes(tmp_path, arguments, code, stderr):
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == code
    assert done.stderr.startswith(stderr)


def test_help_loads_nothing_heavy(tmp_path):
    code = (
        "import sys\n"
        "from dataflow_rs.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'polars', 'rich', 'pydantic', 'openai', 'xllamacpp', 'asyncio', 'yaml', 'pandas'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_reader_that_goes_away_is_no_error(tmp_path):
    with subprocess.Popen(
        [*COMMAND, "ops", "list", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 141


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals and SIGINT to a child are those of POSIX")
@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_on_a_terminal_only_and_not_with_no_color(tmp_path, environment, coloured):
    import pty

    path = sample_run(tmp_path).path
    assert "\x1b[" not in run("show", path, cwd=tmp_path, **environment).stdout
    master, slave = pty.openpty()
    plain = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    with subprocess.Popen(
        [*COMMAND, "show", str(path)], stdout=slave, env=plain | environment, cwd=tmp_path
    ) as process:
        os.close(slave)
        shown = b""
        while chunk := _read(master):
            shown += chunk
        assert process.wait(60) == 0
    os.close(master)
    assert b"WordCountEvaluator" in shown
    assert (b"\x1b[" in shown) == coloured


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65_536)
    except OSError:  # Linux says so when the other end is closed
        return b""


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals and SIGINT to a child are those of POSIX")
def test_ctrl_c_keeps_what_is_committed(tmp_path):
    (tmp_path / "slow.py").write_text(SLOW, encoding="utf-8")
    seen = tmp_path / "seen.txt"
    with subprocess.Popen([*COMMAND, "run", "slow.py"], cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        while not seen.exists() or "2" not in seen.read_text().split():
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == 130
    assert stderr.splitlines()[-1] == "stopped: what is committed is kept; run the same command to go on"
    assert json.loads(run("show", "run", "--json", cwd=tmp_path).stdout)["finished"] is False

    (tmp_path / "released").touch()
    assert run("run", "slow.py", cwd=tmp_path).returncode == 0
    assert seen.read_text().split() == ["0", "1", "2", "2", "3"]


def test_control_characters_do_not_reach_the_terminal(tmp_path):
    path = sample_run(tmp_path, ["\x1b[2Jclear\x07", "two words"]).path
    done = run("explain", path, 0, cwd=tmp_path)
    assert "\x1b" not in done.stdout
    assert "␛[2Jclear␇" in done.stdout


def test_an_output_that_cannot_hold_a_letter_shows_it_escaped(tmp_path):
    path = sample_run(tmp_path, ["smile 😀"]).path
    done = run("explain", path, 0, cwd=tmp_path, PYTHONIOENCODING="latin-1")
    assert done.returncode == 0
    assert "smile \\U0001f600" in done.stdout
