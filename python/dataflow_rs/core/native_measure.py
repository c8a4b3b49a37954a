"""Numbers that native measures find in texts, as operators return them."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import pyarrow as pa

from dataflow_rs import _native


def measure(name: str, parameters: dict[str, Any], texts: pa.Array) -> pa.RecordBatch:
    """Return the numbers of every text: one float64 column per name of the measure, null where nothing is measured.

    Examples:
        >>> measure("type_token_ratio", {}, pa.array(["a b A b", "", None])).to_pydict()
        {'ratio': [0.5, None, None]}
    """
    return pa.record_batch(_measure(name, json.dumps(parameters)).measure(texts))


@lru_cache(maxsize=64)
def _measure(name: str, parameters: str) -> _native.TextMeasure:
    return _native.TextMeasure(name, parameters)
