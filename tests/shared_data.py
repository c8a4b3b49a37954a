"""Real data that lies beside the repository and is no part of it; tests that need it are skipped without it."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from .meta.repository import ROOT

FOLDER = Path(os.environ.get("DATAFLOW_RS_SHARED_DATA", ROOT.parent / "shared" / "data"))


def shared_rows(name: str) -> list[dict[str, Any]]:
    """Return the rows of a JSON Lines file of the collection, or skip the test."""
    import zstandard

    path = FOLDER / name
    if not path.is_file():
        pytest.skip(f"{path} is not there; DATAFLOW_RS_SHARED_DATA names the folder of the collection")
    with (
        path.open("rb") as file,
        io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), encoding="utf-8") as lines,
    ):
        return [json.loads(line) for line in lines]
