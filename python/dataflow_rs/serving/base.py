"""`Serving`: a backend that answers model requests.

A backend writes one method, `answer_all()`. Replay from the call log, one sending of identical requests, checking of
structured replies with repair rounds, metering and the simple entry `generate_from_input()` are here and in
`exchange.py`, once for all backends. Every request ends as an answer or as a typed error in its own place.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Literal, TypeAlias

from typing_extensions import Self

from dataflow_rs.core.component import Component
from dataflow_rs.core.execution import around_runs
from dataflow_rs.core.metering import Meter
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.serving.budget import Budget, ErrorShare, Estimate, cost, estimate_of
from dataflow_rs.serving.call_log import CallLog, active_log, recording_run, shared_log
from dataflow_rs.serving.messages import Message
from dataflow_rs.serving.sessions import DirectSession, Ended, Session
from dataflow_rs.serving.types import Completion, Request, Usage, changed
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
        budget_usd: what all calls of the run may cost, in the currency of the price; None: no limit. The run ends with
            `BudgetExceededError` before a call that might exceed it; what is finished is kept.
        budget_tokens: how many tokens, prompts and answers, all calls of the run may use; None: no limit.
        max_error_share: 0 to 1: the run ends with `TooManyErrorsError` when a larger share of its calls has failed, of
            at least 100; None: never.

    Attributes:
        family: what kind of endpoint answers; calls of one family, model and setting share their recorded answers.
        operational: parameters that do not determine the answers.
        works_in_background: whether it answers requests while others are being made; False: it is given all at once.
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
    operational: ClassVar[frozenset[str]] = frozenset(
        {"price", "call_log", "replay", "max_repairs", "budget_usd", "budget_tokens", "max_error_share"}
    )

    works_in_background: ClassVar[bool] = False

    price: list[float] | tuple[float, ...] | None = field(default=None, kw_only=True)
    call_log: str | Path | None = field(default=None, kw_only=True)
    replay: Replay = field(default="auto", kw_only=True)
    max_repairs: int = field(default=2, kw_only=True)
    budget_usd: float | None = field(default=None, kw_only=True)
    budget_tokens: int | None = field(default=None, kw_only=True)
    max_error_share: float | None = field(default=0.5, kw_only=True)

    def __post_init__(self) -> None:
        if self.price is not None and (len(self.price) != 2 or min(self.price) < 0):
            raise ParameterError(f"{self.name}: price={self.price!r} must be two numbers, (prompt, generated)")
        if self.max_repairs < 0:
            raise ParameterError(f"{self.name}: max_repairs={self.max_repairs} must not be negative")
        self._check_limits()
        self.totals = Meter()
        self.error_share = ErrorShare(self.max_error_share)
        self._budget: Budget | None = None

    def _check_limits(self) -> None:
        for name in ("budget_usd", "budget_tokens"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ParameterError(f"{self.name}: {name}={value} must be above 0")
        if self.max_error_share is not None and not 0 <= self.max_error_share <= 1:
            raise ParameterError(f"{self.name}: max_error_share={self.max_error_share} must lie between 0 and 1")
        if self.budget_usd is not None and self.unit_price is None:
            raise ParameterError(f"{self.name}: budget_usd={self.budget_usd:g} needs a price: {self._no_price()}")

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
            RunEndedError: the budget is used up, or too many calls failed; what is answered is in its `completions`.
            DataFlowError: the backend cannot work at all, for example because its model is not there.
        """
        from dataflow_rs.serving.exchange import Exchange

        tracing.forbid(f"{self.name}.generate()")
        given = list(requests)
        return Exchange(self, given).all(given)

    def stream(self, requests: Iterable[Request], window: int = 1000) -> Iterator[Completion]:
        """Answer requests as they come: for more of them than fit into memory.

        Requests are taken from the iterable as earlier ones are handed out, and sent while later ones are being made.
        Equal requests are sent once if they are close together, or recorded in a call log.

        Args:
            requests: any iterable; it is advanced on the thread that takes the completions.
            window: how many requests are in hand at most; much more than the serving's concurrency, so that a slow
                answer does not hold up those after it.

        Yields:
            One completion per request, in the order of the requests. Closing the generator cancels what is under way.

        Raises:
            DataFlowError: as for `generate`.

        Examples:
            >>> from dataflow_rs.serving import Request
            >>> from dataflow_rs.testing import FakeServing
            >>> requests = (Request.of(f"question {number}") for number in range(100_000))
            >>> answers = FakeServing(lambda prompt: prompt.upper()).stream(requests, window=10)
            >>> next(answers).text
            'QUESTION 0'
            >>> answers.close()
        """
        from dataflow_rs.serving.exchange import Exchange

        tracing.forbid(f"{self.name}.stream()")
        if window < 1:
            raise ParameterError(f"{self.name}.stream(window={window}): it must be at least 1")
        return Exchange(self, requests, window).run()

    def estimate(self, requests: Iterable[Request]) -> Estimate:
        """Return what requests would use at most: calls, tokens, cost. Nothing is sent.

        Examples:
            >>> from dataflow_rs.serving import Request
            >>> from dataflow_rs.testing import FakeServing
            >>> serving = FakeServing(["yes"], price=(0.5, 2.0))
            >>> print(serving.estimate([Request.of("Is it?", max_tokens=100)] * 2))
            1 calls, 7 prompt and at most 100 generated tokens, at most 0.00; 1 are recorded already
        """
        return estimate_of(self, requests)

    def session(self, ended: Ended) -> Session:
        """Return a session of this backend; `Exchange` gives its requests to it."""
        return DirectSession(self.answer_all, ended, self.name)

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
        completed: Request = changed(request, **open_ones) if open_ones else request
        return completed

    def call(self, request: Request) -> dict[str, Any]:
        """Return everything that determines the answer to a complete request; the call log's key is made of it."""
        return {**self.identity(), **request.to_dict()}

    @property
    def unit_price(self) -> tuple[float, float] | None:
        """Cost of a million tokens, (prompt, generated): the parameter `price`, or what is listed; None if unknown."""
        return None if self.price is None else (float(self.price[0]), float(self.price[1]))

    def _no_price(self) -> str:
        return "give price=(prompt, generated), per million tokens"

    def cost_of(self, usage: Usage) -> float | None:
        """Return what tokens cost, or None where no price is known."""
        price = self.unit_price
        return None if price is None else cost(usage, price)

    @property
    def budget(self) -> Budget:
        """What was spent and what may be, the calls recorded by earlier processes of the run included."""
        if self._budget is None:
            budget = Budget(self.budget_usd, self.budget_tokens, self.unit_price)
            log = self.active_log() if budget.limited else None
            if log is not None:
                budget.add_spent(log.usage(self.identity()))
            self._budget = budget
        return self._budget

    def active_log(self) -> CallLog | None:
        """Return the call log that is used here: the serving's own, or the one of the run."""
        return active_log() if self.call_log is None else shared_log(self.call_log)


if recording_run not in around_runs:
    around_runs.append(recording_run)
