"""`Carrier`: a piece of work in a thread of its own that can be stopped from outside."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

SECONDS_TO_STOP = 5.0
"""How long a stopped thread is waited for: what sleeps or computes outside the interpreter goes on."""


class Stopped(BaseException):
    """Raised in a thread that is stopped; no `except Exception` catches it by accident."""


class Carrier(Generic[T]):
    """Does work in a thread of its own, in the context of the one that made it.

    Args:
        work: what to do.
        name: name of the thread.

    Examples:
        >>> Carrier(lambda: 6 * 7, "answer").result()
        42
    """

    def __init__(self, work: Callable[[], T], name: str) -> None:
        self.name = name
        self._work = work
        self._context = contextvars.copy_context()
        self._running = True
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._error: BaseException | None = None
        self._result: T
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def result(self) -> T:
        """Wait for the end of the work and return what it gave, or raise what it raised."""
        while not self._ended.wait(0.2):
            pass  # waiting in slices lets Ctrl-C through on every platform
        if self._error is not None:
            raise self._error
        return self._result

    def stop(self) -> None:
        """Raise `Stopped` in the thread, as Ctrl-C raises `KeyboardInterrupt` in the main one."""
        import ctypes

        with self._lock:
            if self._running and self._thread.ident is not None:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(self._thread.ident), ctypes.py_object(Stopped)
                )

    def join(self) -> None:
        """Wait for the thread, but not for ever."""
        self._thread.join(SECONDS_TO_STOP)

    def _run(self) -> None:
        try:
            try:
                self._result = self._context.run(self._work)
            finally:
                with self._lock:  # from here on nothing is raised in this thread any more
                    self._running = False
        except BaseException as error:  # noqa: BLE001  the thread that waits raises it
            self._error = error
        self._ended.set()
