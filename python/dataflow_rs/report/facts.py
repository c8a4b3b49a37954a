"""What a run did, step by step, as JSON data: counts, errors, sample rows, and the world it ran in."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dataflow_rs.report.excerpt import excerpt
from dataflow_rs.storage.run import Run
from dataflow_rs.storage.step_store import Step

SAMPLES = 5
_MESSAGES = 3
_CALL_COUNTS = ("calls", "replayed", "retries", "prompt_tokens", "completion_tokens")


def headline(run: Run, steps: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the numbers that a reader wants first."""
    usage = [step["usage"] for step in steps if step["usage"]]
    costs = [one["cost"] for one in usage if one.get("cost") is not None]
    cost = sum(costs) if costs else None
    rows_in = steps[0]["rows_out"] if steps else 0
    info = run.info
    started, finished = info.get("started"), info.get("finished")
    return {
        "rows_in": rows_in,
        "rows_out": steps[-1]["rows_out"] if steps else 0,
        "rows_dropped": sum(step["rows_dropped"] for step in steps),
        "rows_failed": sum(sum(step["errors"].values()) for step in steps),
        "operator_seconds": round(sum(step["seconds"] for step in steps), 3),
        "last_run_seconds": round(finished - started, 3) if started and finished else None,
        **{name: sum(one.get(name, 0) for one in usage) for name in _CALL_COUNTS},
        "cost": cost,
        "cost_per_row": _per_row(cost, rows_in),
        "calls_failed": sum(sum((one.get("failed") or {}).values()) for one in usage),
    }


def step_facts(run: Run) -> list[dict[str, Any]]:
    """Return an entry for each step, the source first."""
    numbers = {step.folder: step.index for step in run.steps}
    return [_facts(step, None if step.parent is None else numbers[step.parent]) for step in run.steps]


def _facts(step: Step, parent: int | None) -> dict[str, Any]:
    description = step.description
    made = step.gives_ids and parent is not None
    return {
        "index": step.index,
        "name": step.name,
        "kind": "source" if parent is None else description.get("kind", "refine"),
        "base": description.get("base"),
        "domain": description.get("domain"),
        "summary": description.get("summary", ""),
        "parameters": description.get("parameters", {}),
        "keys": description.get("keys", {}),
        "reads": description.get("reads", []),
        "writes": description.get("writes", []),
        "parent": parent,
        "done": step.done,
        "rows_in": step.rows_in,
        "rows_out": step.rows_out,
        "rows_made": step.rows_out if made else 0,
        "rows_dropped": sum(step.drops.values()),
        "drops": step.drops,
        "errors": step.errors,
        "seconds": round(step.seconds, 6),
        "rows_per_second": round(step.rows_in / step.seconds, 1) if step.seconds > 0 else None,
        "usage": step.usage,
        "cost_per_row": _per_row(step.usage.get("cost"), step.rows_in or step.rows_out),
        "fingerprint": step.fingerprint,
        "options": description.get("options", {}),
        "files": [str(file["path"]) for file in source_files(step)],
    }


def _per_row(cost: float | None, rows: int) -> float | None:
    return None if cost is None or not rows else cost / rows


def source_files(step: Step) -> list[dict[str, Any]]:
    """Return path, size and time of change of the files that a source was read from; empty for a table in memory."""
    files = step.description.get("files") or {}
    return list(files.get("files", [])) if isinstance(files, dict) else []


def failures(run: Run) -> list[dict[str, Any]]:
    """Return an entry for each step and class of error, with the first messages."""
    return [entry for step in run.steps for entry in _failures(run, step)]


def _failures(run: Run, step: Step) -> Iterator[dict[str, Any]]:
    first: dict[str, list[dict[str, Any]]] = {name: [] for name in step.errors}
    for number in range(len(step.parts)):
        if all(len(found) >= _MESSAGES for found in first.values()):
            break
        log = run.store.log(step, "errors", number)
        if log is None:
            continue
        ids = run.store.row_ids(run.store.chain(step)[-2], number)
        for name, found in first.items():
            entries = log.filter(pc.equal(log["type"], name)).slice(0, _MESSAGES - len(found)).to_pylist()
            found += [
                {"row": ids[entry["row"]].as_py(), "message": entry["message"], "attempts": entry["attempts"]}
                for entry in entries
            ]
    for name, found in first.items():
        yield {
            "step": step.index,
            "operator": step.name,
            "type": name,
            "rows": step.errors[name],
            "of_rows": step.rows_in,
            "examples": found,
        }


def bad_lines(run: Run) -> dict[str, Any]:
    """Return how many lines of the source could not be read, and the first of them."""
    if not run.steps:
        return {"count": 0, "examples": []}
    lines = run.store.bad_lines(run.steps[0])
    return {"count": lines.num_rows, "examples": lines.slice(0, _MESSAGES).to_pylist()}


def samples(run: Run) -> dict[str, Any]:
    """Return a few rows of the final table, spread evenly over it."""
    if not run.steps:
        return {"step": None, "rows": []}
    step = run.steps[-1]
    count = min(SAMPLES, step.rows_out)
    wanted = [step.rows_out * i // count for i in range(count)]
    rows, start = [], 0
    for number, part in enumerate(step.parts):
        here = [position - start for position in wanted if start <= position < start + part.rows_out]
        if here:
            batch = run.store.read_part(step, number)
            ids = run.store.row_ids(step, number)
            for position in here:
                content = batch.slice(position, 1).to_pylist()[0]
                rows.append({"row": ids[position].as_py(), "values": {k: _shown(v) for k, v in content.items()}})
        start += part.rows_out
    return {"step": step.index, "columns": _types(run.store.schema(step)), "rows": rows}


def _types(schema: pa.Schema) -> dict[str, str]:
    return {field.name: str(field.type) for field in schema}


def _shown(value: Any) -> Any:
    """Return a value as JSON data; long ones become an excerpt."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return excerpt(value if isinstance(value, str) else str(value)).to_dict()


def exports(run: Run) -> list[dict[str, Any]]:
    """Return the files of the plan, the step that each holds, and whether the last run came to write them."""
    info = run.info
    last = run.steps[-1].index if run.steps else 0
    recipe = info.get("recipe") or {}
    planned = recipe.get("exports") or info.get("exports") or []
    entries = [entry if isinstance(entry, dict) else {"path": entry} for entry in planned]
    written = info.get("finished") is not None
    return [{"path": str(entry["path"]), "step": int(entry.get("step", last)), "written": written} for entry in entries]


def environment() -> dict[str, Any]:
    """Return versions and machine, of the process that writes the report."""
    import polars

    import dataflow_rs

    return {
        "dataflow_rs": dataflow_rs.__version__,
        "python": platform.python_version(),
        "pyarrow": pa.__version__,
        "polars": polars.__version__,
        "platform": f"{platform.system()} {platform.machine()}",
        "cpus": len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count(),
    }


def directory_size(path: Path) -> int:
    """Return the bytes of all files below a directory."""
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
