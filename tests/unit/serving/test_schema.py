"""The JSON schema checker: exact messages, and what it refuses to ignore."""

from __future__ import annotations

import pytest
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.serving.schema import check_schema, mismatches

NODE = {
    "$defs": {"node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}, "v": {"type": "integer"}}}},
    "$ref": "#/$defs/node",
}


@pytest.mark.parametrize(
    ("schema", "value", "problem"),
    [
        ({"type": "integer"}, 1.0, None),
        ({"type": "integer"}, True, "True is not of type integer"),
        ({"type": ["string", "null"]}, 1, "1 is not of type string or null"),
        ({"enum": ["a", 1]}, True, "True is not one of ['a', 1]"),
        ({"const": [1, {"a": False}]}, [1, {"a": 0}], "[1, {'a': 0}] is not [1, {'a': False}]"),
        ({"required": ["a"]}, {}, "'a' is missing"),
        ({"properties": {"a": {"properties": {"b": {"type": "null"}}}}}, {"a": {"b": 1}}, "a.b: 1 is not of type null"),
        ({"additionalProperties": False, "properties": {"a": True}}, {"a": 1, "b": 2}, "'b' is not allowed"),
        ({"additionalProperties": {"type": "string"}}, {"b": 2}, "b: 2 is not of type string"),
        ({"items": {"minimum": 1}}, [1, 0], "[1]: 0 is below the minimum 1"),
        ({"prefixItems": [{"type": "string"}], "items": False}, ["a", 1], "[1]: nothing is allowed here"),
        ({"uniqueItems": True}, [1, True, 1], "1 occurs twice"),
        ({"minItems": 2}, [1], "1 items are fewer than 2"),
        ({"maxItems": 0}, [1], "1 items are more than 0"),
        ({"minLength": 1}, "", "'' is shorter than 1"),
        ({"maxLength": 1}, "ab", "'ab' is longer than 1"),
        ({"minProperties": 1}, {}, "0 entries are fewer than 1"),
        ({"maximum": 5}, 6, "6 is above the maximum 5"),
        ({"exclusiveMinimum": 0}, 0, "0 must be above 0"),
        ({"exclusiveMaximum": 0}, 0, "0 must be below 0"),
        ({"multipleOf": 0.1}, 0.3, None),
        ({"multipleOf": 2}, 3, "3 is no multiple of 2"),
        ({"pattern": "^a+$"}, "b", "'b' does not match the pattern ^a+$"),
        ({"anyOf": [{"type": "null"}, {"type": "string"}]}, 1, "1 is not of type null"),
        ({"oneOf": [{"minimum": 0}, {"maximum": 9}]}, 5, "5 fits 2 alternatives, exactly one is allowed"),
        ({"allOf": [{"minimum": 0}, {"maximum": 9}]}, 10, "10 is above the maximum 9"),
        ({"not": {"type": "null"}}, None, "None is excluded"),
        (NODE, {"next": {"next": {"v": "x"}}}, "next.next.v: 'x' is not of type integer"),
        ({"type": "object"}, "x" * 90, "'" + "x" * 56 + "... is not of type object"),
    ],
)
def test_mismatches(schema, value, problem):
    check_schema(schema)
    assert next(mismatches(value, schema), None) == problem


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ([], "json_schema: a JSON schema is an object, not list"),
        ({"requird": []}, "json_schema: the keyword 'requird' is not supported (did you mean 'required'?)"),
        ({"if": {}}, "json_schema: the keyword 'if' is not supported"),
        ({"items": {"type": "text"}}, "json_schema.items.type: unknown type 'text'"),
        ({"properties": {"a": 1}}, "json_schema.properties.a: a JSON schema is an object, not int"),
        ({"pattern": "("}, "json_schema.pattern: '(' is no regular expression: "),
        ({"anyOf": [{}, {"x": 1}]}, "json_schema.anyOf[1]: the keyword 'x' is not supported"),
    ],
)
def test_schemas_that_are_none(schema, message):
    with pytest.raises(ParameterError) as caught:
        check_schema(schema)
    assert str(caught.value).startswith(message)


def test_a_reference_that_leads_nowhere():
    with pytest.raises(ParameterError, match="the reference '#/a' leads nowhere in the schema"):
        list(mismatches(1, {"$ref": "#/a"}))


def test_endless_references_end():
    assert list(mismatches(1, {"$ref": "#"})) == ["nested too deeply"]
