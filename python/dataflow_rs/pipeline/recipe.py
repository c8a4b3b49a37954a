"""Recipes: a plan as YAML or JSON, and back.

    dataflow: 1
    name: Clean
    storage: {source: crawl/*.jsonl.zst, cache_path: runs/clean}
    components:
      model: {class: OpenAIServing, model: qwen, base_url: "http://localhost:8000/v1"}
    steps:
      - {operator: WordNumberFilter, params: {min_words: 20}, keys: {input_key: text}}
      - {operator: Text2QAGenerator, params: {llm_serving: {use: model}}, keys: {input_key: text}}
    exports:
      - {path: clean.parquet}

A step reads the one before it; `after: N` makes it read another one (0 is the source). `components` are servings and
prompts that steps share; a parameter names one with `use`. Relative paths count from the working directory, as in
Python. Reading a recipe imports nothing that it names: operators, servings and prompts come from the library and from
installed extensions.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from dataflow_rs.core.component import Component, component_from_description
from dataflow_rs.core.operator import Operator
from dataflow_rs.core.registry import get_operator
from dataflow_rs.core.spec import json_value
from dataflow_rs.exceptions import ConfigurationError, ParameterError, RecipeError, RegistryError, nearest
from dataflow_rs.pipeline.plan import Plan, PlannedExport, PlannedStep
from dataflow_rs.storage.file_storage import FileStorage

VERSION = 1
_TOP = ("dataflow", "name", "storage", "components", "steps", "exports")
_STEP = ("operator", "params", "keys", "after")
_EXPORT = ("path", "step", "format", "compression", "columns")


def read_recipe(path: str | os.PathLike[str]) -> Plan:
    """Read a plan from a YAML or JSON file.

    Raises:
        RecipeError: the file is not a recipe; the message names the place.
        CompileError: the plan has mistakes.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RecipeError(f"there is no recipe {file}") from None
    plan = plan_from_dict(parse(text, file), str(file))
    plan.check()
    return plan


def parse(text: str, file: Path) -> Any:
    """Return the content of a recipe's text.

    Raises:
        RecipeError: it is no YAML; the message names line and column.
    """
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        raise RecipeError(f"{file}{where}: {getattr(error, 'problem', None) or error}") from None


def dump(recipe: dict[str, Any]) -> str:
    """Return a recipe as YAML."""
    import yaml

    return str(yaml.safe_dump(recipe, sort_keys=False, allow_unicode=True, width=110))


# -- writing -----------------------------------------------------------------------------------------------------------


def plan_to_dict(plan: Plan) -> dict[str, Any]:
    """Return a plan as the content of a recipe.

    Raises:
        ParameterError: the plan holds something that only exists in memory.
    """
    storages = plan.storages
    if len(storages) != 1:
        raise ParameterError(f"a recipe has one storage, the pipeline {plan.name} uses {len(storages)}")
    components = _Components()
    recipe: dict[str, Any] = {"dataflow": VERSION, "name": plan.name, "storage": storages[0].describe()}
    steps = [_step_to_dict(step, components) for step in plan.steps]
    if components.described:
        recipe["components"] = components.described
    recipe["steps"] = steps
    if plan.exports:
        recipe["exports"] = [
            {"path": str(export.path), "step": export.step}
            | {name: value for name, value in export.options.items() if value is not None}
            for export in plan.exports
        ]
    return recipe


class _Components:
    """Gives each serving and prompt a name, once."""

    def __init__(self) -> None:
        self.described: dict[str, Any] = {}
        self._names: dict[int, str] = {}

    def name(self, component: Component, parameter: str) -> str:
        if id(component) not in self._names:
            name, number = parameter, 2
            while name in self.described:
                name, number = f"{parameter}_{number}", number + 1
            self._names[id(component)] = name
            self.described[name] = component.describe()
        return self._names[id(component)]


def _step_to_dict(step: PlannedStep, components: _Components) -> dict[str, Any]:
    params = {}
    for parameter in step.operator.spec().parameters:
        value = step.operator.parameters[parameter.name]
        if isinstance(value, Component):
            params[parameter.name] = {"use": components.name(value, parameter.name)}
        elif parameter.required or value != parameter.default:
            params[parameter.name] = json_value(value)
    entry: dict[str, Any] = {"operator": step.operator.name}
    if params:
        entry["params"] = params
    if step.given:
        entry["keys"] = dict(step.given)
    if step.parent != step.index - 1:
        entry["after"] = step.parent
    try:
        json.dumps(entry)
    except TypeError as error:
        raise ParameterError(f"{step.title} cannot be written into a recipe: {error}") from None
    return entry


