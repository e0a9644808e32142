"""Values made for schemas."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from conformance.refserver.faults.schemas import kind_of
from conformance.refserver.instance import instance
from conformance.refserver.patterns import matching
from conformance.refserver.tokens import pieces
from conformance.refserver.writing import json_text
from conformance.spec.shapes import Shape, topics

TREE = {
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "value": {"type": "integer"},
                "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
            },
            "required": ["value", "next"],
        }
    },
    "$ref": "#/$defs/node",
}
SCHEMAS: dict[str, Any] = {
    "anything": {},
    "true": True,
    "string": {"type": "string"},
    "long": {"type": "string", "minLength": 12},
    "short": {"type": "string", "maxLength": 2},
    "enum": {"type": "string", "enum": ["a", "b"]},
    "enum-of-type": {"type": "integer", "enum": ["a", 3]},
    "const": {"const": {"deep": [1]}},
    "integer": {"type": "integer", "minimum": 3, "maximum": 5},
    "integer-exclusive": {"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 5},
    "number-exclusive": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.1},
    "number-below": {"type": "number", "maximum": -4.5},
    "multiple": {"type": "integer", "multipleOf": 7, "minimum": 10},
    "multiple-below": {"type": "number", "multipleOf": 0.5, "maximum": -0.2},
    "boolean": {"type": "boolean"},
    "null": {"type": "null"},
    "nullable": {"type": ["null", "string"]},
    "object": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
    "strict": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"enum": ["C", "F"]}},
        "required": ["city", "unit"],
        "additionalProperties": False,
    },
    "open-object": {"type": "object", "minProperties": 2, "additionalProperties": {"type": "null"}},
    "named-properties": {"type": "object", "minProperties": 1, "propertyNames": {"maxLength": 3}},
    "array": {"type": "array", "items": {"type": "integer"}, "minItems": 3},
    "unique": {"type": "array", "items": {"type": "string"}, "minItems": 3, "uniqueItems": True},
    "unique-enum": {"type": "array", "items": {"enum": [1, 2]}, "minItems": 2, "uniqueItems": True},
    "tuple": {
        "type": "array",
        "prefixItems": [{"type": "string"}, {"type": "integer"}],
        "minItems": 2,
    },
    "contains": {"type": "array", "contains": {"const": 5}},
    "any-of": {"anyOf": [False, {"type": "integer"}]},
    "one-of": {
        "oneOf": [
            {"type": "object", "properties": {"kind": {"const": "a"}}, "required": ["kind"]},
            {"type": "object", "properties": {"kind": {"const": "b"}}, "required": ["kind"]},
        ]
    },
    "all-of": {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
            {"properties": {"b": {"type": "integer"}}, "required": ["b"]},
        ]
    },
    "any-of-beside": {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "anyOf": [{"required": ["b"]}, {"required": ["a"]}],
    },
    "reference": {
        "$defs": {"s": {"type": "string"}},
        "type": "array",
        "items": {"$ref": "#/$defs/s"},
    },
    "recursive": TREE,
    "escaped-reference": {"$defs": {"a/b": {"type": "boolean"}}, "$ref": "#/$defs/a~1b"},
    "date-time": {"type": "string", "format": "date-time"},
    "email": {"type": "string", "format": "email"},
    "uuid": {"type": "string", "format": "uuid"},
    "ipv4": {"type": "string", "format": "ipv4"},
    "pattern": {"type": "string", "pattern": "^[A-Z]{2}-\\d{3,}$"},
    "pattern-with-choice": {"type": "string", "pattern": "^(foo|bar)+\\s?[^x]$"},
    "pattern-and-length": {"type": "string", "pattern": "^[a-z]+$", "minLength": 9},
    "conditional": {
        "type": "object",
        "properties": {"a": {"type": "boolean"}, "b": {"type": "string"}},
        "required": ["a"],
        "if": {"properties": {"a": {"const": True}}},
        "then": {"required": ["b"]},
    },
    "alternative": {
        "type": "object",
        "properties": {"a": {"enum": [1]}},
        "if": {"properties": {"a": False}, "required": ["a"]},
        "then": {"required": ["c"]},
        "else": {"required": ["a"]},
    },
    "dependent": {
        "type": "object",
        "properties": {"a": {"type": "integer"}},
        "required": ["a"],
        "dependentRequired": {"a": ["b"]},
    },
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_an_instance_satisfies_its_schema(name: str) -> None:
    """What is made validates, formats included."""
    schema = SCHEMAS[name]
    validator = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )

    assert [] == list(validator.iter_errors(instance(schema)))


@pytest.mark.parametrize(
    "shape", [s for topic in topics().values() for s in topic.shapes], ids=lambda shape: shape.name
)
def test_every_shape_that_is_sent_has_an_instance(shape: Shape) -> None:
    """It validates, formats included, and fits into the limit that goes with it."""
    made = instance(shape.schema)
    validator = jsonschema.Draft202012Validator(
        shape.schema,  # type: ignore[arg-type]
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    )

    assert [] == list(validator.iter_errors(made))
    assert len(pieces(json_text(made))) < shape.limit - 1


@pytest.mark.parametrize("topic", topics())
def test_faults_tell_shapes_apart(topic: str) -> None:
    """A fault that breaks one kind of shape leaves the others alone."""
    kinds = {kind_of(shape.schema) for shape in topics()[topic].shapes}

    assert topic in kinds
    assert kinds <= {topic, ""}


@pytest.mark.parametrize(
    "schema",
    [
        False,
        {"$ref": "#/nowhere"},
        {"$ref": "#"},
        {"anyOf": []},
        {"type": "no-such-type"},
        {"type": 7},
        {"required": 3},
        {"properties": [], "required": ["a"]},
        {"type": "string", "minLength": 10**12},
        {"type": "array", "minItems": 10**9, "items": {"type": "array", "minItems": 10**9}},
        {"type": "string", "pattern": "("},
        {"type": "string", "pattern": "a{99999999}"},
        "text",
    ],
    ids=str,
)
def test_hopeless_schemas_do_no_harm(schema: Any) -> None:
    """What has no instance, is no schema or is far too large ends in some small value."""
    assert len(str(instance(schema))) < 100_000


@pytest.mark.parametrize(
    "pattern", ["^a+b?$", "\\w{4}", "[^a]", ".", "(x|y)z", "^\\d{4}-\\d\\d$", "(?:ab)*c", "é"]
)
def test_a_text_matches_its_pattern(pattern: str) -> None:
    """Ordinary patterns are matched by the text that is made for them."""
    import re

    assert re.search(pattern, matching(pattern))
