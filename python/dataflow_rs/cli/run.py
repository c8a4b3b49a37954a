"""`dataflow-rs run`: execute a recipe or a pipeline, go on where an earlier run stopped, and write the report."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dataflow_rs.cli.options import State, common
from dataflow_rs.cli.output import emit_json, heading, visible

if TYPE_CHECKING:
    from dataflow_rs.pipeline.estimate import PlanEstimate
    from dataflow_rs.pipeline.plan import Plan
    from dataflow_rs.storage.file_storage import FileStorage


@click.command(short_help="Run a recipe or a pipeline.")
@click.argument("target", metavar="RECIPE_OR_PIPELINE")
@click.option("--fresh", is_flag=True, help="Delete the stored steps first; finished model calls are kept.")
@click.option("--resume-step", type=click.IntRange(min=0), metavar="N", help="Keep the first N steps, redo the others.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Argument of the pipeline's constructor, or of the recipe's storage (source, cache_path ...).",
)
@click.option(
    "--dry-run", is_flag=True, help="Compile and print the plan, and what it will ask of models at most; call none."
)
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    default=100,
    metavar="N",
    help="With --dry-run: rows to try the plan on (100). A plan without models reads none.",
)
@click.option("--quiet", is_flag=True, help="No progress.")
@common()
@click.pass_obj
def run(
    state: State,
    target: str,
    fresh: bool,
    resume_step: int | None,
    settings: tuple[str, ...],
    dry_run: bool,
    sample: int,
    quiet: bool,
    as_json: bool,
) -> None:
    """Run a recipe (.yaml, .json) or a pipeline (FILE.py, FILE.py:ClassName, a module).

    Steps that are stored and have not changed are reused; a run that was stopped goes on where it was. At the end the
    report is written and the places of data sets and report are printed.
    """
    from dataflow_rs.cli.load import load_plan

    given = dict(_pair(setting) for setting in settings)
    _log_to_stderr(quiet)
    with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
        plan = load_plan(target, given)
        if not dry_run:
            state.resumes = True
            results = _execute(plan, fresh=fresh, resume_step=resume_step, quiet=quiet)
        else:
            asked = _estimate(plan, sample)
    if dry_run:
        if as_json:
            emit_json(_plan_data(plan) | {"estimate": None if asked is None else asked.to_dict()})
        else:
            click.echo(visible("\n".join([str(plan), *([] if asked is None else [str(asked)])])))
        return
    state.code = 0 if all(result["finished"] for result in results) else 1
    if as_json:
        emit_json({"name": plan.name, "finished": state.code == 0, "runs": results})
    else:
        click.echo("\n".join(_lines(plan.name, results)))


def _pair(setting: str) -> tuple[str, str]:
    name, equals, value = setting.partition("=")
    if not equals or not name:
        raise click.UsageError(f"--set {setting}: expected KEY=VALUE")
    return name, value


def _estimate(plan: Plan, rows: int) -> PlanEstimate | None:
    """Return what a plan asks of models; None, without a row being read, where it asks none."""
    from dataflow_rs.pipeline.estimate import asks_models

    return plan.estimate(rows) if asks_models(plan.steps) else None


def _execute(plan: Plan, *, fresh: bool, resume_step: int | None, quiet: bool) -> list[dict[str, Any]]:
    from dataflow_rs.report import write_report

    before = {} if fresh else {id(storage): _done(storage) for storage in plan.storages}
    started = time.monotonic()
    plan.run(fresh=fresh, resume_step=resume_step, quiet=True if quiet else None)
    seconds = round(time.monotonic() - started, 3)
    results = []
    for storage in plan.storages:
        report = write_report(storage.run)
        reused = before.get(id(storage), set()) & _done(storage)
        exports = [str(export.path) for export in plan.exports if export.storage is storage]
        results.append(_result(storage, report, exports) | {"steps_reused": len(reused), "seconds": seconds})
    return results


def _done(storage: FileStorage) -> set[str]:
    return {step.folder for step in storage.store.steps if step.done and step.index}


def _result(storage: FileStorage, report: Path, exports: list[str]) -> dict[str, Any]:
    run = storage.run
    failed: dict[str, int] = {}
    for step in run.steps:
        for name, rows in step.errors.items():
            failed[name] = failed.get(name, 0) + rows
    return {
        "path": str(run.path),
        "finished": run.finished,
        "steps": len(run.steps) - 1,
        "rows_in": run.steps[0].rows_out,
        "rows_out": run.steps[-1].rows_out,
        "rows_dropped": sum(sum(step.drops.values()) for step in run.steps),
        "rows_failed": failed,
        "exports": exports,
        "report": str(report),
    }


def _plan_data(plan: Plan) -> dict[str, Any]:
    from dataflow_rs.exceptions import ParameterError

    steps = [
        {
            "index": step.index,
            "operator": step.operator.name,
            "parameters": step.operator.describe_parameters(),
            "keys": step.given,
            "after": step.parent,
        }
        for step in plan.steps
    ]
    try:
        recipe = plan.to_dict()
    except ParameterError:  # a table in memory has no place in a recipe
        recipe = None
    return {
        "name": plan.name,
        "steps": steps,
        "exports": [str(export.path) for export in plan.exports],
        "recipe": recipe,
    }


def _lines(name: str, results: list[dict[str, Any]]) -> list[str]:
    from dataflow_rs.report.numbers import count, plural, seconds

    lines = []
    for result in results:
        reused = (
            f", {result['steps_reused']} of {plural(result['steps'], 'step')} reused" if result["steps_reused"] else ""
        )
        lines.append(
            f"{heading(visible(name))}: {count(result['rows_in'])} rows in, {count(result['rows_out'])} rows out, "
            f"{seconds(result['seconds'])}{reused}"
        )
        if result["rows_failed"]:
            failed = ", ".join(f"{kind} {count(rows)}" for kind, rows in result["rows_failed"].items())
            lines.append(f"  {click.style('failed', fg='yellow')}    {failed}")
        exports = result["exports"] or [f"in {result['path']} (the plan exports no file)"]
        lines += [f"  {'data set' if number == 0 else '':8}  {path}" for number, path in enumerate(exports)]
        lines += [f"  run       {result['path']}", f"  report    {result['report']}"]
    return lines


class _ToStderr(logging.Handler):
    """Writes to whatever standard error is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print the message of a record."""
        click.echo(self.format(record), err=True)


def _log_to_stderr(quiet: bool) -> None:
    """Show progress lines where there are no bars, and warnings always."""
    logger = logging.getLogger("dataflow_rs")
    if not any(isinstance(handler, _ToStderr) for handler in logger.handlers):
        logger.addHandler(_ToStderr())
    logger.setLevel(logging.WARNING if quiet or sys.stderr.isatty() else logging.INFO)
