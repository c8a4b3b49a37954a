"""Fewer passes of the cyclic garbage collector while calls are under way.

Each call makes some dozens of objects that live as long as its answer takes. With hundreds of calls at once, Python's
default of a pass for every 700 new objects spends a quarter of all processor time on looking at objects that are in use
(benchmarks/serving_overhead.py). A pass for every 20,000 costs a few megabytes instead.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_OBJECTS_PER_PASS = 20_000
_lock = threading.Lock()
_users = 0
_before: tuple[int, int, int] = (0, 0, 0)


@contextmanager
def rarer_collections() -> Iterator[None]:
    """Collect garbage less often in the block, in the whole process; a higher threshold of the user's stays.

    Examples:
        >>> import gc
        >>> before = gc.get_threshold()
        >>> with rarer_collections():
        ...     inside = gc.get_threshold()[0]
        >>> inside >= 20_000, gc.get_threshold() == before
        (True, True)
    """
    global _users, _before  # the collector is one for the process
    with _lock:
        _users += 1
        if _users == 1:
            _before = gc.get_threshold()
            if 0 < _before[0] < _OBJECTS_PER_PASS:
                gc.set_threshold(_OBJECTS_PER_PASS, *_before[1:])
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                gc.set_threshold(*_before)
