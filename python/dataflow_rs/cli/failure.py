"""Errors in two lines: what happened, and what to do about it."""

from __future__ import annotations

import traceback

import click

from dataflow_rs.cli.options import State
from dataflow_rs.cli.output import emit_json, visible
from dataflow_rs.exceptions import (
    AuthenticationFailedError,
    CompileError,
    ConfigurationError,
    CorruptStoreError,
    DataFlowError,
    MalformedInputError,
    MissingExtraError,
    ModelUnavailableError,
    OperatorError,
    ParameterError,
    RecipeError,
    RegistryError,
    ServingError,
    SourceNotFoundError,
    StorageError,
    StoreLockedError,
)

HINTS: list[tuple[type[Exception], str]] = [
    (CompileError, "nothing has run; correct these and run again"),
    (RecipeError, "the form of a recipe: docs/pipelines.md"),
    (MissingExtraError, "what is installed: dataflow-rs doctor"),
    (RegistryError, "what there is: dataflow-rs ops list"),
    (MalformedInputError, "correct the line, or skip and record such lines with FileStorage(on_bad_line='skip')"),
    (SourceNotFoundError, "relative paths count from the directory in which the command runs"),
    (CorruptStoreError, "to begin anew without paying model calls again: dataflow-rs run ... --fresh"),
    (StoreLockedError, "wait for the other process, or give another cache_path"),
    (ModelUnavailableError, "what is there: dataflow-rs models list"),
    (AuthenticationFailedError, "which API keys are set: dataflow-rs doctor"),
    (ServingError, "answered calls are kept; run the same command to go on"),
    (OperatorError, "what is committed is kept; --debug shows the traceback"),
    (ParameterError, "parameters of an operator: dataflow-rs ops show NAME"),
    (ConfigurationError, "what can be run: dataflow-rs run --help"),
    (StorageError, "a run is the directory that a pipeline names as cache_path"),
    (DataFlowError, "--debug shows the traceback"),
    (PermissionError, "check who may write there, or give another cache_path"),
    (OSError, "--debug shows the traceback"),
]
"""Class of error -> what to do; the first that fits."""
BUG = "this is a fault of the program, not yours: run again with --debug and report the traceback"


def hint_for(error: Exception) -> str:
    """Return what to do about an error."""
    return next((hint for kind, hint in HINTS if isinstance(error, kind)), BUG)


def report_failure(error: Exception, state: State) -> int:
    """Say what happened, and return the exit code."""
    hint = hint_for(error)
    known = isinstance(error, (DataFlowError, OSError))
    text = str(error) if known else f"{type(error).__name__}: {error}"
    if state.debug:
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    else:
        _say(text, hint)
    if state.json:
        emit_json({"error": {"type": type(error).__name__, "message": text, "hint": hint}})
    return 1


def report_usage(error: click.ClickException, state: State) -> int:
    """Say what is wrong with the arguments, and return the exit code."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "dataflow-rs"
    message = error.format_message()
    if context is not None and message == context.get_help():  # a group without a command
        click.echo(message, err=True)
        return 2
    hint = f"see {path} --help"
    _say(message, hint)
    if state.json:
        emit_json({"error": {"type": "UsageError", "message": message, "hint": hint}})
    return 2


def _say(text: str, hint: str) -> None:
    click.echo(f"{click.style('error:', fg='red', bold=True)} {visible(text)}", err=True)
    click.echo(f"{click.style('hint:', fg='cyan', bold=True)} {hint}", err=True)
