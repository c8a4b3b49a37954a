"""The step store: base rows, and per step only what the step produced, committed part by part.

On disk, below the run's directory:

    manifest.journal                       which steps and parts exist (manifest.py)
    steps/003-WordNumberFilter-1f2e3d4c/   one folder per step, named after its fingerprint
        part-000000.arrow                  the columns that the step wrote, one value per row after the step
        part-000000.take.arrow             positions of the kept rows in the parent's part; absent: all rows
        part-000000.drops.arrow            drop log, `row` = position in the parent's part
        part-000000.errors.arrow           failed rows
        part-000000.scores.arrow           the value judged for every row of the parent's part

A reader of step k starts from the last step that wrote a column and follows the selections behind it. Invariants: a
part is visible only after its record is in the manifest; the fingerprint of a step contains that of its parent, so
nothing behind a change is ever reused; a step's parts correspond one to one to the parts of its parent.
"""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from dataflow_rs import _native
from dataflow_rs.exceptions import StorageError
from dataflow_rs.storage import part_files
from dataflow_rs.storage.journal import Journal
from dataflow_rs.storage.lock import RunLock
from dataflow_rs.storage.manifest import FORMAT, Manifest, Part, Step
from dataflow_rs.storage.outcome import StepOutput, bare, take
from dataflow_rs.storage.parting import cut, slices
from dataflow_rs.storage.stored_dataset import StoredDataset

__all__ = ["NewStep", "Step", "StepStore", "WrittenPart"]

COMMIT_INTERVAL_S = 0.25
BAD_LINES_SCHEMA = pa.schema(
    [
        ("file", pa.string()),
        ("line", pa.int64()),
        ("column", pa.int64()),
        ("message", pa.string()),
        ("text", pa.string()),
    ]
)


@dataclass(frozen=True)
class NewStep:
    """A step about to begin.

    Args:
        index: its number.
        name: the operator's class name.
        parent: folder of the step it reads; None for the source.
        identity: JSON data; together with the parent it determines the content.
        description: JSON data for people: operator, parameters, keys.
    """

    index: int
    name: str
    parent: str | None
    identity: dict[str, Any]
    description: dict[str, Any]


@dataclass(frozen=True)
class WrittenPart:
    """A part whose files are written, but which the manifest does not know yet.

    Args:
        number: its number.
        part: its record.
        paths: its files.
    """

    number: int
    part: Part
    paths: list[Path]


