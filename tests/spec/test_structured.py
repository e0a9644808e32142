"""Whether a value obeys a schema that a request carried."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.spec.structured import breach, unheeded

CITY: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "array", "items": {"type": "integer"}}},
    "required": ["city"],
    "additionalProperties": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("value", "said"),
    [
        pytest.param({"city": "Paris"}, None, id="right"),
        pytest.param({"city": 7}, "/city: type string", id="another type"),
        pytest.param({}, "the whole value: required ['city']", id="nothing"),
        pytest.param({"city": "Paris", "days": [1, "x"]}, "/days/1: type integer", id="inside a list"),
        pytest.param("Paris", "the whole value: type object", id="no object"),
        pytest.param({"city": "", "colour": 1}, "the whole value: additionalProperties False", id="one too many"),
    ],
)  # fmt: skip
def test_breach(value: Any, said: str | None) -> None:
    """The place comes as a pointer, with the rule that is broken."""
    assert said == breach(CITY, value)


def test_a_schema_that_refers_to_itself_has_an_end() -> None:
    """Values that are nested beyond all measure are not followed to their end."""
    tree = {"$defs": {"t": {"type": "array", "items": {"$ref": "#/$defs/t"}}}, "$ref": "#/$defs/t"}
    deep: Any = []
    for _ in range(5_000):
        deep = [deep]

    assert breach(tree, [[]]) is None
    assert "nested too deeply to be examined" == breach(tree, deep)


@pytest.mark.parametrize(
    ("schema", "value", "passed_over"),
    [
        pytest.param(CITY, {"town": "Paris"}, True, id="other members"),
        pytest.param(CITY, "Paris", True, id="no object"),
        pytest.param(CITY, {"city": 7}, False, id="a member of another type"),
        pytest.param({"required": ["größe der 町"]}, {"gre der ": ""}, False, id="letters lost"),
        pytest.param({"required": ["größe"]}, {"gr??e": ""}, False, id="question marks"),
        pytest.param({"required": ["größe"]}, {"groesse": ""}, True, id="transliterated"),
        pytest.param({"required": ["🙂"]}, {"": ""}, True, id="a name of signs alone"),
        pytest.param({"type": "object"}, {}, False, id="nothing is required"),
        pytest.param(True, 7, False, id="a schema that is no object"),
    ],
)
def test_unheeded(schema: Any, value: Any, passed_over: bool) -> None:
    """A value with none of the required members was made without a look at the schema."""
    assert passed_over is unheeded(schema, value)
