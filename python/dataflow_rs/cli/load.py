"""Find the plan that `run` is to run: in a recipe, a Python file, or an installed module."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from dataflow_rs.exceptions import ConfigurationError, DataFlowError, nearest
from dataflow_rs.pipeline.pipeline import Pipeline
from dataflow_rs.pipeline.plan import Plan

RECIPES = (".yaml", ".yml", ".json")
_TEXTS = {"str", "Path", "PathLike"}
_AROUND = {"None", "Optional", "Union", "os", "pathlib", "typing"}
"""Words of annotations: of arguments that take text, and those that do not matter for it."""


def load_plan(target: str, settings: Mapping[str, str]) -> Plan:
    """Return the checked plan of a recipe or pipeline.

    Args:
        target: path of a recipe; path of a Python file, or name of a module, with `:ClassName` where it holds several
            pipelines.
        settings: arguments of the pipeline's constructor, or of the recipe's storage, as texts.

    Raises:
        ConfigurationError: there is nothing to run, or it cannot be loaded.
        CompileError: the plan has mistakes.
    """
    if target.lower().endswith(RECIPES):
        return _plan_of_recipe(Path(target), settings)
    place, _, name = target.rpartition(":") if _has_class(target) else (target, "", "")
    module = _load_module(place)
    pipeline = _pipeline_class(module, name, place)
    given = _arguments(pipeline, f"{pipeline.__name__}()", settings)
    with _blaming(place):
        return pipeline(**given).compile()


def _has_class(target: str) -> bool:
    return ":" in target and target.rpartition(":")[2].isidentifier()


# -- recipes -----------------------------------------------------------------------------------------------------------


def _plan_of_recipe(path: Path, settings: Mapping[str, str]) -> Plan:
    from dataflow_rs.pipeline.recipe import parse, plan_from_dict, read_recipe
    from dataflow_rs.storage.file_storage import FileStorage

    if not settings or not path.is_file():
        return read_recipe(path)
    recipe = parse(path.read_text(encoding="utf-8"), path)
    given = _arguments(FileStorage, "the recipe's storage", settings)
    if isinstance(recipe, dict) and isinstance(recipe.get("storage"), dict):
        recipe["storage"] = recipe["storage"] | given
    plan = plan_from_dict(recipe, str(path))
    plan.check()
    return plan


# -- pipelines ---------------------------------------------------------------------------------------------------------


def _load_module(place: str) -> ModuleType:
    path = Path(place)
    if path.suffix == ".py":
        if not path.is_file():
            raise ConfigurationError(f"there is no file {place}")
        return _load_file(path)
    if not all(part.isidentifier() for part in place.split(".")) or not _find(place):
        kinds = ", ".join(RECIPES)
        raise ConfigurationError(f"{place} is neither a recipe ({kinds}), nor a Python file, nor an installed module")
    with _blaming(place):
        return importlib.import_module(place)


def _find(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ImportError:
        return False


def _load_file(path: Path) -> ModuleType:
    """Import a file under its own name, so that steps of operators defined in it are found again by the next run."""
    known = getattr(sys.modules.get(path.stem), "__file__", None)
    free = path.stem not in sys.modules or (known is not None and _same(known, os.fspath(path)))
    name = path.stem if free and path.stem.isidentifier() else f"_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    folder = os.fspath(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)  # as `python file.py` does
    sys.modules[name] = module
    with _blaming(os.fspath(path)):
        spec.loader.exec_module(module)
    return module


@contextmanager
def _blaming(place: str) -> Iterator[None]:
    """Say where the user's code failed."""
    try:
        yield
    except DataFlowError:
        raise
    except Exception as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if _same(frame.filename, place)]
        line = getattr(error, "lineno", None) or (lines[-1] if lines else None)
        where = f"{place}, line {line}" if line else place
        raise ConfigurationError(f"{where}: {type(error).__name__}: {error}") from error


def _same(filename: str, place: str) -> bool:
    return os.path.realpath(filename) == os.path.realpath(place)


def _pipeline_class(module: ModuleType, name: str, place: str) -> type[Pipeline]:
    found = {
        key: value
        for key, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, Pipeline) and value.__module__ == module.__name__
    }
    public = {key: value for key, value in found.items() if not key.startswith("_")}
    if name:
        if name not in found:
            there = ", ".join(public) or "none"
            raise ConfigurationError(f"{place} has no pipeline '{name}'{nearest(name, found)}; there is: {there}")
        return found[name]
    if len(public) != 1:
        what = f"{len(public)} pipelines: {', '.join(public)}" if public else "no subclass of Pipeline"
        hint = f"; name one, as in {place}:{next(iter(public))}" if public else ""
        raise ConfigurationError(f"{place} has {what}{hint}")
    return next(iter(public.values()))


# -- settings ----------------------------------------------------------------------------------------------------------


def _arguments(target: Any, owner: str, settings: Mapping[str, str]) -> dict[str, Any]:
    """Return settings as arguments of a class, each read as its annotation says."""
    parameters = inspect.signature(target).parameters
    unknown = [name for name in settings if name not in parameters]
    if unknown:
        known = ", ".join(parameters) or "none"
        raise click.UsageError(
            f"--set {unknown[0]}: {owner} has no such argument{nearest(unknown[0], parameters)}; {known}"
        )
    missing = [
        name
        for name, parameter in parameters.items()
        if parameter.default is parameter.empty
        and name not in settings
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    if missing:
        raise click.UsageError(f"{owner} needs {', '.join(missing)}; give each as --set {missing[0]}=VALUE")
    return {name: _value(parameters[name].annotation, text) for name, text in settings.items()}


def _value(annotation: Any, text: str) -> Any:
    """Read a text: as it is where the argument takes text or a path, else as YAML does (numbers, true, null, lists).

    The annotation is only looked at, never evaluated: it may name what is imported for type checkers alone.
    """
    shown = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    kinds = set(re.findall(r"\w+", shown)) - _AROUND
    if kinds and kinds <= _TEXTS:
        return text
    import yaml

    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    return text if isinstance(value, dict) and not kinds & {"dict", "Mapping"} else value
