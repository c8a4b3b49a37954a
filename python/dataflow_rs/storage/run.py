"""`Run`: what a run directory holds, for people - steps, drop log, errors, and the story of a single row."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from dataflow_rs.exceptions import ParameterError, StorageError
from dataflow_rs.storage.manifest import Step
from dataflow_rs.storage.outcome import DROPS_SCHEMA, ERRORS_SCHEMA
from dataflow_rs.storage.step_store import StepStore

INFO_FILE = "run.json"
_SHOWN = 300


@dataclass(frozen=True)
class Event:
    """What a step did to one row.

    Attributes:
        step: number of the step.
        operator: its name.
        what: `kept`, `changed` (columns were written), `dropped`, `failed` (kept, but its processing failed),
            `expanded` (new rows were made from it) or `replaced` (the table gave way to a new one).
        rule, value, threshold, detail: why it was dropped.
        error: class and message of the error, for failed rows.
        columns: the values that the step wrote, long texts cut.
        made: ids of the rows made from it.
    """

    step: int
    operator: str
    what: Literal["kept", "changed", "dropped", "failed", "expanded", "replaced"]
    rule: str | None = None
    value: float | None = None
    threshold: float | None = None
    detail: str | None = None
    error: str | None = None
    columns: dict[str, Any] = field(default_factory=dict)
    made: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Explanation:
    """The story of one row.

    Attributes:
        row: its id.
        made_at: step that made it; 0 is the source.
        parent: id of the row it was made from; None for rows of the source.
        content: its values where it began, long texts cut.
        events: what each step did to it, in order.
    """

    row: int
    made_at: int
    parent: int | None
    content: dict[str, Any]
    events: list[Event]

    @property
    def dropped(self) -> Event | None:
        """The event that ended the row, if one did."""
        return next((event for event in self.events if event.what == "dropped"), None)

    def to_dict(self) -> dict[str, Any]:
        """Return the story as JSON data."""
        return asdict(self)


class Run:
    """A run directory, read only.

    Args:
        store: the step store of the run; see `open` for a path.
    """

    def __init__(self, store: StepStore) -> None:
        self.store = store

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Run:
        """Open the run in a directory.

        Raises:
            StorageError: the directory holds no run.
        """
        folder = Path(path)
        if not (folder / "manifest.journal").is_file():
            raise StorageError(
                f"{folder} holds no run (there is no manifest.journal in it); give the cache_path of a pipeline"
            )
        return cls(StepStore(folder))

    @property
    def path(self) -> Path:
        """The run directory."""
        return self.store.path

    @property
    def steps(self) -> list[Step]:
        """The steps with their counts, by number; step 0 is the source."""
        return self.store.steps

    @property
    def finished(self) -> bool:
        """Whether all steps of the last run are there."""
        planned = self.info.get("steps")
        return all(step.done for step in self.steps) and planned in (None, len(self.steps) - 1)

    @property
    def info(self) -> dict[str, Any]:
        """Name, plan and times of the last run, as the pipeline wrote them; empty for eager runs."""
        path = self.path / INFO_FILE
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}

    def table(self, step: int | None = None, columns: list[str] | None = None) -> pa.Table:
        """Return the table after a step, by default the last one."""
        return self.store.read(self._step(step), columns)

    def row_ids(self, step: int | None = None) -> pa.ChunkedArray:
        """Return the id of each row of the table after a step."""
        found = self._step(step)
        arrays = [self.store.row_ids(found, number) for number in range(len(found.parts))]
        return pa.chunked_array(arrays, pa.int64())

    def drops(self, step: int | None = None, rule: str | None = None) -> pa.Table:
        """Return why rows were dropped: step, operator, row (id), rule, value, threshold, detail."""
        table = self._log("drops", DROPS_SCHEMA, step)
        return table if rule is None else table.filter(_equal(table["rule"], rule))

    def errors(self, step: int | None = None) -> pa.Table:
        """Return which rows failed: step, operator, row (id), type, message, attempts."""
        return self._log("errors", ERRORS_SCHEMA, step)

    def scores(self, step: int) -> pa.Table:
        """Return the value that a filter judged for every row it read: row (id), score."""
        found = self._step(step)
        tables = []
        for number in range(len(found.parts)):
            scores = self.store.log(found, "scores", number)
            if scores is not None:
                tables.append(pa.table({"row": self._parent_ids(found, number), "score": scores["score"]}))
        schema = pa.schema([("row", pa.int64()), ("score", pa.float64())])
        return pa.concat_tables(tables) if tables else schema.empty_table()

    def explain(self, row: int) -> Explanation:
        """Return the story of a row: what every step did to it, and why it is gone if it is.

        Args:
            row: its id. Ids of source rows are their positions in the source, from 0.

        Raises:
            ParameterError: there is no such row.
        """
        origin, number, position = self._locate(row)
        parent = None
        if origin.gives_ids and not origin.replaces:
            positions = self.store.positions(origin, number)
            at = position if positions is None else positions[position].as_py()
            parent = self._parent_ids(origin, number)[at].as_py()
        content = _cut(self.store.read_part(origin, number).slice(position, 1).to_pylist()[0])
        events = list(self._events(origin, number, position))
        return Explanation(row, origin.index, parent, content, events)

    def _events(self, origin: Step, number: int, position: int) -> Iterator[Event]:
        places = {origin.folder: position}
        for step in self.store.steps:
            if step.parent not in places or number >= len(step.parts):
                continue
            event, after = self._event(step, number, places[step.parent])
            if after is not None:
                places[step.folder] = after
            yield event

    def _event(self, step: Step, number: int, position: int) -> tuple[Event, int | None]:
        """Return what a step did to the row at a position of the parent's part, and where it is afterwards."""
        who = (step.index, step.name)
        part = step.parts[number]
        if part.rows == "replaced":
            return Event(*who, "replaced"), None
        dropped = self._entry(step, number, "drops", position)
        failed = self._entry(step, number, "errors", position)
        error = f"{failed['type']}: {failed['message']}" if failed else None
        take = self.store.positions(step, number)
        if dropped is not None:
            why = {key: dropped[key] for key in ("rule", "value", "threshold", "detail")}
            return Event(*who, "dropped", error=error, **why), None
        if part.rows == "new":
            assert take is not None
            ids = self.store.row_ids(step, number)
            made = ids.filter(_equal(take, position)).to_pylist()
            return Event(*who, "expanded", error=error, made=made), None
        after = position if take is None else take.index(position).as_py()
        columns = {}
        if len(step.schema):
            written = self.store.read_part(step, number, step.schema.names).slice(after, 1)
            columns = _cut(written.to_pylist()[0])
        what: Literal["failed", "changed", "kept"] = "failed" if failed else "changed" if columns else "kept"
        return Event(*who, what, error=error, columns=columns), after

    def _entry(self, step: Step, number: int, kind: str, position: int) -> dict[str, Any] | None:
        log = self.store.log(step, kind, number)
        if log is None:
            return None
        found = log.filter(_equal(log["row"], pa.scalar(position, pa.uint64()))).to_pylist()
        return found[0] if found else None

    def _locate(self, row: int) -> tuple[Step, int, int]:
        """Return the step that gave a row its id, the part and the position in it."""
        index, position = row >> 40, row & ((1 << 40) - 1)
        origin = next((step for step in self.steps if step.index == index and step.gives_ids), None)
        if origin is not None and row >= 0:
            for number, part in enumerate(origin.parts):
                if position < part.rows_out:
                    return origin, number, position
                position -= part.rows_out
        rows = self.store.step(0).rows_out if self.steps else 0
        raise ParameterError(
            f"{self.path} has no row {row}; rows of the source have the ids 0 to {rows - 1}, rows made by a step are "
            "listed by run.row_ids(step)"
        )

    def _step(self, index: int | None) -> Step:
        if index is None:
            if not self.steps:
                raise StorageError(f"{self.path} holds no steps yet")
            return self.steps[-1]
        return self.store.step(index)

    def _log(self, kind: str, schema: pa.Schema, index: int | None) -> pa.Table:
        full = pa.schema([("step", pa.int64()), ("operator", pa.string()), ("row", pa.int64()), *list(schema)[1:]])
        tables = [full.empty_table()]
        for step in self.steps if index is None else [self._step(index)]:
            for number in range(len(step.parts)):
                log = self.store.log(step, kind, number)
                if log is not None:
                    ids = self._parent_ids(step, number).take(log["row"])
                    columns = [pa.repeat(step.index, log.num_rows), pa.repeat(step.name, log.num_rows), ids]
                    tables.append(pa.Table.from_arrays([*columns, *log.columns[1:]], schema=full))
        return pa.concat_tables(tables)

    def _parent_ids(self, step: Step, number: int) -> pa.Int64Array:
        parent = self.store.chain(step)[-2]
        return self.store.row_ids(parent, number)

    def __repr__(self) -> str:
        """Show the directory and the number of steps."""
        return f"Run({str(self.path)!r}, steps={len(self.steps)})"


def _equal(values: Any, value: Any) -> Any:
    import pyarrow.compute as pc  # costs 11 MB, which a run that nobody questions does not need

    return pc.equal(values, value)


def _cut(values: dict[str, Any]) -> dict[str, Any]:
    """Shorten long texts, for display."""
    return {
        name: f"{value[:_SHOWN]} ... ({len(value):,} characters)"
        if isinstance(value, str) and len(value) > _SHOWN
        else value
        for name, value in values.items()
    }
