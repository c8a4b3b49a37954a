"""Prompt templates: objects that build messages from row values and parse the reply into typed fields."""

from __future__ import annotations
