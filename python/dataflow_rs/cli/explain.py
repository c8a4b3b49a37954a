"""`dataflow-rs explain`: the story of one row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dataflow_rs.cli.options import common
from dataflow_rs.cli.output import columns, emit_json, heading, one_line

if TYPE_CHECKING:
    from dataflow_rs.storage.run import Event, Explanation, Run

_COLOURS = {"dropped": "red", "failed": "yellow", "changed": "blue", "expanded": "green", "replaced": "magenta"}
_SHOWN = 160


@click.command(short_help="Tell what became of a row, and why.")
@click.argument("run", metavar="RUN")
@click.argument("row", type=click.IntRange(min=0), metavar="ROW")
@common()
def explain(run: str, row: int, as_json: bool) -> None:
    """Tell what every step of a run did to a row, and why it is gone if it is.

    ROW is the row's id. Rows of the source have their position as id, from 0; the ids of other rows are in the report,
    in the column `row` of the drop log, and in `run.row_ids(step)`.
    """
    from dataflow_rs.storage.run import Run

    opened = Run.open(run)
    story = opened.explain(row)
    if as_json:
        emit_json(story.to_dict() | {"run": str(opened.path), "dropped": story.dropped is not None})
    else:
        click.echo("\n".join(_lines(story, opened)))


def _lines(story: Explanation, run: Run) -> list[str]:
    origin = "from the source" if story.made_at == 0 else f"made by step {story.made_at}"
    parent = "" if story.parent is None else f" from row {story.parent}"
    lines = [f"{heading(f'row {story.row}')} of {run.path}, {origin}{parent}"]
    lines.append(columns([[name, one_line(value, _SHOWN)] for name, value in story.content.items()], indent="  "))
    for event in story.events:
        what = click.style(event.what, fg=_COLOURS.get(event.what))
        lines.append(f"{event.step:>3} {event.operator}: {what}{_why(event)}")
        lines += [f"      {name} = {one_line(value, _SHOWN)}" for name, value in event.columns.items()]
    last = story.events[-1] if story.events else None
    if last is None or last.what in ("kept", "changed", "failed"):
        lines.append(click.style("it is in the final table", fg="green"))
    return lines


def _why(event: Event) -> str:
    from dataflow_rs.report.numbers import measure, plural

    parts = [] if event.rule is None else [f"rule {one_line(event.rule)}"]
    if event.value is not None:
        parts.append(f"value {measure(event.value)}")
    if event.threshold is not None:
        parts.append(f"threshold {measure(event.threshold)}")
    parts += [one_line(text, _SHOWN) for text in (event.detail, event.error) if text]
    if event.made:
        ids = ", ".join(map(str, event.made[:5])) + (", ..." if len(event.made) > 5 else "")
        parts.append(f"{plural(len(event.made), 'row')} made: {ids}")
    return f" ({', '.join(parts)})" if parts else ""
