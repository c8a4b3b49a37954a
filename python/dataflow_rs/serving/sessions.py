"""How requests get to a backend while others are still under way.

An `Exchange` gives requests to a session whenever it has some, and hears of each end through a callback. The engine of
the HTTP backends works on them in the background (`engine.EngineSession`); a backend that only has `answer_all()` works
on each lot before it takes the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeAlias

from dataflow_rs.exceptions import ServerFailedError
from dataflow_rs.serving.types import Completion, Request

Ended: TypeAlias = Callable[[Any, Completion], None]
"""Takes the name of a request and its end; may be called from any thread."""


class Session(Protocol):
    """Takes requests at any time."""

    when_idle: Callable[[], None]

    def submit(self, requests: Iterable[tuple[Any, Request]]) -> None:
        """Take in requests, each with a name; each will end once."""

    def check(self) -> None:
        """Raise what made the backend fail as a whole."""

    def cancel(self) -> None:
        """Give up what has not ended."""


class DirectSession:
    """Answers each lot of requests before `submit` returns.

    Args:
        answer_all: a backend's method.
        ended: called once for each request.
        name: the backend, for errors.
    """

    def __init__(
        self,
        answer_all: Callable[[Sequence[Request], Callable[[int, Completion], None]], None],
        ended: Ended,
        name: str,
    ) -> None:
        self._answer_all, self._ended, self._name = answer_all, ended, name
        self.when_idle: Callable[[], None] = lambda: None

    def submit(self, requests: Iterable[tuple[Any, Request]]) -> None:
        """Answer requests; one that the backend forgot ends with an error."""
        names, asked = zip(*requests, strict=True)
        still_open = set(range(len(names)))

        def finished(position: int, completion: Completion) -> None:
            if position in still_open:
                still_open.discard(position)
                self._ended(names[position], completion)

        self._answer_all(list(asked), finished)
        for position in sorted(still_open):
            error = ServerFailedError(f"{self._name} ended without an answer to this request")
            self._ended(names[position], Completion.failed(error))
        self.when_idle()

    def check(self) -> None:
        """Nothing can have happened in the meantime."""

    def cancel(self) -> None:
        """Nothing is under way."""
