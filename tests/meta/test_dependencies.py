"""Dependencies point one way, in Python and in Rust."""

from __future__ import annotations

import json
import subprocess

import pytest

from .repository import ROOT, imports, modules

ALLOWED = {
    "__init__": {"_native", "core", "pipeline", "prompts", "serving", "storage", "exceptions"},
    "exceptions": set(),
    "storage": {"exceptions", "_native"},
    "core": {"storage", "exceptions", "_native"},
    "serving": {"core", "storage", "exceptions", "_native"},
    "prompts": {"core", "serving", "exceptions", "_native"},
    "testing": {"core", "serving", "prompts", "exceptions"},
    "dedup": {"storage", "exceptions", "_native"},
    "answers": {"core", "exceptions", "_native"},
    "operators": {"answers", "core", "dedup", "prompts", "retrieval", "serving", "exceptions", "_native"},
    "retrieval": {"core", "serving", "storage", "exceptions", "_native"},
    "packing": {"core", "storage", "exceptions", "_native"},
    "pipeline": {"core", "serving", "storage", "exceptions", "_native"},
    "pipelines": {"operators", "core", "serving", "prompts", "pipeline", "storage", "exceptions"},
    "report": {"core", "pipeline", "storage", "exceptions"},
    "cli": {"_native", "core", "packing", "pipeline", "report", "serving", "storage", "exceptions"},
}
"""Part of the package -> the parts that it may import."""
FACADE = {"Pipeline": "pipeline", "Plan": "pipeline", "read_recipe": "pipeline", "FileStorage": "storage"}
FACADE |= {"Run": "storage", "__version__": "_native"}

CRATES = {
    "dfrs-text": set(),
    "dfrs-dedup": {"dfrs-text"},
    "dfrs-tokenize": set(),
    "dfrs-pack": set(),
    "dfrs-columnar": set(),
    "dfrs-storage": {"dfrs-columnar"},
    "dfrs-engine": {"dfrs-text", "dfrs-dedup", "dfrs-tokenize", "dfrs-columnar"},
    "dfrs-python": {
        "dfrs-engine",
        "dfrs-text",
        "dfrs-dedup",
        "dfrs-tokenize",
        "dfrs-pack",
        "dfrs-columnar",
        "dfrs-storage",
    },
}
"""Crate -> the crates of the workspace that it may use."""
ARROW_FREE = {"dfrs-text", "dfrs-dedup", "dfrs-tokenize", "dfrs-pack"}


def part_of(module: str) -> str:
    """Return the part of the package that a module of it belongs to; for the facade, the one behind the name."""
    parts = module.split(".")
    if len(parts) == 1:
        return "__init__"
    name = parts[1]
    return name if (name in ALLOWED or name == "_native") else FACADE.get(name, "core")


def edges() -> list[tuple[str, str, str]]:
    """Return (part, imported part, place) of every import between parts."""
    found = []
    for module, file in modules().items():
        for imported, line in imports(file, module):
            if imported.startswith("dataflow_rs.") and part_of(imported) != part_of(module):
                found.append((part_of(module), part_of(imported), f"{file.relative_to(ROOT)}:{line}"))
    return found


def test_every_part_is_in_the_table():
    parts = {part_of(module) for module in modules()}
    assert parts <= ALLOWED.keys(), f"say in ALLOWED what {sorted(parts - ALLOWED.keys())} may import"


def test_python_imports_point_one_way():
    found = edges()
    assert {("core", "storage"), ("pipeline", "core"), ("operators", "core")} <= {(a, b) for a, b, _ in found}
    wrong = [
        f"{place}: {part} must not import {target}" for part, target, place in found if target not in ALLOWED[part]
    ]
    assert not wrong, "\n".join(wrong)


@pytest.fixture(scope="module")
def crates() -> dict[str, dict[str, list[str]]]:
    """Crate -> kind of dependency -> names."""
    answer = subprocess.run(
        ["cargo", "metadata", "--format-version", "1", "--no-deps", "--locked"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return {
        package["name"]: {
            kind: [d["name"] for d in package["dependencies"] if (d["kind"] == "dev") == (kind == "dev")]
            for kind in ("normal", "dev")
        }
        for package in json.loads(answer)["packages"]
    }


def test_rust_crates_point_one_way(crates):
    assert "dfrs-python" in crates
    wrong = [
        f"{crate} must not use {used}"
        for crate, kinds in crates.items()
        for used in kinds["normal"] + kinds["dev"]
        if used.startswith("dfrs-") and used not in CRATES[crate]
    ]
    assert not wrong, "\n".join(wrong)
    assert any(used.startswith("dfrs-") for used in crates["dfrs-python"]["normal"])


def test_only_the_binding_crate_knows_python_and_text_knows_no_arrow(crates):
    for crate, kinds in crates.items():
        used = set(kinds["normal"])
        assert crate == "dfrs-python" or not {name for name in used if name.startswith("pyo3")}, crate
        if crate in ARROW_FREE:
            assert not {name for name in used if name.startswith("arrow")}, crate
    assert {"pyo3", "pyo3-arrow"} <= set(crates["dfrs-python"]["normal"])
    assert not {"rayon", "tokio"} & set(crates["dfrs-text"]["normal"]), "dfrs-text starts no threads"
