"""The commands that look: `show`, `explain`, `report`, `ops`, `models`, `calls`, `doctor`."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner
from dataflow_rs import __version__, list_operators
from dataflow_rs.cli import main
from dataflow_rs.serving import CallLog, recording
from dataflow_rs.serving.models import known_models
from dataflow_rs.testing import FakeServing

from tests.sample_runs import sample_run


@pytest.fixture
def run(tmp_path):
    return sample_run(tmp_path)


def invoke(*arguments: object, code: int = 0):
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert done.exit_code == code, done.output
    return done


def test_show(run):
    lines = invoke("show", run.path).stdout.splitlines()
    assert lines[0] == f"Sample  finished  {run.path}"
    assert lines[1].split() == ["step", "rows", "dropped", "time"]
    found = [re.sub(r"(< )?[\d.]+ m?s\b", "T", " ".join(line.split())) for line in lines[2:]]
    assert found == [
        "0 source 7",
        "1 WordCountEvaluator 7 T",
        "2 MinimumFilter 6 1 T minimum 1",
        "3 PhraseFilter 5 1 T phrase 1",
        "4 RepeatFilter 4 1 T duplicate 1",
        "5 CountsGenerator 4 T",
        "6 LettersEvaluator 4 T reads step 4, failed with Odd 1",
        "7 SplitGenerator 7 T",
    ]


def test_show_names_what_is_still_to_do(run):
    with run.store.locked():
        run.store.forget(run.store.step(6))
    lines = invoke("show", run.path).stdout.splitlines()
    assert lines[0].startswith("Sample  not finished")
    assert [line.split() for line in lines[-2:]] == [["6", "(not", "run", "yet)"], ["7", "(not", "run", "yet)"]]
    assert json.loads(invoke("show", run.path, "--json").stdout)["finished"] is False


@pytest.mark.parametrize(
    ("row", "lines"),
    [
        (
            2,
            [
                "row 2 of RUN, from the source",
                "  text  one",
                "  1 WordCountEvaluator: changed",
                "      words = 1",
                "  2 MinimumFilter: kept",
                "  3 PhraseFilter: kept",
                "  4 RepeatFilter: dropped (rule duplicate, duplicate of row 0)",
            ],
        ),
        (
            6,
            [
                "row 6 of RUN, from the source",
                "  text",
                "  1 WordCountEvaluator: changed",
                "      words = 0",
                "  2 MinimumFilter: dropped (rule minimum, value 0, threshold 1)",
            ],
        ),
        (
            7 << 40,
            [
                f"row {7 << 40} of RUN, made by step 7 from row 0",
                "  text     one",
                "  words    1",
                '  letters  ["o", "n", "e"]',
                "  word     one",
                "it is in the final table",
            ],
        ),
    ],
)
def test_explain(run, row, lines):
    found = invoke("explain", run.path, row).stdout.replace(str(run.path), "RUN").splitlines()
    assert found == lines


def test_explain_as_json(run):
    story = json.loads(invoke("explain", run.path, 3, "--json").stdout)
    assert story["dropped"] is True
    assert story["events"][-1]["detail"] == "phrase"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ["explain", "RUN", 99],
            1,
            "RUN has no row 99; rows of the source have the ids 0 to 6, rows made by a step are ",
        ),
        (["explain", "RUN", "x"], 2, "Invalid value for 'ROW': 'x' is not a valid integer range."),
        (
            ["show", "nowhere"],
            1,
            "nowhere holds no run (there is no manifest.journal in it); give the cache_path of a ",
        ),
        (
            ["report", "nowhere"],
            1,
            "nowhere holds no run (there is no manifest.journal in it); give the cache_path of a ",
        ),
        (["calls", "list", "nowhere"], 1, "nowhere holds no run (there is no manifest.journal in it); give the "),
        (
            ["ops", "show", "WordNumberFiltr"],
            1,
            "there is no operator 'WordNumberFiltr' (did you mean 'WordNumberFilter'?)",
        ),
        (["models", "path", "gpt"], 1, "there is no model 'gpt'"),
        (["ops", "list", "--kind", "x"], 2, "Invalid value for '--kind': 'x' is not one of "),
        (["nonsense"], 2, "No such command 'nonsense'."),
    ],
)
def test_errors_are_two_lines(run, arguments, code, message):
    done = invoke(*(run.path if argument == "RUN" else argument for argument in arguments), code=code)
    assert done.stdout == ""
    first, last = done.stderr.replace(str(run.path), "RUN").splitlines()
    assert first.startswith(f"error: {message}")
    assert last.startswith("hint: ")


def test_report(run, tmp_path):
    assert invoke("report", run.path).stdout == f"{run.path / 'report.html'}\n"
    page = tmp_path / "page.html"
    found = json.loads(invoke("report", run.path, "--output", page, "--json").stdout)
    assert found == {"html": str(page), "json": str(tmp_path / "page.json")}
    assert page.is_file()


def test_ops_list():
    found = json.loads(invoke("ops", "list", "--json").stdout)
    assert [one["name"] for one in found] == [cls.__name__ for cls in list_operators()]
    text = invoke("ops", "list", "--domain", "general_text", "--kind", "filter", "--search", "word").stdout
    assert text.splitlines()[0] == "general_text"
    assert re.search(r"^  WordNumberFilter +filter  \w", text, re.MULTILINE)


def test_ops_list_of_nothing_is_not_an_error():
    done = invoke("ops", "list", "--search", "no such thing")
    assert (done.stdout, done.stderr) == ("", "no operator fits\n")


@pytest.mark.parametrize("name", [cls.__name__ for cls in list_operators()])
def test_every_operator_can_be_shown(name):
    text = invoke("ops", "show", name).stdout
    spec = json.loads(invoke("ops", "show", name, "--json").stdout)
    assert text.startswith(f"{name}  {spec['kind']}  {spec['domain']}, {spec['base']}")
    for entry in spec["parameters"] + spec["keys"]:
        assert re.search(rf"^  {entry['name']} ", text, re.MULTILINE)


def test_models_list():
    found = json.loads(invoke("models", "list", "--json").stdout)
    assert [one["name"] for one in found] == list(known_models())
    assert [one["default"] for one in found].count(True) == 1
    text = invoke("models", "list").stdout
    assert all(name in text for name in known_models())


def test_models_that_are_not_here(tmp_path, monkeypatch):
    monkeypatch.setenv("DATAFLOW_RS_CACHE", str(tmp_path))
    monkeypatch.delenv("DATAFLOW_RS_MODEL_DIR", raising=False)
    name = next(iter(known_models()))
    done = invoke("models", "path", name, code=1)
    assert f"Fetch it with: dataflow-rs models pull {name}" in done.stderr
    assert "not here" in invoke("models", "list").stdout


def test_a_given_model_is_found_and_pulled_from_where_it_is(tmp_path):
    file = tmp_path / "mine.gguf"
    file.write_bytes(b"weights")
    assert invoke("models", "path", file).stdout == f"{file}\n"
    assert json.loads(invoke("models", "pull", file, "--json").stdout) == {"name": str(file), "path": str(file)}


def test_calls_are_counted_by_model(run):
    serving = FakeServing(lambda prompt: prompt.upper(), model="echo")
    with recording(CallLog(run.path / "calls.log")):
        serving.generate_from_input(["a", "b", "a"])
    [found] = json.loads(invoke("calls", "list", run.path, "--json").stdout)
    assert (found["model"], found["calls"]) == ("echo", 2)
    assert invoke("calls", "list", run.path / "calls.log").stdout.splitlines()[1].startswith("echo ")


def test_calls_are_shown_and_shared(run, tmp_path):
    serving = FakeServing(lambda prompt: prompt.upper(), model="echo")
    with recording(CallLog(run.path / "calls.log")):
        serving.generate_from_input(["a question", "another one"], system_prompt="Shout.")
    shown = invoke("calls", "show", run.path, "a quest").stdout
    assert shown.splitlines()[1:] == ["system: Shout.", "user: a question", "-> A QUESTION", ""]
    assert invoke("calls", "show", run.path, "nothing").stderr == "no such call\n"
    [record] = json.loads(invoke("calls", "show", run.path, "ANOTHER", "--json").stdout)
    assert record["call"]["messages"][1]["content"] == "another one"
    file, log = tmp_path / "calls.jsonl.gz", tmp_path / "shared.log"
    assert invoke("calls", "export", run.path, file).stdout == f"2 calls in {file}\n"
    assert invoke("calls", "import", file, log).stdout == f"2 calls added to {log}\n"
    assert invoke("calls", "import", file, log).stdout == f"0 calls added to {log}\n"
    assert list(CallLog(log).records()) == list(CallLog(run.path / "calls.log").records())
    with recording(CallLog(log)):
        again = serving.generate_from_input(["a question", "another one"], system_prompt="Shout.")
    assert (again, serving.calls) == (["A QUESTION", "ANOTHER ONE"], 2)


def test_a_changed_export_is_refused(run, tmp_path):
    with recording(CallLog(run.path / "calls.log")):
        FakeServing(lambda prompt: prompt.upper()).generate_from_input(["a"])
    file = tmp_path / "calls.jsonl"
    invoke("calls", "export", run.path, file)
    file.write_text(file.read_text().replace('"content": "a"', '"content": "b"'))
    done = invoke("calls", "import", file, tmp_path / "x.log", code=1)
    assert "was changed: its key belongs to another call" in done.stderr
    file.write_text("{}\n")
    done = invoke("calls", "import", file, tmp_path / "x.log", code=1)
    assert f"{file}, line 1: no exported call: key, call, answer or time is missing" in done.stderr


def test_a_run_without_calls(run):
    assert invoke("calls", "list", run.path).stderr == "no finished calls\n"


def test_doctor(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-value")
    done = invoke("doctor")
    assert "sk-secret-value" not in done.output
    assert "OPENAI_API_KEY" in done.stdout
    found = json.loads(invoke("doctor", "--json").stdout)
    assert found["ok"] is True
    states = {check["what"]: check for check in found["checks"]}
    assert states["dataflow_rs"]["found"] == __version__
    assert states["native library"]["state"] == "ok"
    assert {"extra [openai]", "extra [local]", "extra [pandas]", "cache", "threads"} <= set(states)


def test_doctor_finds_a_cache_that_cannot_be_written(tmp_path, monkeypatch):
    blocker = tmp_path / "file"
    blocker.write_text("not a folder")
    monkeypatch.setenv("DATAFLOW_RS_CACHE", str(blocker))
    done = invoke("doctor", "--json", code=1)
    [cache] = [check for check in json.loads(done.stdout)["checks"] if check["what"] == "cache"]
    assert cache["state"] == "broken"
    assert "set DATAFLOW_RS_CACHE to a folder of yours" in cache["found"]


def test_version():
    assert invoke("--version").stdout == f"dataflow-rs {__version__}\n"


def test_every_command_has_help():
    seen = 0

    def visit(command, path):
        nonlocal seen
        seen += 1
        assert invoke(*path, "--help").stdout.startswith("Usage: dataflow-rs")
        assert command.help
        for name, child in getattr(command, "commands", {}).items():
            visit(child, [*path, name])

    visit(main, [])
    assert seen >= 15
