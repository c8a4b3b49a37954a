"""`dataflow-rs calls`: what the call log of a run holds."""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from typing import Any

import click

from dataflow_rs.cli.options import common
from dataflow_rs.cli.output import columns, emit_json, one_line

_UNNAMED = "(no model named)"


@click.group(short_help="Look into the log of model calls.")
def calls() -> None:
    """Look into the log of finished model calls, which later runs replay for free."""


@calls.command("list", short_help="Count calls by model.")
@click.argument("run", metavar="RUN_OR_LOG")
@common()
def list_(run: str, as_json: bool) -> None:
    """Count the finished calls of a run directory (or of a log file) by model: calls, tokens, first and last time."""
    counts = counted(run)
    if as_json:
        emit_json(counts)
        return
    rows = [
        [
            one_line(one["model"]),
            one["family"],
            f"{one['calls']:,}",
            f"{one['prompt_tokens']:,}",
            f"{one['completion_tokens']:,}",
            f"{one['first'][:19]} to {one['last'][:19]}",
        ]
        for one in counts
    ]
    if not rows:
        click.echo("no finished calls", err=True)
        return
    head = ["model", "serving", "calls", "tokens in", "tokens out", "when (UTC)"]
    click.echo(columns(rows, head, right=[2, 3, 4]))


def counted(place: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """Return counts of the finished calls of a log by serving and model, most calls first.

    Raises:
        StorageError: there is neither a run nor a log.
        CorruptStoreError: the log is damaged.
    """
    from dataflow_rs.serving.call_log import LOG_FILE, CallLog
    from dataflow_rs.storage.run import Run

    path = Path(place)
    if not path.is_file():
        path = Run.open(path).path / LOG_FILE
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for record in CallLog(path).records():
        call, answer = record["call"], record["answer"]
        key = (str(call.get("family", "")), str(call.get("model") or _UNNAMED))
        when = datetime.datetime.fromtimestamp(record["time"], datetime.timezone.utc).isoformat()
        one = found.setdefault(key, {"family": key[0], "model": key[1], "calls": 0, "first": when, "last": when})
        one["calls"] += 1
        one["last"] = when
        for name in ("prompt_tokens", "completion_tokens"):
            one[name] = one.get(name, 0) + answer[name]
    return sorted(found.values(), key=lambda one: (-one["calls"], one["model"]))
