"""`dataflow-rs report`: write the report of a run."""

from __future__ import annotations

import click

from dataflow_rs.cli.options import common
from dataflow_rs.cli.output import emit_json


@click.command(short_help="Write the report of a run.")
@click.argument("run", metavar="RUN")
@click.option("--output", type=click.Path(dir_okay=False), help="The HTML file; by default report.html in the run.")
@click.option("--open", "open_", is_flag=True, help="Show it in the browser.")
@common()
def report(run: str, output: str | None, open_: bool, as_json: bool) -> None:
    """Write the report of a run directory as one HTML file, and its data as JSON beside it; print where."""
    from dataflow_rs.report import write_report
    from dataflow_rs.storage.run import Run

    html = write_report(Run.open(run), output)
    if as_json:
        emit_json({"html": str(html), "json": str(html.with_suffix(".json"))})
    else:
        click.echo(html)
    if open_:
        import webbrowser

        webbrowser.open(html.resolve().as_uri())
