"""The sample documents are what their README says, under licences that allow it."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter

from .repository import ROOT

FOLDER = ROOT / "examples" / "data"
FREE = {"CC0-1.0", "CC-BY-4.0", "Apache-2.0", "MIT OR Apache-2.0", "PostgreSQL", "public domain"}
ROW = re.compile(r"^\| ([\w-]+) \| (\d+) \| (\d+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def test_counts_and_licences_are_those_of_the_readme():
    with gzip.open(FOLDER / "documents.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    told = {
        name: (int(n), licence) for name, n, _, licence, owner in ROW.findall((FOLDER / "README.md").read_text("utf-8"))
    }
    assert len(told) == 14
    found = Counter((row["source"], row["license"]) for row in rows)
    assert {name: (found[name, licence], licence) for name, (_, licence) in told.items()} == told
    assert sum(found.values()) == sum(n for n, _ in told.values())
    assert {licence for _, licence in found} <= FREE
    assert 1000 <= len(rows) <= 1500
    assert len({row["id"] for row in rows}) == len(rows)
    assert all(list(row) == ["id", "text", "source", "url", "license"] and row["text"] and row["url"] for row in rows)
