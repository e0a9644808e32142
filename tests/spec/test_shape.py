"""Shapes: equal where validation cannot tell values apart, different where it can."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.spec.shape import NoShape, shape_of

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["id", "loose"],
    "properties": {
        "id": {"type": "string"},
        "kind": {"enum": ["a", "b", None]},
        "count": {"type": "integer", "minimum": 0},
        "list": {"type": "array", "items": {"type": "string"}},
        "bag": {"type": "array"},
        "any": {"description": "whatever"},
    },
    "if": {"properties": {"kind": {"const": "c"}}},
    "then": {"required": ["count"]},
}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param({"id": "x"}, {"id": "y"}, id="text"),
        pytest.param({"kind": "x"}, {"kind": "y"}, id="unlisted words"),
        pytest.param({"count": 5}, {"count": 7}, id="numbers on one side"),
        pytest.param({"any": 1}, {"any": [2]}, id="what is not looked at"),
        pytest.param({"other": 1}, {}, id="keys that are not named"),
        pytest.param({"id": "x", "count": 1}, {"count": 1, "id": "x"}, id="order of keys"),
        pytest.param({"bag": [1, "x"]}, {"bag": []}, id="items that are not looked at"),
    ],
)
def test_values_that_validate_alike_have_one_shape(one: Any, other: Any) -> None:
    """Differences that the schema cannot see are left out."""
    shape = shape_of(SCHEMA)

    assert shape(one) == shape(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param({"id": "x"}, {"id": None}, id="null"),
        pytest.param({"id": "x"}, {}, id="absent"),
        pytest.param({"id": None}, {}, id="null and absent"),
        pytest.param({"loose": 1}, {}, id="required only"),
        pytest.param({"any": 1}, {}, id="presence of what is not looked at"),
        pytest.param({"count": 1}, {"count": 1.0}, id="integer and float"),
        pytest.param({"count": 1}, {"count": True}, id="integer and boolean"),
        pytest.param({"count": 0}, {"count": -1}, id="sides of a limit"),
        pytest.param({"kind": "a"}, {"kind": "b"}, id="listed words"),
        pytest.param({"kind": "c"}, {"kind": "x"}, id="a word of a condition"),
        pytest.param({"list": ["x"]}, {"list": [1]}, id="type of an item"),
        pytest.param({"list": ["x", 1]}, {"list": [1, "x"]}, id="place of an item"),
        pytest.param({"bag": []}, {"bag": {}}, id="array and object"),
        pytest.param([], {}, id="the whole value"),
    ],
)
def test_values_that_may_validate_differently_differ_in_shape(one: Any, other: Any) -> None:
    """Whatever a rule can see is part of the shape."""
    shape = shape_of(SCHEMA)

    assert shape(one) != shape(other)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        pytest.param({"additionalProperties": False}, {}, id="a keyword that is not understood"),
        pytest.param({"const": 1}, 1, id="a constant that is no text"),
        pytest.param({"type": "string"}, ("a",), id="a value that is not JSON"),
        pytest.param({"items": {"type": "string"}}, ["a"] * 600, id="a long array"),
    ],
)
def test_without_a_shape_the_value_itself_decides(schema: dict[str, Any], value: Any) -> None:
    """Where a shape might be wrong or costly there is none."""
    with pytest.raises(NoShape):
        shape_of(schema)(value)


def test_rules_of_all_branches_are_looked_at() -> None:
    """A place may be ruled by several parts of a schema, true and false among them."""
    shape = shape_of({"anyOf": [{"const": "a"}, {"allOf": [{"maximum": 3}, True]}]})

    assert len({shape(value) for value in ("a", "b", 3, 4)}) == 4
