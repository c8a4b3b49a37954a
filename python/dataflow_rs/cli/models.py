"""`dataflow-rs models`: the small models of `LocalServing`, listed, fetched and found."""

from __future__ import annotations

from typing import Any

import click

from dataflow_rs.cli.options import State, common
from dataflow_rs.cli.output import columns, emit_json


@click.group(short_help="Fetch and find local models.")
def models() -> None:
    """Fetch and find the small models that run without a server. Nothing is downloaded but by `pull`."""


@models.command("list", short_help="List known models.")
@common()
def list_(as_json: bool) -> None:
    """List the known models, and which of them are on this machine."""
    known = states()
    if as_json:
        emit_json(known)
        return
    rows = [
        [one["name"], f"{one['bytes'] / 1e6:,.0f} MB", one["path"] or "not here", one["licence"], one["about"]]
        for one in known
    ]
    click.echo(columns(rows, ["model", "size", "where", "licence", ""], right=[1]))


def states() -> list[dict[str, Any]]:
    """Return the known models with their places on this machine, None where they are not."""
    from dataflow_rs.exceptions import ModelUnavailableError
    from dataflow_rs.serving.models import DEFAULT, known_models, locate

    found = []
    for name, model in known_models().items():
        try:
            path = str(locate(name))
        except ModelUnavailableError:
            path = None
        about = {"name": name, "default": name == DEFAULT, "bytes": model.bytes, "path": path}
        found.append(about | {"licence": model.licence, "about": model.about, "sha256": model.sha256})
    return found


@models.command("pull", short_help="Fetch a model.")
@click.argument("name", required=False)
@common()
@click.pass_obj
def pull(state: State, name: str | None, as_json: bool) -> None:
    """Fetch a model into the user's cache, unless it is there; by default the smallest that answers well."""
    from dataflow_rs.serving.models import DEFAULT
    from dataflow_rs.serving.models import pull as fetch

    state.resumes = True
    with _Bar() as bar:
        path = fetch(name or DEFAULT, progress=bar)
    emit_json({"name": name or DEFAULT, "path": str(path)}) if as_json else click.echo(path)


@models.command("path", short_help="Print where a model is.")
@click.argument("name")
@common()
def path(name: str, as_json: bool) -> None:
    """Print the file of a model; an error where it is not on this machine."""
    from dataflow_rs.serving.models import locate

    found = locate(name)
    emit_json({"name": name, "path": str(found)}) if as_json else click.echo(found)


class _Bar:
    """A progress bar on a terminal; elsewhere a line for each thing that is done."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None
        self._doing = ""

    def __enter__(self) -> _Bar:
        import sys

        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

            parts = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
            self._bar = Progress(*parts, console=Console(stderr=True), transient=True)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, doing: str, done: int, total: int) -> None:
        """Show what is being done, and how much of it."""
        if self._bar is None:
            if doing != self._doing:
                click.echo(doing, err=True)
        elif doing != self._doing:
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._task = self._bar.add_task(doing, total=total or None, completed=done)
        else:
            self._bar.update(self._task, completed=done)
        self._doing = doing
