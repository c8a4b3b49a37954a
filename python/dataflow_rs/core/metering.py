"""Counts of model calls, tokens and cost of a step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class Meter:
    """Nothing counted yet."""

    def to_dict(self) -> dict[str, Any]:
        """Return what was counted."""
        return {}


@contextmanager
def metering(on_call_finished: Callable[[], None]) -> Iterator[Meter]:
    """Count within the block."""
    yield Meter()
