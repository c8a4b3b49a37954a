"""List prices of models, as data (`prices.json`), and how users add theirs.

Prices belong to an endpoint and a model: a model of the same name on a server of your own costs nothing here. The file
that the environment variable `DATAFLOW_RS_PRICES` names, of the same form, comes before the list.
"""

from __future__ import annotations

import json
import os
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dataflow_rs.exceptions import ConfigurationError

VARIABLE = "DATAFLOW_RS_PRICES"


def listed_price(model: str, base_url: str) -> tuple[float, float] | None:
    """Return the price of a million tokens, (prompt, generated), or None if none is listed.

    A dated version of a model (`gpt-4o-mini-2024-07-18`) has the price of the model.

    Raises:
        ConfigurationError: the user's file cannot be read as prices.

    Examples:
        >>> listed_price("gpt-4o-mini-2024-07-18", "https://api.openai.com/v1")
        (0.15, 0.6)
        >>> listed_price("gpt-4o-mini", "http://localhost:8000/v1") is None
        True
    """
    host = urlsplit(base_url).netloc
    own = os.environ.get(VARIABLE)
    for endpoints in ([] if own is None else [_own_prices(own)]) + [_prices()]:
        models = endpoints.get(host, {}).get("models", {})
        if model in models:
            return _price(models[model])
        dated = [name for name in models if model.startswith(f"{name}-2")]
        if dated:
            return _price(models[max(dated, key=len)])
    return None


@cache
def _prices() -> dict[str, Any]:
    text = resources.files("dataflow_rs.serving").joinpath("prices.json").read_text(encoding="utf-8")
    endpoints: dict[str, Any] = json.loads(text)["endpoints"]
    return endpoints


def _own_prices(path: str) -> dict[str, Any]:
    try:
        endpoints: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))["endpoints"]
        for endpoint in endpoints.values():
            for price in endpoint["models"].values():
                _price(price)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"{path} ({VARIABLE}) cannot be read as prices: {error}. Its form is "
            '{"endpoints": {"HOST": {"models": {"MODEL": [prompt, generated]}}}}, in USD per million tokens'
        ) from None
    return endpoints


def _price(price: Any) -> tuple[float, float]:
    prompt, generated = price
    return float(prompt), float(generated)
