"""Every example in a docstring runs and gives what it says."""

from __future__ import annotations

import doctest
import importlib

import pytest
from dataflow_rs.core import registry

from .repository import modules

FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
NAMES = [*modules(), "dataflow_rs._native"]


@pytest.fixture(autouse=True)
def registry_as_before(monkeypatch):
    """Examples register operators whose names must not outlive them."""
    registry.load_all()
    monkeypatch.setattr(registry, "_operators", dict(registry._operators))


@pytest.mark.parametrize("name", NAMES)
def test_docstring_examples(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(importlib.import_module(name), optionflags=FLAGS)
    assert result.failed == 0


def test_there_are_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = sum(len(test.examples) for name in NAMES for test in finder.find(importlib.import_module(name)))
    assert found >= 10
