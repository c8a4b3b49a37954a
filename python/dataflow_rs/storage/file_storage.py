"""`FileStorage`: where a pipeline's table lives between operators, and how it gets in and out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from dataflow_rs.exceptions import ParameterError, StorageError
from dataflow_rs.storage import tracing
from dataflow_rs.storage.outcome import StepOutput
from dataflow_rs.storage.run import Run
from dataflow_rs.storage.step_store import NewStep, Step, StepStore
from dataflow_rs.storage.table import As, as_batches, convert

if TYPE_CHECKING:
    from dataflow_rs.storage.formats import Source

OnBadLine = Literal["stop", "skip"]

SMALLEST_PART, LARGEST_PART, PARTS = 4 << 20, 64 << 20, 128
"""Bytes of the smallest and largest part, and how many parts a source is cut into between the two."""


class FileStorage:
    """A table and the steps made from it, in a directory of its own.

    The source is copied into the run directory once, as Arrow; each operator then adds a step that holds only what it
    produced. Steps whose inputs, parameters and prompts have not changed are reused by later runs.

    Args:
        source: path, glob, list of paths (Parquet, JSON Lines, JSON, CSV, TSV, Arrow IPC; text formats also gzip or
            zstd), or a table in memory (pyarrow, Polars, anything with `__arrow_c_stream__`, a list of dicts). None:
            the table comes from `write()`.
        cache_path: the run directory. It is created, and may hold earlier runs of the same pipeline.
        format: parquet, arrow, jsonl, json, csv or tsv, where the file name does not say it.
        schema: column -> Arrow type or its name (`{"id": "int64"}`), for columns whose type should not be inferred.
        on_bad_line: `stop` at a line that cannot be read, or `skip` it and record it (see `bad_lines`).
        batch_rows: largest number of rows in a part, the unit of commit and resume.
        batch_bytes: size of a part in bytes; None: a 128th of the source, between 4 and 64 MiB.

    Examples:
        >>> import tempfile
        >>> storage = FileStorage([{"text": "one"}, {"text": "two words"}], cache_path=tempfile.mkdtemp())
        >>> storage.read(as_="dicts")
        [{'text': 'one'}, {'text': 'two words'}]
    """

    def __init__(
        self,
        source: Any = None,
        cache_path: str | os.PathLike[str] = "./cache",
        *,
        format: str | None = None,
        schema: dict[str, Any] | pa.Schema | None = None,
        on_bad_line: OnBadLine = "stop",
        batch_rows: int = 65_536,
        batch_bytes: int | None = None,
    ) -> None:
        for name, value in (("batch_rows", batch_rows), ("batch_bytes", batch_bytes)):
            if value is not None and value < 1:
                raise ParameterError(f"FileStorage({name}=): {value} must be at least 1")
        self.source = source
        self.cache_path = Path(cache_path)
        self.format = format
        self.source_schema = schema
        self.on_bad_line = on_bad_line
        self.batch_rows = batch_rows
        self.batch_bytes = batch_bytes
        self.store = StepStore(self.cache_path)
        self._last: int | None = None
        self._opened: Source | None = None
        self._identity: dict[str, Any] = {}

    # -- steps ---------------------------------------------------------------------------------------------------------

    def step(self, after: StorageStep | int | None = None) -> StorageStep:
        """Return the place for the next operator: `operator.run(storage=storage.step())`.

        Args:
            after: the step to read, as its number or the object that `step()` returned for it; by default the last one.
        """
        tracer = tracing.active()
        if tracer is not None:
            return StorageStep(self, tracer.parent_of(self, after))
        return StorageStep(self, self._resolve(after))

    def _resolve(self, after: StorageStep | int | None) -> int:
        if after is None:
            return self._last or 0
        return after if isinstance(after, int) else after.number

    def claim(self) -> int:
        """Return the number of the step that begins now."""
        self._last = (self._last or 0) + 1
        return self._last

    def reset(self) -> None:
        """Start over with step 1; what is stored stays and is reused where it fits."""
        self._last = None

    def clear(self) -> None:
        """Delete all steps, the copy of the source included. Finished model calls are kept, not paid again."""
        tracing.forbid("storage.clear()")
        if self.cache_path.exists():
            with self.store.locked():
                for step in reversed(self.store.steps):
                    self.store.forget(step)
        self.reset()

    def prepare(self) -> Step:
        """Bring the source into the store, unless it is there already, and return step 0."""
        with self.store.locked():
            source = self._open()
            files = source.identity() if source.files else None
            options = {
                "format": self.format,
                "schema": _plain(self.source_schema),
                "on_bad_line": self.on_bad_line,
            }
            options |= {"batch_rows": self.batch_rows, "batch_bytes": self.batch_bytes}
            description = {"files": files, "options": options}
            known = next((step for step in self.store.steps if step.index == 0), None)
            if known is not None and known.done and files is not None and known.description == description:
                return known
            identity = {"digest": source.content_digest(), "options": options}
            step = self.store.begin(NewStep(0, "source", None, identity, description))
            if not step.done:
                self._import(step, source)
            return step

    def _import(self, step: Step, source: Source) -> None:
        empty = True
        for number, batch in enumerate(source.batches()):
            empty = False
            if number >= len(step.parts):
                self.store.add_part(step, 0, _as_source(batch), {})
                self.store.commit(now=False)
        if empty:
            self.store.add_part(step, 0, _as_source(pa.RecordBatch.from_pylist([], schema=source.schema)), {})
        self.store.add_bad_lines(step, [asdict(line) for line in source.bad_lines])
        self.store.finish(step)

    def _open(self) -> Source:
        """Return the source; what was found out about its schema is kept while its files stay as they are."""
        from dataflow_rs.storage.formats import open_source

        if self._opened is not None and self._opened.identity() == self._identity:
            return self._opened
        if self.source is None:
            raise StorageError(
                f"FileStorage(cache_path={str(self.cache_path)!r}) has no source; give a path or a table, or begin "
                "with storage.write(table)"
            )
        source = open_source(
            self.source,
            format=self.format,
            schema=self.source_schema,
            on_bad_line=self.on_bad_line,
            batch_rows=self.batch_rows,
            batch_bytes=self.batch_bytes or self._part_bytes(),
        )
        self._opened, self._identity = source, source.identity()
        return source

    def _part_bytes(self) -> int:
        from dataflow_rs.storage.files import is_paths, resolve

        size = sum(file.stat().st_size for file in resolve(self.source)) if is_paths(self.source) else 0
        return min(max(size // PARTS, SMALLEST_PART), LARGEST_PART)

    # -- reading and writing -------------------------------------------------------------------------------------------

    @property
    def columns(self) -> dict[str, pa.DataType]:
        """Column -> type of the source."""
        if self.source is None:
            return {field.name: field.type for field in self.store.schema(self.store.step(0))}
        return {field.name: field.type for field in self._open().schema}

    def read(self, step: int | StorageStep | None = None, as_: As = "arrow", columns: list[str] | None = None) -> Any:
        """Return the table after a step.

        Args:
            step: number of the step (0 is the source) or the object that `step()` returned; by default the last one.
            as_: `arrow`, `polars`, `pandas` or `dicts`.
            columns: only these columns.

        Raises:
            StorageError: there is no such step, or it is not finished.
        """
        tracing.forbid("storage.read()")
        return convert(self.store.read(self._finished(step), columns), as_)

    def batches(
        self, step: int | StorageStep | None = None, columns: list[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Yield the table after a step in record batches, so that memory stays bounded."""
        tracing.forbid("storage.batches()")
        return self.store.batches(self._finished(step), columns)

    def write(self, table: Any) -> StorageStep:
        """Make a table the next step; it takes the place of everything before.

        Args:
            table: pyarrow, Polars, anything with `__arrow_c_stream__`, or a list of dicts.
        """
        tracing.forbid("storage.write()")
        if self.source is None and self._last is None:
            self.source = table
            self.prepare()
            return StorageStep(self, 0, number=0)
        return self.step().write(table)

    def source_batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows of the source, read anew; nothing is stored."""
        if self.source is None:
            return self.store.batches(self.store.step(0))
        return self._open().batches()

    def export(
        self,
        path: str | os.PathLike[str],
        step: int | StorageStep | None = None,
        *,
        format: str | None = None,
        compression: str | None = None,
        columns: list[str] | None = None,
    ) -> Path:
        """Write the table after a step to a file; inside `forward()` it becomes part of the plan.

        Args:
            path: the file; its suffix tells the format: .parquet, .arrow, .jsonl, .json, .csv, .tsv; text formats also
                with .gz or .zst.
            step: number of the step or the object that `step()` returned; by default the last one.
            format: the format, where the suffix does not say it.
            compression: of Parquet (zstd by default) and Arrow files.
            columns: only these columns.

        Raises:
            ExportError: the format cannot hold the table; nothing is written.
        """
        options = {"format": format, "compression": compression, "columns": columns}
        tracer = tracing.active()
        if tracer is not None:
            tracer.record_export(self, path, step, options)
            return Path(path)
        return self.export_step(self._finished(step), path, **options)

    def export_step(self, step: Step, path: str | os.PathLike[str], **options: Any) -> Path:
        """Write the table after a stored step to a file; see `export`."""
        from dataflow_rs.storage.formats import write_file

        columns = options.pop("columns", None)
        schema = self.store.schema(step)
        if columns is not None:
            schema = pa.schema([schema.field(name) for name in columns])
        write_file(self.store.batches(step, columns), schema, path, **options)
        return Path(path)

    @property
    def run(self) -> Run:
        """What the run directory holds: steps, drops, errors, explanations of single rows."""
        return Run(self.store)

    @property
    def bad_lines(self) -> pa.Table:
        """Lines of the source that could not be read: file, line, column, message, text."""
        return self.store.bad_lines(self._finished(0))

    def _finished(self, step: int | StorageStep | None) -> Step:
        self.store.refresh()
        if step is None and self._last is None and not self.store.steps:
            self.prepare()
        number = self._resolve(step)
        if step is None and self._last is None:
            number = self.store.steps[-1].index
        if number == 0 and self.source is not None:
            return self.prepare()
        found = self.store.step(number)
        if not found.done:
            raise StorageError(f"step {number} {found.name} is not finished; run the pipeline again to go on")
        return found

    def describe(self) -> dict[str, Any]:
        """Return the arguments as JSON data, for recipes.

        Raises:
            ParameterError: the source is a table in memory.
        """
        if not isinstance(self.source, (str, os.PathLike, list, type(None))) or _is_rows(self.source):
            raise ParameterError("a table in memory cannot be written into a recipe; store it as a file first")
        source = [str(path) for path in self.source] if isinstance(self.source, list) else self.source
        description: dict[str, Any] = {
            "source": str(source) if isinstance(source, os.PathLike) else source,
            "cache_path": str(self.cache_path),
        }
        defaults = {"format": None, "on_bad_line": "stop", "batch_rows": 65_536, "batch_bytes": None}
        description |= {name: getattr(self, name) for name, value in defaults.items() if getattr(self, name) != value}
        if self.source_schema is not None:
            description["schema"] = _plain(self.source_schema)
        return description

    def __repr__(self) -> str:
        """Show source and directory."""
        shown = self.source if isinstance(self.source, (str, os.PathLike)) else type(self.source).__name__
        return f"FileStorage({str(shown)!r}, cache_path={str(self.cache_path)!r})"


class StorageStep:
    """The place of one operator in a storage: what it reads, and where its result goes.

    Attributes:
        storage: the storage.
        parent: number of the step that is read.
        number: number of the step itself, once it has run.
    """

    def __init__(self, storage: FileStorage, parent: int, number: int | None = None) -> None:
        self.storage = storage
        self.parent = parent
        self._number = number

    @property
    def number(self) -> int:
        """Number of the step.

        Raises:
            StorageError: no operator has run here yet.
        """
        if self._number is None:
            raise StorageError("no operator has run on this step yet: pass it to operator.run(storage=...) first")
        return self._number

    def take_number(self, number: int) -> None:
        """Remember the number that the step got.

        Raises:
            StorageError: it has one already.
        """
        if self._number is not None:
            raise StorageError(f"step {self._number} has run already; call storage.step() for every operator")
        self._number = number

    def read(self, as_: As = "arrow", columns: list[str] | None = None) -> Any:
        """Return the table that an operator would read here."""
        return self.storage.read(self.parent, as_, columns)

    def write(self, table: Any) -> StorageStep:
        """Make a table the result of this step."""
        tracing.forbid("storage.step().write()")
        store = self.storage.store
        source = pa.Table.from_batches(list(as_batches(table)))
        digest = _digest(source)
        if self.parent == 0:
            self.storage.prepare()
        with store.locked():
            parent = store.step(self.parent)
            self.take_number(self.storage.claim())
            step = store.begin(NewStep(self.number, "write", parent.folder, {"digest": digest}, {}))
            columns = {name: source[name].combine_chunks() for name in source.column_names}
            if not step.done:
                store.add_all(step, parent, StepOutput(None, columns, replaced=True), {})
                store.finish(step)
        return self


def _as_source(batch: pa.RecordBatch) -> StepOutput:
    return StepOutput(None, dict(zip(batch.schema.names, batch.columns, strict=True)), replaced=True)


def _digest(table: pa.Table) -> str:
    from dataflow_rs.storage.formats import open_source

    return open_source(table).content_digest()


def _plain(schema: Any) -> Any:
    """Return a schema as column -> type name."""
    if schema is None:
        return None
    if isinstance(schema, pa.Schema):
        return {field.name: str(field.type) for field in schema}
    return {name: str(kind) for name, kind in schema.items()}


def _is_rows(source: Any) -> bool:
    return isinstance(source, list) and any(isinstance(item, dict) for item in source)
