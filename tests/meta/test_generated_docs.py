"""The operator reference is what `tools/generate_docs.py` would write."""

from __future__ import annotations

import subprocess
import sys

from dataflow_rs import list_operators

from .repository import ROOT


def test_the_operator_reference_is_up_to_date():
    done = subprocess.run(
        [sys.executable, "tools/generate_docs.py", "--check"], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_index_names_every_operator():
    index = (ROOT / "docs" / "operators" / "index.md").read_text(encoding="utf-8")
    names = [cls.__name__ for cls in list_operators() if cls.__module__.startswith("dataflow_rs.operators.")]
    assert names
    assert [name for name in names if f"[{name}](" not in index] == []
