"""Files in: which file, which format, which schema, which error."""

from __future__ import annotations

import json
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dataflow_rs.exceptions import MalformedInputError, ParameterError, SourceNotFoundError
from dataflow_rs.storage.formats import BadLine, open_source, write_file

ROWS = [{"id": 2**60 + 1, "text": "007", "tags": ["a", None]}, {"id": None, "text": "", "tags": []}]
SCHEMA = pa.schema([("id", pa.int64()), ("text", pa.string()), ("tags", pa.list_(pa.string()))])
TABLE = pa.Table.from_pylist(ROWS, SCHEMA)


def read(source, **arguments):
    opened = open_source(source, **arguments)
    return pa.Table.from_batches(opened.batches(), schema=opened.schema)


@pytest.fixture
def folder(tmp_path):
    for name in ("a.jsonl", "b.jsonl.gz", "c.ndjson.zst"):
        write_file(TABLE.to_batches(), SCHEMA, tmp_path / name)
    write_file(TABLE.to_batches(), SCHEMA, tmp_path / "d.parquet")
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("a.jsonl", ["a.jsonl"]),
        ("*.jsonl*", ["a.jsonl", "b.jsonl.gz"]),
        ("**/*json*", ["a.jsonl", "b.jsonl.gz", "c.ndjson.zst"]),
        ("[bc].*", ["b.jsonl.gz", "c.ndjson.zst"]),
    ],
)
def test_globs(folder, pattern, names):
    opened = open_source(str(folder / pattern))
    assert [file.name for file in opened.files] == names
    assert opened.schema == SCHEMA
    assert pa.Table.from_batches(opened.batches()).equals(pa.concat_tables([TABLE] * len(names)))


def test_a_list_keeps_its_order(folder):
    names = ["c.ndjson.zst", "a.jsonl"]
    assert [file.name for file in open_source([folder / name for name in names]).files] == names


def test_a_file_whose_name_looks_like_a_pattern(tmp_path):
    write_file(TABLE.to_batches(), SCHEMA, tmp_path / "x[1].jsonl")
    assert read(tmp_path / "x[1].jsonl") == TABLE


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        (
            "a.jsnol",
            SourceNotFoundError,
            "source: {folder}/a.jsnol does not exist (did you mean 'a.jsonl'?)",
        ),
        ("no/x.csv", SourceNotFoundError, "source: {folder}/no/x.csv does not exist; nor does its folder"),
        ("*.csv", SourceNotFoundError, "source: no file matches {folder}/*.csv"),
        ("", ParameterError, "source: {folder} is a folder; name its files, for example {folder}/*.jsonl"),
        (
            "*",
            ParameterError,
            "source: {folder}/a.jsonl is jsonl and {folder}/d.parquet is parquet; the files of a "
            "source have one "
            "format. Name them in two sources",
        ),
    ],
)
def test_sources_that_are_not_there(folder, source, error, message):
    with pytest.raises(error) as caught:
        open_source(str(folder / source))
    assert str(caught.value) == message.format(folder=folder)


def test_file_not_found_error_catches_it(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_source(tmp_path / "x.csv")


@pytest.mark.parametrize(
    ("name", "hint"),
    [("x", ""), ("x.txt", ""), ("x.parquet.gz", ""), ("x.jsnl", " (did you mean '.jsonl'?)"), (".jsonl", "")],
)
def test_unknown_suffix(tmp_path, name, hint):
    path = tmp_path / name
    path.touch()
    with pytest.raises(ParameterError) as caught:
        open_source(path)
    assert str(caught.value) == (
        f"source: the name {path} does not tell a format{hint}; accepted are .parquet, .arrow, "
        f".feather, .ipc, "
        ".jsonl, .ndjson, .json, .csv and .tsv, the last five also with .gz or .zst. "
        "Rename the file or pass format=, one of jsonl, json, csv, tsv, parquet, arrow"
    )
    assert open_source(path, format="jsonl").schema == pa.schema([])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"format": "jsonlines"}, "format: 'jsonlines' is not one of jsonl, json, csv, tsv, parquet, arrow"),
        ({"on_bad_line": "warn"}, "on_bad_line: 'warn' is neither 'stop' nor 'skip'"),
        ({"batch_rows": 0}, "batch_rows must be at least 1, batch_bytes from 1 to 2**30"),
        ({"columns": ["id", "id"]}, "columns: a column is named twice"),
        (
            {"schema": {"id": "int46"}},
            "schema: column 'id': 'int46' is no Arrow type name (did you mean 'int64'?)",
        ),
        ({"schema": ["id"]}, "schema: give a pyarrow.Schema or a mapping of column names to types, not "),
        ({"schema": {"id": pa.binary()}}, "schema: column 'id': text formats cannot be read as Binary. "),
        ({"columns": ["txet"]}, "columns: no file has the column 'txet'"),
    ],
)
def test_arguments(folder, arguments, message):
    with pytest.raises(ParameterError) as caught:
        list(open_source(folder / "a.jsonl", **arguments).batches())
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("source", [5, None, {"a": 1}, [1], [{"a": 1}, 2]])
def test_no_source(source):
    with pytest.raises(ParameterError, match="is no source; give a path, a glob, a list of"):
        open_source(source)


