"""`Plan`: the bound operators of a pipeline, checked, serialisable, and run with resume by default."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from dataflow_rs._native import __version__
from dataflow_rs.core.bases import DatasetOperator
from dataflow_rs.core.bound_step import BoundStep
from dataflow_rs.core.execution import run_steps
from dataflow_rs.core.operator import Operator
from dataflow_rs.exceptions import CompileError, DataFlowError, ParameterError, StorageError
from dataflow_rs.storage.file_storage import FileStorage
from dataflow_rs.storage.run import INFO_FILE, Run
from dataflow_rs.storage.step_store import Step

if TYPE_CHECKING:
    from dataflow_rs.pipeline.estimate import PlanEstimate


@dataclass(frozen=True)
class PlannedStep:
    """One `run()` call of a pipeline.

    Attributes:
        operator: the operator.
        given: the keys as they were given.
        storage: the storage it works on.
        index: its number in that storage, from 1.
        parent: number of the step it reads; 0 is the source.
        attribute: name of the operator in the pipeline, such as `words` or `filters[2]`; for messages.
    """

    operator: Operator
    given: dict[str, Any]
    storage: FileStorage
    index: int
    parent: int
    attribute: str = ""

    @property
    def title(self) -> str:
        """How messages name the step."""
        place = f" (self.{self.attribute})" if self.attribute else ""
        return f"step {self.index}, {self.operator.name}{place}"

    def bind(self) -> BoundStep:
        """Return the step with all keys."""
        keys = self.operator.spec().bind_keys(self.given)
        return BoundStep(self.operator, keys, self.index, self.parent)


@dataclass(frozen=True)
class PlannedExport:
    """An `export()` call of a pipeline: the table after a step goes into a file when the steps are done."""

    storage: FileStorage
    path: Path
    step: int
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What a pipeline will do.

    Attributes:
        name: name of the pipeline.
        steps: the operators, in the order of their calls.
        exports: the files to write.

    Examples:
        >>> import tempfile
        >>> from dataflow_rs import FileStorage, Pipeline, get_operator
        >>> class Count(Pipeline):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.storage = FileStorage([{"text": "a b"}, {"text": "c"}], cache_path=tempfile.mkdtemp())
        ...         self.words = get_operator("WordNumberFilter")(min_words=2)
        ...     def forward(self):
        ...         self.words.run(storage=self.storage.step(), input_key="text")
        >>> plan = Count().compile()
        >>> plan.run(quiet=True).table().to_pylist()
        [{'text': 'a b'}]
    """

    name: str
    steps: tuple[PlannedStep, ...]
    exports: tuple[PlannedExport, ...] = ()

    @property
    def storages(self) -> list[FileStorage]:
        """The storages, in order of first use."""
        used = [step.storage for step in self.steps] + [export.storage for export in self.exports]
        return list({id(storage): storage for storage in used}.values())

    # -- checking ------------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Check keys, column names and types, servings, prompts, extras and files; nothing is read or sent.

        Raises:
            CompileError: lists all mistakes.
        """
        mistakes = [mistake for storage in self.storages for mistake in self._mistakes(storage)]
        mistakes += [
            f"export to {export.path}: {problem}" for export in self.exports for problem in _export_problems(export)
        ]
        if mistakes:
            raise CompileError(mistakes)

    def _mistakes(self, storage: FileStorage) -> Iterator[str]:
        tables: dict[int, dict[str, pa.DataType | None] | None] = {0: None}
        try:
            tables[0] = dict(storage.columns)
        except DataFlowError as error:
            yield f"source: {error}"
        for step in self._of(storage):
            columns = tables.get(step.parent)
            spec = step.operator.spec()
            wrong_keys = spec.key_mistakes(step.given)
            yield from (f"{step.title}: {mistake}" for mistake in wrong_keys)
            yield from (f"{step.title}: {problem}" for problem in step.operator.problems())
            if columns is None:
                tables[step.index] = None
                continue
            # A wrong key does not hide the mistakes in the other ones.
            keys = {key.name: step.given.get(key.name, key.default) for key in spec.keys}
            yield from (f"{step.title}: {wrong}" for wrong in step.operator.column_mistakes(columns, keys))
            tables[step.index] = step.operator.columns_after(columns, keys)

    def _of(self, storage: FileStorage) -> list[PlannedStep]:
        return [step for step in self.steps if step.storage is storage]

    def estimate(self, rows: int = 100) -> PlanEstimate:
        """Return what the plan will ask of models at most: calls, tokens and cost of each step. Nothing is sent.

        The sources are read once, and the plan is tried on a sample of their rows, without storing anything. Rows that
        rules drop there are not counted; where a step depends on answers, all rows are taken to stay. Calls that the
        run has recorded already cost nothing. A budget that may not suffice is named in `warnings`, and logged.

        Args:
            rows: size of the sample.

        Examples:
            >>> import tempfile
            >>> from dataflow_rs import FileStorage, Pipeline, get_operator
            >>> from dataflow_rs.testing import FakeServing
            >>> class Ask(Pipeline):
            ...     def __init__(self):
            ...         super().__init__()
            ...         self.storage = FileStorage([{"text": "a b"}, {"text": "c"}], cache_path=tempfile.mkdtemp())
            ...         self.words = get_operator("WordNumberFilter")(min_words=2)
            ...         self.ask = get_operator("PromptedGenerator")(FakeServing(["yes"], price=(1.0, 100.0)), "Right?")
            ...     def forward(self):
            ...         self.words.run(storage=self.storage.step(), input_key="text")
            ...         self.ask.run(storage=self.storage.step(), input_key="text", output_key="reply")
            >>> estimate = Ask().compile().estimate()
            >>> estimate.steps[1].rows, estimate.total.calls, round(estimate.total.cost, 4)
            (1, 1, 0.1024)
        """
        from dataflow_rs.pipeline.estimate import estimate

        if rows < 1:
            raise ParameterError(f"estimate(rows={rows}): it must be at least 1")
        return estimate(self.steps, rows)

    # -- running -------------------------------------------------------------------------------------------------------

    def run(
        self,
        *,
        resume_step: int | None = None,
        fresh: bool = False,
        executor: str = "local",
        quiet: bool | None = None,
    ) -> Run:
        """Execute the plan. What is stored under the same fingerprint is reused.

        Args:
            resume_step: keep the results of the first `resume_step` steps, which must be there and unchanged, and redo
                all others.
            fresh: delete all stored steps first. Finished model calls stay in the call log and are not paid again.
            executor: `local`.
            quiet: no progress; None: as `DATAFLOW_RS_PROGRESS` says.

        Returns:
            The run: tables, drop log, errors, explanations.

        Raises:
            StorageError: `resume_step` names steps that are not stored.
        """
        if executor != "local":
            raise ParameterError(f"executor={executor!r} is not known; there is: 'local'")
        if not self.storages:
            raise ParameterError(f"the pipeline {self.name} has no steps")
        for storage in self.storages:
            self._run_storage(storage, resume_step=resume_step, fresh=fresh, quiet=quiet)
        return self.storages[0].run

    def _run_storage(self, storage: FileStorage, *, resume_step: int | None, fresh: bool, quiet: bool | None) -> None:
        planned = self._of(storage)
        bound = [step.bind() for step in planned]
        if fresh:
            storage.clear()
        storage.reset()
        source = storage.prepare()
        with storage.store.locked():
            if resume_step is not None:
                _keep_only(storage, source, bound, resume_step)
            for stale in reversed(storage.store.steps):
                if stale.index > len(bound):
                    storage.store.forget(stale)
            started = time.time()
            self._write_info(storage, len(bound), started, None)
            done = run_steps(storage.store, bound, quiet=quiet, release=True)
            for _ in bound:
                storage.claim()
            for export in self.exports:
                if export.storage is storage:
                    storage.export_step(done[export.step], export.path, **export.options)
            self._write_info(storage, len(bound), started, time.time())

    def _write_info(self, storage: FileStorage, steps: int, started: float, finished: float | None) -> None:
        try:
            recipe = self.to_dict()
        except ParameterError:  # a table in memory has no place in a recipe; the run is complete without one
            recipe = None
        info = {
            "name": self.name,
            "steps": steps,
            "started": started,
            "finished": finished,
            "exports": [
                {"path": str(export.path), "step": export.step} for export in self.exports if export.storage is storage
            ],
            "versions": {"dataflow_rs": __version__, "python": platform.python_version(), "pyarrow": pa.__version__},
            "machine": platform.platform(),
            "mermaid": self.to_mermaid(),
            "recipe": recipe,
        }
        path = storage.cache_path / INFO_FILE
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(info, indent=1, default=str), encoding="utf-8")
        temporary.replace(path)

    # -- other forms ---------------------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON data, the content of a recipe."""
        from dataflow_rs.pipeline.recipe import plan_to_dict

        return plan_to_dict(self)

    def to_yaml(self, path: str | os.PathLike[str] | None = None) -> str:
        """Return the plan as a YAML recipe, and write it to a file if a path is given."""
        from dataflow_rs.pipeline.recipe import dump

        text = dump(self.to_dict())
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def to_mermaid(self) -> str:
        """Return the plan as a Mermaid flowchart."""
        lines = ["flowchart TD"]
        for number, storage in enumerate(self.storages):
            lines.append(f'    s{number}_0[("{_escape(_source_name(storage))}")]')
            for step in self._of(storage):
                kind = step.operator.spec().kind
                shape = ("{{", "}}") if isinstance(step.operator, DatasetOperator) else ("[", "]")
                label = f"{step.index}. {step.operator.name}"
                lines.append(f'    s{number}_{step.index}{shape[0]}"{label}"{shape[1]}:::{kind}')
                lines.append(f"    s{number}_{step.parent} --> s{number}_{step.index}")
            for position, export in enumerate(e for e in self.exports if e.storage is storage):
                lines.append(f'    s{number}_e{position}[/"{_escape(export.path.name)}"/]')
                lines.append(f"    s{number}_{export.step} --> s{number}_e{position}")
        return "\n".join(lines) + "\n"

    def __str__(self) -> str:
        """Show one line per step."""
        lines = [f"{self.name}: {len(self.steps)} steps"]
        for step in self.steps:
            keys = ", ".join(f"{name}={value!r}" for name, value in step.given.items())
            after = "" if step.parent == step.index - 1 else f" after step {step.parent}"
            lines.append(f"  {step.index:>3}. {step.operator!r} on ({keys}){after}")
        return "\n".join(lines + [f"  export {export.path}" for export in self.exports])


def _keep_only(storage: FileStorage, source: Step, bound: Sequence[BoundStep], resume_step: int) -> None:
    if not 0 <= resume_step <= len(bound):
        raise ParameterError(f"resume_step={resume_step} must lie between 0 and the number of steps, {len(bound)}")
    done = {0: source}
    for step in bound[:resume_step]:
        found = storage.store.find(step.new_step(done[step.parent]))
        if found is None or not found.done:
            raise StorageError(
                f"resume_step={resume_step}: step {step.index} {step.operator.name} is not stored as it is now: it "
                "never finished, or its input, parameters or prompt have changed. Run without resume_step; what still "
                "fits is reused"
            )
        done[step.index] = found
    for stale in reversed(storage.store.steps):
        if stale.index > resume_step:
            storage.store.forget(stale)


def _export_problems(export: PlannedExport) -> Iterator[str]:
    from dataflow_rs.storage.files import format_of

    if export.options.get("format") is None:
        try:
            format_of(export.path, argument="path")
        except DataFlowError as error:
            yield str(error)


def _source_name(storage: FileStorage) -> str:
    source = storage.source
    return Path(source).name if isinstance(source, (str, os.PathLike)) else "table in memory"


def _escape(text: str) -> str:
    return text.replace('"', "'")
