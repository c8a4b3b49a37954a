"""`dataflow-rs calls`: what the call log of a run holds."""

from __future__ import annotations

import datetime
import gzip
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from dataflow_rs.cli.options import common
from dataflow_rs.cli.output import columns, emit_json, one_line, visible
from dataflow_rs.exceptions import MalformedInputError

if TYPE_CHECKING:
    from dataflow_rs.serving.call_log import CallLog

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


@calls.command("show", short_help="Print recorded calls.")
@click.argument("run", metavar="RUN_OR_LOG")
@click.argument("text", required=False, default="")
@click.option("--limit", type=click.IntRange(min=1), default=10, show_default=True, help="Calls at most.")
@common()
def show(run: str, text: str, limit: int, as_json: bool) -> None:
    """Print the recorded calls whose key begins with TEXT, or whose question or answer contains it; all without it."""
    found = []
    for record in opened(run).records():
        if record["key"].startswith(text) or text in questions(record) or text in str(record["answer"].get("text")):
            found.append(record)
            if len(found) == limit:
                break
    if as_json:
        emit_json(found)
        return
    if not found:
        click.echo("no such call", err=True)
    for record in found:
        answer = record["answer"]
        tokens = f"{answer['prompt_tokens']:,} + {answer['completion_tokens']:,} tokens"
        click.echo(f"{record['key'][:16]}  {record['call'].get('model', _UNNAMED)}  {tokens}")
        click.echo(visible(questions(record)))
        click.echo(visible(f"-> {answer.get('text')}\n"))


@calls.command("export", short_help="Write a log as JSON Lines.")
@click.argument("run", metavar="RUN_OR_LOG")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export(run: str, file: Path) -> None:
    """Write the recorded calls to FILE as JSON Lines: key, call, answer, time. A name with .gz is compressed."""
    written = 0
    with _open(file, "wt") as out:
        for record in opened(run).records():
            out.write(json.dumps(record, sort_keys=True) + "\n")
            written += 1
    click.echo(f"{written:,} calls in {file}")


@calls.command("import", short_help="Add exported calls to a log.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("run", metavar="RUN_OR_LOG")
def import_(file: Path, run: str) -> None:
    """Add the calls of an exported FILE that are not in the log yet, so that later runs replay them."""
    log = opened(run)
    try:
        with _open(file, "rt") as lines:
            added = log.take_over(_records(lines, file))
    finally:
        log.close()
    click.echo(f"{added:,} calls added to {log.path}")


def _open(file: Path, mode: str) -> IO[str]:
    opener: Any = gzip.open if file.suffix == ".gz" else open
    opened_file: IO[str] = opener(file, mode, encoding="utf-8")
    return opened_file


def _records(lines: Iterable[str], file: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
            if not {"key", "call", "answer", "time"} <= set(record):
                raise ValueError("key, call, answer or time is missing")
        except (ValueError, TypeError) as error:
            raise MalformedInputError(f"{file}, line {number}: no exported call: {error}", str(file), number) from None
        yield record


def questions(record: Mapping[str, Any]) -> str:
    """Return the messages of a recorded call as text."""
    messages = record["call"].get("messages", ())
    return "\n".join(f"{message['role']}: {message['content']}" for message in messages)


def opened(place: str | os.PathLike[str]) -> CallLog:
    """Return the call log of a run directory, or of a file; a file that is not there is an empty log.

    Raises:
        StorageError: there is neither a run nor a log.
    """
    from dataflow_rs.serving.call_log import LOG_FILE, CallLog
    from dataflow_rs.storage.run import Run

    path = Path(place)
    if not path.is_file() and path.suffix != ".log":
        path = Run.open(path).path / LOG_FILE
    return CallLog(path)


def counted(place: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """Return counts of the finished calls of a log by serving and model, most calls first.

    Raises:
        StorageError: there is neither a run nor a log.
        CorruptStoreError: the log is damaged.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for record in opened(place).records():
        call, answer = record["call"], record["answer"]
        key = (str(call.get("family", "")), str(call.get("model") or _UNNAMED))
        when = datetime.datetime.fromtimestamp(record["time"], datetime.timezone.utc).isoformat()
        one = found.setdefault(key, {"family": key[0], "model": key[1], "calls": 0, "first": when, "last": when})
        one["calls"] += 1
        one["last"] = when
        for name in ("prompt_tokens", "completion_tokens"):
            one[name] = one.get(name, 0) + answer[name]
    return sorted(found.values(), key=lambda one: (-one["calls"], one["model"]))
