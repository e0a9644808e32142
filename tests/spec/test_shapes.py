"""The corpus of schemas: valid, of one topic each, and marked rightly as strict or not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from conformance.model.errors import ConformanceError
from conformance.spec.shapes import LIMIT, Shape, load_shapes, topics

SHAPES = [shape for topic in topics().values() for shape in topic.shapes]
STRICT_WORDS = {
    *("type", "properties", "required", "additionalProperties", "items", "enum", "const", "anyOf"),
    *("$ref", "$defs", "description", "pattern", "format", "multipleOf", "minimum", "maximum"),
    *("exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems"),
}
"""The keywords that OpenAI documents for strict schemas."""


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """A schema and all schemas inside it."""
    if not isinstance(schema, dict):
        return
    yield schema
    for word, value in schema.items():
        if word in ("properties", "$defs", "definitions", "patternProperties"):
            for inner in value.values():
                yield from parts(inner)
        elif word in ("anyOf", "oneOf", "allOf", "prefixItems"):
            for inner in value:
                yield from parts(inner)
        elif word in ("items", "not", "if", "then", "contains", "additionalProperties"):
            yield from parts(value)


def within_the_subset(schema: Any) -> bool:
    """Whether every object lists all its members as required and allows no others, in documented words."""
    if schema.get("type") != "object" or "anyOf" in schema:
        return False
    for part in parts(schema):
        if not part.keys() <= STRICT_WORDS:
            return False
        if part.get("type") == "object" and (
            part.get("additionalProperties") is not False
            or {*part.get("properties", {})} != {*part.get("required", ())}
        ):
            return False
    return True


def test_there_are_enough_of_them() -> None:
    """At least sixty shapes, of every kind that the issue names."""
    named = {
        *("nesting", "arrays", "enums", "unions", "references", "optional", "numbers", "strings"),
        *("names", "sizes", "nothing", "loose"),
    }

    assert 60 <= len(SHAPES)
    assert named == topics().keys()


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_a_shape_is_a_schema_with_a_question(shape: Shape) -> None:
    """It is valid, small enough to be paid for, and asked for in one sentence that quotes nothing."""
    Draft202012Validator.check_schema(shape.schema)  # type: ignore[arg-type]

    assert shape.ask.endswith(".")
    assert '"' not in shape.ask
    assert LIMIT <= shape.limit <= 256
    assert shape.only in ("", "tool", "output")


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_strict_shapes_keep_to_the_subset(shape: Shape) -> None:
    """What is sent as strict has every member required, no others, and documented keywords alone."""
    assert within_the_subset(shape.schema) or not shape.strict


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("a: {says: A., shapes: {x: {ask: B., strict: true}}}", "a.x: schema missing", id="missing"),
        pytest.param("a: {says: A., shapes: {x: {ask: B., strict: true, schema: {}, z: 1}}}", "unknown key 'z'", id="unknown"),
        pytest.param(
            "a: {says: A., shapes: {x: {ask: B., strict: true, schema: {}}}}\n"
            "b: {says: A., shapes: {x: {ask: B., strict: true, schema: {}}}}",
            "two shapes are called 'x'",
            id="twice",
        ),
    ],
)  # fmt: skip
def test_a_wrong_file_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    """What is wrong is told with the shape's name."""
    path = tmp_path / "shapes.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ConformanceError, match=sentence):
        load_shapes(path)
