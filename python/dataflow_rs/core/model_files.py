"""Files of models: whether they are there, and what changes when they do."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from dataflow_rs import _native
from dataflow_rs.exceptions import ModelUnavailableError

FileState: TypeAlias = tuple[Path, int, int]
"""A file, when it was changed, and its size: the key of what is kept in memory of it."""


def require_file(path: str, kind: str, where: str) -> Path:
    """Return the path of a model's file.

    Raises:
        ModelUnavailableError: there is none; `where` says where to get it.
    """
    found = Path(path).expanduser()
    if not found.is_file():
        raise ModelUnavailableError(f"there is no {kind} '{path}'. {where}.")
    return found


def file_state(path: Path) -> FileState:
    """Return the state of a file."""
    stat = path.stat()
    return path, stat.st_mtime_ns, stat.st_size


@lru_cache(maxsize=16)
def state_digest(state: FileState) -> str:
    """Return the digest of a file's content."""
    digest = _native.Digest()
    with state[0].open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
