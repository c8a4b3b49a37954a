"""One writer per run directory: a lock that the operating system releases when its owner dies."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from types import TracebackType

from dataflow_rs.exceptions import StoreLockedError


class RunLock:
    """An exclusive lock on a file; re-entrant within one object.

    Args:
        path: the lock file; it stays behind and says who held the lock last.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None
        self._depth = 0

    def __enter__(self) -> RunLock:
        """Take the lock.

        Raises:
            StoreLockedError: another process, or another object of this one, holds it.
        """
        if self._depth == 0:
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
            if not _try_lock(fd):
                owner = os.pread(fd, 200, 1).decode(errors="replace").strip() if hasattr(os, "pread") else ""
                os.close(fd)
                raise StoreLockedError(
                    f"{self.path.parent} is in use by {owner or 'another process'}. Wait for it, stop it, or give "
                    "another cache_path"
                )
            os.ftruncate(fd, 0)
            os.write(fd, f" process {os.getpid()} on {socket.gethostname()}\n".encode())
            self._fd = fd
        self._depth += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release the lock."""
        self._depth -= 1
        if self._depth == 0 and self._fd is not None:
            os.close(self._fd)  # closing releases it
            self._fd = None


def _try_lock(fd: int) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]  # exists on Windows only
        except OSError:
            return False
        return True
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
