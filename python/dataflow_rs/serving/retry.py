"""How persistent a serving is: attempts, limits, and the waits between attempts."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class RetryPolicy:
    """How persistent the engine is.

    Args:
        max_retries: attempts after the first one.
        timeout_s: limit of one attempt.
        deadline_s: limit of a request in all, waits included; None: no limit.
        first_wait_s: bound of the wait after the first attempt.
        longest_wait_s: bound of any wait, also of one that the endpoint asks for.
    """

    max_retries: int = 5
    timeout_s: float = 120.0
    deadline_s: float | None = None
    first_wait_s: float = 0.5
    longest_wait_s: float = 60.0

    def wait(self, attempt: int, asked_s: float | None) -> float:
        """Return how long to wait after a failed attempt (from 1), given what the endpoint asked for."""
        bound = min(self.longest_wait_s, self.first_wait_s * 2 ** min(attempt - 1, 30))
        jittered = random.uniform(0, bound)  # noqa: S311  # spreads load, decides nothing
        return max(jittered, min(asked_s or 0.0, self.longest_wait_s))
