"""Components are told when a plan has used them for the last time, so that a model does not hold its GPU any longer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dataflow_rs.core.component import Component

if TYPE_CHECKING:
    from dataflow_rs.core.bound_step import BoundStep


class Users:
    """Which steps still need which component.

    Args:
        steps: the steps that are to be run.
    """

    def __init__(self, steps: Iterable[BoundStep]) -> None:
        self._components: dict[int, Component] = {}
        self._waiting: dict[int, set[int]] = {}
        for step in steps:
            for component in _components_of(step):
                self._components[id(component)] = component
                self._waiting.setdefault(id(component), set()).add(step.index)

    def finished(self, steps: Sequence[BoundStep]) -> None:
        """Release the components that only these steps were waiting for."""
        indexes = {step.index for step in steps}
        for key, waiting in list(self._waiting.items()):
            waiting -= indexes
            if not waiting:
                del self._waiting[key]
                self._components[key].release()

    def release_all(self) -> None:
        """Release what has not been released yet."""
        for key in self._waiting:
            self._components[key].release()


@contextmanager
def releasing(steps: Sequence[BoundStep]) -> Iterator[Users]:
    """Keep account of components while steps are run, and release all of them at the end."""
    users = Users(steps)
    try:
        yield users
    finally:
        users.release_all()


def _components_of(step: BoundStep) -> Iterator[Component]:
    for value in step.operator.parameters.values():
        for part in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(part, Component):
                yield part
