"""Which files a source names, and which format a file name stands for."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dataflow_rs.exceptions import ParameterError, SourceNotFoundError, nearest

TEXT_FORMATS = ("jsonl", "json", "csv", "tsv")
FORMATS = (*TEXT_FORMATS, "parquet", "arrow")

_FORMAT_OF_SUFFIX = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
}
_COMPRESSION_OF_SUFFIX = {".gz": "gzip", ".zst": "zstd"}
ACCEPTED = (
    ".parquet, .arrow, .feather, .ipc, .jsonl, .ndjson, .json, .csv and .tsv, the last five also with .gz or .zst"
)
_MAGIC_CHARACTERS = frozenset("*?[")


def format_of(path: Path, *, argument: str) -> tuple[str, str]:
    """Return the format and the compression (`none`, `gzip` or `zstd`) that a file name stands for.

    Raises:
        ParameterError: the suffix is unknown; the message names the accepted ones.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    compression = _COMPRESSION_OF_SUFFIX.get(suffixes[-1], "none") if suffixes else "none"
    if compression != "none":
        suffixes.pop()
    found = _FORMAT_OF_SUFFIX.get(suffixes[-1]) if suffixes else None
    if found is None or (compression != "none" and found not in TEXT_FORMATS):
        hint = nearest(path.suffix.lower(), _FORMAT_OF_SUFFIX) if compression == "none" else ""
        raise ParameterError(
            f"{argument}: the name {path} does not tell a format{hint}; accepted are {ACCEPTED}. "
            f"Rename the file or pass format=, one of {', '.join(FORMATS)}"
        )
    return found, compression


def compression_of(path: Path) -> str:
    """Return the compression that the last suffix stands for: `none`, `gzip` or `zstd`."""
    return _COMPRESSION_OF_SUFFIX.get(path.suffix.lower(), "none")


def common_format(files: list[Path], format_: str | None) -> str:
    """Return the one format of all files."""
    if format_ is not None:
        if format_ not in FORMATS:
            raise ParameterError(f"format: '{format_}' is not one of {', '.join(FORMATS)}{nearest(format_, FORMATS)}")
        return format_
    found = {format_of(file, argument="source")[0]: file for file in reversed(files)}
    if len(found) > 1:
        (one, first), (other, second) = sorted(found.items(), key=lambda item: files.index(item[1]))[:2]
        raise ParameterError(
            f"source: {first} is {one} and {second} is {other}; the files of a source have one format. "
            "Name them in two sources"
        )
    return next(iter(found))


def is_paths(source: Any) -> bool:
    """Whether a source is a path, a glob or a list of these, and not a table in memory."""
    if isinstance(source, (str, os.PathLike)):
        return True
    many = isinstance(source, (list, tuple))
    return many and bool(source) and all(isinstance(item, (str, os.PathLike)) for item in source)


def resolve(source: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> list[Path]:
    """Return the files that a path, a glob or a list of these names, those of a glob sorted by name.

    Raises:
        SourceNotFoundError: a file does not exist (the message names the nearest one that does), or a glob
            matches nothing.
        ParameterError: a folder is given, the list is empty, or a file is named twice.
    """
    items = [source] if isinstance(source, (str, os.PathLike)) else list(source)
    if not items:
        raise ParameterError("source: the list of files is empty")
    files = [file for item in items for file in _expand(Path(item).expanduser())]
    twice = [file for file, times in Counter(files).items() if times > 1]
    if twice:
        raise ParameterError(f"source: {twice[0]} is named twice; its rows would be read twice")
    return files


def _expand(path: Path) -> list[Path]:
    if path.is_dir():
        raise ParameterError(f"source: {path} is a folder; name its files, for example {path / _pattern(path)}")
    if path.exists():
        return [path]
    if _MAGIC_CHARACTERS.isdisjoint(str(path)):
        folder = path.parent
        names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
        missing = f"source: {path} does not exist{nearest(path.name, names)}"
        if not folder.is_dir():
            missing = f"source: {path} does not exist; nor does its folder"
        raise SourceNotFoundError(missing)
    found = sorted(Path(name) for name in glob.glob(str(path), recursive=True) if not Path(name).is_dir())  # noqa: PTH207 - absolute patterns
    if not found:
        raise SourceNotFoundError(f"source: no file matches {path}")
    return found


def _pattern(folder: Path) -> str:
    """A glob for the files of a folder that can be read."""
    endings = Counter(
        "".join(entry.suffixes[-2:]) if compression_of(entry) != "none" else entry.suffix
        for entry in folder.iterdir()
        if _FORMAT_OF_SUFFIX.keys() & {suffix.lower() for suffix in entry.suffixes[-2:]}
    )
    best = min(endings, key=lambda ending: (-endings[ending], ending), default=".jsonl")
    return f"*{best}"
