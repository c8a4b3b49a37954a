"""The switch between running and recording: while a pipeline is compiled, `run()` calls are recorded, not executed.

`compile()` installs a tracer for the duration of one `forward()` call. Everything that would touch data or a model
asks here first, so that compiling executes nothing, whatever `forward()` contains.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from dataflow_rs.exceptions import DataFlowError


class TracingError(DataFlowError, RuntimeError):
    """`forward()` does something that cannot be recorded."""


class Tracer(Protocol):
    """What records the calls of a pipeline."""

    def record(self, operator: Any, storage: Any, keys: dict[str, Any]) -> list[str]:
        """Record an operator call and return the columns that it will write."""
        ...

    def parent_of(self, storage: Any, after: Any) -> int:
        """Return the number of the step that the next operator of a storage reads."""
        ...

    def record_export(self, storage: Any, path: Any, step: Any, options: dict[str, Any]) -> None:
        """Record that the table after a step is to be written to a file."""
        ...


_tracer: ContextVar[Tracer | None] = ContextVar("dataflow_rs_tracer", default=None)


def active() -> Tracer | None:
    """Return the tracer while a pipeline is being compiled, else None."""
    return _tracer.get()


@contextmanager
def tracing(tracer: Tracer) -> Iterator[None]:
    """Record instead of running, within the block."""
    token = _tracer.set(tracer)
    try:
        yield
    finally:
        _tracer.reset(token)


def forbid(what: str) -> None:
    """Raise while a pipeline is being compiled, for calls that cannot be recorded.

    Raises:
        TracingError: a pipeline is being compiled.
    """
    if _tracer.get() is not None:
        raise TracingError(
            f"forward() calls {what}, which needs data; compile() executes nothing. Put it into an operator, or run "
            "the pipeline without compile()"
        )
