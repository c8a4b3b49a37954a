"""`dataflow-rs pack`: token sequences for training out of data sets; see `dataflow_rs.packing`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from dataflow_rs.cli.options import common
from dataflow_rs.cli.output import columns, emit_json


@click.command(short_help="Pack documents into token sequences for training.")
@click.argument("sources", nargs=-1, required=True, metavar="[NAME=]SOURCE...")
@click.option(
    "--output", "-o", required=True, type=click.Path(path_type=Path), help=".bin, .parquet, .arrow or .jsonl."
)
@click.option("--tokenizer", help="Name or path; without it the column holds tokens.")
@click.option("--column", default="text", show_default=True, help="Column of texts or of lists of tokens.")
@click.option("--length", default=2048, show_default=True, help="Tokens of a sequence.")
@click.option(
    "--method",
    type=click.Choice(["best_fit", "concatenate", "documents"]),
    default="best_fit",
    show_default=True,
    help="How documents become sequences.",
)
@click.option(
    "--too-long",
    type=click.Choice(["split", "truncate", "drop", "error"]),
    default="split",
    show_default=True,
    help="What best_fit does with longer documents.",
)
@click.option("--separator", help="Token after each document, by number or name.")
@click.option("--pad", type=int, help="Token that fills sequences up.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the shuffle; -1 keeps the order.")
@click.option("--weight", "weights", multiple=True, metavar="NAME=SHARE", help="Share of a source in the mixture.")
@click.option("--epochs", default=1.0, show_default=True, help="How often the scarcest source of a mixture is used.")
@common()
def pack(
    sources: tuple[str, ...],
    output: Path,
    column: str,
    separator: str | None,
    seed: int,
    weights: tuple[str, ...],
    as_json: bool,
    **options: Any,
) -> None:
    """Pack the documents of files into token sequences of one length.

    SOURCE is a path or glob. With several sources each has a NAME.
    """
    from dataflow_rs.packing import pack as run

    shares = {name: _share(name, value) for name, value in (_pair(weight, "--weight") for weight in weights)}
    is_number = separator is not None and separator.isascii() and separator.isdecimal()
    packed = run(
        _sources(sources),
        output,
        input_key=column,
        separator=int(separator) if separator is not None and is_number else separator,
        seed=None if seed == -1 else seed,
        weights=shares or None,
        **options,
    )
    if as_json:
        emit_json({**asdict(packed), "files": [str(file) for file in packed.files]})
        return
    rows = [
        [name or "(all)", f"{source.documents:,}", f"{source.tokens:,}", f"{source.sequences:,}", f"{source.written:,}"]
        for name, source in packed.sources.items()
    ]
    click.echo(columns(rows, ["source", "documents", "tokens", "sequences", "written"], right=[1, 2, 3, 4]))
    fill = "" if packed.fill is None else f", {packed.fill:.1%} full"
    click.echo(f"{packed.sequences:,} sequences with {packed.tokens:,} tokens{fill}")
    for file in packed.files:
        click.echo(f"  {file}")


def _sources(given: tuple[str, ...]) -> Any:
    if len(given) == 1 and "=" not in given[0]:
        return given[0]
    return dict(_pair(source, "SOURCE") for source in given)


def _pair(text: str, what: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"{what} '{text}' has no name; write NAME={text}")
    return name, value


def _share(name: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise click.UsageError(f"--weight '{name}={value}': the share is no number") from None
