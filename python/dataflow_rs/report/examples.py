"""Why rows were dropped, with a few of them: the closest call, the clearest case, and the first one.

The drop logs are read part by part; per rule only the positions of the chosen rows are kept, and their texts are read
at the end. The choice depends on nothing but the data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dataflow_rs.report.excerpt import excerpt, side_by_side
from dataflow_rs.report.lengths import is_text, main_text_column
from dataflow_rs.storage.run import Run
from dataflow_rs.storage.step_store import Step

PER_RULE = 3
_DUPLICATE = re.compile(r"\bduplicate of row (\d{1,18})\b")
CLOSEST, FURTHEST, FIRST = "closest to the threshold", "furthest from the threshold", "first in the data"


@dataclass(frozen=True)
class Pick:
    """A chosen row of a drop log."""

    part: int
    row: int
    value: float | None
    threshold: float | None
    detail: str | None
    why: str


@dataclass
class Rule:
    """What one rule of a step dropped.

    Attributes:
        rows: number of rows.
        first: the first rows.
        closest, furthest: distance to the threshold and the row that has it.
        low, high: smallest and largest value of the dropped rows.
        thresholds: the bounds that were applied.
    """

    rows: int = 0
    first: list[Pick] = field(default_factory=list)
    closest: tuple[float, Pick] | None = None
    furthest: tuple[float, Pick] | None = None
    low: float | None = None
    high: float | None = None
    thresholds: set[float] = field(default_factory=set)

    def picks(self) -> list[Pick]:
        """Return the chosen rows, each once; of rows that were all judged alike just the first ones."""
        alike = self.low == self.high
        judged = [found[1] for found in (self.closest, self.furthest) if found is not None and not alike]
        chosen: dict[tuple[int, int], Pick] = {}
        for pick in [*judged, *self.first]:
            chosen.setdefault((pick.part, pick.row), pick)
        return list(chosen.values())[:PER_RULE]

    def add(self, part: int, log: pa.RecordBatch) -> None:
        """Take in a part's entries of this rule."""
        for position in range(min(log.num_rows, PER_RULE - len(self.first))):
            self.first.append(_pick(part, log, position, FIRST if not self.rows and not position else ""))
        self.rows += log.num_rows
        span = pc.min_max(log["value"]).as_py()
        if span["min"] is None:
            return
        self.low = span["min"] if self.low is None else min(self.low, span["min"])
        self.high = span["max"] if self.high is None else max(self.high, span["max"])
        self.thresholds.update(pc.unique(log["threshold"].drop_null()).to_pylist()[:PER_RULE])
        self._judge(part, log, pc.abs(pc.subtract(log["value"], log["threshold"])))

    def _judge(self, part: int, log: pa.RecordBatch, distance: pa.Array) -> None:
        distance = pc.if_else(pc.is_finite(distance), distance, None)
        span = pc.min_max(distance).as_py()
        if span["min"] is None:
            return
        if self.closest is None or span["min"] < self.closest[0]:
            self.closest = span["min"], _pick(part, log, pc.index(distance, span["min"]).as_py(), CLOSEST)
        if self.furthest is None or span["max"] > self.furthest[0]:
            self.furthest = span["max"], _pick(part, log, pc.index(distance, span["max"]).as_py(), FURTHEST)


def duplicate_of(detail: str | None) -> int | None:
    """Return the row that a detail of the drop log calls the original of a duplicate."""
    match = _DUPLICATE.search(detail or "")
    return None if match is None else int(match[1])


def drop_reasons(run: Run) -> list[dict[str, Any]]:
    """Return an entry for each step and rule that dropped rows, most frequent rule of a step first."""
    found = main_text_column(run)
    main = None if found is None else found[0]
    return [reason for step in run.steps for reason in _of_step(run, step, main)]


def _of_step(run: Run, step: Step, main: str | None) -> Iterator[dict[str, Any]]:
    rules: dict[str, Rule] = {}
    for number in range(len(step.parts)):
        log = run.store.log(step, "drops", number)
        if log is None:
            continue
        for name in pc.unique(log["rule"]).to_pylist():
            rules.setdefault(name, Rule()).add(number, log.filter(pc.equal(log["rule"], name)))
    for name, rule in sorted(rules.items(), key=lambda item: (-item[1].rows, item[0])):
        yield {
            "step": step.index,
            "operator": step.name,
            "rule": name,
            "rows": rule.rows,
            "of_rows": step.rows_in,
            "thresholds": sorted(rule.thresholds),
            "low": rule.low,
            "high": rule.high,
            "examples": [_example(run, step, pick, main) for pick in rule.picks()],
        }


def _example(run: Run, step: Step, pick: Pick, main: str | None) -> dict[str, Any]:
    parent = run.store.chain(step)[-2]
    column = _text_shown(run, step, main)
    example: dict[str, Any] = {
        "row": run.store.row_ids(parent, pick.part)[pick.row].as_py(),
        "why": pick.why,
        "value": pick.value,
        "threshold": pick.threshold,
        "detail": pick.detail,
        "column": column,
        "excerpt": None,
        "twin": None,
    }
    text = None if column is None else _text(run, parent, pick.part, pick.row, column)
    if column is None or text is None:
        return example
    example["excerpt"] = excerpt(text, pick.detail).to_dict()
    original = duplicate_of(pick.detail)
    place = None if original is None else _place(run, parent, original)
    if place is not None:
        _add_twin(run, parent, example, text, place)
    return example


def _add_twin(run: Run, parent: Step, example: dict[str, Any], text: str, place: tuple[int, int]) -> None:
    """Show the row that a duplicate repeats beside it."""
    other = _text(run, parent, *place, example["column"])
    if other is None:
        return
    here, there = side_by_side(text, other)
    example["excerpt"] = here.to_dict()
    example["twin"] = {
        "row": run.store.row_ids(parent, place[0])[place[1]].as_py(),
        "excerpt": there.to_dict(),
        "identical": text == other,
    }


def _text_shown(run: Run, step: Step, main: str | None) -> str | None:
    """Return the first text column that a step reads, else the main one of the run, else the first of its table."""
    parent = run.store.chain(step)[-2]
    texts = [field.name for field in run.store.schema(parent) if is_text(field.type)]
    read = [name for name in step.description.get("reads", ()) if name in texts]
    return next((name for name in (*read, main, *texts) if name in texts), None)


def _pick(part: int, log: pa.RecordBatch, position: int, why: str) -> Pick:
    entry = log.slice(position, 1).to_pylist()[0]
    return Pick(part, entry["row"], entry["value"], entry["threshold"], entry["detail"], why)


def _text(run: Run, step: Step, part: int, position: int, column: str) -> str | None:
    value = run.store.read_part(step, part, [column]).column(0)[position].as_py()
    return None if value is None else str(value)


def _place(run: Run, step: Step, row: int) -> tuple[int, int] | None:
    """Return part and position in it of the row with an id, in the table after a step; None where it is not."""
    for number in range(len(step.parts)):
        position = pc.index(run.store.row_ids(step, number), row).as_py()
        if position >= 0:
            return number, position
    return None
