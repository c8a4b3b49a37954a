"""The stub of the native module agrees with the module."""

from __future__ import annotations

import subprocess
import sys

from .repository import PACKAGE, ROOT


def test_stubtest_finds_no_difference():
    assert "def " in (PACKAGE / "_native.pyi").read_text(encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "dataflow_rs._native", "--mypy-config-file", "pyproject.toml"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
