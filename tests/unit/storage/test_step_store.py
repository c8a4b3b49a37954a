"""The step store on disk: what a step costs, what damage and interference do, what a killed process leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pyarrow as pa
import pytest
from dataflow_rs import FileStorage, Run
from dataflow_rs.exceptions import CorruptStoreError, StorageError, StoreLockedError
from dataflow_rs.storage import part_files

from tests.toys import FirstOnlyFilter, MinimumFilter, ShoutRefiner, WordCountEvaluator

TEXT = "lorem ipsum dolor sit amet " * 40


@pytest.fixture
def storage(tmp_path):
    rows = [{"text": f"{number} {TEXT}" if number % 3 else "x"} for number in range(400)]
    return FileStorage(rows, cache_path=tmp_path / "run", batch_rows=100)


def run_three(storage):
    storage.reset()
    WordCountEvaluator().run(storage=storage.step())
    MinimumFilter(minimum=2).run(storage=storage.step())
    ShoutRefiner().run(storage=storage.step())
    return storage


def bytes_of(storage, step):
    folder = storage.cache_path / "steps" / storage.store.step(step).folder
    return sum(path.stat().st_size for path in folder.iterdir())


def test_a_filter_step_stores_a_selection_only(storage):
    run_three(storage)
    assert storage.read(2).num_rows == 266
    table = storage.read(0).nbytes
    assert bytes_of(storage, 2) < table / 10
    assert bytes_of(storage, 1) < table / 10


def test_only_the_columns_asked_for_are_read(storage, monkeypatch):
    run_three(storage)
    asked = []
    original = part_files.read

    def spy(path, expected, columns=None):
        asked.append((path.name, columns))
        return original(path, expected, columns)

    monkeypatch.setattr(part_files, "read", spy)
    assert storage.read(3, columns=["words"]).schema.names == ["words"]
    assert all(columns in (["words"], None) for _, columns in asked)
    assert not any(columns is None and ".take" not in name for name, columns in asked)


def test_every_flipped_byte_of_a_part_is_found(storage):
    run_three(storage)
    path = next((storage.cache_path / "steps").glob("001-*/part-000000.arrow"))
    content = path.read_bytes()
    for position in range(0, len(content), max(1, len(content) // 60)):
        path.write_bytes(content[:position] + bytes([content[position] ^ 0x40]) + content[position + 1 :])
        with pytest.raises(CorruptStoreError, match=r"001-WordCountEvaluator-\w+/part-000000.arrow does not match"):
            storage.read(1)
    path.write_bytes(content[:-1])
    with pytest.raises(CorruptStoreError, match="does not match the manifest"):
        storage.read(1)
    path.unlink()
    with pytest.raises(CorruptStoreError, match="is missing; start over with fresh=True"):
        storage.read(1)


def test_every_flipped_byte_of_the_manifest_is_found(storage):
    run_three(storage)
    path = storage.cache_path / "manifest.journal"
    content = path.read_bytes()
    for position in range(0, len(content) - 1, max(1, len(content) // 150)):
        path.write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
        with pytest.raises(CorruptStoreError, match=r"manifest.journal, line \d+: the record does not match"):
            Run.open(storage.cache_path)


def test_a_manifest_cut_anywhere_is_a_shorter_run(storage):
    expected = run_three(storage).read(3)
    path = storage.cache_path / "manifest.journal"
    content = path.read_bytes()
    for length in range(0, len(content), max(1, len(content) // 40)):
        path.write_bytes(content[:length])
        again = run_three(FileStorage(storage.source, cache_path=storage.cache_path, batch_rows=100))
        assert again.read(3).equals(expected), length
        path.write_bytes(content)


def test_leftovers_of_a_killed_process_are_never_read(storage):
    expected = run_three(storage).read(3)
    folder = storage.cache_path / "steps" / storage.store.step(1).folder
    (folder / "part-000009.arrow").write_bytes(b"half a file")
    (folder / "part-000001.arrow.tmp").write_bytes(b"another")
    again = run_three(FileStorage(storage.source, cache_path=storage.cache_path, batch_rows=100))
    assert again.read(3).equals(expected)


def test_a_second_process_is_refused(storage):
    run_three(storage)
    program = (
        "import sys; from dataflow_rs.storage.lock import RunLock; from pathlib import Path\n"
        "with RunLock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(storage.cache_path / "run.lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StoreLockedError, match=rf"is in use by process {holder.pid} on \S+\. Wait for it"):
            run_three(storage)
        assert storage.read(3).num_rows == 266, "reading is allowed"
        holder.kill()
        holder.wait()
    run_three(storage)


def test_a_full_disk_names_the_file_and_keeps_what_was_there(storage, monkeypatch):
    expected = run_three(storage).read(3)
    for count in range(4):
        fresh = FileStorage(storage.source, cache_path=storage.cache_path / f"full{count}", batch_rows=100)
        original = os.fsync
        left = [count * 3]

        def fsync(fd, left=left, original=original):
            if left[0] == 0:
                raise OSError(28, "No space left on device")
            left[0] -= 1
            original(fd)

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fsync)
            with pytest.raises(OSError, match="No space left on device"):
                run_three(fresh)
        run_three(fresh)
        assert fresh.read(3).equals(expected)


def test_other_format_is_refused(storage):
    run_three(storage)
    path = storage.cache_path / "manifest.journal"
    from dataflow_rs.storage.journal import encode

    path.write_bytes(encode({"kind": "run", "format": 99}))
    with pytest.raises(StorageError, match="was written in format 99, this version reads 1"):
        Run.open(storage.cache_path)


@pytest.mark.parametrize("number", [4, -1])
def test_missing_step(storage, number):
    run_three(storage)
    with pytest.raises(StorageError, match=rf"has no step {number}; steps there: 0 source, 1 WordCountEvaluator"):
        storage.read(number)


def test_no_run(tmp_path):
    with pytest.raises(StorageError, match=r"holds no run \(there is no manifest.journal in it\)"):
        Run.open(tmp_path)


def test_types_survive(tmp_path):
    table = pa.table(
        {
            "text": pa.array(["007", "", None]),
            "big": pa.array([2**63, 0, None], pa.uint64()),
            "nested": pa.array([[[1], []], None, []], pa.list_(pa.list_(pa.int16()))),
            "when": pa.array([1, None, 2**50], pa.timestamp("us", tz="Europe/Paris")),
            "what": pa.array([{"a": 1, "b": None}, None, {"a": None, "b": "x"}]),
            "view": pa.array(["x" * 50, "y", None], pa.string_view()),
            "kind": pa.array(["a", "b", None]).dictionary_encode(),
            "never": pa.nulls(3),
            "money": pa.array(["1.10", None, "3.33"]).cast(pa.decimal128(10, 2)),
        }
    )
    storage = FileStorage(table, cache_path=tmp_path, batch_rows=2)
    WordCountEvaluator().run(storage=storage.step())
    MinimumFilter(minimum=0).run(storage=storage.step())
    assert storage.read(0).equals(table)
    assert storage.read(2).drop_columns(["words"]).equals(table.slice(0, 2))
    empty = FileStorage(table.slice(0, 0), cache_path=tmp_path / "empty")
    WordCountEvaluator().run(storage=empty.step())
    FirstOnlyFilter().run(storage=empty.step(), input_key="text")
    assert empty.read().schema.names == [*table.schema.names, "words"]
    assert empty.read(0).schema == table.schema


def test_run_info_is_json(storage):
    run_three(storage)
    lines = (storage.cache_path / "manifest.journal").read_text().splitlines()
    records = [json.loads(line.split(" ", 1)[1]) for line in lines]
    assert [record["kind"] for record in records][:2] == ["run", "step"]
    assert {record["kind"] for record in records} == {"run", "step", "part", "done"}
