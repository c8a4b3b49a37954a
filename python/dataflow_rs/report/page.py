"""The report as one HTML file: works offline, without JavaScript, and asks for nothing from anywhere.

The parts of the page are put into `assets/page.html`; style and script are in files of their own beside it. The page
forbids itself, by a content security policy, to load or run anything but its own style and script.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from importlib import resources
from string import Template
from typing import Any

from dataflow_rs.report import sections
from dataflow_rs.report.markup import escape, join


def render(data: dict[str, Any]) -> str:
    """Return the page of a report.

    Args:
        data: what `report_data` returned.
    """
    script = _asset("script.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return Template(_asset("page.html")).substitute(
        title=escape(f"{data['name']} - data set report"),
        policy=f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'",
        style=_asset("style.css"),
        script=script,
        header=sections.header(data),
        contents=sections.contents(data),
        body=join(section.html for section in sections.sections(data)),
        footer=sections.footer(data),
    )


def to_json(data: dict[str, Any]) -> str:
    """Return the report as the text of report.json."""
    return json.dumps(plain(data), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def plain(value: Any) -> Any:
    """Return a value as what JSON can hold: numbers that are not finite become null, unknown types their text.

    Examples:
        >>> plain({"a": [float("nan"), 1.5]})
        {'a': [None, 1.5]}
    """
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def _asset(name: str) -> str:
    return (resources.files("dataflow_rs.report") / "assets" / name).read_text(encoding="utf-8")
