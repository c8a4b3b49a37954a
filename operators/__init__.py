"""Operators by domain; importing this package registers all of them."""

from __future__ import annotations

from dataflow_rs.operators import core_text

__all__ = ["core_text"]
