"""Write the operator reference `docs/operators/*.md` from signatures and docstrings, or check that it is up to date.

Usage: python tools/generate_docs.py [--check]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from dataflow_rs import list_operators
from dataflow_rs.core.spec import KeySpec, OperatorSpec, ParameterSpec, json_value

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "operators"
NOTICE = "<!-- Written by tools/generate_docs.py (make docs) from signatures and docstrings. Do not edit. -->\n"
SHOWN_APART = ("Args", "Keys", "Examples")


def pages() -> dict[str, str]:
    """Return file name -> content of all pages; extensions that happen to be installed are left out."""
    specs = [cls.spec() for cls in list_operators() if cls.__module__.startswith("dataflow_rs.operators.")]
    domains = {domain: list(group) for domain, group in groupby(specs, key=lambda spec: spec.domain)}
    return {"index.md": index(domains)} | {f"{name}.md": page(name, members) for name, members in domains.items()}


def index(domains: dict[str, list[OperatorSpec]]) -> str:
    """Return the page that lists all operators."""
    parts = [NOTICE, "# Operators\n", "How to write one: [Writing operators](../operators.md).\n"]
    for domain, specs in domains.items():
        rows = [
            (f"[{spec.name}]({domain}.md#{spec.name.lower()})", spec.kind, one_line(spec.summary)) for spec in specs
        ]
        parts += [f"## {domain}\n", table(("operator", "kind", "what it does"), rows)]
    return "\n".join(parts)


def page(domain: str, specs: list[OperatorSpec]) -> str:
    """Return the page of a domain."""
    return "\n".join([NOTICE, f"# {domain}\n", *(entry(spec) for spec in specs)])


def entry(spec: OperatorSpec) -> str:
    """Return the part of a page that describes one operator."""
    extra = f" It needs the extra `[{spec.extra}]`." if spec.extra else ""
    parts = [f"## {spec.name}\n", f"{spec.summary}\n"]
    if spec.description:
        parts.append(f"{spec.description}\n")
    parts.append(f"Kind: {spec.kind}; base: `{spec.base}`; version: {spec.version}.{extra}\n")
    if spec.parameters:
        parts.append(table(("parameter", "type", "default", "meaning"), map(parameter_row, spec.parameters)))
    if spec.keys:
        parts.append(table(("key", "names", "default", "meaning"), map(key_row, spec.keys)))
    for title, text in spec.sections.items():
        if title not in SHOWN_APART:
            parts.append(f"**{title}**\n\n{text}\n")
    if "Examples" in spec.sections:
        parts.append(f"```pycon\n{spec.sections['Examples']}\n```\n")
    return "\n".join(parts)


def parameter_row(parameter: ParameterSpec) -> tuple[str, ...]:
    """Return the cells of a parameter."""
    default = "required" if parameter.required else f"`{as_text(parameter.default)}`"
    return f"`{parameter.name}`", f"`{parameter.type_name}`", default, one_line(parameter.description)


def key_row(key: KeySpec) -> tuple[str, ...]:
    """Return the cells of a key."""
    default = "required" if key.required else f"`{as_text(key.default)}`"
    return f"`{key.name}`", key.type_name, default, one_line(key.description)


def as_text(default: object) -> str:
    """Return a default value as Python writes it, with double quotes."""
    value = json_value(default)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def one_line(text: str) -> str:
    """Return a text on one line."""
    return " ".join(text.split())


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |\n" for line in lines)


def stale(wanted: dict[str, str]) -> list[str]:
    """Return what differs between the pages on disk and those wanted."""
    found = {file.name: file.read_text(encoding="utf-8") for file in TARGET.glob("*.md")}
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def main() -> None:
    """Write the pages, or with `--check` fail if they would change."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a page is out of date")
    wanted = pages()
    differing = stale(wanted)
    if parser.parse_args().check:
        if differing:
            raise SystemExit(f"out of date: {', '.join(differing)} in docs/operators; run: make docs")
        return
    TARGET.mkdir(parents=True, exist_ok=True)
    for name in differing:
        if name in wanted:
            (TARGET / name).write_text(wanted[name], encoding="utf-8")
        else:
            (TARGET / name).unlink()
    print(f"{len(wanted)} pages, {len(differing)} changed")


if __name__ == "__main__":
    main()
