"""Progress of a run: a bar per step on a terminal, log lines elsewhere.

`DATAFLOW_RS_PROGRESS=0` (or `quiet=True`) turns it off. Bars show rows, rate and the remaining time, and for steps that
call a model the number of finished calls.
"""

from __future__ import annotations

import functools
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_log = logging.getLogger("dataflow_rs.progress")
_SECONDS_BETWEEN_LINES = 10.0


class Progress:
    """Reports nothing; the base of the other reporters."""

    def begin(self, index: int, name: str, rows: int) -> None:
        """A step begins that will read this many rows."""

    def reused(self, index: int, rows: int) -> None:
        """Rows of the step that an earlier run has already done."""

    def advance(self, index: int, rows: int) -> None:
        """Rows that have just been processed."""

    def end(self, index: int, rows: int) -> None:
        """The step has written this many rows in all."""

    def calls(self, index: int) -> Callable[[], None]:
        """Return what is to be called after each finished model call of a step."""
        return functools.partial(self.called, index)

    def called(self, index: int) -> None:
        """A model call of the step has finished."""


class LogLines(Progress):
    """One line per finished step, and one every ten seconds while a step works."""

    def __init__(self) -> None:
        self._steps: dict[int, list[Any]] = {}
        self._last = time.monotonic()

    def begin(self, index: int, name: str, rows: int) -> None:
        """Remember the step."""
        self._steps[index] = [name, rows, 0, 0]

    def reused(self, index: int, rows: int) -> None:
        """Count the rows as done."""
        self._steps[index][2] += rows

    def advance(self, index: int, rows: int) -> None:
        """Count the rows, and say so from time to time."""
        self._steps[index][2] += rows
        self._say(index)

    def end(self, index: int, rows: int) -> None:
        """Say what came out."""
        name, expected, *_ = self._steps[index]
        _log.info("step %d %s: %d of %d rows kept or made", index, name, rows, expected)

    def called(self, index: int) -> None:
        """Count the call, and say so from time to time."""
        self._steps[index][3] += 1
        self._say(index)

    def _say(self, index: int) -> None:
        now = time.monotonic()
        if now - self._last >= _SECONDS_BETWEEN_LINES:
            self._last = now
            name, expected, done, calls = self._steps[index]
            _log.info("step %d %s: %d of %d rows, %d model calls", index, name, done, expected, calls)


class Bars(Progress):
    """Bars on the terminal, with rich."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as RichProgress

        self._bars = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._tasks: dict[int, Any] = {}
        self._calls: dict[int, int] = {}
        self._bars.start()

    def stop(self) -> None:
        """Leave the bars as they are."""
        self._bars.stop()

    def begin(self, index: int, name: str, rows: int) -> None:
        """Add a bar."""
        self._tasks[index] = self._bars.add_task(f"{index:>3} {name}", total=rows, note="")

    def reused(self, index: int, rows: int) -> None:
        """Move the bar."""
        if rows:
            self._bars.update(self._tasks[index], advance=rows, note="reused")

    def advance(self, index: int, rows: int) -> None:
        """Move the bar."""
        self._bars.advance(self._tasks[index], rows)

    def end(self, index: int, rows: int) -> None:
        """Show what came out."""
        self._bars.update(self._tasks[index], note=f"-> {rows:,} rows")

    def called(self, index: int) -> None:
        """Show the number of finished calls."""
        self._calls[index] = self._calls.get(index, 0) + 1
        self._bars.update(self._tasks[index], note=f"{self._calls[index]:,} calls")


@contextmanager
def progress_of(quiet: bool | None = None) -> Iterator[Progress]:
    """Give the reporter that fits: none, bars on a terminal, or log lines.

    Args:
        quiet: report nothing; None: as `DATAFLOW_RS_PROGRESS` says.
    """
    if quiet is None:
        quiet = os.environ.get("DATAFLOW_RS_PROGRESS", "1") == "0"
    if quiet:
        yield Progress()
    elif sys.stderr.isatty():
        bars = Bars()
        try:
            yield bars
        finally:
            bars.stop()
    else:
        yield LogLines()
