"""Files out: exact text, what a format refuses, and a target that is complete or untouched."""

from __future__ import annotations

import datetime
import decimal
import gzip
import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from dataflow_rs.exceptions import ExportError, ParameterError
from dataflow_rs.storage.formats import open_source, write_file

NOON = datetime.datetime(2024, 2, 29, 12, 0, 0, 500)
TABLE = pa.table(
    {
        "id": pa.array([2**63 - 1, None], pa.int64()),
        "u": pa.array([2**64 - 1, 0], pa.uint64()),
        "f": [0.1, 1e300],
        "g": pa.array([0.1, -0.0], pa.float32()),
        "s": ['a"b,\n\\ü\x01', "007"],
        "e": ["", "true"],
        "b": [True, None],
        "t": pa.array([NOON, None], pa.timestamp("us", "Europe/Berlin")),
        "d": pa.array([datetime.date(1, 1, 1), None], pa.date32()),
        "c": pa.array([datetime.time(23, 59, 59, 1000), None], pa.time32("ms")),
        "m": pa.array([decimal.Decimal("1.10"), decimal.Decimal("-0.01")], pa.decimal128(38, 2)),
        "k": pa.array(["x", None]).dictionary_encode(),
        "v": pa.array(["y", None], pa.string_view()),
        "n": pa.nulls(2),
    }
)
JSON = """\
{"id":9223372036854775807,"u":18446744073709551615,"f":0.1,"g":0.1,"s":"a\\"b,\\n\\\\ü\\u0001","e":"","b":true,\
"t":"2024-02-29T12:00:00.000500Z","d":"0001-01-01","c":"23:59:59.001","m":"1.10","k":"x","v":"y","n":null}
{"id":null,"u":0,"f":1e300,"g":-0.0,"s":"007","e":"true","b":null,"t":null,"d":null,"c":null,"m":"-0.01","k":null,\
"v":null,"n":null}
"""
CSV = """\
id,u,f,g,s,e,b,t,d,c,m,k,v,n
9223372036854775807,18446744073709551615,0.1,0.1,"a""b,
\\ü\x01","",true,2024-02-29T12:00:00.000500Z,0001-01-01,23:59:59.001,1.10,x,y,
,0,1e300,-0.0,007,"true",,,,,-0.01,,,
"""


def text(path, table, **arguments):
    assert write_file(table.to_batches(max_chunksize=1), table.schema, path, **arguments) == table.num_rows
    return path.read_bytes().decode()


def test_exact_text(tmp_path):
    assert text(tmp_path / "x.jsonl", TABLE) == JSON
    lines = JSON.splitlines()
    assert text(tmp_path / "x.json", TABLE) == f"[\n{lines[0]},\n{lines[1]}\n]\n"
    assert text(tmp_path / "x.csv", TABLE) == CSV
    assert text(tmp_path / "x.tsv", pa.table({"a\tb": ["x\ty", "x,y"]})) == '"a\tb"\n"x\ty"\nx,y\n'
    assert text(tmp_path / "x.csv", pa.table({"f": [math.nan, math.inf, -math.inf]})) == "f\nNaN\ninf\n-inf\n"
    assert text(tmp_path / "e.json", TABLE.slice(0, 0)) == "[\n]\n"
    assert text(tmp_path / "e.jsonl", TABLE.slice(0, 0)) == ""
    assert text(tmp_path / "n.jsonl", pa.table({"l": [[{"a": [1, None]}, None], []]})) == (
        '{"l":[{"a":[1,null]},null]}\n{"l":[]}\n'
    )


@pytest.mark.parametrize("name", ["x.jsonl", "x.json", "x.csv", "x.tsv", "x.parquet", "x.arrow"])
def test_everything_comes_back(tmp_path, name):
    write_file(TABLE.to_batches(), TABLE.schema, tmp_path / name)
    opened = open_source(tmp_path / name, schema=TABLE.schema)
    back = pa.Table.from_batches(opened.batches(), schema=opened.schema)
    back.validate(full=True)
    assert back.schema == TABLE.schema
    assert back.to_pylist() == TABLE.to_pylist()


@pytest.mark.parametrize(
    ("name", "compression", "open_"),
    [
        ("x.jsonl.gz", None, gzip.decompress),
        ("x.jsonl", "gzip", gzip.decompress),
        ("x.jsonl.zst", None, lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data)),
        ("x.jsonl.gz", "none", bytes),
    ],
)
def test_compression(tmp_path, name, compression, open_):
    write_file(TABLE.to_batches(), TABLE.schema, tmp_path / name, compression=compression)
    assert open_((tmp_path / name).read_bytes()).decode() == JSON


def test_parquet_is_compressed_with_statistics(tmp_path):
    table = pa.table({"n": list(range(10))})
    write_file(table.to_batches(max_chunksize=3), table.schema, tmp_path / "x.parquet")
    about = pq.ParquetFile(tmp_path / "x.parquet").metadata
    column = about.row_group(0).column(0)
    assert (about.num_row_groups, column.compression) == (1, "ZSTD")
    assert (column.statistics.min, column.statistics.max) == (0, 9)


