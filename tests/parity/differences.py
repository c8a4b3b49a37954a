"""The deliberate differences from the reference, each with a predicate for the texts it may change.

They repeat what the operators' documentation and `docs/differences.md` say in words. Tests fail when a row
differs that no predicate explains, and when a predicate explains nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """One deliberate difference.

    Attributes:
        name: what we do instead, in a few words.
        applies: whether a text may be decided otherwise because of it.
    """

    name: str
    applies: Callable[[str], bool]


DIFFERENCES: dict[str, list[Difference]] = {}


def explanations(operator: str, text: str) -> list[str]:
    """Return the names of the differences that apply to a text."""
    return [difference.name for difference in DIFFERENCES.get(operator, []) if difference.applies(text)]
