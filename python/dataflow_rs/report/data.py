"""The report as JSON data; docs/report.md describes it."""

from __future__ import annotations

import datetime
from typing import Any

from dataflow_rs.report import facts
from dataflow_rs.report.duplicates import duplicates
from dataflow_rs.report.examples import drop_reasons
from dataflow_rs.report.lengths import distributions
from dataflow_rs.storage.run import Run

FORMAT = 1


def report_data(run: Run) -> dict[str, Any]:
    """Return everything that a report shows, as JSON data.

    Args:
        run: the run; it may be unfinished.

    Raises:
        CorruptStoreError: a stored file is damaged.

    Examples:
        >>> import tempfile
        >>> from dataflow_rs import FileStorage
        >>> storage = FileStorage([{"text": "a b"}, {"text": "c"}], cache_path=tempfile.mkdtemp())
        >>> _ = storage.prepare()
        >>> data = report_data(storage.run)
        >>> data["headline"]["rows_in"], data["lengths"]["measures"]["words"]["before_summary"]["total"]
        (2, 3)
    """
    info = run.info
    steps = facts.step_facts(run)
    return {
        "format": FORMAT,
        "name": info.get("name") or run.path.resolve().name,
        "path": str(run.path),
        "written": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "finished": run.finished,
        "planned_steps": info.get("steps"),
        "started": _moment(info.get("started")),
        "ended": _moment(info.get("finished")),
        "headline": facts.headline(run, steps),
        "steps": steps,
        "drops": drop_reasons(run),
        "duplicates": duplicates(run),
        "lengths": distributions(run),
        "errors": facts.failures(run),
        "bad_lines": facts.bad_lines(run),
        "samples": facts.samples(run),
        "exports": facts.exports(run),
        "environment": facts.environment(),
        "stored_bytes": facts.directory_size(run.path / "steps"),
        "recipe": _recipe(info),
        "unregistered": _unregistered(steps),
    }


def _moment(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat(timespec="seconds")


def _unregistered(steps: list[dict[str, Any]]) -> list[str]:
    """Return operators that a recipe could not name here: those of a script, for example."""
    from dataflow_rs.core.registry import list_operators

    known = {cls.__name__ for cls in list_operators()}
    return sorted({step["name"] for step in steps if step["base"] is not None} - known)


def _recipe(info: dict[str, Any]) -> str | None:
    from dataflow_rs.pipeline.recipe import dump

    return dump(info["recipe"]) if info.get("recipe") else None
