"""`Pipeline`: operators in `__init__`, calls in `forward()`, as in PyTorch."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from dataflow_rs.exceptions import ParameterError, StorageError
from dataflow_rs.pipeline.plan import Plan
from dataflow_rs.pipeline.trace import Recorder, operators_in
from dataflow_rs.storage import tracing
from dataflow_rs.storage.file_storage import FileStorage
from dataflow_rs.storage.run import Run


class Pipeline:
    """Base of pipelines.

    A subclass makes storage, servings and operators in `__init__` and calls `operator.run(...)` in `forward()`.
    `compile()` checks everything and executes nothing; `forward()` runs the plan, or, uncompiled, one operator
    after the other. Both give the same tables, and both reuse what an earlier run has stored.

    `forward()` of every pipeline takes `resume_step`, `fresh`, `executor` and `quiet`; see `Plan.run`.

    Examples:
        >>> import tempfile
        >>> from dataflow_rs import FileStorage, Pipeline
        >>> from dataflow_rs.operators.general_text import ContentNullFilter
        >>> class Clean(Pipeline):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.storage = FileStorage([{"text": "a"}, {"text": " "}], cache_path=tempfile.mkdtemp())
        ...         self.filled = ContentNullFilter()
        ...     def forward(self):
        ...         self.filled.run(storage=self.storage.step(), input_key="text")
        >>> pipeline = Clean()
        >>> print(pipeline.compile())
        Clean: 1 steps
            1. ContentNullFilter() on (input_key='text')
        >>> run = pipeline.forward(quiet=True)
        >>> run.table().to_pylist()
        [{'text': 'a'}]
    """

    _plan: Plan | None = None
    _running: bool = False

    def __init__(self) -> None:
        pass

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "forward" in cls.__dict__:
            cls.forward = _runnable(cls.__dict__["forward"])  # type: ignore[method-assign]

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run the pipeline; a subclass overrides this, without arguments, with the calls of its operators.

        What users call is `forward(resume_step=None, fresh=False, executor="local", quiet=None)`; it returns the `Run`.
        """
        raise NotImplementedError(f"{type(self).__name__} has no forward() with the calls of its operators")

    def compile(self) -> Plan:
        """Record the calls of `forward()` and check them; nothing is executed, whatever `forward()` contains.

        Returns:
            The plan, which later calls of `forward()` run.

        Raises:
            CompileError: lists all mistakes, each with operator, argument, column and the nearest existing name.
            TracingError: `forward()` does something that needs data.
        """
        recorder = Recorder({id(operator): name for name, operator in operators_in(self)})
        with tracing.tracing(recorder):
            self._authored()
        plan = Plan(type(self).__name__, tuple(recorder.steps), tuple(recorder.exports))
        plan.check()
        self._plan = plan
        return plan

    def _authored(self) -> None:
        """Run the author's `forward()` as it is written."""
        self._running = True
        try:
            self.forward()
        finally:
            self._running = False

    def _run(self, options: dict[str, Any]) -> Run:
        if self._plan is not None:
            return self._plan.run(**options)
        return self._run_eagerly(**options)

    def _run_eagerly(
        self,
        *,
        resume_step: int | None = None,
        fresh: bool = False,
        executor: str = "local",
        quiet: bool | None = None,
    ) -> Run:
        storages = [value for value in vars(self).values() if isinstance(value, FileStorage)]
        if not storages:
            raise StorageError(f"{type(self).__name__} has no FileStorage among its attributes; make one in __init__")
        if resume_step is not None or executor != "local" or quiet is not None:
            raise ParameterError("resume_step, executor and quiet need a plan: call compile() before forward()")
        for storage in storages:
            if fresh:
                storage.clear()
            storage.reset()
        self._authored()
        return storages[0].run


def _runnable(authored: Callable[[Any], None]) -> Callable[..., Any]:
    """Give the author's `forward(self)` the options of a run."""

    @functools.wraps(authored)
    def forward(self: Pipeline, **options: Any) -> Run | None:
        if self._running:
            authored(self)
            return None
        return self._run(options)

    return forward
