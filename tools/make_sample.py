"""Make the sample of `examples/data`: real English documents with near-duplicates and junk, and their licences.

Reads a collection of freely licensed text (`text/clean-*.parquet`, `text/messy-000.jsonl.zst` and the measured
near-duplicate pairs beside them), takes from each source the first documents in the order of their ids, and writes
`documents.jsonl.gz` and the table in `README.md`. The ids are hashes, so the choice is a random one that never changes.

Usage: python tools/make_sample.py [--data DIR]
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import zstandard

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "examples" / "data"
MARK = "<!-- written by tools/make_sample.py from here on -->\n"
Document = dict[str, Any]


@dataclass(frozen=True)
class Source:
    """Where documents come from, under which licence, and how many of them the sample takes."""

    name: str
    licence: str
    attribution: str
    documents: int
    longest: int = 9_000
    body_only: bool = False


SOURCES = (
    Source("18f-blog", "CC0-1.0", "18F blog, U.S. General Services Administration", 150, body_only=True),
    Source("digitalgov", "CC0-1.0", "Digital.gov, U.S. General Services Administration", 240, body_only=True),
    Source("rust-blog", "MIT OR Apache-2.0", "The Rust Project blog, its authors", 70, body_only=True),
    Source("nltk-pd-speeches", "public domain", "Speeches of U.S. presidents, as packed by NLTK", 10, longest=16_000),
    Source("eips", "CC0-1.0", "Ethereum Improvement Proposals, their authors", 70),
    Source("postgresql-doc", "PostgreSQL", "PostgreSQL 15 manual, The PostgreSQL Global Development Group", 90),
    Source("apache2-doc", "Apache-2.0", "Apache HTTP Server 2.4 manual, The Apache Software Foundation", 30),
    Source("vue-docs-en", "CC-BY-4.0", "Vue.js documentation, Yuxi (Evan) You and contributors", 40),
    Source("cpp-docs", "CC-BY-4.0", "Microsoft C++ documentation, Microsoft and contributors", 120),
    Source("tldr-pages", "CC-BY-4.0", "tldr pages, the tldr-pages team and contributors", 120),
    Source(
        "apache2-doc-boiler", "Apache-2.0", "The same manual, whole pages with their navigation", 14, longest=24_000
    ),
    Source("apache2-doc-raw", "Apache-2.0", "The same manual, raw HTML", 10, longest=24_000),
    Source("postgresql-doc-raw", "PostgreSQL", "The PostgreSQL manual, raw HTML", 24),
)
HAYSTACK = Source("haystack-docs", "Apache-2.0", "Haystack documentation in several versions, deepset GmbH", 0)
PAIRS = ((1.0, 1.0, 12), (0.95, 0.999, 16), (0.8, 0.95, 24), (0.5, 0.8, 8))
"""Near-duplicates by exact word-5-gram Jaccard: lowest, highest, pairs."""


def read_clean(folder: Path) -> Iterator[Document]:
    """Yield the English documents of the clean part."""
    for file in sorted(folder.glob("clean-*.parquet")):
        table = pq.read_table(file, columns=["id", "text", "source", "lang", "url"])
        yield from table.filter(pc.equal(table["lang"], "en")).to_pylist()


def read_messy(folder: Path) -> Iterator[Document]:
    """Yield the English documents of the messy part; the PostgreSQL manual names no language, it is English."""
    with (folder / "messy-000.jsonl.zst").open("rb") as stream:
        reader = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(stream)
        for line in io.TextIOWrapper(reader, encoding="utf-8"):
            document = json.loads(line)
            if document["lang"] == "en" or document["source"] == "postgresql-doc-raw":
                yield document


def choose(documents: Iterable[Document], source: Source) -> Iterator[Document]:
    """Yield the first documents of a source that have a text, and one that is not too long."""
    found = sorted((d for d in documents if d["source"] == source.name), key=lambda d: str(d["id"]))
    rows = [row for d in found if 0 < len((row := as_row(d, source))["text"]) <= source.longest]
    if len(rows) < source.documents:
        raise SystemExit(f"make_sample: {source.name} has only {len(rows)} of {source.documents} documents")
    yield from rows[: source.documents]


def choose_pairs(documents: list[Document], pairs: list[Document]) -> Iterator[Document]:
    """Yield both documents of the first near-duplicate pairs of each band of similarity, each document once."""
    by_id = {d["id"]: d for d in documents if d["source"] == HAYSTACK.name and len(d["text"]) <= HAYSTACK.longest}
    taken: set[str] = set()
    for lowest, highest, count in PAIRS:
        left = count
        for pair in sorted(pairs, key=lambda p: (p["id_a"], p["id_b"])):
            ids = {pair["id_a"], pair["id_b"]}
            if left and lowest <= pair["jaccard"] <= highest and ids <= by_id.keys() and not ids & taken:
                left -= 1
                taken |= ids
                yield from (as_row(by_id[name], HAYSTACK) for name in sorted(ids))


def as_row(document: Document, source: Source) -> Document:
    """Return the columns that the sample has."""
    text = document["text"]
    if source.body_only:
        text = re.sub(r"\A(---|\+\+\+)\n.*?\n\1\n+", "", text, flags=re.DOTALL)
    return {
        "id": document["id"],
        "text": text,
        "source": source.name,
        "url": public_address(document["url"]),
        "license": source.licence,
    }


def public_address(url: str) -> str:
    """Return where a page of a manual stands on the web.

    Examples:
        >>> public_address("debian:postgresql-doc-15/usr/share/doc/postgresql-doc-15/html/sql.html")
        'https://www.postgresql.org/docs/15/sql.html'
    """
    url = re.sub(r"^debian:postgresql-doc-15/.*/html/", "https://www.postgresql.org/docs/15/", url)
    return re.sub(r"^debian:apache2-doc/.*/manual/", "https://httpd.apache.org/docs/2.4/", url)


def describe(rows: list[Document]) -> str:
    """Return the table of sources."""
    lines = ["| source | documents | kB | licence | whose work it is |", "|---|---:|---:|---|---|"]
    for source in (*SOURCES, HAYSTACK):
        texts = [row["text"] for row in rows if row["source"] == source.name]
        size = round(sum(len(text.encode()) for text in texts) / 1000)
        lines.append(f"| {source.name} | {len(texts)} | {size} | {source.licence} | {source.attribution} |")
    total = round(sum(len(row["text"].encode()) for row in rows) / 1000)
    lines.append(f"| all | {len(rows)} | {total} | | |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Choose, write the documents, and write the table of the README."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    default = os.environ.get("DATAFLOW_RS_SHARED_DATA", str(ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(default), help="folder with text/clean-*.parquet")
    folder = parser.parse_args().data / "text"
    if not folder.is_dir():
        raise SystemExit(f"make_sample: there is no folder {folder}; name the collection with --data")
    documents = [*read_clean(folder), *read_messy(folder)]
    rows = [row for source in SOURCES for row in choose(documents, source)]
    rows += choose_pairs(documents, pq.read_table(folder / "neardup_exact_haystack-docs.parquet").to_pylist())
    rows.sort(key=lambda row: str(row["id"]).rpartition("/")[2])
    content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (TARGET / "documents.jsonl.gz").write_bytes(gzip.compress(content.encode(), 9, mtime=0))
    readme = TARGET / "README.md"
    head = readme.read_text(encoding="utf-8").partition(MARK)[0]
    readme.write_text(f"{head}{MARK}{describe(rows)}", encoding="utf-8")
    print(f"{len(rows)} documents, {len(content.encode()) / 1e6:.1f} MB -> {TARGET}")


if __name__ == "__main__":
    main()
