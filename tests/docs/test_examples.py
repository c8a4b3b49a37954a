"""Every example of the README and of docs/ works.

A Python block is a script of its own, run in an empty folder with warnings as errors. First lines with a meaning:
`# continues` (after the block before it), `# needs: model` (only with the local model), `# recipe` (a YAML recipe).
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys

import click
import pytest
import yaml
from dataflow_rs import read_recipe

from .markdown import Block, blocks

NEEDS_MODEL = "# needs: model"
PYTHON = blocks("python")
RECIPES = [block for block in blocks("yaml") if block.starts_with("# recipe")]
COMMANDS = [
    (f"{block.title}: {line[2:]}", line[2:].split("  #")[0])
    for block in blocks("console")
    for line in block.code.splitlines()
    if line.startswith("$ dataflow-rs")
]


def test_there_are_examples():
    assert {block.file for block in PYTHON} >= {
        "README.md",
        "docs/pipelines.md",
        "docs/storage.md",
        "docs/operators.md",
    }
    assert RECIPES
    assert COMMANDS


def script(block: Block):
    needs_model = NEEDS_MODEL in block.code.splitlines()
    return pytest.param(block, id=block.title, marks=[pytest.mark.model] if needs_model else [])


@pytest.mark.parametrize("block", [script(block) for block in PYTHON])
def test_python_block_runs(block, tmp_path):
    (tmp_path / "example.py").write_text(block.code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "example.py"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{block.title}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("block", RECIPES, ids=lambda block: block.title)
def test_recipe_is_a_plan(block, tmp_path, monkeypatch):
    """A source of JSON Lines that the recipe names is put there, with one row."""
    monkeypatch.chdir(tmp_path)
    recipe = yaml.safe_load(block.code)
    (tmp_path / recipe["storage"]["source"]).write_text(json.dumps({"text": "some text"}) + "\n", encoding="utf-8")
    (tmp_path / "recipe.yaml").write_text(block.code, encoding="utf-8")
    plan = read_recipe("recipe.yaml")
    assert [step.operator.name for step in plan.steps] == [step["operator"] for step in recipe["steps"]]


def check_command(command: click.Command, arguments: list[str]) -> None:
    """Raise click.UsageError unless all subcommands and options exist."""
    context = click.Context(command)
    _, rest, _ = command.make_parser(context).parse_args(arguments)
    if isinstance(command, click.Group) and rest:
        subcommand = command.get_command(context, rest[0])
        if subcommand is None:
            raise click.UsageError(f"no such command: {rest[0]}")
        check_command(subcommand, rest[1:])


@pytest.mark.parametrize(("title", "line"), COMMANDS, ids=[title for title, _ in COMMANDS])
def test_command_exists(title, line):
    from dataflow_rs.cli import main

    check_command(main, shlex.split(line)[1:])


@pytest.mark.parametrize("line", ["dataflow-rs nonsense", "dataflow-rs run --nonsense x"])
def test_a_command_that_does_not_exist_is_found(line):
    from dataflow_rs.cli import main

    with pytest.raises(click.UsageError):
        check_command(main, shlex.split(line)[1:])