def test_a_file_named_twice(folder):
    with pytest.raises(ParameterError, match=r"a\.jsonl is named twice; its rows would be read twice"):
        open_source([folder / "a.jsonl", str(folder / "a*")])


@pytest.mark.parametrize(
    "table",
    [
        TABLE,
        TABLE.to_batches()[0],
        "polars",
        ROWS,
        pa.RecordBatchReader.from_batches(SCHEMA, TABLE.to_batches()),
    ],
    ids=["table", "batch", "polars", "dicts", "reader"],
)
def test_memory(table):
    if table == "polars":
        import polars

        table = polars.from_arrow(TABLE)
    opened = open_source(table, schema=SCHEMA)
    assert opened.files == []
    assert opened.schema == SCHEMA
    assert pa.Table.from_batches(opened.batches()).to_pylist() == ROWS


def test_a_reader_is_read_once():
    opened = open_source(pa.RecordBatchReader.from_batches(SCHEMA, TABLE.to_batches()))
    assert len(list(opened.batches())) == 1
    with pytest.raises(ParameterError, match="the RecordBatchReader was read already"):
        list(opened.batches())
    opened = open_source(pa.RecordBatchReader.from_batches(SCHEMA, TABLE.to_batches()))
    assert opened.content_digest() == open_source(TABLE).content_digest()
    assert pa.Table.from_batches(opened.batches()) == TABLE


def test_dicts_of_different_keys():
    assert read([{"a": 1}, {"b": "x", "a": None}]).to_pylist() == [{"a": 1, "b": None}, {"a": None, "b": "x"}]
    assert [batch.num_rows for batch in open_source([{}, {}]).batches()] == [2]
    with pytest.raises(ParameterError, match="source: the values of 'a' have no common type"):
        open_source([{"a": 1}, {"a": "x"}])


def test_empty_tables_keep_their_schema(tmp_path):
    for name in ("e.parquet", "e.arrow"):
        write_file([], SCHEMA, tmp_path / name)
        assert read(tmp_path / name).schema == SCHEMA
    for name in ("e.jsonl", "e.json", "e.jsonl.zst"):
        write_file([], SCHEMA, tmp_path / name)
        assert open_source(tmp_path / name).schema == pa.schema([])
        assert read(tmp_path / name, schema=SCHEMA) == SCHEMA.empty_table()
    assert list(open_source(TABLE.slice(0, 0)).batches()) == []


@pytest.mark.parametrize("name", ["t.jsonl", "t.parquet", "t.arrow", "memory"])
def test_bounded_batches_of_one_schema(tmp_path, name):
    table = pa.table({"n": pa.array(range(1000)), "text": ["x" * 100] * 1000})
    if name != "memory":
        write_file(table.to_batches(), table.schema, tmp_path / name)
    source = table if name == "memory" else tmp_path / name
    opened = open_source(source, batch_rows=64)
    batches = list(opened.batches())
    assert {batch.num_rows for batch in batches[:-1]} == {64}
    assert all(batch.schema.equals(opened.schema, check_metadata=True) for batch in batches)
    assert pa.Table.from_batches(batches) == table
    small = list(open_source(source, batch_bytes=2000).batches())
    assert max(batch.num_rows for batch in small) <= 20
    assert pa.Table.from_batches(small) == table


@pytest.mark.parametrize("name", ["t.jsonl", "t.csv", "t.parquet", "t.arrow", "memory"])
def test_columns(tmp_path, name):
    table = pa.table({"a": [1, 2], "b": ["x", "y"], "c": [0.5, 1.5]})
    if name != "memory":
        write_file(table.to_batches(), table.schema, tmp_path / name)
    source = table if name == "memory" else tmp_path / name
    assert read(source, columns=["c", "a"]) == table.select(["c", "a"])
    assert read(source, columns=["c", "a"], schema=table.schema) == table.select(["c", "a"])
    with pytest.raises(ParameterError, match=r"columns: .*'d'"):
        read(source, columns=["d"])


