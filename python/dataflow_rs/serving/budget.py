"""What may be spent: tokens, money, and failures.

Before a request is sent, the most that it may use is set aside: the prompt, estimated from above, and `max_tokens`. So
a budget is not exceeded however many calls are under way, unless nothing limits the length of answers. What was not
used returns when the answer is there.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataflow_rs.exceptions import BudgetExceededError, TooManyErrorsError
from dataflow_rs.serving.call_log import call_key
from dataflow_rs.serving.tokens import estimated_prompt_tokens, most_answer_tokens
from dataflow_rs.serving.types import Request, Usage

if TYPE_CHECKING:
    from dataflow_rs.serving.base import Serving

Price = tuple[float, float]
"""Cost of a million tokens: (prompt, generated)."""
LEAST_CALLS = 100
"""Calls after which a share of errors is judged."""


def cost(usage: Usage, price: Price) -> float:
    """Return what tokens cost.

    Examples:
        >>> cost(Usage(1_000_000, 500_000), (0.15, 0.60))
        0.45
    """
    return (usage.prompt_tokens * price[0] + usage.completion_tokens * price[1]) / 1_000_000


@dataclass(frozen=True)
class Estimate:
    """What requests will use at most.

    Args:
        calls: requests that have to be sent.
        replayed: requests that the call log answers for free.
        usage: tokens, prompts estimated from above, answers as long as `max_tokens` allows.
        cost: in the currency of the price; None where no price is known.
    """

    calls: int
    replayed: int
    usage: Usage
    cost: float | None

    def times(self, factor: float) -> Estimate:
        """Return the estimate for so many times as many requests, rounded.

        Examples:
            >>> print(Estimate(3, 1, Usage(30, 60), 0.5).times(10))
            30 calls, 300 prompt and at most 600 generated tokens, at most 5.00; 10 are recorded already
        """
        usage = Usage(round(self.usage.prompt_tokens * factor), round(self.usage.completion_tokens * factor))
        cost = None if self.cost is None else self.cost * factor
        return Estimate(round(self.calls * factor), round(self.replayed * factor), usage, cost)

    def to_dict(self) -> dict[str, int | float | None]:
        """Return the estimate as JSON data."""
        return {
            "calls": self.calls,
            "replayed": self.replayed,
            "prompt_tokens": self.usage.prompt_tokens,
            "completion_tokens": self.usage.completion_tokens,
            "cost": None if self.cost is None else round(self.cost, 6),
        }

    def __str__(self) -> str:
        """Return the estimate as a sentence."""
        tokens = f"{self.usage.prompt_tokens:,} prompt and at most {self.usage.completion_tokens:,} generated tokens"
        money = "" if self.cost is None else f", at most {self.cost:,.2f}"
        return f"{self.calls:,} calls, {tokens}{money}; {self.replayed:,} are recorded already"


def most_usage(request: Request) -> Usage:
    """Return the tokens that a request uses at most."""
    return Usage(estimated_prompt_tokens(request), most_answer_tokens(request))


def estimate_of(serving: Serving, requests: Iterable[Request]) -> Estimate:
    """Return what requests would use; see `Serving.estimate`."""
    log = serving.active_log() if serving.replay != "off" else None
    seen: set[str] = set()
    replayed = 0
    usages = []
    for request in map(serving.complete, requests):
        key = call_key(serving.call(request))
        if key in seen or (log is not None and log.knows(key)):
            replayed += 1
        else:
            usages.append(most_usage(request))
        seen.add(key)
    usage = total(usages)
    return Estimate(len(usages), replayed, usage, serving.cost_of(usage))


class Budget:
    """Counts what is spent and set aside, and says whether another request fits. Safe in threads.

    Args:
        money: limit in the currency of `price`; None: no limit.
        tokens: limit of tokens, prompts and answers; None: no limit.
        price: cost of a million tokens, (prompt, generated); needed for a limit of money.

    Examples:
        >>> from dataflow_rs.serving import Request
        >>> budget = Budget(tokens=100)
        >>> request = Request.of("Name a colour.", max_tokens=60)
        >>> first = budget.reserve(request)
        >>> budget.reserve(request) is None
        True
        >>> budget.settle(first, Usage(8, 2))
        >>> budget.spent.completion_tokens, budget.reserve(request) is None
        (2, False)
    """

    def __init__(self, money: float | None = None, tokens: int | None = None, price: Price | None = None) -> None:
        self.money, self.tokens, self.price = money, tokens, price
        self.spent = Usage()
        self._aside = Usage()
        self._lock = threading.Lock()

    @property
    def limited(self) -> bool:
        """Whether there is any limit."""
        return self.money is not None or self.tokens is not None

    @property
    def idle(self) -> bool:
        """Whether nothing is set aside: what does not fit now will not fit later."""
        with self._lock:
            return self._aside == Usage()

    def reserve(self, request: Request) -> Usage | None:
        """Set aside the most that a request may use, and return it; None if that does not fit."""
        most = most_usage(request)
        with self._lock:
            if not self._fits(self.spent + self._aside + most):
                return None
            self._aside += most
            return most

    def settle(self, reserved: Usage, used: Usage) -> None:
        """Replace what was set aside by what was used."""
        with self._lock:
            self._aside = minus(self._aside, reserved)
            self.spent += used

    def add_spent(self, usage: Usage) -> None:
        """Count what was spent before, in earlier processes of the run."""
        with self._lock:
            self.spent += usage

    def shortfall(self, estimate: Usage) -> str | None:
        """Return a warning if an estimate does not fit into what is left, or None."""
        with self._lock:
            whole = self.spent + estimate
            if self._fits(whole):
                return None
            return f"these calls may use up to {self._amount(whole)}, the budget is {self._limits()}"

    def exceeded(self) -> BudgetExceededError:
        """Return the error that ends the run."""
        return BudgetExceededError(
            f"the next call might exceed the budget of {self._limits()}: {self._amount(self.spent)} are spent. "
            "Finished calls are kept; raise the budget and run again to go on",
            attempts=0,
        )

    def _fits(self, usage: Usage) -> bool:
        if self.tokens is not None and usage.prompt_tokens + usage.completion_tokens > self.tokens:
            return False
        return self.money is None or self.price is None or cost(usage, self.price) <= self.money

    def _limits(self) -> str:
        limits = [] if self.money is None else [f"{self.money:g} USD"]
        return " and ".join(limits + ([] if self.tokens is None else [f"{self.tokens:,} tokens"]))

    def _amount(self, usage: Usage) -> str:
        tokens = f"{usage.prompt_tokens + usage.completion_tokens:,} tokens"
        return tokens if self.price is None else f"{cost(usage, self.price):.6g} USD ({tokens})"


class ErrorShare:
    """Ends a run in which too large a share of the calls fails.

    Args:
        most: 0 to 1; None: never.

    Examples:
        >>> share = ErrorShare(0.5)
        >>> [share.count("ServerFailedError") for _ in range(99)][-1] is None
        True
        >>> str(share.count("ServerFailedError"))[:58]
        '100 of 100 calls failed, more than max_error_share=0.5 all'
    """

    def __init__(self, most: float | None) -> None:
        self.most = most
        self._ended = 0
        self._failed: dict[str, int] = {}
        self._lock = threading.Lock()

    def count(self, error: str | None) -> TooManyErrorsError | None:
        """Take in the end of a call that was sent: its error's class or None; return why to stop, or None."""
        with self._lock:
            self._ended += 1
            if error is not None:
                self._failed[error] = self._failed.get(error, 0) + 1
            failed = sum(self._failed.values())
            if self.most is None or error is None or self._ended < LEAST_CALLS or failed <= self.most * self._ended:
                return None
            kinds = ", ".join(f"{kind} {n:,}" for kind, n in sorted(self._failed.items(), key=lambda item: -item[1]))
            return TooManyErrorsError(
                f"{failed:,} of {self._ended:,} calls failed, more than max_error_share={self.most:g} allows "
                f"({kinds}). Finished calls are kept; run again to go on, or raise max_error_share",
                attempts=0,
            )


def minus(left: Usage, right: Usage) -> Usage:
    """Return the difference of tokens."""
    return Usage(left.prompt_tokens - right.prompt_tokens, left.completion_tokens - right.completion_tokens)


def total(usages: Iterable[Usage]) -> Usage:
    """Return the sum of tokens."""
    prompt = completion = 0
    for usage in usages:
        prompt += usage.prompt_tokens
        completion += usage.completion_tokens
    return Usage(prompt, completion)
