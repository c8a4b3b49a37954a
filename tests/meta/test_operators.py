"""Every operator is described: nothing undescribed, nothing described that is not there."""

from __future__ import annotations

import json

import pytest
from dataflow_rs import list_operators
from dataflow_rs.core import docstring
from jsonschema import Draft202012Validator

OPERATORS = [cls for cls in list_operators() if cls.__module__.startswith("dataflow_rs.operators.")]
FIRST_OPERATORS = 28
"""The chain of 23 and the five that call models."""
NAMED_BY_PARAMETERS = {"GeneralFilter"}
"""Operators whose parameters name the columns."""


def test_there_are_operators():
    assert len(OPERATORS) >= FIRST_OPERATORS


@pytest.mark.parametrize("cls", OPERATORS, ids=lambda cls: cls.__name__)
def test_operator_is_described(cls):
    spec = cls.spec()
    doc = docstring.parse(cls.__doc__)
    assert spec.summary.endswith("."), "the first line of the docstring is a sentence"
    assert len(spec.summary) <= 120
    for section, described, real in (
        ("Args", doc.entries("Args"), [parameter.name for parameter in spec.parameters]),
        ("Keys", doc.entries("Keys"), [key.name for key in spec.keys]),
    ):
        assert [name for name in real if not described.get(name)] == [], f"not described in '{section}:'"
        assert [name for name in described if name not in real] == [], f"described in '{section}:' but absent"


@pytest.mark.parametrize("cls", OPERATORS, ids=lambda cls: cls.__name__)
def test_operator_has_a_json_schema(cls):
    content = json.loads(json.dumps(cls.spec().to_dict()))
    Draft202012Validator.check_schema(content["json_schema"])
    keys = content["json_schema"]["properties"]["keys"]["properties"]
    assert keys or cls.__name__ in NAMED_BY_PARAMETERS, "an operator has at least one key"


@pytest.mark.parametrize("cls", OPERATORS, ids=lambda cls: cls.__name__)
def test_operator_lies_where_its_domain_says(cls):
    assert cls.__module__.split(".")[2] == cls.spec().domain