# -- reading -----------------------------------------------------------------------------------------------------------


def plan_from_dict(recipe: Any, where: str = "recipe") -> Plan:
    """Build the plan of a recipe's content.

    Raises:
        RecipeError: something in it is unknown, missing or of the wrong type; the message names the place.
    """
    content = _mapping(recipe, where, _TOP)
    if content.get("dataflow") != VERSION:
        raise RecipeError(f"{where}: 'dataflow: {VERSION}' is missing; it says which form the recipe has")
    storage = _storage(content.get("storage"), f"{where}, storage")
    components = {
        str(name): _component(description, f"{where}, components.{name}")
        for name, description in _mapping(content.get("components") or {}, f"{where}, components").items()
    }
    steps = []
    for index, entry in enumerate(_list(content.get("steps"), f"{where}, steps"), 1):
        place = f"{where}, step {index}"
        fields = _mapping(entry, place, _STEP)
        after = fields.get("after", index - 1)
        if not isinstance(after, int) or not 0 <= after < index:
            raise RecipeError(f"{place}: 'after' must be the number of an earlier step or 0, not {after!r}")
        operator = _operator(fields, components, place)
        keys = _mapping(fields.get("keys") or {}, f"{place}, keys")
        steps.append(PlannedStep(operator, dict(keys), storage, index, after))
    exports = tuple(
        _export(entry, storage, len(steps), f"{where}, export {number}")
        for number, entry in enumerate(_list(content.get("exports") or [], f"{where}, exports"), 1)
    )
    return Plan(str(content.get("name") or Path(where).stem), tuple(steps), exports)


def _storage(entry: Any, place: str) -> FileStorage:
    fields = _mapping(entry, place)
    try:
        return FileStorage(**{str(name): value for name, value in fields.items()})
    except TypeError as error:
        raise RecipeError(f"{place}: {str(error).removeprefix('FileStorage.__init__() ')}") from None
    except ConfigurationError as error:
        raise RecipeError(f"{place}: {error}") from None


def _component(entry: Any, place: str) -> Component:
    try:
        return component_from_description(dict(_mapping(entry, place)))
    except ConfigurationError as error:
        raise RecipeError(f"{place}: {error}") from None


def _operator(fields: dict[str, Any], components: dict[str, Component], place: str) -> Operator:
    if not isinstance(fields.get("operator"), str):
        raise RecipeError(f"{place}: 'operator' must be the name of an operator")
    params = {}
    for name, value in _mapping(fields.get("params") or {}, f"{place}, params").items():
        if isinstance(value, dict) and set(value) == {"use"}:
            if value["use"] not in components:
                hint = nearest(str(value["use"]), components)
                raise RecipeError(f"{place}, params.{name}: there is no component '{value['use']}'{hint}")
            value = components[value["use"]]
        params[str(name)] = value
    try:
        return get_operator(fields["operator"])(**params)
    except (ConfigurationError, RegistryError) as error:
        raise RecipeError(f"{place}: {error}") from None


def _export(entry: Any, storage: FileStorage, steps: int, place: str) -> PlannedExport:
    fields = _mapping(entry, place, _EXPORT)
    if not isinstance(fields.get("path"), str):
        raise RecipeError(f"{place}: 'path' must be the name of a file")
    step = fields.get("step", steps)
    if not isinstance(step, int) or not 0 <= step <= steps:
        raise RecipeError(f"{place}: 'step' must be the number of a step (0 to {steps}), not {step!r}")
    options = {name: fields.get(name) for name in ("format", "compression", "columns")}
    return PlannedExport(storage, Path(fields["path"]), step, options)


def _mapping(value: Any, place: str, allowed: tuple[str, ...] | None = None) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise RecipeError(f"{place}: expected a mapping, found {type(value).__name__}")
    for name in value:
        if allowed is not None and name not in allowed:
            raise RecipeError(
                f"{place}: unknown entry '{name}'{nearest(str(name), allowed)}; allowed: {', '.join(allowed)}"
            )
    return value


def _list(value: Any, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise RecipeError(f"{place}: expected a list, found {type(value).__name__}")
    return value
