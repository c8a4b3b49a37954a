"""Servings and prompts: objects that operators take as parameters and that describe themselves."""

from __future__ import annotations

from typing import Any


class Component:
    """Base of servings and prompt templates."""

    def describe(self) -> dict[str, Any]:
        """Return class and parameters as JSON data, without secrets."""
        raise NotImplementedError


def component_from_description(description: dict[str, Any]) -> Component:
    """Rebuild a component from what `describe()` returned."""
    raise NotImplementedError(description)
