"""`dataflow-rs pack`."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from dataflow_rs.cli.app import main
from dataflow_rs.packing import open_indexed


@pytest.fixture(autouse=True)
def sources(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pq.write_table(pa.table({"tokens": [[1, 2, 3], [4]]}), "a.parquet")
    pq.write_table(pa.table({"tokens": [[5, 6, 7, 8]] * 3}), "b.parquet")


def invoke(*arguments: str, code: int = 0):
    done = CliRunner().invoke(main, ["pack", *arguments])
    assert done.exit_code == code, done.output
    return done


def test_a_file_becomes_sequences():
    done = invoke("a.parquet", "--column", "tokens", "--length", "4", "--separator", "0", "--seed", "-1", "-o", "t.bin")
    assert [sequence.tolist() for sequence in open_indexed("t")] == [[1, 2, 3, 0], [4, 0]]
    assert done.stdout == (
        "source  documents  tokens  sequences  written\n"
        "(all)           2       6          2        2\n"
        "2 sequences with 6 tokens, 75.0% full\n"
        "  t.bin\n"
        "  t.idx\n"
        "  t.rows.parquet\n"
    )


def test_a_mixture_as_json():
    weights = ("--weight", "x=1", "--weight", "y=1")
    done = invoke(
        "x=a.parquet", "y=b.parquet", "--column", "tokens", "--length", "4", *weights, "-o", "t.parquet", "--json"
    )
    found = json.loads(done.stdout)
    assert {name: source["written"] for name, source in found["sources"].items()} == {"x": 1, "y": 1}
    assert found["files"] == ["t.parquet"]
    assert sorted(pq.read_table("t.parquet")["source"].to_pylist()) == ["x", "y"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["a.parquet", "b.parquet"], 2, "SOURCE 'a.parquet' has no name; write NAME=a.parquet"),
        (["a.parquet", "--weight", "1"], 2, "--weight '1' has no name; write NAME=1"),
        (["x=a.parquet", "--weight", "x=much"], 2, "--weight 'x=much': the share is no number"),
        (["a.parquet"], 1, "there is no column 'text'"),
        (["none.parquet"], 1, "none.parquet"),
    ],
)
def test_what_is_wrong(arguments, code, message):
    assert message in invoke(*arguments, "-o", "t.bin", code=code).output
