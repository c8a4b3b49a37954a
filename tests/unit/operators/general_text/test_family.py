"""The family as a whole: names, parameters and keys of the catalogue, documentation, import."""

from __future__ import annotations

import importlib
import importlib.util
import json
import pkgutil
from pathlib import Path

import pytest
from dataflow_rs import get_operator
from dataflow_rs.core.spec import REQUIRED
from dataflow_rs.operators import general_text

ROOT = Path(__file__).parents[4]
CHAIN = json.loads((ROOT / "tests/parity/data/chain.json").read_text(encoding="utf-8"))
# Defaults of the catalogue that the chain's parameters do not show.
DEFAULTS = {
    "BlocklistFilter": {"language": "en", "threshold": 1, "use_tokenizer": False},
    "CurlyBracketFilter": {"threshold": 0.025},
}
MODULES = [module.name for module in pkgutil.iter_modules(general_text.__path__)]


@pytest.mark.parametrize("name", [step["operator"] for step in CHAIN])
def test_parameters_and_keys_are_those_of_the_catalogue(name):
    chain = {step["operator"]: step["parameters"] for step in CHAIN}
    spec = get_operator(name).spec()
    defaults = {parameter.name: parameter.default for parameter in spec.parameters}
    for parameter, default in {**chain[name], **DEFAULTS.get(name, {})}.items():
        if parameter != "watermarks":
            assert defaults[parameter] == default
    keys = {key.name: key.default for key in spec.keys}
    assert keys.get("output_key") is None
    assert keys["input_key"] is (None if name == "MinHashDeduplicateFilter" else REQUIRED)


@pytest.mark.parametrize("name", general_text.__all__)
def test_everything_is_described(name):
    spec = getattr(general_text, name).spec()
    assert spec.summary.endswith(".")
    assert all(parameter.description for parameter in spec.parameters)
    assert all(key.description for key in spec.keys)
    assert ("Differences" in spec.sections) or not any(parameter.name == "profile" for parameter in spec.parameters)


def test_operators_have_one_name():
    path = ROOT / "operators" / "__init__.py"
    spec = importlib.util.spec_from_file_location("operators", path)
    with pytest.raises(ImportError) as caught:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    assert str(caught.value) == (
        "the operators were imported as 'operators'; import them as 'dataflow_rs.operators', because a second copy "
        "would register every operator twice"
    )


def test_block_lists_name_their_source():
    folder = ROOT / "operators" / "general_text" / "blocklists"
    assert len(list(folder.glob("*.txt"))) == 28
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert "CC BY 4.0" in readme
    assert "LDNOOBW" in readme