class StepStore:
    """The steps of one run directory.

    Args:
        path: the run's directory; it is created by the first write.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._journal = Journal(path / "manifest.journal")
        self._manifest = Manifest()
        self._seen = 0
        self._committed = 0.0
        self._written: list[Path] = []
        self._records: list[dict[str, Any]] = []
        self._lock = RunLock(path / "run.lock")
        self.refresh()

    # -- what is there -------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Take in what other processes have committed since."""
        size = self._journal.path.stat().st_size if self._journal.path.exists() else 0
        if size == self._seen:
            return
        self._manifest = Manifest()
        for _, record in self._journal.replay():
            if record["kind"] == "run" and record["format"] != FORMAT:
                raise StorageError(
                    f"{self.path} was written in format {record['format']}, this version reads {FORMAT}; "
                    "use the version that wrote it, or start over with fresh=True"
                )
            self._manifest.add(record)
        self._seen = size

    @property
    def steps(self) -> list[Step]:
        """The steps, by number."""
        return sorted(self._manifest.steps.values(), key=lambda step: step.index)

    def step(self, index: int) -> Step:
        """Return the step of that number.

        Raises:
            StorageError: there is none.
        """
        step = self._manifest.at(index)
        if step is None:
            known = ", ".join(f"{one.index} {one.name}" for one in self.steps) or "none"
            raise StorageError(f"{self.path} has no step {index}; steps there: {known}")
        return step

    def chain(self, step: Step) -> list[Step]:
        """Return the steps from the source to `step`."""
        return self._manifest.chain(step)

    def schema(self, step: Step) -> pa.Schema:
        """Return all columns of the table after a step."""
        fields: dict[str, pa.Field] = {}
        for one in self.chain(step):
            if one.replaces:
                fields.clear()
            fields.update({field.name: field for field in one.schema})
        return pa.schema(list(fields.values()))

    # -- writing -------------------------------------------------------------------------------------------------------

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from writing; re-entrant."""
        self.path.mkdir(parents=True, exist_ok=True)
        with self._lock:
            self.refresh()
            try:
                yield
            finally:
                self.commit()
                self._journal.close()

    def find(self, new: NewStep) -> Step | None:
        """Return the step with this identity, if it is there."""
        step = self._manifest.steps.get(self._folder(new)[0])
        return step if step is not None and step.parent == new.parent else None

    def _folder(self, new: NewStep) -> tuple[str, str]:
        parent = self._manifest.steps[new.parent] if new.parent is not None else None
        text = json.dumps([FORMAT, new.name, new.identity, parent.fingerprint if parent else None], sort_keys=True)
        fingerprint = _native.digest(text.encode())
        return f"{new.index:03d}-{new.name}-{fingerprint[:12]}", fingerprint

    def begin(self, new: NewStep) -> Step:
        """Return the step with this identity, begun or found; a step of the same number with another one is deleted."""
        known = self.find(new)
        if known is not None:
            return known
        folder, fingerprint = self._folder(new)
        superseded = self._manifest.at(new.index)
        if superseded is not None:
            self.forget(superseded)
        (self.path / "steps" / folder).mkdir(parents=True, exist_ok=True)
        if not self._manifest.steps:
            self._append({"kind": "run", "format": FORMAT})
        self._append(
            {
                "kind": "step",
                "index": new.index,
                "name": new.name,
                "folder": folder,
                "parent": new.parent,
                "fingerprint": fingerprint,
                "description": new.description,
            }
        )
        return self._manifest.steps[folder]

    def forget(self, step: Step) -> None:
        """Delete a step and everything that was made from it."""
        for one in [*reversed(self._manifest.below(step)), step]:
            self._append({"kind": "gone", "folder": one.folder})
            shutil.rmtree(self.path / "steps" / one.folder, ignore_errors=True)

    def add_part(self, step: Step, rows_in: int, output: StepOutput, stats: dict[str, Any]) -> None:
        """Write the next part of a step; `commit` makes it count. See `write_part`."""
        self.append_part(step, self.write_part(step, len(step.parts), rows_in, output, stats))

    def write_part(
        self, step: Step, number: int, rows_in: int, output: StepOutput, stats: dict[str, Any]
    ) -> WrittenPart:
        """Write the files of a part, in any order and from any thread; `append_part` puts it in its place.

        Args:
            step: the step.
            number: number of the part.
            rows_in: rows of the parent's part.
            output: what the step did to it.
            stats: `seconds` and, for model calls, `usage`.
        """
        columns = pa.record_batch(output.columns) if output.columns else None
        batches = {
            "rows": columns,
            "take": None,
            "drops": output.drops,
            "errors": output.errors,
            "scores": None,
        }
        if output.take is not None:
            batches["take"] = pa.record_batch({"take": output.take})
        if output.scores is not None:
            batches["scores"] = pa.record_batch({"score": output.scores})
        files, paths = {}, []
        for kind, batch in batches.items():
            if batch is not None and (batch.num_rows or kind in ("rows", "take")):
                path = part_files.path_of(self.path / "steps" / step.folder, number, kind)
                files[kind] = part_files.write(path, batch)
                paths.append(path)
        part = Part(
            rows_in=rows_in,
            rows_out=output.rows_out(rows_in),
            files=files,
            schema=columns.schema if columns is not None else pa.schema([]),
            drops=_counts(output.drops, "rule"),
            errors=_counts(output.errors, "type"),
            seconds=stats.get("seconds", 0.0),
            usage=stats.get("usage", {}),
            rows="replaced" if output.replaced else "new" if output.new_rows else "kept",
        )
        return WrittenPart(number, part, paths)

    def append_part(self, step: Step, written: WrittenPart) -> None:
        """Make a written part the next one of its step; `commit` makes it count."""
        assert written.number == len(step.parts), "parts are appended in order"
        step.parts.append(written.part)
        self._written.extend(written.paths)
        self._records.append(
            {"kind": "part", "folder": step.folder, "number": written.number, **written.part.to_record()}
        )

    def commit(self, *, now: bool = True) -> None:
        """Commit the parts written so far: first their files are safe on disk, then their records.

        Args:
            now: False: only if the last commit is a while ago, because waiting for the disk costs more than what a
                killed process would have to redo.
        """
        if not now and time.monotonic() - self._committed < COMMIT_INTERVAL_S:
            return
        part_files.sync(self._written)
        self._written = []
        if self._records:
            self._journal.append(*self._records)
            self._records = []
            self._seen = self._journal.path.stat().st_size
        self._committed = time.monotonic()

    def add_all(self, step: Step, parent: Step, output: StepOutput, stats: dict[str, Any]) -> None:
        """Commit what a barrier decided, cut into the parts of its parent.

        A killed process may have left some of the parts; they are the same ones, so only the missing are added.
        """
        if output.replaced:
            for number, part in enumerate(slices(output)):
                if number >= len(step.parts):
                    self.add_part(step, 0 if number else parent.rows_out, part, {} if number else stats)
            return
        start = taken = 0
        for number, before in enumerate(parent.parts):
            end = start + before.rows_out
            part, taken = cut(output, start, end, taken)
            if number >= len(step.parts):
                self.add_part(step, before.rows_out, part, stats if number == 0 else {})
            start = end

    def add_bad_lines(self, step: Step, lines: list[dict[str, Any]]) -> None:
        """Keep the lines of the source that could not be read."""
        path = self.path / "steps" / step.folder / "bad_lines.jsonl"
        if lines:
            path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")

    def bad_lines(self, step: Step) -> pa.Table:
        """Return the lines of the source that could not be read."""
        path = self.path / "steps" / step.folder / "bad_lines.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return pa.Table.from_pylist([json.loads(line) for line in lines], schema=BAD_LINES_SCHEMA)

    def finish(self, step: Step) -> None:
        """Record that all parts are there."""
        if not step.done:
            self._append({"kind": "done", "folder": step.folder})
            _native.release_memory()

    def _append(self, record: dict[str, Any]) -> None:
        self.commit()
        self._journal.append(record)
        self._manifest.add(record)
        self._seen = self._journal.path.stat().st_size

    # -- reading -------------------------------------------------------------------------------------------------------

    def read_part(self, step: Step, number: int, columns: list[str] | None = None) -> pa.RecordBatch:
        """Return a part of the table after a step: all columns, or those named, in the types of `schema(step)`."""
        schema = self.schema(step)
        wanted = list(schema.names if columns is None else columns)
        found: dict[str, pa.Array] = {}
        for one, positions in self._backwards(step, number):
            part = one.parts[number]
            here = [name for name in wanted if name not in found and name in part.schema.names]
            if here:
                stored = self._file(one, number, "rows", here)
                for name in here:
                    values = stored[name] if positions is None else take(stored[name], positions)
                    target = schema.field(name).type
                    found[name] = values if values.type == target else values.cast(target)
            if len(found) == len(wanted):
                break
        if not wanted:
            return bare(step.parts[number].rows_out)
        return pa.RecordBatch.from_arrays(
            [found[name] for name in wanted], schema=pa.schema([schema.field(name) for name in wanted])
        )

    def batches(self, step: Step, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the table after a step, part by part."""
        for number in range(len(step.parts)):
            yield self.read_part(step, number, columns)
            _native.release_memory()

    def read(self, step: Step, columns: list[str] | None = None) -> pa.Table:
        """Return the table after a step."""
        schema = self.schema(step)
        if columns is not None:
            schema = pa.schema([schema.field(name) for name in columns])
        return pa.Table.from_batches(list(self.batches(step, columns)), schema=schema)

    def dataset(self, step: Step, columns: list[str], on_batch: Callable[[int], None] | None = None) -> StoredDataset:
        """Return the table after a step as something to iterate over."""
        return StoredDataset(self, step, columns, on_batch)

    def log(self, step: Step, kind: str, number: int) -> pa.RecordBatch | None:
        """Return a part's drops, errors, scores or rejects; None where there are none."""
        return self._file(step, number, kind) if kind in step.parts[number].files else None

    def row_ids(self, step: Step, number: int) -> pa.Int64Array:
        """Return the id of each row of a part after a step."""
        ids: pa.Int64Array | None = None
        for one, positions in self._backwards(step, number):
            if not one.gives_ids:
                continue
            start = one.base + sum(part.rows_out for part in one.parts[:number])
            ids = pa.array(range(start, start + one.parts[number].rows_out), pa.int64())
            return ids if positions is None else take(ids, positions)
        raise AssertionError("the source gives ids")

    def positions(self, step: Step, number: int) -> pa.Int64Array | None:
        """Return, for each row of a part, its position in the parent's part; None: the same."""
        if "take" not in step.parts[number].files:
            return None
        return self._file(step, number, "take")["take"]

    def _backwards(self, step: Step, number: int) -> Iterator[tuple[Step, pa.Int64Array | None]]:
        """Walk to the source with the positions of the rows of `step` in the part of each step on the way."""
        positions: pa.Int64Array | None = None
        for one in reversed(self.chain(step)):
            yield one, positions
            if one.replaces:
                return
            here = self.positions(one, number)
            if here is not None:
                positions = here if positions is None else take(here, positions)

    def _file(self, step: Step, number: int, kind: str, columns: list[str] | None = None) -> pa.RecordBatch:
        path = part_files.path_of(self.path / "steps" / step.folder, number, kind)
        return part_files.read(path, step.parts[number].files[kind], columns)


def _counts(log: pa.RecordBatch | None, column: str) -> dict[str, int]:
    return dict(Counter(log[column].to_pylist()).most_common()) if log is not None else {}
