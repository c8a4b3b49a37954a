"""The ranges of the parameters that servings share, checked when a serving is made."""

from __future__ import annotations

from typing import Any

from dataflow_rs.exceptions import ParameterError


def check_settings(serving: Any) -> None:
    """Check the parameters that chat servings share.

    Raises:
        ParameterError: one is out of its range.
    """
    for name, low in (("max_tokens", 1), ("max_concurrency", 1), ("max_retries", 0), ("temperature", 0)):
        value = getattr(serving, name, None)
        if value is not None and value < low:
            raise ParameterError(f"{serving.name}: {name}={value} must be at least {low}")
    for name in ("timeout_s", "deadline_s"):
        value = getattr(serving, name, None)
        if value is not None and value <= 0:
            raise ParameterError(f"{serving.name}: {name}={value} must be above 0")
    top_p = getattr(serving, "top_p", None)
    if top_p is not None and not 0 < top_p <= 1:
        raise ParameterError(f"{serving.name}: top_p={top_p} must lie above 0 and not above 1")
