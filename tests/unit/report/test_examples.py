"""Which dropped rows are shown, and with what."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest
from dataflow_rs import DatasetOperator, FilterOperator, Text, Verdict
from dataflow_rs.report.examples import CLOSEST, FIRST, FURTHEST, drop_reasons

from tests.sample_runs import filtered_run, sample_run


class NumberFilter(FilterOperator):
    """Keep texts that are numbers of at least ten.

    Keys:
        input_key: text.
    """

    def process(self, batch: pa.RecordBatch, input_key: Text = "text"):
        values = [math.nan if text is None else float(text) for text in batch[input_key].to_pylist()]
        return Verdict(keep=[value >= 10 for value in values], rule="ten", value=values, threshold=10)


def shown(reason):
    return [(one["row"], one["value"], one["why"]) for one in reason["examples"]]


@pytest.mark.parametrize(
    ("texts", "expected", "low", "high"),
    [
        (["5", "11", "9", "-3", "7"], [(2, 9.0, CLOSEST), (3, -3.0, FURTHEST), (0, 5.0, FIRST)], -3, 9),
        (["9", "9", "9", "9"], [(0, 9.0, FIRST), (1, 9.0, ""), (2, 9.0, "")], 9, 9),
        (["4"], [(0, 4.0, FIRST)], 4, 4),
        (["12", "3", "2"], [(1, 3.0, CLOSEST), (2, 2.0, FURTHEST)], 2, 3),
    ],
)
def test_closest_clearest_and_first_are_shown(tmp_path, texts, expected, low, high):
    [reason] = drop_reasons(filtered_run(tmp_path, NumberFilter(), texts))
    assert shown(reason) == expected
    assert (reason["rule"], reason["low"], reason["high"], reason["thresholds"]) == ("ten", low, high, [10.0])
    assert [one["excerpt"]["text"] for one in reason["examples"]] == [texts[row] for row, _, _ in expected]


def test_a_value_that_is_no_number_is_no_closest_call(tmp_path):
    [reason] = drop_reasons(filtered_run(tmp_path, NumberFilter(), [None, "3", "2"]))
    assert [(row, why) for row, _, why in shown(reason)] == [(1, CLOSEST), (2, FURTHEST), (0, FIRST)]
    assert reason["examples"][2]["excerpt"] is None


def test_all_steps_and_rules_of_a_run(tmp_path):
    reasons = drop_reasons(sample_run(tmp_path))
    assert [(one["step"], one["operator"], one["rule"], one["rows"], one["of_rows"]) for one in reasons] == [
        (2, "MinimumFilter", "minimum", 1, 7),
        (3, "PhraseFilter", "phrase", 1, 6),
        (4, "RepeatFilter", "duplicate", 1, 5),
    ]


def test_the_match_of_a_phrase_is_marked(tmp_path):
    phrase = drop_reasons(sample_run(tmp_path))[1]["examples"][0]
    assert phrase["excerpt"] == {"text": "a phrase that is long", "start": 0, "length": 21, "marks": [[2, 8]]}


def test_a_duplicate_is_shown_beside_the_row_it_repeats_by_id(tmp_path):
    run = sample_run(tmp_path, ["", "x", "a phrase", "one", "two", "one"])
    [duplicate] = [reason for reason in drop_reasons(run) if reason["rule"] == "duplicate"]
    example = duplicate["examples"][0]
    assert (example["row"], example["detail"]) == (5, "duplicate of row 3")
    assert (example["twin"]["row"], example["twin"]["identical"]) == (3, True)


class WrongTwinFilter(DatasetOperator):
    """Name a row that is not there.

    Args:
        named: how.

    Keys:
        input_key: text.
    """

    named: str

    def process(self, dataset, input_key: Text = "text"):
        return Verdict(keep=[False] * dataset.num_rows, rule="odd", detail=[self.named] * dataset.num_rows)


@pytest.mark.parametrize("named", ["duplicate of row 99", f"duplicate of row {10**30}", "duplicate of row x"])
def test_a_twin_that_is_not_there_is_left_out(tmp_path, named):
    [reason] = drop_reasons(filtered_run(tmp_path, WrongTwinFilter(named), ["a"]))
    assert reason["examples"][0]["twin"] is None


def test_a_step_that_reads_no_text_shows_the_main_column(tmp_path):
    minimum = drop_reasons(sample_run(tmp_path))[0]["examples"][0]
    assert (minimum["column"], minimum["excerpt"]["text"]) == ("text", "")


def test_the_choice_is_the_same_every_time(tmp_path):
    texts = [str(n % 13 - 5) for n in range(200)]
    runs = [filtered_run(tmp_path / str(n), NumberFilter(), texts, batch_rows=n) for n in (7, 50)]
    assert shown(drop_reasons(runs[0])[0]) == shown(drop_reasons(runs[1])[0])
