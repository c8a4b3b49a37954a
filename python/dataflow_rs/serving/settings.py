"""The ranges of the parameters that servings share, checked when a serving is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from dataflow_rs.exceptions import ParameterError

_AT_LEAST = (("max_tokens", 1), ("max_concurrency", 1), ("max_retries", 0), ("temperature", 0))
_ABOVE_0 = ("timeout_s", "deadline_s", "requests_per_minute", "tokens_per_minute")


def check_addresses(name: str, addresses: Mapping[str, float]) -> None:
    """Check the addresses of endpoints and their weights.

    Raises:
        ParameterError: one is no address, holds a password, or has no weight.
    """
    if not addresses:
        raise ParameterError(f"{name}: base_url names no endpoint")
    for url, weight in addresses.items():
        parts = urlsplit(url)
        if parts.username or parts.password:
            raise ParameterError(f"{name}: base_url must hold no user name or password; give the key as api_key")
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ParameterError(f"{name}: base_url={url!r} must begin with http:// or https://")
        if weight <= 0:
            raise ParameterError(f"{name}: the weight {weight:g} of {url} must be above 0")


def check_settings(serving: Any) -> None:
    """Check the parameters that servings share.

    Raises:
        ParameterError: one is out of its range.
    """
    for name, low in _AT_LEAST:
        value = getattr(serving, name, None)
        if value is not None and value < low:
            raise ParameterError(f"{serving.name}: {name}={value} must be at least {low}")
    for name in _ABOVE_0:
        value = getattr(serving, name, None)
        if value is not None and value <= 0:
            raise ParameterError(f"{serving.name}: {name}={value} must be above 0")
    top_p = getattr(serving, "top_p", None)
    if top_p is not None and not 0 < top_p <= 1:
        raise ParameterError(f"{serving.name}: top_p={top_p} must lie above 0 and not above 1")
