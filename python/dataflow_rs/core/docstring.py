"""Read Google-style docstrings: summary, description, and the entries of sections such as `Args:`.

The docstring is the only description an operator has. The CLI, the docs page, the JSON schema and the agent read it
through this module, and a check fails where a parameter is undescribed or described but absent.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, field

_SECTION = re.compile(r"^([A-Z][A-Za-z ]+):\s*$")
_ENTRY = re.compile(r"^(\*{0,2}\w+)(?:\s*\([^)]*\))?:\s*(.*)$")


@dataclass(frozen=True)
class Docstring:
    """The parts of a docstring."""

    summary: str
    description: str
    sections: dict[str, str] = field(default_factory=dict)

    def entries(self, section: str) -> dict[str, str]:
        r"""Return name -> text of a section of `name: text` entries, such as `Args`.

        Examples:
            >>> parse("Do it.\n\nArgs:\n    x: a number,\n        from 1.").entries("Args")
            {'x': 'a number, from 1.'}
        """
        found: dict[str, list[str]] = {}
        current: list[str] | None = None
        for line in self.sections.get(section, "").splitlines():
            entry = _ENTRY.match(line)
            if entry and not line.startswith(" "):
                current = found.setdefault(entry[1].lstrip("*"), [entry[2]])
            elif current is not None:
                current.append(line.strip())
        return {name: " ".join(part for part in lines if part) for name, lines in found.items()}


def parse(text: str | None) -> Docstring:
    """Split a docstring into its parts; an absent one has empty parts."""
    if not text:
        return Docstring("", "")
    lines = inspect.cleandoc(text).splitlines()
    body: list[str] = []
    sections: dict[str, list[str]] = {}
    current = body
    for line in lines:
        heading = _SECTION.match(line)
        if heading:
            current = sections.setdefault(heading[1], [])
        else:
            current.append(line)
    paragraphs = "\n".join(body).strip().split("\n\n", 1)
    return Docstring(
        summary=" ".join(paragraphs[0].split()),
        description=paragraphs[1].strip() if len(paragraphs) > 1 else "",
        sections={name: inspect.cleandoc("\n".join(content)) for name, content in sections.items()},
    )
