"""SampleFilter keeps the same rows however the table is cut."""

from __future__ import annotations

import pyarrow as pa
import pytest
from dataflow_rs import FileStorage
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.operators.core_text import SampleFilter

ROWS = pa.table({"text": [str(number) for number in range(1000)]})


@pytest.mark.parametrize(("size", "expected"), [(0, 0), (10, 10), (1000, 1000), (5000, 1000)])
def test_size(size, expected):
    kept, drops = SampleFilter(size=size).apply(ROWS, return_drops=True)
    assert kept.num_rows == expected
    assert drops.num_rows == 1000 - expected
    assert set(drops["rule"].to_pylist()) <= {"not_sampled"}
    numbers = [int(text) for text in kept["text"].to_pylist()]
    assert numbers == sorted(numbers)


def test_same_rows_however_the_table_is_cut(tmp_path):
    expected = SampleFilter(size=50, seed=3).apply(ROWS)["text"].to_pylist()
    for batch_rows in (1, 7, 999, 5000):
        storage = FileStorage(ROWS, cache_path=tmp_path / str(batch_rows), batch_rows=max(batch_rows, 50))
        SampleFilter(size=50, seed=3).run(storage=storage.step(), input_key="text")
        assert storage.read()["text"].to_pylist() == expected
    assert SampleFilter(size=50, seed=4).apply(ROWS)["text"].to_pylist() != expected


def test_every_row_has_the_same_chance():
    drawn = [int(text) for seed in range(200) for text in SampleFilter(20, seed).apply(ROWS)["text"].to_pylist()]
    assert len(drawn) == 4000
    assert abs(sum(drawn) / len(drawn) - 499.5) < 25


def test_empty_table():
    assert SampleFilter(size=3).apply(ROWS.slice(0, 0)).num_rows == 0


def test_wrong_size():
    with pytest.raises(ParameterError, match="SampleFilter: size=-1 must be at least 0"):
        SampleFilter(size=-1)
