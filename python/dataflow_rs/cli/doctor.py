"""`dataflow-rs doctor`: whether everything is in place on this machine, and how to get what is missing."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from dataflow_rs.cli.options import State, common
from dataflow_rs.cli.output import columns, emit_json

PACKAGES = ("pyarrow", "polars", "pydantic", "pyyaml", "click", "rich")
KEYS = (
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "AZURE_OPENAI_API_KEY",
    "DEEPSEEK_API_KEY",
    "OPENROUTER_API_KEY",
    "DF_API_KEY",
    "HF_TOKEN",
)
_SIGNS = {"ok": ("ok", "green"), "missing": ("--", "yellow"), "broken": ("!!", "red")}


@click.command(short_help="Check the installation.")
@common()
@click.pass_obj
def doctor(state: State, as_json: bool) -> None:
    """Check the installation: versions, native library, extras, models, cache, terminal, API keys.

    Values of keys are never shown. The exit code is 1 only where something is broken; what is optional may be missing.
    """
    found = list(checks())
    state.code = 1 if any(check["state"] == "broken" for check in found) else 0
    if as_json:
        emit_json({"ok": state.code == 0, "checks": found})
        return
    rows = []
    for check in found:
        sign, colour = _SIGNS[check["state"]]
        rows.append([click.style(sign, fg=colour), check["what"], check["found"]])
    click.echo(columns(rows))


def checks() -> Iterator[dict[str, Any]]:
    """Yield what was looked at, whether it is in order (ok, missing, broken), and what was found."""
    yield from _versions()
    yield from _extras()
    yield from _models()
    yield _cache()
    yield from _surroundings()


def _check(what: str, state: str, found: str) -> dict[str, Any]:
    return {"what": what, "state": state, "found": found}


def _versions() -> Iterator[dict[str, Any]]:
    import platform

    from dataflow_rs import __version__, _native

    yield _check("dataflow_rs", "ok", __version__)
    yield _check("python", "ok", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    state = "ok" if _native.__version__ == __version__ else "broken"
    yield _check("native library", state, f"{_native.__version__}, {_native.__file__}")
    cpus = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
    limit = os.environ.get("RAYON_NUM_THREADS")
    yield _check("threads", "ok", f"{cpus} processors" + (f", RAYON_NUM_THREADS={limit}" if limit else ""))
    for name in PACKAGES:
        try:
            yield _check(name, "ok", importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield _check(name, "broken", "not installed: pip install open-dataflow-rs")


def _extras() -> Iterator[dict[str, Any]]:
    from dataflow_rs.core.environment import EXTRAS

    for extra, modules in EXTRAS.items():
        absent = [module for module in modules if importlib.util.find_spec(module) is None]
        if absent:
            yield _check(f"extra [{extra}]", "missing", f"pip install 'open-dataflow-rs[{extra}]'")
        else:
            yield _check(f"extra [{extra}]", "ok", ", ".join(_version(module) for module in modules))


def _version(module: str) -> str:
    try:
        return f"{module} {importlib.metadata.version(module)}"
    except importlib.metadata.PackageNotFoundError:
        return module


def _models() -> Iterator[dict[str, Any]]:
    from dataflow_rs.cli.models import states

    for model in states():
        if model["path"]:
            yield _check(f"model {model['name']}", "ok", model["path"])
        else:
            size = f"{model['bytes'] / 1e6:,.0f} MB"
            yield _check(f"model {model['name']}", "missing", f"dataflow-rs models pull {model['name']} ({size})")


def _cache() -> dict[str, Any]:
    from dataflow_rs.serving.models import CACHE_VARIABLE, cache_dir

    folder = cache_dir()
    existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        return _check("cache", "broken", f"{folder}: {error.strerror}; set {CACHE_VARIABLE} to a folder of yours")
    free = shutil.disk_usage(existing).free / 1e9
    return _check("cache", "ok", f"{folder}, {free:,.1f} GB free")


def _surroundings() -> Iterator[dict[str, Any]]:
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    yield _check("working directory", "ok", f"{Path.cwd()}, {free:,.1f} GB free")
    kind = "a terminal" if sys.stdout.isatty() else "no terminal"
    colours = "NO_COLOR is set" if os.environ.get("NO_COLOR") else "colours where there is a terminal"
    yield _check("output", "ok", f"{kind}, {sys.stdout.encoding}, {colours}")
    keys = [name for name in KEYS if os.environ.get(name)]
    found = ", ".join(keys) if keys else "none of them set, which local models do not need"
    yield _check("API keys", "ok" if keys else "missing", found)
