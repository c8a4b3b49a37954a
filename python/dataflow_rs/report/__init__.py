"""Reports: what a run did to its data, as JSON and as one HTML file that works offline.

write_report(Run.open("runs/clean"))     # runs/clean/report.html and runs/clean/report.json
"""

from __future__ import annotations

import os
from pathlib import Path

from dataflow_rs.report.data import report_data
from dataflow_rs.report.page import render, to_json
from dataflow_rs.storage.run import Run

__all__ = ["report_data", "write_report"]


def write_report(run: Run, path: str | os.PathLike[str] | None = None) -> Path:
    """Write the report of a run as HTML, and its data as JSON beside it.

    Args:
        run: the run; it may be unfinished.
        path: the HTML file; the JSON file has the same name with the suffix `.json`. None: `report.html` in the run
            directory.

    Returns:
        The HTML file.

    Raises:
        CorruptStoreError: a stored file is damaged.

    Examples:
        >>> import tempfile
        >>> from dataflow_rs import FileStorage
        >>> storage = FileStorage([{"text": "a b"}], cache_path=tempfile.mkdtemp())
        >>> _ = storage.prepare()
        >>> write_report(storage.run).name
        'report.html'
    """
    html = run.path / "report.html" if path is None else Path(path)
    html.parent.mkdir(parents=True, exist_ok=True)
    data = report_data(run)
    _write(html.with_suffix(".json"), to_json(data))
    _write(html, render(data))
    return html


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding="utf-8", errors="replace", newline="\n")
    temporary.replace(path)
