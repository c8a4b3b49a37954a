"""The workflows parse, ask for little, pin what they use, and name only what exists."""

from __future__ import annotations

import re

import pytest
import yaml

from .repository import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def read(file):
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def steps(workflow):
    return [(name, step) for name, job in workflow["jobs"].items() for step in job.get("steps", [])]


def test_the_workflows_are_these():
    assert [file.name for file in WORKFLOWS] == ["ci.yml", "wheels.yml"]


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_actions_are_pinned_and_permissions_small(file):
    workflow = read(file)
    assert workflow["permissions"] == {"contents": "read"}
    used = [step["uses"] for _, step in steps(workflow) if "uses" in step]
    assert used
    assert [action for action in used if not re.search(r"@(v\d+(\.\d+)*|[0-9a-f]{40}|release/v\d+)$", action)] == []
    for name, job in workflow["jobs"].items():
        extra = {key: value for key, value in job.get("permissions", {}).items() if value == "write"}
        assert extra in ({}, {"id-token": "write"}), name
        assert isinstance(job.get("timeout-minutes"), int), f"{name} has no time limit"


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_files_that_a_workflow_names_exist(file):
    text = file.read_text(encoding="utf-8")
    named = set(re.findall(r"(?<![\w./@-])((?:tools|tests|crates|examples|\.ci)/[\w./-]+)", text))
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_wheels_are_built_and_tried_on_every_platform():
    jobs = read(ROOT / ".github" / "workflows" / "wheels.yml")["jobs"]
    targets = {(entry["os"], entry["target"]) for entry in jobs["wheel"]["strategy"]["matrix"]["include"]}
    assert {target for _, target in targets} == {"x86_64", "aarch64", "x64"}
    assert {re.split("-", system)[0] for system, _ in targets} == {"ubuntu", "macos", "windows"}
    assert any("tools/smoke_test.py" in str(step.get("run")) for step in jobs["wheel"]["steps"])
    assert any("tools/smoke_test.py" in str(step.get("run")) for step in jobs["sdist"]["steps"])
    assert jobs["publish"]["needs"] == ["wheel", "sdist"]
    assert jobs["publish"]["if"] == "startsWith(github.ref, 'refs/tags/v')"
