"""Record what `forward()` does instead of doing it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dataflow_rs.core.operator import Operator
from dataflow_rs.exceptions import StorageError
from dataflow_rs.pipeline.plan import PlannedExport, PlannedStep
from dataflow_rs.storage.file_storage import FileStorage, StorageStep


class Recorder:
    """Takes the place of storage and servings while a pipeline is compiled.

    Args:
        names: id of an operator -> its place in the pipeline, for messages.
    """

    def __init__(self, names: dict[int, str]) -> None:
        self.steps: list[PlannedStep] = []
        self.exports: list[PlannedExport] = []
        self._names = names

    def parent_of(self, storage: FileStorage, after: StorageStep | int | None) -> int:
        """Return the number of the step that the next operator of a storage reads."""
        return self._resolve(storage, after)

    def record(self, operator: Operator, place: StorageStep, keys: dict[str, Any]) -> list[str]:
        """Record an operator call and return the columns that it will write."""
        index = self._count(place.storage) + 1
        place.take_number(index)
        name = self._names.get(id(operator), "")
        self.steps.append(PlannedStep(operator, dict(keys), place.storage, index, place.parent, name))
        spec = operator.spec()
        if spec.key_mistakes(keys):
            return []
        return list(operator.columns_written(spec.bind_keys(keys)))

    def record_export(self, storage: FileStorage, path: Any, step: Any, options: dict[str, Any]) -> None:
        """Record that the table after a step goes into a file."""
        self.exports.append(PlannedExport(storage, Path(path), self._resolve(storage, step), options))

    def _resolve(self, storage: FileStorage, after: StorageStep | int | None) -> int:
        count = self._count(storage)
        number = count if after is None else after if isinstance(after, int) else after.number
        if not 0 <= number <= count:
            raise StorageError(f"step {number} does not exist yet; so far there are steps 0 to {count}")
        return number

    def _count(self, storage: FileStorage) -> int:
        return sum(step.storage is storage for step in self.steps)


def operators_in(pipeline: object) -> Iterator[tuple[str, Operator]]:
    """Yield (name, operator) for the operators a pipeline holds, also in lists, tuples and dicts."""
    for name, value in vars(pipeline).items():
        yield from _search(name, value)


def _search(name: str, value: Any) -> Iterator[tuple[str, Operator]]:
    if isinstance(value, Operator):
        yield name, value
    elif isinstance(value, (list, tuple)):
        for position, item in enumerate(value):
            yield from _search(f"{name}[{position}]", item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _search(f"{name}[{key!r}]", item)
