"""`import dataflow_rs` is quick and loads nothing heavy; `__all__` is what imports."""

from __future__ import annotations

import importlib
import json
import statistics
import subprocess
import sys

import pytest

from .repository import ROOT, modules

MEASURE = """
import json, sys, time
start = time.process_time()
import {module}
print(json.dumps([time.process_time() - start, sorted(sys.modules)]))
"""
HEAVY = ["polars", "pandas", "openai", "xllamacpp", "torch", "transformers", "ray", "vllm"]
HEAVY += ["rich", "click", "yaml", "pydantic", "asyncio", "numpy", "http.client", "concurrent.futures.process"]


def import_in_a_new_process(module: str) -> tuple[float, set[str]]:
    """Return the processor seconds that an import takes, and the modules that are loaded afterwards."""
    code = MEASURE.format(module=module)
    answer = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    seconds, loaded = json.loads(answer)
    return seconds, set(loaded)


def test_import_takes_little_more_than_pyarrow():
    """Processor time, not wall time: a busy machine does not change it much."""
    pairs = [(import_in_a_new_process("pyarrow")[0], import_in_a_new_process("dataflow_rs")[0]) for _ in range(5)]
    more = statistics.median(ours - pyarrows for pyarrows, ours in pairs)
    assert more < 0.3, f"import dataflow_rs takes {more:.2f} s more than import pyarrow: {pairs}"


def test_import_loads_nothing_heavy():
    _, with_pyarrow = import_in_a_new_process("pyarrow")
    _, with_us = import_in_a_new_process("dataflow_rs")
    assert "dataflow_rs._native" in with_us
    assert [name for name in HEAVY if name in with_us - with_pyarrow] == []


def test_operators_load_nothing_that_a_run_of_rules_does_not_need():
    _, with_pyarrow = import_in_a_new_process("pyarrow")
    _, with_us = import_in_a_new_process("dataflow_rs.operators")
    assert "dataflow_rs.serving.base" in with_us
    assert [name for name in [*HEAVY, "ssl", "urllib.request"] if name in with_us - with_pyarrow] == []


@pytest.mark.parametrize("module", modules())
def test_everything_in_all_imports(module):
    loaded = importlib.import_module(module)
    names = getattr(loaded, "__all__", [])
    assert sorted(set(names)) == sorted(names), "a name stands twice in __all__"
    assert [name for name in names if not hasattr(loaded, name)] == []


def test_the_names_that_outside_code_relies_on():
    import dataflow_rs

    promised = {"Pipeline", "RowOperator", "FilterOperator", "ExpandOperator", "DatasetOperator", "PromptTemplate"}
    promised |= {"FileStorage", "operator", "get_operator", "list_operators", "read_recipe"}
    assert promised - set(dataflow_rs.__all__) == set()


def test_the_facade_lists_what_it_imports():
    import dataflow_rs

    public = {
        name
        for name, value in vars(dataflow_rs).items()
        if not name.startswith("_")
        and str(getattr(value, "__module__", "")).startswith("dataflow_rs.")
        and not isinstance(value, type(sys))
    }
    assert "Pipeline" in public
    assert public <= set(dataflow_rs.__all__)


def test_operators_refuse_a_second_name():
    """The folder is reachable as `operators` from the repository; two module objects would register twice."""
    done = subprocess.run(
        [sys.executable, "-c", "import operators"], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "dataflow_rs.operators" in done.stderr.splitlines()[-1]