def test_given_types(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"x":1,"t":"2024-01-01T00:00:00Z","k":"a"}\n{"x":"b","t":null,"k":"a"}\n')
    types = {"x": "string", "t": pa.timestamp("us", "UTC"), "k": pa.dictionary(pa.int32(), pa.string())}
    table = read(path, schema=types)
    assert table.schema == pa.schema({**types, "x": pa.string()})
    assert table["x"].to_pylist() == ["1", "b"]
    assert table["t"].cast(pa.int64()).to_pylist() == [1_704_067_200_000_000, None]
    assert read(path, schema={"x": "string", "new": "int8"}).schema.names == ["x", "t", "k", "new"]
    with pytest.raises(MalformedInputError) as caught:
        read(path, schema=pa.schema([("x", pa.string())]))
    assert str(caught.value) == (
        f"{path}, line 1, column 8: the key 't' is not in the schema; add it there or leave it out"
    )


def test_malformed_line_names_its_place(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"x":1}\n{"x":2,}\n')
    with pytest.raises(MalformedInputError) as caught:
        open_source(path).schema  # noqa: B018
    error = caught.value
    assert str(error) == f"{path}, line 2, column 8: expected a key in double quotes, found '}}'"
    assert (error.file, error.line, error.column) == (str(path), 2, 8)


def test_bad_lines_are_recorded(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n3\n4,5\n")
    opened = open_source(path, on_bad_line="skip")
    bad = [BadLine(str(path), 3, 2, "expected 2 values as in the header, found 1", "3")]
    for _ in range(2):  # a second reading starts over
        assert pa.Table.from_batches(opened.batches()).to_pylist() == [{"a": 1, "b": 2}, {"a": 4, "b": 5}]
        assert opened.bad_lines == bad


def test_lone_surrogates_are_counted(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"x":"a\\ud83d"}\n')
    opened = open_source(path)
    assert pa.Table.from_batches(opened.batches()).to_pylist() == [{"x": "a\ufffd"}]
    assert opened.replaced_surrogates == 1


def test_identity_and_digest(folder, tmp_path):
    opened = open_source(folder / "a.jsonl")
    status = (folder / "a.jsonl").stat()
    expected = {"path": str(folder / "a.jsonl"), "size": status.st_size, "mtime_ns": status.st_mtime_ns}
    assert json.loads(json.dumps(opened.identity())) == {"kind": "files", "files": [expected]}
    digest = opened.content_digest()
    os.utime(folder / "a.jsonl", ns=(1, 1))
    assert open_source(folder / "a.jsonl").content_digest() == digest
    (folder / "a.jsonl").write_text("{}")
    assert open_source(folder / "a.jsonl").content_digest() != digest
    chunked = pa.concat_tables([TABLE.slice(0, 1), TABLE.slice(1)])
    assert open_source(TABLE).identity() == {
        "kind": "memory",
        "digest": open_source(chunked).content_digest(),
    }
    assert open_source(TABLE.slice(1)).content_digest() != open_source(TABLE).content_digest()


def test_several_parquet_files_are_widened(tmp_path):
    pq.write_table(pa.table({"x": pa.array([1], pa.int32()), "y": ["a"]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"x": pa.array([2**40]), "z": [True]}), tmp_path / "2.parquet")
    table = read(tmp_path / "*.parquet")
    assert table.schema == pa.schema([("x", pa.int64()), ("y", pa.string()), ("z", pa.bool_())])
    assert table.to_pylist() == [{"x": 1, "y": "a", "z": None}, {"x": 2**40, "y": None, "z": True}]
    pq.write_table(pa.table({"x": ["text"]}), tmp_path / "3.parquet")
    with pytest.raises(MalformedInputError) as caught:
        read(tmp_path / "*.parquet")
    two, three = tmp_path / "2.parquet", tmp_path / "3.parquet"
    assert str(caught.value).startswith(f"column 'x' is int64 in {two} and string in {three}; no type holds both.")


def test_widening_that_would_lose_digits(tmp_path):
    pq.write_table(pa.table({"x": [2**53 + 1]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"x": [0.5]}), tmp_path / "2.parquet")
    with pytest.raises(MalformedInputError, match=r"1\.parquet: column 'x' cannot become double from int64 without"):
        read(tmp_path / "*.parquet")


@pytest.mark.parametrize("name", ["x.parquet", "x.arrow"])
def test_damaged_binary_files(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"nonsense of some length")
    with pytest.raises(MalformedInputError) as caught:
        read(path)
    assert caught.value.file == str(path)
    write_file(TABLE.to_batches(), SCHEMA, path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(MalformedInputError):
        read(path)


def test_the_stream_format(tmp_path):
    path = tmp_path / "x.arrow"
    with pa.OSFile(str(path), "wb") as stream, pa.ipc.new_stream(stream, SCHEMA) as writer:
        writer.write_table(TABLE)
    assert read(path) == TABLE


def test_no_heavy_imports():
    import subprocess
    import sys

    code = "import sys, dataflow_rs.storage.formats; print(sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert "pyarrow" in loaded
    assert not {"polars", "pandas", "pydantic", "asyncio"} & set(eval(loaded))
    assert "pyarrow.parquet" not in loaded
