"""The report as JSON data."""

from __future__ import annotations

import json

import pytest
from dataflow_rs import FileStorage, Run, Text
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.report import report_data, write_report
from dataflow_rs.report.page import to_json
from dataflow_rs.serving import Request
from dataflow_rs.testing import FakeServing

from tests import toys
from tests.sample_runs import Sample, filtered_run, sample_run


@pytest.fixture
def data(tmp_path):
    return report_data(sample_run(tmp_path))


def test_counts_of_every_step(data):
    facts = ("index", "name", "kind", "parent", "rows_in", "rows_out", "rows_dropped", "rows_made", "done")
    assert [tuple(step[name] for name in facts) for step in data["steps"]] == [
        (0, "source", "source", None, 0, 7, 0, 0, True),
        (1, "WordCountEvaluator", "evaluate", 0, 7, 7, 0, 0, True),
        (2, "MinimumFilter", "filter", 1, 7, 6, 1, 0, True),
        (3, "PhraseFilter", "filter", 2, 6, 5, 1, 0, True),
        (4, "RepeatFilter", "filter", 3, 5, 4, 1, 0, True),
        (5, "CountsGenerator", "generate", 4, 4, 4, 0, 4, True),
        (6, "LettersEvaluator", "evaluate", 4, 4, 4, 0, 0, True),
        (7, "SplitGenerator", "generate", 6, 4, 7, 0, 7, True),
    ]


def test_headline(data):
    numbers = data["headline"]
    assert (numbers["rows_in"], numbers["rows_out"], numbers["rows_dropped"], numbers["rows_failed"]) == (7, 7, 3, 1)
    assert (numbers["calls"], numbers["cost"]) == (0, None)


def test_errors_with_their_first_messages(data):
    assert data["errors"] == [
        {
            "step": 6,
            "operator": "LettersEvaluator",
            "type": "Odd",
            "rows": 1,
            "of_rows": 4,
            "examples": [{"row": 4, "message": "a question mark", "attempts": 3}],
        }
    ]


def test_samples_are_spread_over_the_final_table(data):
    first = 7 << 40
    assert [sample["row"] - first for sample in data["samples"]["rows"]] == [0, 1, 2, 4, 5]
    assert [sample["values"]["word"]["text"] for sample in data["samples"]["rows"]] == [
        "one",
        "two",
        "words",
        "asks?",
        "Two",
    ]


def test_it_is_json_whatever_the_values(tmp_path):
    class NanEvaluator(RowOperator):
        """Write what is no number.

        Keys:
            input_key: text.
            output_key: column.
        """

        def process(self, batch, input_key: Text = "text", output_key: str = "n"):
            return {output_key: [float("nan")] * batch.num_rows}

    run = filtered_run(tmp_path, NanEvaluator(), ["😀 \x00"])
    data = json.loads(to_json(report_data(run)))
    assert data["samples"]["rows"][0]["values"]["n"] is None


def test_an_unfinished_run_says_so(tmp_path):
    sample_run(tmp_path)
    run = Run.open(tmp_path / "run")
    with run.store.locked():
        run.store.forget(run.store.step(6))
    data = report_data(run)
    assert (data["finished"], data["planned_steps"], len(data["steps"])) == (False, 7, 6)
    assert 'class="state open"' in write_report(run).read_text(encoding="utf-8")


def test_a_run_without_steps_of_its_own(tmp_path):
    storage = FileStorage([{"text": "a"}], cache_path=str(tmp_path / "name"))
    storage.prepare()
    data = report_data(storage.run)
    assert (data["name"], data["recipe"], data["drops"], data["errors"]) == ("name", None, [], [])


def test_exports_and_recipe(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.jsonl").write_text('{"text": "one two"}\n', encoding="utf-8")
    pipeline = Sample("in.jsonl", "run", export="out.jsonl")
    pipeline.compile()
    data = report_data(pipeline.forward(quiet=True))
    assert data["exports"] == [{"path": "out.jsonl", "step": 7, "written": True}]
    assert data["steps"][0]["files"] == [str(tmp_path / "in.jsonl")]
    assert "operator: WordCountEvaluator" in data["recipe"]
    assert "WordCountEvaluator" in data["unregistered"]


def test_lines_that_could_not_be_read(tmp_path):
    (tmp_path / "in.jsonl").write_text('{"text": "a"}\nnot json\n', encoding="utf-8")
    storage = FileStorage(str(tmp_path / "in.jsonl"), cache_path=str(tmp_path / "run"), on_bad_line="skip")
    storage.prepare()
    data = report_data(storage.run)
    assert data["bad_lines"]["count"] == 1
    assert (data["bad_lines"]["examples"][0]["line"], data["bad_lines"]["examples"][0]["text"]) == (2, "not json")
    assert "not json" in write_report(storage.run).read_text(encoding="utf-8")


def test_model_calls_are_summed(tmp_path):
    class EchoGenerator(RowOperator):
        """Ask a model.

        Args:
            serving: the model.

        Keys:
            input_key: text.
            output_key: answer.
        """

        serving: FakeServing

        def process(self, batch, input_key: Text = "text", output_key: Text = "answer"):
            asked = [Request.of(text) for text in batch[input_key].to_pylist()]
            return {output_key: [answer.text for answer in self.serving.generate(asked)]}

    serving = FakeServing(lambda prompt: prompt.upper(), price=[1.0, 2.0])
    run = filtered_run(tmp_path, EchoGenerator(serving), ["a b", "c", "a b"])
    numbers = report_data(run)["headline"]
    assert (numbers["calls"], numbers["replayed"], numbers["calls_failed"]) == (2, 1, 0)
    assert numbers["prompt_tokens"] > 0
    assert numbers["cost"] == pytest.approx(numbers["prompt_tokens"] / 1e6 + 2 * numbers["completion_tokens"] / 1e6)
    html = write_report(run).read_text(encoding="utf-8")
    assert "1 more replayed for free" in html


@pytest.mark.parametrize("path", [None, "deep/down/page.html"])
def test_files_are_written_beside_each_other(tmp_path, path):
    run = filtered_run(tmp_path, toys.ShoutRefiner(), ["a"])
    html = write_report(run, None if path is None else tmp_path / path)
    assert html == (tmp_path / "run" / "report.html" if path is None else tmp_path / path)
    assert json.loads(html.with_suffix(".json").read_text(encoding="utf-8"))["format"] == 1
    assert not list(html.parent.glob("*.tmp"))
