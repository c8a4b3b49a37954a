"""Worker processes that compare answers: each pair within a time limit, a stuck worker killed and replaced.

Workers are started when they are first needed, serve all checks of the process, and end with it.
"""

from __future__ import annotations

import atexit
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from dataflow_rs.core.results import RowError
from dataflow_rs.exceptions import AnswerCheckError, AnswerTimeoutError

START_TIMEOUT_S = 120.0
"""Seconds that a worker may take to import its libraries, on the slowest machine."""
Pair = tuple[str, str, int]
"""Gold answer, answer, decimals that count."""


class Worker:
    """One process; used by one thread at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def compare(self, pair: Pair, timeout_s: float) -> bool:
        """Return whether two answers are equivalent.

        Raises:
            AnswerTimeoutError: it took longer than the limit; the process has been killed.
            AnswerCheckError: the comparison failed, or the process ended.
        """
        process = self._started()
        assert process.stdin is not None
        request = dict(zip(("gold", "answer", "rounding"), pair, strict=True))
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            line = self._lines.get(timeout=timeout_s)
        except queue.Empty:
            self.close()
            raise AnswerTimeoutError(
                f"comparing took longer than {timeout_s:g} s; raise timeout_s if the answer is worth it"
            ) from None
        except OSError:
            line = ""
        if not line:
            self.close()
            raise AnswerCheckError("the process that compares answers ended unexpectedly")
        response = json.loads(line)
        if "error" in response:
            raise AnswerCheckError(response["error"])
        return bool(response["equal"])

    def close(self) -> None:
        """Kill the process; the next comparison starts another one."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    try:
                        pipe.close()
                    except OSError:  # what was not yet written to a dead process
                        continue

    def _started(self) -> subprocess.Popen[str]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.close()
        self._lines = queue.SimpleQueue()
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("worker.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        )
        threading.Thread(target=_read, args=(self._process, self._lines), daemon=True).start()
        try:
            ready = self._lines.get(timeout=START_TIMEOUT_S)
        except queue.Empty:
            ready = ""
        if not ready:
            self.close()
            raise AnswerCheckError("the process that compares answers could not be started")
        return self._process


def _read(process: subprocess.Popen[str], lines: queue.SimpleQueue[str]) -> None:
    """Hand the lines of a worker over; an empty one stands for its end."""
    assert process.stdout is not None
    try:
        for line in process.stdout:
            lines.put(line)
    except (OSError, ValueError):  # closed while it was read
        pass
    lines.put("")


class WorkerPool:
    """Workers that share the pairs of one call.

    Args:
        size: number of processes at most.
    """

    def __init__(self, size: int) -> None:
        self._workers = [Worker() for _ in range(size)]
        self._busy = threading.Lock()

    def compare_all(self, pairs: Sequence[Pair], timeout_s: float) -> list[bool | RowError]:
        """Return for each pair whether it is equivalent, or why that is unknown, in the order of the pairs."""
        results: list[bool | RowError] = [False] * len(pairs)
        todo: queue.SimpleQueue[int] = queue.SimpleQueue()
        for position in range(len(pairs)):
            todo.put(position)

        def work(worker: Worker) -> None:
            while True:
                try:
                    position = todo.get_nowait()
                except queue.Empty:
                    return
                try:
                    results[position] = worker.compare(pairs[position], timeout_s)
                except AnswerCheckError as error:
                    results[position] = RowError.of(error)

        with self._busy:
            workers = self._workers[: len(pairs)]
            threads = [threading.Thread(target=work, args=(worker,), daemon=True) for worker in workers[1:]]
            for thread in threads:
                thread.start()
            for worker in workers[:1]:
                work(worker)
            for thread in threads:
                thread.join()
        return results

    def close(self) -> None:
        """End all processes."""
        for worker in self._workers:
            worker.close()


_shared: tuple[int, WorkerPool] | None = None
_shared_lock = threading.Lock()


def shared_pool() -> WorkerPool:
    """Return the pool of this process; a forked child gets its own."""
    global _shared
    with _shared_lock:
        if _shared is None or _shared[0] != os.getpid():
            pool = WorkerPool(max(1, min(4, os.cpu_count() or 1)))
            atexit.register(pool.close)
            _shared = os.getpid(), pool
        return _shared[1]
