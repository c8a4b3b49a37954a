"""The type of a column of conversations."""

from __future__ import annotations

import pyarrow as pa

MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
"""A list of messages, each with `role` (`user`, `assistant` or `tool`) and `content`."""
