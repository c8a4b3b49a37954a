"""Length histograms against counting by hand."""

from __future__ import annotations

import re
import unicodedata

import pyarrow as pa
import pytest
from dataflow_rs import FileStorage
from dataflow_rs.report import lengths
from dataflow_rs.report.lengths import MEASURES, distributions, main_text_column

from tests import toys
from tests.sample_runs import filtered_run, sample_run

TEXTS = [
    "",
    " \n\t",
    "one two",
    "internationalization",
    "1234567",
    "it's fine!!!",
    "漢字かな",
    "안녕",
    "Привет мир",
    "nul\x00and\x1besc",
    "😀 👩‍👩‍👧",
    "مرحبا",
    "a" * 5000,
    None,
]
PIECES = [0, 0, 2, 3, 3, 5, 4, 2, 3, 5, None, 2, 715, None]


@pytest.fixture
def measured(tmp_path):
    return distributions(filtered_run(tmp_path, toys.ShoutRefiner(), TEXTS))


def test_characters_and_words_are_counted_as_python_counts_them(measured):
    texts = [text for text in TEXTS if text is not None]
    for name, count in (("characters", len), ("words", lambda text: len(re.findall(r"\S+", text)))):
        found = measured["measures"][name]["before_summary"]
        counts = [count(text) for text in texts]
        assert (found["rows"], found["total"], found["min"], found["max"]) == (
            len(counts),
            sum(counts),
            min(counts),
            max(counts),
        )


@pytest.mark.parametrize(("text", "pieces"), [pair for pair in zip(TEXTS, PIECES, strict=True) if pair[1] is not None])
def test_tokens_are_estimated_by_the_stated_rule(tmp_path, text, pieces):
    run = filtered_run(tmp_path, toys.ShoutRefiner(), [text])
    assert distributions(run)["measures"]["tokens"]["before_summary"]["total"] == pieces


def test_nulls_are_counted_apart(measured):
    assert (measured["before"]["measured_rows"], measured["before"]["nulls"]) == (len(TEXTS), 1)


def test_bins_hold_every_text_and_share_their_edges(measured):
    for name in MEASURES:
        found = measured["measures"][name]
        assert len(found["before"]) == len(found["after"]) == len(found["edges"]) - 1
        assert sum(found["before"]) == found["before_summary"]["rows"]
        assert found["edges"] == sorted(set(found["edges"]))
        assert found["edges"][0] <= found["before_summary"]["min"]
        assert found["edges"][-1] > found["before_summary"]["max"]


@pytest.mark.parametrize("count", [1, 2, 99, 100, 101, 1000, 54_321])
def test_quantiles_are_within_four_per_cent(count):
    found = lengths.Lengths()
    found.add(pa.array(range(count)))
    for name, share in (("p5", 0.05), ("median", 0.5), ("p95", 0.95)):
        exact = share * (count - 1)
        assert abs(found.summary()[name] - exact) <= max(1, 0.04 * exact)


def test_a_large_table_is_measured_in_part_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(lengths, "BUDGET", 100)
    run = filtered_run(tmp_path, toys.ShoutRefiner(), ["x" * 30] * 20)
    found = distributions(run)
    assert found["before"]["rows"] == 20
    assert 0 < found["before"]["measured_rows"] < 20
    assert found["after"]["measured_rows"] == found["before"]["measured_rows"]


def test_parts_are_measured_from_all_over_the_table():
    order = list(lengths._spread(100))
    assert sorted(order) == list(range(100))
    assert all(any(start <= number < start + 25 for number in order[:8]) for start in (0, 25, 50, 75))


def test_the_column_that_steps_read_most_often_is_the_main_one(tmp_path):
    column, first, last = main_text_column(sample_run(tmp_path))
    assert (column, first.index, last.index) == ("text", 0, 7)


def test_without_a_reader_the_first_text_column_is_the_main_one(tmp_path):
    storage = FileStorage([{"n": 1, "title": "a", "body": "b"}], cache_path=str(tmp_path))
    storage.prepare()
    assert main_text_column(storage.run)[0] == "title"


def test_a_table_without_texts_has_no_histograms(tmp_path):
    storage = FileStorage([{"n": 1}], cache_path=str(tmp_path))
    storage.prepare()
    assert distributions(storage.run) is None


def test_an_empty_table_has_empty_histograms(tmp_path):
    found = distributions(filtered_run(tmp_path, toys.ShoutRefiner(), []))
    assert found["measures"]["words"]["edges"] == []
    assert found["measures"]["words"]["before_summary"]["median"] is None


def test_marks_belong_to_their_letters():
    assert unicodedata.normalize("NFD", "é") == "e\u0301"
    found = lengths.Measured(None)
    lengths._add(found, pa.array(["e\u0301" * 3]))
    assert found.lengths["tokens"].total == 1
