"""Parameters, keys, specification, registry: what an operator class says about itself."""

from __future__ import annotations

from typing import Literal

import jsonschema
import pytest
from dataflow_rs import FilterOperator, Integer, RowOperator, Text, get_operator, list_operators, operator
from dataflow_rs.core import registry
from dataflow_rs.core.validation import mismatch
from dataflow_rs.exceptions import ParameterError, RegistryError

from tests.toys import MinimumFilter, ShoutRefiner


class RangeFilter(FilterOperator):
    """Keep numbers in a range.

    More about it.

    Args:
        low: lower bound,
            inclusive.
        high: upper bound; None: none.
        mode: how to look.
        names: some names.

    Keys:
        input_key: the number.
        output_key: where to write it; None: nowhere.
    """

    low: int
    high: float | None = None
    mode: Literal["a", "b"] = "a"
    names: list[str] | None = None

    def process(self, batch, input_key: Integer, output_key: Integer | None = None):
        raise NotImplementedError


class HandWrittenFilter(FilterOperator):
    """Written by hand.

    Args:
        bound: a bound.
    """

    def __init__(self, bound: int = 3) -> None:
        self.twice = 2 * bound

    def process(self, batch, input_key: Text = "text"):
        return [True] * batch.num_rows


def test_spec_comes_from_signature_and_docstring():
    spec = RangeFilter.spec()
    assert (spec.name, spec.kind, spec.base) == ("RangeFilter", "filter", "FilterOperator")
    assert (spec.summary, spec.description) == ("Keep numbers in a range.", "More about it.")
    assert [(p.name, p.type_name, p.required, p.description) for p in spec.parameters] == [
        ("low", "int", True, "lower bound, inclusive."),
        ("high", "float | None", False, "upper bound; None: none."),
        ("mode", "Literal['a', 'b']", False, "how to look."),
        ("names", "list[str] | None", False, "some names."),
    ]
    assert [(k.name, k.direction, k.required, k.optional) for k in spec.keys] == [
        ("input_key", "input", True, False),
        ("output_key", "output", False, True),
    ]


def test_json_schema_accepts_what_the_class_accepts():
    schema = RangeFilter.spec().to_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate({"params": {"low": 1, "mode": "b"}, "keys": {"input_key": "n"}}, schema)
    for wrong in ({"params": {}}, {"params": {"low": 1, "lwo": 2}}, {"params": {"low": 1, "mode": "c"}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "RangeFilter: missing a required argument: 'low'"),
        ({"low": "1"}, "RangeFilter(low=): got '1', the type is int"),
        ({"low": True}, "RangeFilter(low=): got True, the type is int"),
        ({"low": 1, "high": "x"}, "RangeFilter(high=): got 'x', the type is float | None"),
        ({"low": 1, "mode": "c"}, "RangeFilter(mode=): got 'c', the type is Literal['a', 'b']"),
        ({"low": 1, "names": ["x", 3]}, "RangeFilter(names[1]=): got 3, the type is list[str] | None"),
        ({"lwo": 1}, "RangeFilter has no parameter 'lwo' (did you mean 'low'?); it takes: low, high, mode, names"),
    ],
)
def test_wrong_parameters(arguments, message):
    with pytest.raises(ParameterError) as caught:
        RangeFilter(**arguments)
    assert str(caught.value) == message


def test_parameters_and_representation():
    made = RangeFilter(1, high=2)
    assert made.parameters == {"low": 1, "high": 2, "mode": "a", "names": None}
    assert repr(made) == "RangeFilter(low=1, high=2, mode='a', names=None)"
    assert HandWrittenFilter(bound=4).parameters == {"bound": 4}
    assert HandWrittenFilter().twice == 6


@pytest.mark.parametrize(
    ("annotation", "value", "place"),
    [
        (int, 1, None),
        (int, True, ""),
        (float, 1, None),
        (float, True, ""),
        (bool, 1, ""),
        (str | None, None, None),
        (list[int], (1,), ""),
        (list[int], "12", ""),
        (dict[str, list[int]], {"a": [1, "2"]}, "['a'][1]"),
        (tuple[int, str], (1, "x"), None),
        (tuple[int, str], (1, 2), "[1]"),
        (tuple[int, str], (1,), ""),
        (tuple[int, ...], (1, 2, "3"), "[2]"),
        (Literal[1, "a"], True, ""),
    ],
)
def test_types(annotation, value, place):
    found = mismatch(annotation, value)
    assert (None if found is None else found[0]) == place


def test_fingerprint_follows_parameters_and_code():
    assert MinimumFilter(minimum=2).fingerprint() == MinimumFilter().fingerprint()
    assert MinimumFilter(minimum=3).fingerprint() != MinimumFilter().fingerprint()

    def make(factor):
        namespace = {"__doc__": "Scale.", "factor": factor, "__module__": __name__}
        exec(f"def process(self, batch, input_key='n'):\n    return [{factor}] * batch.num_rows", namespace)
        return type("ScaleFilter", (FilterOperator,), namespace)()

    assert make(1).fingerprint() != make(2).fingerprint()


def test_keys_must_name_their_direction():
    with pytest.raises(ParameterError, match=r"'column' must start with 'input_' or 'output_'"):

        @operator
        class WrongFilter(FilterOperator):
            """Wrong."""

            def process(self, batch, column: Text = "text"):
                return []


@pytest.fixture
def empty_registry(monkeypatch):
    monkeypatch.setattr(registry, "_operators", {})
    monkeypatch.setattr(registry, "load_all", lambda: ())


@pytest.mark.usefixtures("empty_registry")
def test_registry():
    operator(MinimumFilter)
    operator(domain="loud")(ShoutRefiner)
    assert get_operator("MinimumFilter") is MinimumFilter
    assert [cls.__name__ for cls in list_operators(kind="filter")] == ["MinimumFilter"]
    assert [cls.__name__ for cls in list_operators(domain="loud")] == ["ShoutRefiner"]
    assert [cls.__name__ for cls in list_operators(search="capitals")] == ["ShoutRefiner"]
    with pytest.raises(RegistryError, match=r"no operator 'MinimunFilter' \(did you mean 'MinimumFilter'\?\)"):
        get_operator("MinimunFilter")
    twin = type("MinimumFilter", (RowOperator,), {"__doc__": "Twin.", "process": MinimumFilter.process})
    with pytest.raises(RegistryError, match="two operators are called 'MinimumFilter'"):
        operator(twin)


def test_an_extension_is_found_and_a_broken_one_is_named(tmp_path, monkeypatch, caplog):
    package = tmp_path / "my_extension.py"
    package.write_text(
        "from dataflow_rs import RowOperator, Text, operator\n"
        "@operator\n"
        "class ExtensionEvaluator(RowOperator):\n"
        "    '''From outside.'''\n"
        "    def process(self, batch, input_key: Text = 'text'):\n"
        "        return {}\n"
    )
    info = tmp_path / "my_extension-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-extension\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[dataflow_rs.extensions]\nmine = my_extension\nbroken = no_such_module_anywhere\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    registry.load_all.cache_clear()
    try:
        assert get_operator("ExtensionEvaluator").spec().domain == "my_extension"
        assert "extension 'broken' (no_such_module_anywhere) cannot be imported" in caplog.text
    finally:
        registry.load_all.cache_clear()
        registry._operators.pop("ExtensionEvaluator", None)
