"""SIGKILL at random moments of the main job: the same data set in the end, and no recorded call made again."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from dataflow_rs import Run
from dataflow_rs.serving import CallLog

JOB = Path(__file__).with_name("killed_job.py")
ROOT = Path(__file__).resolve().parents[2]
EXPORTS = ["clean.parquet", "pairs.jsonl", "pairs.parquet"]


def start(folder: Path) -> subprocess.Popen[bytes]:
    folder.mkdir(exist_ok=True)
    return subprocess.Popen([sys.executable, str(JOB), str(folder)], cwd=ROOT, stderr=subprocess.PIPE)


def finish(folder: Path) -> float:
    begin = time.monotonic()
    process = start(folder)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors.decode()
    return time.monotonic() - begin


def recorded(folder: Path) -> int:
    log = folder / "run" / "calls.log"
    return len(CallLog(log)) if log.exists() else 0


def answered(folder: Path) -> list[str]:
    path = folder / "answered.txt"
    return path.read_text().split() if path.exists() else []


def exports(folder: Path) -> dict[str, bytes]:
    return {name: (folder / "run" / name).read_bytes() for name in EXPORTS}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    seconds = finish(folder)
    assert len(answered(folder)) == recorded(folder) > 60
    return folder, seconds


def kill_and_finish(folder: Path, delays: list[float], undisturbed) -> int:
    """Kill the job after each delay, let it finish at last, and compare with the undisturbed run."""
    expected, _ = undisturbed
    killed = 0
    for delay in delays:
        before = recorded(folder)
        process = start(folder)
        time.sleep(delay)
        killed += process.poll() is None
        process.kill()
        process.communicate()
        assert recorded(folder) >= before, "what was recorded stays recorded"
    finish(folder)
    assert exports(folder) == exports(expected)
    ours, theirs = Run.open(folder / "run"), Run.open(expected / "run")
    for step in theirs.steps:
        assert ours.table(step.index).equals(theirs.table(step.index)), step.name
        assert ours.row_ids(step.index).equals(theirs.row_ids(step.index)), step.name
    assert ours.drops().equals(theirs.drops())
    counts = Counter(answered(folder))
    assert set(counts) == set(answered(expected))
    # A call whose answer was not recorded yet when the process died is made again: at most one per kill.
    assert sum(counts.values()) - len(counts) <= killed
    return killed


def test_killed_at_random_moments(tmp_path, undisturbed):
    generator = random.Random(11)
    delays = [generator.uniform(0.2, 1.0) * undisturbed[1] for _ in range(5)]
    assert kill_and_finish(tmp_path / "job", delays, undisturbed) > 0


@pytest.mark.soak
def test_killed_many_times(tmp_path, undisturbed):
    generator = random.Random(12)
    killed = 0
    for number in range(20):
        delays = [generator.uniform(0.05, 1.1) * undisturbed[1] for _ in range(10)]
        killed += kill_and_finish(tmp_path / f"job{number}", delays, undisturbed)
    assert killed > 100


def test_a_second_run_makes_no_call(undisturbed):
    folder, _ = undisturbed
    before, bytes_before = len(answered(folder)), exports(folder)
    finish(folder)
    assert len(answered(folder)) == before
    assert exports(folder) == bytes_before
