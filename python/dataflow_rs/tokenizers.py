"""Tokenizers: exact token counts and ids of whole columns (`load_tokenizer`, `Tokenizer`)."""

from __future__ import annotations

from dataflow_rs.core.tokenizers import Tokenizer, load_tokenizer

__all__ = ["Tokenizer", "load_tokenizer"]
