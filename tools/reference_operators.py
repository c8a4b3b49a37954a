"""The reference implementation's CPU text filter chain, ready to run; imported only in its own environment.

What is replaced, and nothing else: `nltk.download` (one constructor downloads tokenizer data that the chain
never uses) and `torch` (imported by a command-line module that one filter reaches, never called).
"""

from __future__ import annotations

import contextlib
import importlib.machinery
import io
import json
import logging
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CHAIN_FILE = Path(__file__).resolve().parent.parent / "tests" / "parity" / "data" / "chain.json"
# In the order of the shipped pipeline, with its parameters.
CHAIN: list[tuple[str, dict[str, Any]]] = [
    (step["operator"], step["parameters"]) for step in json.loads(CHAIN_FILE.read_text(encoding="utf-8"))
]
REFINERS = [name for name, _ in CHAIN if name.endswith("Refiner")]
FILTERS = [name for name, _ in CHAIN if name.endswith("Filter")]


def _replace_unreachable() -> None:
    import nltk

    nltk.download = lambda *_args, **_kwargs: True
    torch = types.ModuleType("torch")
    torch.__spec__ = importlib.machinery.ModuleSpec("torch", None)
    sys.modules.setdefault("torch", torch)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence progress bars and log lines, which the reference writes per row."""
    logging.disable(logging.CRITICAL)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.disable(logging.NOTSET)


def build(name: str) -> Any:
    """Construct one operator of the chain with the pipeline's parameters."""
    _replace_unreachable()
    with quiet():
        import dataflow.operators.general_text as family

        return getattr(family, name)(**dict(CHAIN)[name])


class TableStorage:
    """The smallest storage that the reference's operators accept: one data frame in, one out."""

    def __init__(self, frame: Any) -> None:
        self.frame = frame

    def read(self, output_type: str = "dataframe") -> Any:
        """Return a copy, because operators write into what they read."""
        if output_type != "dataframe":
            raise ValueError(f"the operators of the chain read data frames, not {output_type!r}")
        return self.frame.copy()

    def write(self, frame: Any) -> None:
        """Take the operator's result."""
        self.frame = frame


def apply(name: str, frame: Any) -> Any:
    """Run one operator alone on the column `text` of a data frame and return its result."""
    operator = build(name)
    storage = TableStorage(frame)
    with quiet():
        operator.run(storage=storage, input_key="text")
    return storage.frame
