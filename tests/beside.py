"""Modules that lie beside a test in a folder that is no package."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType


def load_beside(test: str, name: str) -> ModuleType:
    """Return the module `name` of the folder of a test file, wherever pytest was started."""
    spec = importlib.util.spec_from_file_location(name, Path(test).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
