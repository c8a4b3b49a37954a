"""Clusters of duplicates in the report."""

from __future__ import annotations

from dataflow_rs import FileStorage, get_operator
from dataflow_rs.report import write_report
from dataflow_rs.report.data import report_data

from tests.sample_runs import RepeatFilter


def test_sizes_and_the_largest_clusters(tmp_path):
    texts = ["a"] * 4 + ["b", "c", "b"] + ["d"] * 2
    storage = FileStorage([{"text": text} for text in texts], cache_path=str(tmp_path), batch_rows=4)
    RepeatFilter().run(storage=storage.step(), input_key="text")
    (found,) = report_data(storage.run)["duplicates"]
    sizes = {one["from"]: one["clusters"] for one in found.pop("sizes")}
    assert sizes == {2: 2, 3: 0, 4: 1, 6: 0, 11: 0, 101: 0}
    assert found == {
        "step": 1,
        "operator": "RepeatFilter",
        "clusters": 3,
        "rows": 5,
        "of_rows": 9,
        "largest": [{"row": 0, "size": 4}, {"row": 4, "size": 2}, {"row": 7, "size": 2}],
    }
    page = write_report(storage.run).read_text(encoding="utf-8")
    assert "1. RepeatFilter: 5 of 9 rows repeat one of 3 rows that stayed" in page
    assert "Largest clusters: 4 (row 0 stayed), 2 (row 4 stayed), 2 (row 7 stayed)." in page


def test_near_duplicates_stand_side_by_side(tmp_path):
    text = " ".join(f"word{i}" for i in range(60))
    storage = FileStorage([{"text": text}, {"text": text + " changed"}], cache_path=str(tmp_path))
    get_operator("MinHashDeduplicateFilter")(threshold=0.8).run(storage=storage.step(), input_key="text")
    data = report_data(storage.run)
    assert data["duplicates"][0]["largest"] == [{"row": 0, "size": 2}]
    twin = data["drops"][0]["examples"][0]["twin"]
    assert (twin["row"], twin["identical"]) == (0, False)


def test_without_duplicates_there_is_no_section(tmp_path):
    storage = FileStorage([{"text": "a"}], cache_path=str(tmp_path))
    RepeatFilter().run(storage=storage.step(), input_key="text")
    assert report_data(storage.run)["duplicates"] == []
    assert 'id="duplicates"' not in write_report(storage.run).read_text(encoding="utf-8")
