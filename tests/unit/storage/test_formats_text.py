"""Text files as they come: compressed in parts, cut off, with marks and line ends of other systems."""

from __future__ import annotations

import gzip
import os
import random
from pathlib import Path

import pyarrow as pa
import pytest
import zstandard
from dataflow_rs.exceptions import MalformedInputError
from dataflow_rs.storage.formats import open_source

ROOT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("DATAFLOW_RS_SHARED_DATA", ROOT.parent / "shared" / "data"))
LINES = b'{"x":1}\n{"x":2}\n'


def rows(path, **arguments):
    return [row for batch in open_source(path, **arguments).batches() for row in batch.to_pylist()]


def zstd(data, **arguments):
    return zstandard.ZstdCompressor(**arguments).compress(data)


SKIPPABLE = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"
WIDE = zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)


@pytest.mark.parametrize(
    "data",
    [
        LINES,
        b"\xef\xbb\xbf" + LINES,
        LINES.replace(b"\n", b"\r\n"),
        LINES[:-1],
        b"\n\n" + LINES + b"  \n",
        gzip.compress(LINES),
        gzip.compress(LINES[:5]) + gzip.compress(LINES[5:]),
        gzip.compress(b"") + gzip.compress(LINES),
        zstd(LINES),
        zstd(LINES[:5]) + zstd(LINES[5:]),
        SKIPPABLE + zstd(LINES[:5]) + SKIPPABLE + zstd(LINES[5:]),
        zstandard.ZstdCompressor(compression_params=WIDE).compress(LINES),
        gzip.compress(b"\xef\xbb\xbf" + LINES),
    ],
    ids=[
        *("plain", "BOM", "CRLF", "no newline", "blank lines", "gzip", "gzip members", "empty member"),
        *("zstd", "zstd frames", "skippable frames", "wide window", "BOM in gzip"),
    ],
)
def test_the_first_bytes_tell_the_compression(tmp_path, data):
    for name in ("x.jsonl", "x.jsonl.gz", "x.jsonl.zst"):
        (tmp_path / name).write_bytes(data)
        assert rows(tmp_path / name) == [{"x": 1}, {"x": 2}]


@pytest.mark.parametrize("compress", [gzip.compress, zstd])
def test_cut_off_and_damaged(tmp_path, compress):
    noise = random.Random(1)
    lines = b"".join(b'{"x":%d,"text":"%s"}\n' % (i, noise.randbytes(30).hex().encode()) for i in range(50_000))
    path = tmp_path / "x.jsonl.gz"
    whole = compress(lines)
    kind = "gzip" if whole[0] == 0x1F else "zstd"
    for data in (whole[:-1], whole[: len(whole) // 2]):
        path.write_bytes(data)
        for policy in ("stop", "skip"):  # no policy makes half a file a whole one
            with pytest.raises(MalformedInputError) as caught:
                rows(path, on_bad_line=policy)
            assert str(caught.value).startswith(f"{path}: the {kind} data are damaged or cut off (")
            assert str(caught.value).endswith("); fetch or compress the file again")
            assert caught.value.file == str(path)
    path.write_bytes(whole[:100_000] + bytes(200) + whole[100_200:])
    for policy in ("stop", "skip"):  # what the damage lets through may be a bad line before it is found
        with pytest.raises(MalformedInputError):
            rows(path, on_bad_line=policy)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_utf16_is_refused(tmp_path, encoding):
    path = tmp_path / "x.csv"
    mark = "" if encoding == "utf-16" else "\ufeff"
    path.write_text(mark + "a,b\n1,2\n", encoding=encoding)
    with pytest.raises(MalformedInputError, match="expected UTF-8, found the byte order mark of UTF-16"):
        rows(path)


def test_a_nul_byte_and_all_of_unicode(tmp_path):
    path = tmp_path / "x.jsonl"
    text = "\0\u202e\u05d0 字\U0001f600\u2028"
    table = pa.table({"text": [text]})
    from dataflow_rs.storage.formats import write_file

    write_file(table.to_batches(), table.schema, path)
    assert rows(path) == [{"text": text}]


@pytest.mark.parametrize("threads", ["1", "4"])
def test_threads_do_not_count(tmp_path, threads):
    import hashlib
    import subprocess
    import sys

    path = tmp_path / "x.jsonl"
    path.write_bytes(b"".join(b'{"n":%d,"t":"%s"}\n' % (i, b"x" * (i % 997)) for i in range(20_000)))
    code = (
        "import sys, hashlib; from dataflow_rs.storage.formats import open_source\n"
        "opened = open_source(sys.argv[1], batch_bytes=100_000)\n"
        "digest = hashlib.sha256()\n"
        "for batch in opened.batches(): digest.update(batch.serialize())\n"
        "print(digest.hexdigest())"
    )
    environment = {**os.environ, "RAYON_NUM_THREADS": threads}
    found = subprocess.run(
        [sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True, env=environment
    )
    digest = hashlib.sha256()
    for batch in open_source(path, batch_bytes=100_000).batches():
        digest.update(batch.serialize())
    assert found.stdout.strip() == digest.hexdigest()


@pytest.mark.soak
def test_a_line_of_100_mb(tmp_path):
    path = tmp_path / "x.jsonl.zst"
    text = "word " * 20_000_000
    path.write_bytes(zstd(b'{"id":1,"text":"' + text.encode() + b'"}\n{"id":2,"text":""}\n'))
    found = rows(path)
    assert [row["id"] for row in found] == [1, 2]
    assert found[0]["text"] == text


def shared(folder):
    files = sorted((SHARED / folder).glob("*.jsonl.zst"))
    if not files:
        pytest.skip("the shared data are absent (../shared/data or DATAFLOW_RS_SHARED_DATA)")
    return files


def decompressed(path):
    with path.open("rb") as stream:
        return zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True).read()


MIXED = {
    "BFCL_v4_multi_turn_base.jsonl.zst": ("initial_config",),
    "BFCL_v4_simple_python.jsonl.zst": ("function", "ground_truth"),
}


@pytest.mark.parametrize("folder", ["text", "sft"])
def test_real_files_like_json(folder):
    import json

    seen = 0
    for path in shared(folder):
        raw = decompressed(path)
        expected = [json.loads(line) for line in raw.splitlines() if line.strip()]
        given = dict.fromkeys(MIXED.get(path.name, ()), "string")
        if given:
            with pytest.raises(MalformedInputError, match="No type holds all values unchanged; pass schema="):
                rows(path)
        found = rows(path, schema=given)
        for row in found:
            for name in given:
                row[name] = json.loads(row[name])
        assert [without_nulls(row) for row in found] == [without_nulls(row) for row in expected]
        seen += len(found)
    assert seen > 1000


def without_nulls(value):
    """What a table keeps of JSON: a missing key and a null are the same."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


@pytest.mark.parametrize("folder", ["text", "sft"])
def test_real_files_like_polars_and_pyarrow(folder, tmp_path):
    import polars as pl
    import pyarrow.json

    for path in shared(folder):
        if path.name in MIXED:
            continue
        plain = tmp_path / path.name.removesuffix(".zst")
        raw = decompressed(path)
        plain.write_bytes(raw)
        opened = open_source(path)
        ours = pa.Table.from_batches(opened.batches(), schema=opened.schema)
        options = pyarrow.json.ReadOptions(block_size=1 << 26)
        theirs = pyarrow.json.read_json(plain, read_options=options, parse_options=None)
        assert ours.to_pylist() == theirs.to_pylist()
        assert ours.to_pylist() == pl.read_ndjson(plain, infer_schema_length=None).to_dicts()
