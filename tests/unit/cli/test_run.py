"""`dataflow-rs run`: what it runs, what it prints, and how it ends."""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from dataflow_rs.cli import main
from dataflow_rs.cli.load import _value

PIPELINE = '''"""A pipeline for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dataflow_rs as dfrs

if TYPE_CHECKING:
    from nothing_like_it import Odd


class LongEnoughFilter(dfrs.FilterOperator):
    """Keep texts with enough words.

    Args:
        min_words: at least.

    Keys:
        input_key: text.
    """

    min_words: int = 2

    def process(self, batch, input_key: dfrs.Text = "text"):
        counts = [len(text.split()) for text in batch[input_key].to_pylist()]
        return dfrs.Verdict(keep=[n >= self.min_words for n in counts], value=counts, threshold=self.min_words)


class Clean(dfrs.Pipeline):
    def __init__(self, source: str = "in.jsonl", min_words: int = 2, key: str = "text", other: Odd = None):
        super().__init__()
        print("a pipeline may print")
        self.storage = dfrs.FileStorage(source, cache_path="run")
        self.words = LongEnoughFilter(min_words=min_words)
        self.key = key

    def forward(self):
        self.words.run(storage=self.storage.step(), input_key=self.key)
        self.storage.export("out.jsonl")
'''
RECIPE = """dataflow: 1
name: Recipe
storage: {source: in.jsonl, cache_path: recipe-run}
steps:
  - {operator: ContentNullFilter, keys: {input_key: text}}
exports:
  - {path: recipe-out.jsonl}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATAFLOW_RS_PROGRESS", "0")
    for name in ("clean", "two", "broken"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    Path("in.jsonl").write_text('{"text": "a b c"}\n{"text": "a"}\n{"text": "a b"}\n', encoding="utf-8")
    Path("clean.py").write_text(PIPELINE, encoding="utf-8")
    Path("recipe.yaml").write_text(RECIPE, encoding="utf-8")


def invoke(*arguments: str):
    return CliRunner().invoke(main, list(arguments))


@pytest.mark.parametrize(
    ("arguments", "rows"),
    [
        (["clean.py"], ["a b c", "a b"]),
        (["clean.py:Clean"], ["a b c", "a b"]),
        (["clean.py", "--set", "min_words=3"], ["a b c"]),
        (["clean.py", "--set", "min_words=3", "--set", "source=in.jsonl"], ["a b c"]),
    ],
)
def test_a_pipeline_runs(arguments, rows):
    done = invoke("run", *arguments)
    assert done.exit_code == 0
    assert f"Clean: 3 rows in, {len(rows)} rows out" in done.stdout
    for line in ("  data set  out.jsonl", "  run       run", "  report    run/report.html"):
        assert line in done.stdout.splitlines()
    assert [json.loads(line)["text"] for line in Path("out.jsonl").read_text().splitlines()] == rows
    assert Path("run/report.html").is_file()
    assert Path("run/report.json").is_file()


def test_a_recipe_runs_and_its_storage_can_be_set():
    assert invoke("run", "recipe.yaml").exit_code == 0
    assert Path("recipe-out.jsonl").read_text().count("\n") == 3
    Path("other.jsonl").write_text('{"text": "b"}\n', encoding="utf-8")
    done = invoke("run", "recipe.yaml", "--set", "source=other.jsonl", "--set", "cache_path=elsewhere")
    assert done.exit_code == 0
    assert "  run       elsewhere" in done.stdout.splitlines()
    assert Path("recipe-out.jsonl").read_text() == '{"text":"b"}\n'


def test_a_second_run_reuses_the_first(tmp_path):
    assert json.loads(invoke("run", "clean.py", "--json").stdout)["runs"][0]["steps_reused"] == 0
    again = json.loads(invoke("run", "clean.py", "--json").stdout)["runs"][0]
    assert again["steps_reused"] == 1
    assert "1 of 1 step reused" in invoke("run", "clean.py").stdout
    assert json.loads(invoke("run", "clean.py", "--fresh", "--json").stdout)["runs"][0]["steps_reused"] == 0


def test_json_is_one_document_whatever_the_pipeline_prints():
    done = invoke("run", "clean.py", "--json")
    assert done.exit_code == 0
    document = json.loads(done.stdout)
    assert document["finished"] is True
    result = document["runs"][0]
    del result["seconds"]
    assert result == {
        "path": "run",
        "finished": True,
        "steps": 1,
        "rows_in": 3,
        "rows_out": 2,
        "rows_dropped": 1,
        "rows_failed": {},
        "exports": ["out.jsonl"],
        "report": "run/report.html",
        "steps_reused": 0,
    }
    assert "a pipeline may print" in done.stderr


def test_a_dry_run_executes_nothing():
    done = invoke("run", "clean.py", "--dry-run")
    assert done.exit_code == 0
    assert "1. LongEnoughFilter(min_words=2) on (input_key='text')" in done.stdout
    assert not Path("run").exists()
    plan = json.loads(invoke("run", "clean.py", "--dry-run", "--json").stdout)
    assert plan["steps"] == [
        {
            "index": 1,
            "operator": "LongEnoughFilter",
            "parameters": {"min_words": 2},
            "keys": {"input_key": "text"},
            "after": 0,
        }
    ]
    assert plan["recipe"]["storage"] == {"source": "in.jsonl", "cache_path": "run"}


def test_a_dry_run_says_what_models_will_be_asked():
    Path("ask.yaml").write_text(
        """dataflow: 1
