"""`Serving`: a backend that answers model requests.

A backend writes one method, `answer_all()`. Replay from the call log, one sending of identical requests, checking of
structured replies with repair rounds, metering and the simple entry `generate_from_input()` are here and in
`exchange.py`, once for all backends. Every request ends as an answer or as a typed error in its own place.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Literal, TypeAlias

from typing_extensions import Self

from dataflow_rs.core.component import Component
from dataflow_rs.core.execution import around_runs
from dataflow_rs.core.metering import Meter
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.serving.call_log import CallLog, active_log, recording_run, shared_log
from dataflow_rs.serving.messages import Message
from dataflow_rs.serving.schema import check_schema
from dataflow_rs.serving.types import Completion, Request, Usage
from dataflow_rs.storage import tracing

Finished: TypeAlias = Callable[[int, Completion], None]
"""Takes the position of a request and its end; may be called from any thread."""
Replay: TypeAlias = Literal["auto", "only", "off"]

_log = logging.getLogger(__name__)
_SAMPLING = ("temperature", "top_p", "max_tokens", "seed")


class Serving(Component):
    """Base of all backends.

    A backend of your own derives from it, has its settings as annotated attributes, and answers requests:

    Args:
        price: cost of a million tokens, (prompt, generated), in any currency; adds cost to the statistics.
        call_log: file of recorded calls; by default the log of the run, if there is one.
        replay: `auto`: recorded calls are not made again; `only`: no call is made at all, one that was never recorded
            ends with `ReplayMissError`; `off`: every call is made, and recorded.
        max_repairs: how often a reply that cannot be used is sent back for repair.

    Attributes:
        family: what kind of endpoint answers; calls of one family, model and setting share their recorded answers.
        operational: parameters that do not determine the answers.
        totals: counts of all requests since the serving was made.

    Examples:
        >>> from dataflow_rs.serving import Completion, Request, Serving
        >>> class EchoServing(Serving):
        ...     '''Answer with the question.'''
        ...     def answer_all(self, requests, finished):
        ...         for position, request in enumerate(requests):
        ...             finished(position, Completion(request.messages[-1]["content"]))
        >>> EchoServing().generate([Request.of("hello")])[0].text
        'hello'
    """

    family: ClassVar[str] = ""
    operational: ClassVar[frozenset[str]] = frozenset({"price", "call_log", "replay", "max_repairs"})

    price: list[float] | tuple[float, ...] | None = field(default=None, kw_only=True)
    call_log: str | Path | None = field(default=None, kw_only=True)
    replay: Replay = field(default="auto", kw_only=True)
    max_repairs: int = field(default=2, kw_only=True)

    def __post_init__(self) -> None:
        if self.price is not None and (len(self.price) != 2 or min(self.price) < 0):
            raise ParameterError(f"{self.name}: price={self.price!r} must be two numbers, (prompt, generated)")
        if self.max_repairs < 0:
            raise ParameterError(f"{self.name}: max_repairs={self.max_repairs} must not be negative")
        self.totals = Meter()

    @abstractmethod
    def answer_all(self, requests: Sequence[Request], finished: Finished) -> None:
        """Answer requests, and report each as soon as it has ended; the one method that a backend writes.

        Args:
            requests: complete requests: what they left open is set from the serving's parameters.
            finished: to be called once per request. A request that fails ends as `Completion.failed(error)`;
                exceptions are for a backend that cannot work at all.
        """

    def start(self) -> None:
        """Get ready to answer; called by the first request that is really sent, may be called again."""

    def close(self) -> None:
        """Let go of processes, connections and the call log; a later request starts the serving again."""
        if self.call_log is not None:
            shared_log(self.call_log).close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def concurrency(self) -> int:
        """How many requests are under way at once; 1: `generate()` is never called by two threads at once."""
        return 1

    # -- asking --------------------------------------------------------------------------------------------------------

    def generate(self, requests: Iterable[Request]) -> list[Completion]:
        """Answer requests; a failed one is a completion with an error, never an exception.

        Returns:
            One completion per request, in the order of the requests.

        Raises:
            ParameterError: a JSON schema is not one.
            DataFlowError: the backend cannot work at all, for example because its model is not there.
        """
        from dataflow_rs.serving.exchange import Exchange

        tracing.forbid(f"{self.name}.generate()")
        asked = [self.complete(request) for request in requests]
        for schema in {id(r.json_schema): r.json_schema for r in asked if r.json_schema is not None}.values():
            check_schema(schema)
        return Exchange(self, asked).run() if asked else []

    def generate_from_input(
        self,
        user_inputs: Sequence[str],
        system_prompt: str = "",
        json_schema: Any = None,
    ) -> list[str | None]:
        """Answer user messages; the simple entry.

        Args:
            user_inputs: one user message per request.
            system_prompt: system message of all requests; empty: none.
            json_schema: JSON schema that the answers must follow, or a pydantic model.

        Returns:
            One text per input, in order; None only where the call failed, and then the log says why.
        """
        return self._texts([Request.of(text, system_prompt, json_schema=json_schema) for text in user_inputs])

    def generate_from_conversations(
        self, conversations: Sequence[Sequence[Message]], json_schema: Any = None
    ) -> list[str | None]:
        """Go on with conversations; as `generate_from_input`, with all messages of each given.

        Examples:
            >>> from dataflow_rs.testing import FakeServing
            >>> talk = [{"role": "assistant", "content": "Hello"}, {"role": "user", "content": "Bye"}]
            >>> FakeServing({"Bye": "See you"}).generate_from_conversations([talk])
            ['See you']
        """
        return self._texts([Request(tuple(messages), json_schema=json_schema) for messages in conversations])

    def _texts(self, requests: Sequence[Request]) -> list[str | None]:
        completions = self.generate(requests)
        for position, completion in enumerate(completions):
            if completion.error is not None:
                _log.warning(
                    "%s: input %d has no answer after %d attempts: %s: %s",
                    self.name,
                    position,
                    completion.attempts,
                    type(completion.error).__name__,
                    completion.error,
                )
        return [completion.text if completion.ok else None for completion in completions]

    @property
    def usage(self) -> Usage:
        """Tokens of all calls since the serving was made."""
        return Usage(self.totals.prompt_tokens, self.totals.completion_tokens)

    # -- what determines an answer -------------------------------------------------------------------------------------

    def identity(self) -> dict[str, Any]:
        """Return what determines the answers: family, model and sampling parameters."""
        hidden = self.operational | set(self.secrets)
        settings = {name: value for name, value in self.parameters.items() if name not in hidden and value is not None}
        return {"family": self.family or self.name, **settings}

    def complete(self, request: Request) -> Request:
        """Return the request with the serving's own settings where it leaves them open."""
        open_ones = {
            name: getattr(self, name) for name in _SAMPLING if getattr(request, name) is None and hasattr(self, name)
        }
        return replace(request, **open_ones) if open_ones else request

    def call(self, request: Request) -> dict[str, Any]:
        """Return everything that determines the answer to a complete request; the call log's key is made of it."""
        return {**self.identity(), **request.to_dict()}

    def cost_of(self, usage: Usage) -> float | None:
        """Return what tokens cost, or None where no price was given."""
        if self.price is None:
            return None
        return (usage.prompt_tokens * self.price[0] + usage.completion_tokens * self.price[1]) / 1_000_000

    def active_log(self) -> CallLog | None:
        """Return the call log that is used here: the serving's own, or the one of the run."""
        return active_log() if self.call_log is None else shared_log(self.call_log)


if recording_run not in around_runs:
    around_runs.append(recording_run)
