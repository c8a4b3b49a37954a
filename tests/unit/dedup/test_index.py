"""`DedupIndex`: additions, queries, merging, damage, and processes that are killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pyarrow as pa
import pytest
from dataflow_rs.dedup import DedupIndex, near_duplicates
from dataflow_rs.exceptions import CorruptStoreError, ParameterError, StoreLockedError
from dataflow_rs.storage.lock import RunLock


def pages(count: int, seed: int = 1) -> list[str]:
    """Return texts of which about a third nearly repeat an earlier one."""
    draw = random.Random(seed)
    texts: list[str] = []
    for _ in range(count):
        if texts and draw.random() < 0.3:
            words = draw.choice(texts).split()
            words[draw.randrange(len(words))] = "changed"
            texts.append(" ".join(words))
        else:
            texts.append(" ".join(f"w{draw.randrange(5000)}" for _ in range(80)))
    return texts


def test_texts_of_tomorrow_against_those_of_yesterday(tmp_path):
    yesterday, today = pages(200), [*pages(200)[:20], "entirely new text of a few words", "", None]
    index = DedupIndex(tmp_path)
    index.add(pa.array(yesterday[:80]))
    index.add(pa.array([text]) for text in yesterday[80:])
    assert len(index) == 200
    found = DedupIndex(tmp_path, memory_mb=1).query(pa.array(today))
    assert found.equals(index.query(pa.array(today)))
    first = [yesterday.index(text) for text in today[:20]]
    assert found["document"].to_pylist() == [*first, None, None, None]
    assert found["similarity"].to_pylist() == [1.0] * 20 + [None] * 3


def test_clusters_are_those_of_all_texts(tmp_path):
    texts = pages(300)
    expected = near_duplicates(pa.array(texts))
    assert expected.num_rows > 50
    first, second = DedupIndex(tmp_path / "a"), DedupIndex(tmp_path / "b")
    first.add(pa.array(texts[:100]))
    second.add(pa.array(texts[100:]))
    first.merge(second)
    first.check()
    assert first.clusters().equals(expected)
    worth = pa.array(range(300))
    assert first.clusters(worth).equals(near_duplicates(pa.array(texts), priorities=worth))


def test_a_failed_addition_leaves_nothing(tmp_path):
    index = DedupIndex(tmp_path)

    def columns():
        yield pa.array(["one text"])
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError, match="the source broke"):
        index.add(columns())
    assert len(index) == 0
    index.add(pa.array(["x", "y"]))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["INDEX", "LOCK", "part-000000"]
    assert len(DedupIndex(tmp_path)) == 2


def test_one_writer_at_a_time_and_writers_see_each_other(tmp_path):
    one, other = DedupIndex(tmp_path), DedupIndex(tmp_path)
    one.add(pa.array(["a"]))
    other.add(pa.array(["b"]))
    assert (len(one), len(other)) == (1, 2)
    one.refresh()
    assert one.query(pa.array(["b"]))["document"].to_pylist() == [1]
    with RunLock(tmp_path / "LOCK"), pytest.raises(StoreLockedError):
        one.add(pa.array(["c"]))


def test_other_settings_are_refused(tmp_path):
    DedupIndex(tmp_path)
    with pytest.raises(ParameterError, match="was made with other settings: open it with those it has"):
        DedupIndex(tmp_path, threshold=0.7)


@pytest.mark.parametrize("name", ["INDEX", "part-000000/documents", "part-000000/bands"])
def test_damage_is_an_error_that_names_the_file(tmp_path, name):
    index = DedupIndex(tmp_path)
    index.add(pa.array(pages(20)))
    data = bytearray((tmp_path / name).read_bytes())
    data[len(data) // 2] ^= 4
    (tmp_path / name).write_bytes(data)
    with pytest.raises(CorruptStoreError) as caught:
        DedupIndex(tmp_path).query(pa.array(pages(20)))
    assert f"{tmp_path / name} is damaged" in str(caught.value)
    (tmp_path / name).write_bytes(data[:-3])
    with pytest.raises(CorruptStoreError):
        DedupIndex(tmp_path)


CHILD = """
import sys
import pyarrow as pa
from dataflow_rs.dedup import DedupIndex
from tests.unit.dedup.test_index import pages
texts = pages(6000)
index = DedupIndex(sys.argv[1], memory_mb=1)
print("ready", flush=True)
while len(index) < len(texts):
    index.add(pa.array(texts[len(index) : len(index) + 500]))
"""


def test_a_killed_build_goes_on_where_it_was(tmp_path):
    draw = random.Random(3)
    kills = 0
    for _ in range(60):
        child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, env=os.environ)
        assert child.stdout is not None
        child.stdout.readline()
        if kills < 6:
            time.sleep(draw.uniform(0, 0.25))
            child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        kills += child.returncode == -signal.SIGKILL
        index = DedupIndex(tmp_path)
        index.check()
        assert len(index) % 500 == 0
        if len(index) == 6000:
            break
    assert kills >= 1
    assert len(index) == 6000
    assert index.clusters().equals(near_duplicates(pa.array(pages(6000))))
