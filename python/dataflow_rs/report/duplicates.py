"""Clusters of duplicates: how many there are of which size, and the largest ones.

They come from the drop logs, whose details name the row that a duplicate repeats.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from dataflow_rs.report.examples import duplicate_of
from dataflow_rs.report.markup import Html, element, join, table
from dataflow_rs.report.numbers import count, share
from dataflow_rs.storage.run import Run
from dataflow_rs.storage.step_store import Step

LARGEST = 5
_SIZES = ((2, 2), (3, 3), (4, 5), (6, 10), (11, 100), (101, None))


def duplicates(run: Run) -> list[dict[str, Any]]:
    """Return an entry for each step that dropped rows as duplicates of others."""
    return [entry for step in run.steps if (entry := _of_step(run, step)) is not None]


def _of_step(run: Run, step: Step) -> dict[str, Any] | None:
    repeated: Counter[int] = Counter()
    for number in range(len(step.parts)):
        log = run.store.log(step, "drops", number)
        if log is not None:
            found = (duplicate_of(detail) for detail in log["detail"].to_pylist())
            repeated.update(row for row in found if row is not None)
    if not repeated:
        return None
    sizes = Counter(dropped + 1 for dropped in repeated.values())
    largest = sorted(repeated.items(), key=lambda one: (-one[1], one[0]))[:LARGEST]
    return {
        "step": step.index,
        "operator": step.name,
        "clusters": len(repeated),
        "rows": sum(repeated.values()),
        "of_rows": step.rows_in,
        "sizes": [
            {"from": low, "to": high, "clusters": sum(n for size, n in sizes.items() if _within(size, low, high))}
            for low, high in _SIZES
        ],
        "largest": [{"row": row, "size": dropped + 1} for row, dropped in largest],
    }


def _within(size: int, low: int, high: int | None) -> bool:
    return low <= size and (high is None or size <= high)


def duplicate_tables(found: list[dict[str, Any]]) -> Html:
    """Return a table of sizes and the largest clusters for each step."""
    return join(_tables(entry) for entry in found)


def _tables(entry: dict[str, Any]) -> Html:
    rows = [
        [_size(one["from"], one["to"]), count(one["clusters"]), share(one["clusters"], entry["clusters"])]
        for one in entry["sizes"]
        if one["clusters"]
    ]
    caption = (
        f"{entry['step']}. {entry['operator']}: {count(entry['rows'])} of {count(entry['of_rows'])} rows repeat one of "
        f"{count(entry['clusters'])} rows that stayed"
    )
    largest = ", ".join(f"{count(one['size'])} (row {one['row']} stayed)" for one in entry["largest"])
    return join(
        [
            table(caption, ["rows in the cluster", "clusters", "share"], rows, numeric=[1, 2]),
            element("p", f"Largest clusters: {largest}.", class_="quiet"),
        ]
    )


def _size(low: int, high: int | None) -> str:
    if high is None:
        return f"{low} and more"
    return str(low) if low == high else f"{low} to {high}"
