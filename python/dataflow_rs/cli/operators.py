"""`dataflow-rs ops`: which operators there are, and what each needs."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from dataflow_rs.cli.options import common
from dataflow_rs.cli.output import KIND_COLOURS, columns, emit_json, heading

if TYPE_CHECKING:
    from dataflow_rs.core.spec import KeySpec, OperatorSpec, ParameterSpec

KINDS = ["generate", "evaluate", "filter", "refine"]


@click.group(short_help="List and describe operators.")
def ops() -> None:
    """List and describe operators."""


@ops.command("list", short_help="List operators.")
@click.option("--domain", help="Only this family, for example text_pt.")
@click.option("--kind", type=click.Choice(KINDS), help="Only this kind.")
@click.option("--search", metavar="TEXT", help="Only operators with this text in name or summary.")
@common()
def list_(domain: str | None, kind: str | None, search: str | None, as_json: bool) -> None:
    """List the operators of the library and of installed extensions."""
    from dataflow_rs.core.registry import list_operators

    specs = [cls.spec() for cls in list_operators(domain=domain, kind=kind, search=search)]
    if as_json:
        emit_json(
            [{name: getattr(spec, name) for name in ("name", "domain", "kind", "base", "summary")} for spec in specs]
        )
        return
    if not specs:
        click.echo("no operator fits", err=True)
    rows = [[f"  {spec.name}", click.style(spec.kind, fg=KIND_COLOURS[spec.kind]), spec.summary] for spec in specs]
    aligned = columns(rows).splitlines()
    for family, lines in groupby(zip(specs, aligned, strict=True), key=lambda pair: pair[0].domain):
        click.echo("\n".join([heading(family), *(line for _, line in lines)]))


@ops.command("show", short_help="Describe an operator.")
@click.argument("name")
@common()
def show(name: str, as_json: bool) -> None:
    """Describe an operator: parameters, keys, source, example."""
    from dataflow_rs.core.registry import get_operator

    spec = get_operator(name).spec()
    if as_json:
        emit_json(spec.to_dict() | {"source": spec.source, "sections": spec.sections})
    else:
        click.echo("\n".join(_description(spec)))


def _description(spec: OperatorSpec) -> list[str]:
    facts = f"{spec.domain}, {spec.base}" + (f", needs the extra [{spec.extra}]" if spec.extra else "")
    lines = [f"{heading(spec.name)}  {click.style(spec.kind, fg=KIND_COLOURS[spec.kind])}  {facts}", spec.summary]
    if spec.description:
        lines += ["", spec.description]
    for title, entries in (("Parameters", spec.parameters), ("Keys of run()", spec.keys)):
        if entries:
            lines += ["", heading(title), columns([_entry(entry) for entry in entries], indent="  ")]
    for title in ("Source", "Examples"):
        if spec.sections.get(title):
            lines += ["", heading(title), *(f"  {line}" for line in spec.sections[title].splitlines())]
    return lines


def _entry(entry: ParameterSpec | KeySpec) -> list[str]:
    return [
        entry.name,
        entry.type_name,
        "required" if entry.required else f"= {_plain(entry.default)}",
        entry.description,
    ]


def _plain(value: Any) -> str:
    from dataflow_rs.core.spec import json_value

    return repr(json_value(value))
