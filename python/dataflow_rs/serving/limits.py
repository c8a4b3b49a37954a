"""How much may be sent at once, and per minute: a limit that adapts to the endpoint, and a bucket of allowance.

`AdaptiveLimit` grows while growing helps, and shrinks when the endpoint refuses. It doubles per round until the first
refusal, and then follows additive increase and multiplicative decrease, with three additions:

- A few refusals among many answers are faults, not a sign of congestion: it shrinks when more than a tenth of its size
  was refused since the last change. A limit of concurrent calls is refused again at once, and found within a few.
- Refusals that are no fewer when half as much is sent do not come from too many calls. Where a tenth to a half of the
  calls is refused, the limit tries that for a moment, and may then tolerate as much as it saw, until there are fewer.
- An endpoint that queues instead of refusing answers later, and no more of them. Where a growth by a quarter raised the
  rate of answers (concurrency by latency) by less than a tenth of that, the limit goes back and stays for some rounds.
"""

from __future__ import annotations

_FIRST = 16
_REFUSED_SHARE = 0.1
_DECREASE, _STRONG_DECREASE = 0.9, 0.8
_GROWTH = 0.05
_NOTABLE_GROWTH, _LEAST_GAIN = 1.25, 0.1
_ROUNDS_HELD = 20
_LEAST_ROUND = 8
_BINDS = 0.9
_CALLS_JUDGED, _CALLS_OF_TRIAL, _CALLS_WATCHED, _LONGEST_WITHOUT_TRIAL = 60, 40, 300, 6400
_MOST_JUDGED, _SAME, _TOLERANCE = 0.5, 0.6, 2.0


