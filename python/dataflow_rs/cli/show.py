"""`dataflow-rs show`: the steps of a run in numbers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from dataflow_rs.cli.options import common
from dataflow_rs.cli.output import KIND_COLOURS, columns, emit_json, heading, one_line, visible


@click.command(short_help="Show the steps of a run.")
@click.argument("run", metavar="RUN")
@common()
def show(run: str, as_json: bool) -> None:
    """Show the steps of a run directory: rows, drops, time, model calls, and what is still to do."""
    data = overview(run)
    if as_json:
        emit_json(data)
    else:
        click.echo("\n".join(_lines(data)))


def overview(path: str) -> dict[str, Any]:
    """Return the state of a run as JSON data."""
    from dataflow_rs.report.facts import exports, headline, step_facts
    from dataflow_rs.storage.run import Run

    run = Run.open(path)
    steps = step_facts(run)
    changed = [name for step in run.steps if step.parent is None for name in _changed_files(step)]
    planned = run.info.get("steps")
    return {
        "name": run.info.get("name") or run.path.resolve().name,
        "path": str(run.path),
        "finished": run.finished,
        "planned_steps": planned,
        "changed_files": changed,
        "headline": headline(run, steps),
        "steps": steps,
        "exports": exports(run),
    }


def _changed_files(source: Any) -> Iterator[str]:
    """Yield the source files that are not as they were read; the next run reads them again and redoes the steps."""
    from dataflow_rs.report.facts import source_files

    for file in source_files(source):
        try:
            state = Path(file["path"]).stat()
        except OSError:
            yield file["path"]
            continue
        if [state.st_size, state.st_mtime_ns] != [file["size"], file["mtime_ns"]]:
            yield file["path"]


def _lines(data: dict[str, Any]) -> list[str]:
    state = click.style("finished", fg="green") if data["finished"] else click.style("not finished", fg="yellow")
    lines = [f"{heading(visible(data['name']))}  {state}  {data['path']}"]
    calls = any(step["usage"] for step in data["steps"])
    priced = any(step["usage"].get("cost") is not None for step in data["steps"])
    used = (["calls", "replayed", "tokens"] if calls else []) + (["cost", "cost/row"] if priced else [])
    head = ["", "step", "rows", "dropped", "time", *used, ""]
    rows = [_row(step, calls, priced) for step in data["steps"]]
    rows += [
        [str(index), "(not run yet)", *[""] * (len(head) - 2)]
        for index in range(len(rows), (data["planned_steps"] or 0) + 1)
    ]
    lines.append(columns(rows, head, right=[0, *range(2, len(head) - 1)]))
    if data["changed_files"]:
        names = ", ".join(data["changed_files"])
        lines.append(f"{click.style('stale', fg='yellow')}: {names} changed since; the next run reads it again")
    lines += [
        f"{'exported' if export['written'] else 'to export'} {export['path']} (step {export['step']})"
        for export in data["exports"]
    ]
    return lines


def _row(step: dict[str, Any], calls: bool, priced: bool) -> list[str]:
    from dataflow_rs.report.numbers import count, money, seconds, short

    usage = step["usage"]
    used: list[str] = []
    if calls and usage:
        tokens = usage.get("prompt_tokens", 0) + usage.get("completion_tokens", 0)
        used = [count(usage.get("calls", 0)), count(usage.get("replayed", 0)), short(tokens)]
    elif calls:
        used = ["", "", ""]
    if priced:
        known = usage.get("cost") is not None
        used += [money(usage["cost"]), money(step["cost_per_row"])] if known else ["", ""]
    name = click.style(step["name"], fg=KIND_COLOURS.get(step["kind"]))
    dropped = count(step["rows_dropped"]) if step["rows_dropped"] else ""
    time = seconds(step["seconds"]) if step["index"] else ""
    return [str(step["index"]), name, count(step["rows_out"]), dropped, time, *used, _notes(step)]


def _notes(step: dict[str, Any]) -> str:
    from dataflow_rs.report.numbers import count

    notes = [] if step["done"] else ["not finished"]
    if step["parent"] not in (None, step["index"] - 1):
        notes.append(f"reads step {step['parent']}")
    notes += [f"{one_line(rule)} {count(rows)}" for rule, rows in step["drops"].items()]
    notes += [f"failed with {one_line(kind)} {count(rows)}" for kind, rows in step["errors"].items()]
    return ", ".join(notes)