name: Ask
storage: {source: in.jsonl, cache_path: ask-run}
components:
  model: {class: FakeServing, reply: [never asked], price: [1.0, 10.0], budget_tokens: 1500}
steps:
  - {operator: WordNumberFilter, params: {min_words: 2}, keys: {input_key: text}}
  - {operator: PromptedGenerator, params: {llm_serving: {use: model}}, keys: {input_key: text, output_key: reply}}
""",
        encoding="utf-8",
    )
    done = invoke("run", "ask.yaml", "--dry-run")
    assert "estimate from 3 of 3 rows:\n    2. PromptedGenerator, 2 rows: 2 calls, " in done.stdout, done.output
    assert (
        "warning: FakeServing: these calls may use up to 0.020548 USD (2,116 tokens), the budget is 1,500 "
        in done.stdout
    )
    assert not Path("ask-run").exists()
    found = json.loads(invoke("run", "ask.yaml", "--dry-run", "--sample", "1", "--json").stdout)["estimate"]
    assert (found["rows"], found["sampled"], found["total"]["completion_tokens"] % 1024) == (3, 1, 0)
    assert json.loads(invoke("run", "clean.py", "--dry-run", "--json").stdout)["estimate"] is None


@pytest.mark.parametrize(
    ("arguments", "code", "message", "hint"),
    [
        (["nope.py"], 1, "there is no file nope.py", "what can be run: dataflow-rs run --help"),
        (["nope.yaml"], 1, "there is no recipe nope.yaml", "the form of a recipe: docs/pipelines.md"),
        (
            ["no-module"],
            1,
            "no-module is neither a recipe (.yaml, .yml, .json), nor a Python file, nor an installed module",
            "what can be run: dataflow-rs run --help",
        ),
        (["json"], 1, "json has no subclass of Pipeline", "what can be run: dataflow-rs run --help"),
        (
            ["clean.py:Clan"],
            1,
            "clean.py has no pipeline 'Clan' (did you mean 'Clean'?); there is: Clean",
            "what can be run: dataflow-rs run --help",
        ),
        (
            ["clean.py", "--set", "min_wrds=1"],
            2,
            "--set min_wrds: Clean() has no such argument (did you mean 'min_words'?); source, min_words, key, other",
            "see dataflow-rs run --help",
        ),
        (["clean.py", "--set", "x"], 2, "--set x: expected KEY=VALUE", "see dataflow-rs run --help"),
        (
            ["clean.py", "--set", "min_words=many"],
            1,
            "LongEnoughFilter(min_words=): got 'many', the type is int",
            "parameters of an operator: dataflow-rs ops show NAME",
        ),
        (
            ["clean.py", "--set", "key=txt"],
            1,
            "the pipeline has 1 mistake:\n  1. step 1, LongEnoughFilter (self.words): "
            "LongEnoughFilter(input_key='txt'): there is no column 'txt' (did you mean 'text'?); columns here: text",
            "nothing has run; correct these and run again",
        ),
        (["--resume-step", "-1", "clean.py"], 2, None, "see dataflow-rs run --help"),
        ([], 2, "Missing argument 'RECIPE_OR_PIPELINE'.", "see dataflow-rs run --help"),
    ],
)
def test_errors_are_two_lines(arguments, code, message, hint):
    done = invoke("run", *arguments)
    assert done.exit_code == code
    assert done.stdout.replace("a pipeline may print\n", "") == ""
    if message is not None:
        assert done.stderr == f"error: {message}\nhint: {hint}\n"
    assert done.stderr.splitlines()[-1] == f"hint: {hint}"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import nothing_like_it\n", "broken.py, line 1: ModuleNotFoundError: No module named 'nothing_like_it'"),
        ("x = 1\n\nx.y\n", "broken.py, line 3: AttributeError: 'int' object has no attribute 'y'"),
    ],
)
def test_the_users_own_mistakes_are_placed(code, message):
    Path("broken.py").write_text(code, encoding="utf-8")
    done = invoke("run", "broken.py")
    assert (done.exit_code, done.stderr.splitlines()[0]) == (1, f"error: {message}")


def test_a_mistake_inside_an_operator_is_said_and_shown_on_request():
    Path("in.jsonl").write_text('{"text": "a"}\n{"text": null}\n', encoding="utf-8")
    done = invoke("run", "clean.py")
    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        "error: LongEnoughFilter.process() raised AttributeError in the batch that begins at row 0: "
        "'NoneType' object has no attribute 'split'",
        "hint: what is committed is kept; --debug shows the traceback",
    ]
    assert "Traceback (most recent call last)" in invoke("run", "clean.py", "--debug").stderr


def test_an_error_is_a_json_document_too():
    done = invoke("run", "nope.yaml", "--json")
    assert json.loads(done.stdout) == {
        "error": {
            "type": "RecipeError",
            "message": "there is no recipe nope.yaml",
            "hint": "the form of a recipe: docs/pipelines.md",
        }
    }


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (str, "007", "007"),
        ("str | None", "null", "null"),
        ("Path", "a: b", "a: b"),
        (int, "7", 7),
        ("int | None", "null", None),
        ("bool", "true", True),
        ("list[str]", "[a, b]", ["a", "b"]),
        ("Any", "part.jsonl", "part.jsonl"),
        ("Any", "[a.jsonl, b.jsonl]", ["a.jsonl", "b.jsonl"]),
        ("Any", "a: b", "a: b"),
        ("dict[str, str]", "{a: b}", {"a": "b"}),
        ("OnlyForTypeCheckers | None", "3", 3),
        ("float", "[unclosed", "[unclosed"),
        (inspect.Parameter.empty, "3", 3),
    ],
)
def test_a_setting_is_read_as_its_annotation_says(annotation, text, value):
    assert _value(annotation, text) == value


def test_several_pipelines_must_be_told_apart():
    Path("two.py").write_text(PIPELINE + "\n\nclass Other(Clean):\n    pass\n", encoding="utf-8")
    done = invoke("run", "two.py")
    assert done.stderr.splitlines()[0] == "error: two.py has 2 pipelines: Clean, Other; name one, as in two.py:Clean"
    assert invoke("run", "two.py:Other").exit_code == 0


def test_resume_step_keeps_what_it_names():
    assert invoke("run", "clean.py").exit_code == 0
    assert invoke("run", "clean.py", "--resume-step", "1").exit_code == 0
    done = invoke("run", "clean.py", "--resume-step", "2")
    assert done.exit_code == 1
    assert "resume_step=2 must lie between 0 and the number of steps, 1" in done.stderr
