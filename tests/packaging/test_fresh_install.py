"""The wheel with its base dependencies works in a new environment, without network and without extras."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.meta.repository import ROOT

OFFLINE = """
import sys
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "urllib.Request"):
        raise RuntimeError(f"network access: {event} {arguments}")
sys.addaudithook(refuse)
"""
SIZES = """
import json, pathlib, sysconfig
folder = pathlib.Path(sysconfig.get_path("purelib"))
sizes = {}
for file in folder.rglob("*"):
    if file.is_file():
        name = file.relative_to(folder).parts[0]
        sizes[name] = sizes.get(name, 0) + file.stat().st_size
print(json.dumps(sizes))
"""
EXTRAS = {
    "openai": "dataflow_rs.serving.OpenAIServing(model='m', base_url='http://x').generate_from_input(['x'])",
    "local": "dataflow_rs.serving.LocalServing().generate_from_input(['x'])",
    "pandas": "dataflow_rs.FileStorage([{'text': 'x'}], cache_path='runs/x').read(as_='pandas')",
}


def run(python: Path, code: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [str(python), "-I", "-W", "error", "-c", OFFLINE + code]
    return subprocess.run(command, cwd=cwd, check=False, capture_output=True, text=True)


def test_nothing_heavy_is_installed(fresh_python, tmp_path):
    code = "import importlib.metadata as m, json; print(json.dumps([d.name.lower() for d in m.distributions()]))"
    installed = set(json.loads(run(fresh_python, code, tmp_path).stdout))
    assert {"open-dataflow-rs", "pyarrow", "polars", "pydantic", "click", "rich"} <= installed
    assert installed.isdisjoint({"torch", "numpy", "pandas", "openai", "xllamacpp", "transformers", "ray", "vllm"})
    assert len(installed) <= 20, sorted(installed)


def test_import_works_without_network(fresh_python, tmp_path):
    done = run(fresh_python, "import dataflow_rs; print(dataflow_rs.__version__, dataflow_rs.__file__)", tmp_path)
    assert done.returncode == 0, done.stderr
    assert str(fresh_python.parent.parent) in done.stdout


def test_the_guard_against_network_works(fresh_python, tmp_path):
    done = run(fresh_python, "import socket; socket.create_connection(('127.0.0.1', 9))", tmp_path)
    assert "network access" in done.stderr


def test_a_chain_runs(fresh_python, tmp_path):
    """The script that the wheel workflow runs on every platform."""
    script = (ROOT / "tools" / "smoke_test.py").read_text(encoding="utf-8")
    done = run(fresh_python, script.replace("from __future__ import annotations", ""), tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 of 5 rows kept" in done.stdout


@pytest.mark.parametrize("extra", EXTRAS)
def test_a_missing_extra_is_named(fresh_python, tmp_path, extra):
    done = run(fresh_python, f"import dataflow_rs, dataflow_rs.serving\n{EXTRAS[extra]}", tmp_path)
    assert done.returncode != 0
    assert "MissingExtraError" in done.stderr
    assert f"which is not installed. Install it with: pip install 'open-dataflow-rs[{extra}]'" in done.stderr


def test_the_command_works_without_network(fresh_python, tmp_path):
    code = "from dataflow_rs.cli import main; main(['--help'])"
    done = run(fresh_python, code, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "doctor" in done.stdout


def test_installed_size(fresh_python, tmp_path, capsys):
    sizes = json.loads(run(fresh_python, SIZES, tmp_path).stdout)
    ours = {name: size for name, size in sizes.items() if name not in ("pip", "setuptools")}
    assert sizes["dataflow_rs"] > 1_000_000
    with capsys.disabled():
        largest = sorted(ours.items(), key=lambda item: -item[1])[:5]
        shown = ", ".join(f"{name} {size / 1e6:.0f}" for name, size in largest)
        sys.stdout.write(
            f"\ninstalled size: {sum(ours.values()) / 1e6:.0f} MB (native code of the development build); {shown}\n"
        )
    assert sum(ours.values()) < 600e6
