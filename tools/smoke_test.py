"""Try an installed wheel: import it, run a tiny chain through storage, export, and read back what came out.

Usage: python tools/smoke_test.py (in an empty folder, with the wheel installed)
"""

from __future__ import annotations

import dataflow_rs as dfrs
from dataflow_rs.operators.general_text import MinHashDeduplicateFilter, RemoveExtraSpacesRefiner, WordNumberFilter

LONG = "The first paragraph of a text that is long enough to be kept by a filter of words."
ROWS = [
    {"id": 1, "text": LONG},
    {"id": 2, "text": LONG.replace(" ", "  ")},
    {"id": 3, "text": "Too short."},
    {"id": 4, "text": None},
    {"id": 5, "text": "Another text, about something else altogether: eleven words, more or less."},
]


class Smoke(dfrs.Pipeline):
    """Normalise spaces, drop short texts, drop near-duplicates."""

    def __init__(self) -> None:
        super().__init__()
        self.storage = dfrs.FileStorage(ROWS, cache_path="runs/smoke")
        self.spaces = RemoveExtraSpacesRefiner()
        self.words = WordNumberFilter(min_words=5, max_words=1000)
        self.dedup = MinHashDeduplicateFilter(threshold=0.8)

    def forward(self) -> None:
        """Call the operators."""
        self.spaces.run(storage=self.storage.step(), input_key="text")
        self.words.run(storage=self.storage.step(), input_key="text")
        self.dedup.run(storage=self.storage.step(), input_key="text")
        self.storage.export("smoke.parquet")


pipeline = Smoke()
pipeline.compile()
pipeline.forward()
kept = dfrs.FileStorage("smoke.parquet", cache_path="runs/again").read(as_="dicts")
if [row["id"] for row in kept] != [1, 5]:
    raise SystemExit(f"smoke_test: expected the rows 1 and 5, got {kept}")
print(f"dataflow_rs {dfrs.__version__}: {len(kept)} of {len(ROWS)} rows kept")