class AdaptiveLimit:
    """Number of calls that an endpoint may be given at once. All times come from the caller.

    Args:
        ceiling: what it never exceeds.

    Examples:
        >>> limit = AdaptiveLimit(100)
        >>> for _ in range(16):
        ...     limit.answered(started=0.0, ended=1.0, under_way=16, bound=16)
        >>> limit.value
        32
    """

    def __init__(self, ceiling: int) -> None:
        self.ceiling = ceiling
        self._size = float(min(ceiling, _FIRST))
        self._doubling = True
        self._changed = float("-inf")  # when it last shrank
        self._ok = self._refused = 0  # since then
        self._reference: tuple[float, float] | None = None  # concurrency and latency to compare with
        self._held = 0
        self._tolerated = 0.0  # refusals per answer that are not taken for congestion
        self._trial: tuple[float, float] | None = None  # size and share of refusals before half of it was tried
        self._trial_after = _CALLS_JUDGED
        self._seen_ok = self._seen_refused = 0  # since that was last thought about
        self._new_round()

    @property
    def value(self) -> int:
        """The limit now, from 1 to the ceiling."""
        return max(1, int(self._size + 1e-9))

    def answered(self, started: float, ended: float, under_way: int, bound: int) -> None:
        """Take in a call that came back.

        Args:
            started: when it was sent.
            ended: now.
            under_way: calls at its start, itself included.
            bound: the limit at its start.
        """
        self._ok += 1
        if self._ok > self._size:
            self._ok = self._refused = 0
        if started >= self._changed:
            self._seen_ok += 1
        self._judge_refusals(ended)
        if self._trial is not None:
            return
        if under_way < _BINDS * bound:
            return  # the limit did not bind, so this says nothing about a higher one
        self._calls += 1
        self._seconds += ended - started
        self._under_way += under_way
        if not self._held:
            step = 1.0 if self._doubling else max(1.0, _GROWTH * self._size) / self._size
            self._size = min(self.ceiling, self._size + step)
        if self._calls >= self._round_size:
            self._judge_round()
            self._new_round()

    def refused(self, started: float, ended: float) -> bool:
        """Take in a refusal or a timeout; return whether the limit shrinks. One generation shrinks it once."""
        if started < self._changed:
            return False
        self._refused += 1
        self._seen_refused += 1
        self._judge_refusals(ended)
        most = (_REFUSED_SHARE + _TOLERANCE * self._tolerated) * self._size
        if self._trial is not None or self._refused <= most:
            return False
        factor = _STRONG_DECREASE if self._refused > self._ok else _DECREASE
        self._size = max(1.0, self._size * factor)
        self._doubling, self._changed, self._ok, self._refused, self._reference = False, ended, 0, 0, None
        self._new_round()
        return True

    def _judge_refusals(self, now: float) -> None:
        """Find out whether refusals depend on how much is sent: try half of it, and compare."""
        calls = self._seen_ok + self._seen_refused
        share = self._seen_refused / max(1, calls)
        if self._trial is not None:
            if calls >= _CALLS_OF_TRIAL:
                size, before = self._trial
                if share >= _SAME * before and self._seen_ok:
                    self._tolerated = max(self._seen_refused / self._seen_ok, before / (1 - before))
                    self._doubling = True
                self._trial = None
                self._resize(size, now)
        elif self._tolerated:
            if calls >= _CALLS_WATCHED:
                if self._seen_refused < self._tolerated / 2 * self._seen_ok:
                    self._tolerated, self._trial_after = 0.0, _CALLS_JUDGED
                self._seen_ok = self._seen_refused = 0
        elif calls >= self._trial_after:
            if self._size >= 2 and _REFUSED_SHARE <= share <= _MOST_JUDGED:
                self._trial = (self._size, share)
                self._trial_after = min(2 * self._trial_after, _LONGEST_WITHOUT_TRIAL)
                self._resize(self._size / 2, now)
            self._seen_ok = self._seen_refused = 0

    def _resize(self, size: float, now: float) -> None:
        """Begin anew with another size; calls of before do not count."""
        self._size, self._changed, self._reference = size, now, None
        self._seen_ok = self._seen_refused = self._ok = self._refused = 0
        self._new_round()

    def _new_round(self) -> None:
        self._round_size = max(self._size, _LEAST_ROUND)
        self._calls, self._seconds, self._under_way = 0, 0.0, 0

    def _judge_round(self) -> None:
        """Go back to an earlier size if more calls at once were not answered faster in all."""
        self._held = max(0, self._held - 1)
        now = (self._under_way / self._calls, max(self._seconds / self._calls, 1e-9))
        if self._reference is None:
            self._reference = now
            return
        (size_then, latency_then), (size, latency) = self._reference, now
        growth = size / size_then
        if growth < _NOTABLE_GROWTH:
            if size < size_then:
                self._reference = now
            return
        if growth * latency_then / latency < 1 + _LEAST_GAIN * (growth - 1):
            self._size, self._doubling, self._held = max(1.0, size_then), False, _ROUNDS_HELD
        else:
            self._reference = now


class Bucket:
    """An allowance that fills steadily, and may be overdrawn: who takes more than there is waits before going on.

    Args:
        per_minute: how much it fills in a minute; it holds what a second brings, at least 1.

    Examples:
        >>> bucket = Bucket(60)
        >>> [bucket.take(1, now=0.0) for _ in range(3)], bucket.take(1, now=10.0)
        ([0.0, 1.0, 2.0], 0.0)
    """

    def __init__(self, per_minute: float) -> None:
        self._per_second = per_minute / 60
        self._most = max(1.0, self._per_second)
        self._level = self._most
        self._time: float | None = None

    def take(self, amount: float, now: float) -> float:
        """Take an amount and return the seconds to wait until it may be used."""
        if self._time is not None:
            self._level = min(self._most, self._level + (now - self._time) * self._per_second)
        self._time = now
        short = 1.0 - self._level
        self._level -= amount
        return max(0.0, short / self._per_second)

    def correct(self, amount: float) -> None:
        """Take more (or, negative, give back) when it is known what was really used."""
        self._level = min(self._most, self._level - amount)