NESTED = pa.table({"x": [[1]]})
EMPTY_STRUCT = pa.table({"x": pa.array([{}], pa.struct([]))})


@pytest.mark.parametrize(
    ("name", "table", "message"),
    [
        (
            "x.csv",
            NESTED,
            "column 'x' of type List(Int64): separated values hold no nested values; export to "
            "Parquet, Arrow IPC or "
            "JSON Lines",
        ),
        (
            "x.jsonl",
            pa.table({"x": [b"\xff"]}),
            "column 'x' of type Binary: text formats hold no bytes; cast the column to string or "
            "export to Parquet or "
            "Arrow IPC",
        ),
        (
            "x.json",
            pa.table({"x": pa.array([[1]], pa.list_(pa.duration("s")))}),
            "column 'x' of type List(Duration(s)): cast the column to int64, or export to Parquet or Arrow IPC",
        ),
        (
            "x.jsonl",
            pa.table({"x": [0.5, math.nan]}),
            "column 'x', row 1: JSON has no NaN; replace it with null, or export to Parquet or Arrow IPC",
        ),
        (
            "x.jsonl",
            pa.table({"y": [1], "x": [[-math.inf]]}),
            "column 'x', row 0: JSON has no -inf; replace it with null, or export to Parquet or Arrow IPC",
        ),
        ("x.jsonl", pa.table([[1], [2]], names=["x", "x"]), "column 'x' comes twice; rename one of the two"),
        (
            "x.csv",
            pa.table({}),
            "a table without columns cannot be written as separated values; export to JSON Lines",
        ),
        (
            "x.parquet",
            pa.table({}),
            "Parquet cannot hold a table without columns; export to JSON Lines or Arrow IPC",
        ),
        (
            "x.parquet",
            EMPTY_STRUCT,
            "column 'x' of type struct<>: Parquet has no such type (Cannot write struct type 'x' with "
            "no child field "
            "to Parquet. Consider adding a dummy child field.); export to Arrow IPC",
        ),
        (
            "x.parquet",
            pa.table({"x": pa.array([[1]], pa.list_(pa.timestamp("s")))}),
            "column 'x' of type list<item: timestamp[s]>: Parquet would give it back as list<element: "
            "timestamp[ms]>; "
            "cast it to that type, or export to Arrow IPC",
        ),
    ],
)
def test_what_a_format_cannot_hold(tmp_path, name, table, message):
    path = tmp_path / name
    path.write_text("as before")
    with pytest.raises(ExportError) as caught:
        write_file(table.to_batches(), table.schema, path)
    assert str(caught.value) == message
    assert path.read_text() == "as before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["x.jsonl", "x.csv.gz", "x.parquet", "x.arrow"])
def test_a_failure_leaves_the_target_untouched(tmp_path, name):
    table = pa.table({"x": ["y" * 1000] * 1000})

    def batches():
        yield from table.to_batches()
        raise RuntimeError("the source breaks")

    path = tmp_path / name
    path.write_text("as before")
    with pytest.raises(RuntimeError, match="the source breaks"):
        write_file(batches(), table.schema, path)
    assert path.read_text() == "as before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["x.jsonl", "x.parquet", "x.arrow"])
def test_a_batch_of_another_schema(tmp_path, name):
    with pytest.raises(ParameterError) as caught:
        write_file(pa.table({"x": ["1"]}).to_batches(), pa.schema([("x", pa.int64())]), tmp_path / name)
    assert str(caught.value) == "a batch has the columns (x: string), the file was begun with (x: int64)"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("x.txt", {}, "path: the name {path} does not tell a format; accepted are "),
        (
            "x.jsonl",
            {"format": "jsnol"},
            "format: 'jsnol' is not one of jsonl, json, csv, tsv, parquet, arrow",
        ),
        ("x.jsonl", {"compression": "lz4"}, "compression: 'lz4' is not one of none, gzip, zstd"),
        (
            "x.parquet",
            {"compression": "xz"},
            "compression: 'xz' is not one of zstd, snappy, gzip, lz4, brotli, none",
        ),
        (
            "x.arrow",
            {"compression": "gzip"},
            "compression: 'gzip' is not one of none, lz4, zstd for Arrow IPC",
        ),
        ("", {"format": "csv"}, "path: {path} is a folder; name a file"),
    ],
)
def test_arguments(tmp_path, name, arguments, message):
    with pytest.raises(ParameterError) as caught:
        write_file(TABLE.to_batches(), TABLE.schema, tmp_path / name, **arguments)
    assert str(caught.value).startswith(message.format(path=tmp_path / name))
    assert list(tmp_path.iterdir()) == []


def test_folders_are_made(tmp_path):
    write_file([], TABLE.schema, tmp_path / "a" / "b" / "x.jsonl")
    assert (tmp_path / "a" / "b" / "x.jsonl").exists()


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    for name in ("x.jsonl", "x.parquet"):
        with pytest.raises(OSError, match="file"):
            write_file([], TABLE.schema, tmp_path / "file" / name)
