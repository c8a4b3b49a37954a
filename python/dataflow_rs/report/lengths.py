"""How long the texts are, before and after: characters, words, and an estimate of the tokens.

The counts are taken part by part and kept in bins, so that memory does not grow with the data. Of a data set whose
texts exceed `BUDGET` bytes, parts spread evenly over it are measured, and the report says how many rows that were.

Tokens depend on the tokenizer; without one the report counts pieces (`PIECE_RULE`). For English prose that lies within
about a tenth of what GPT-4's `cl100k_base` counts; for other languages it can be a third too low.
"""

from __future__ import annotations

import bisect
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from dataflow_rs.storage.run import Run
from dataflow_rs.storage.step_store import Step

BUDGET = 256 << 20
"""Bytes of text that are measured at most, for each of the two tables."""

WORD = r"\S+"
PIECE = (
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}]|[\p{Latin}\pM]{1,7}|[\pL\pM]{1,3}|\pN{1,3}|[^\s\pL\pM\pN]+"
)
PIECE_RULE = (
    "Tokens are estimated without a tokenizer: a piece is up to 7 letters of a Latin word, up to 3 letters of another "
    "alphabet, one Chinese, Japanese, Korean or Thai character, up to 3 digits, or a run of punctuation marks."
)
MEASURES = ("characters", "words", "tokens")

_EDGES = [0, *sorted({math.ceil(10 ** (i / 8)) for i in range(89)})]
"""Lower bounds of the bins that are shown: whole numbers, eight to a decade."""
_FINE = sorted({*range(100), *(math.ceil(10 ** (i / 64)) for i in range(128, 705))})
"""Lower bounds of the bins that quantiles are read off: exact below 100, within 4 % above."""
_QUANTILES = {"p5": 0.05, "median": 0.5, "p95": 0.95}


@dataclass
class Lengths:
    """The distribution of one measure."""

    rows: int = 0
    total: int = 0
    smallest: int | None = None
    largest: int | None = None
    bins: Counter[int] = field(default_factory=Counter)

    def add(self, lengths: pa.Array) -> None:
        """Take in the lengths of a batch; nulls are left out."""
        counts = pc.value_counts(lengths.drop_null())
        for value, count in zip(counts.field(0).to_pylist(), counts.field(1).to_pylist(), strict=True):
            self.rows += count
            self.total += value * count
            self.smallest = value if self.smallest is None else min(self.smallest, value)
            self.largest = value if self.largest is None else max(self.largest, value)
            self.bins[_FINE[bisect.bisect_right(_FINE, value) - 1]] += count

    def summary(self) -> dict[str, float | int | None]:
        """Return rows, total, mean, smallest, largest and the quantiles, which are those of the bins."""
        found: dict[str, float | int | None] = {
            "rows": self.rows,
            "total": self.total,
            "mean": round(self.total / self.rows, 2) if self.rows else None,
            "min": self.smallest,
            "max": self.largest,
        }
        return found | {name: self._quantile(share) for name, share in _QUANTILES.items()}

    def _quantile(self, share: float) -> int | None:
        seen = 0
        for bound in sorted(self.bins):
            seen += self.bins[bound]
            if seen >= share * self.rows:
                return max(bound, self.smallest or 0)
        return None

    def counts(self, edges: list[int]) -> list[int]:
        """Return the number of rows in each of the shown bins."""
        counts = [0] * len(edges)
        for bound, count in self.bins.items():
            counts[bisect.bisect_right(edges, bound) - 1] += count
        return counts


@dataclass
class Measured:
    """The lengths of one table's text column."""

    step: Step
    rows: int = 0
    nulls: int = 0
    parts: list[int] = field(default_factory=list)
    lengths: dict[str, Lengths] = field(default_factory=lambda: {name: Lengths() for name in MEASURES})

    def to_dict(self) -> dict[str, Any]:
        """Return where the table stands and how much of it was measured."""
        return {
            "step": self.step.index,
            "operator": self.step.name,
            "rows": self.step.rows_out,
            "measured_rows": self.rows,
            "nulls": self.nulls,
        }


def distributions(run: Run) -> dict[str, Any] | None:
    """Return the histograms of the main text column before and after; None for a run without one."""
    found = main_text_column(run)
    if found is None:
        return None
    column, first, last = found
    before = _measure(run, first, column, None)
    comparable = len(last.parts) == len(first.parts) and not (last.replaces and last is not first)
    after = _measure(run, last, column, before.parts if comparable else None)
    return {
        "column": column,
        "before": before.to_dict(),
        "after": after.to_dict(),
        "token_rule": PIECE_RULE,
        "measures": {name: _histogram(before.lengths[name], after.lengths[name]) for name in MEASURES},
    }


def main_text_column(run: Run) -> tuple[str, Step, Step] | None:
    """Return the text column that the steps read most often, the first step that has it and the last one.

    Of columns that are read equally often, the first of the table is taken; where no step reads a text column, the
    first one of the source.
    """
    if not run.steps:
        return None
    chain = run.store.chain(run.steps[-1])
    having: dict[str, list[Step]] = {}
    for step in chain:
        for one in run.store.schema(step):
            if is_text(one.type):
                having.setdefault(one.name, []).append(step)
    if not having:
        return None
    votes = Counter(name for step in run.steps for name in step.description.get("reads", ()))
    column = max(having, key=lambda name: votes[name])
    return column, having[column][0], having[column][-1]


def is_text(dtype: pa.DataType) -> bool:
    """Whether a column holds texts."""
    if pat.is_dictionary(dtype):
        dtype = dtype.value_type
    return bool(pat.is_string(dtype) or pat.is_large_string(dtype) or pat.is_string_view(dtype))


def _measure(run: Run, step: Step, column: str, parts: list[int] | None) -> Measured:
    measured, size = Measured(step), 0
    for number in _spread(len(step.parts)) if parts is None else parts:
        if parts is None and size > BUDGET:
            break
        texts = run.store.read_part(step, number, [column]).column(0)
        measured.parts.append(number)
        size += texts.nbytes
        _add(measured, texts)
    return measured


def _add(measured: Measured, texts: pa.Array) -> None:
    import polars  # its regular expressions are those of Rust, twenty times as fast as Arrow's

    texts = texts.cast(pa.large_string())
    measured.rows += len(texts)
    measured.nulls += texts.null_count
    series = polars.Series(polars.from_arrow(texts))
    measured.lengths["characters"].add(pc.utf8_length(texts))
    measured.lengths["words"].add(series.str.count_matches(WORD).to_arrow())
    measured.lengths["tokens"].add(series.str.count_matches(PIECE).to_arrow())


def _spread(count: int) -> Iterator[int]:
    """Yield 0 to count - 1 so that any beginning of the sequence is spread evenly over the range."""
    yield from sorted(range(count), key=lambda number: (number * 0.6180339887498949) % 1)


def _histogram(before: Lengths, after: Lengths) -> dict[str, Any]:
    """Return both distributions over the same bins, without empty ones at the ends."""
    counts = [before.counts(_EDGES), after.counts(_EDGES)]
    filled = [i for i in range(len(_EDGES)) if counts[0][i] or counts[1][i]]
    first, last = (filled[0], filled[-1] + 1) if filled else (0, 0)
    return {
        "edges": _EDGES[first : last + 1] if filled else [],
        "before": counts[0][first:last],
        "after": counts[1][first:last],
        "before_summary": before.summary(),
        "after_summary": after.summary(),
    }
