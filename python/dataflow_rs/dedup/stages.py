"""Progress of a search for duplicates: a log line every ten seconds, with the time that the stage still takes."""

from __future__ import annotations

import logging
import os
import time

_log = logging.getLogger("dataflow_rs.progress")
_SECONDS_BETWEEN_LINES = 10.0


class StageLines:
    """Logs how far a search is.

    Args:
        name: who searches.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._stage = ""
        self._began = self._last = time.monotonic()
        self._quiet = os.environ.get("DATAFLOW_RS_PROGRESS", "1") == "0"

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Take note of what is done, and say so from time to time."""
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._began = stage, now
        if self._quiet or now - self._last < _SECONDS_BETWEEN_LINES or not done:
            return
        self._last = now
        left = (now - self._began) * (total - done) / done
        _log.info("%s: %s: %d of %d, about %d s left", self._name, stage, done, total, round(left))
