"""Dotted names."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.refserver.places import places

BODY: dict[str, Any] = {
    "a": {"b": {"c": 1}},
    "list": [{"x": 1}, {"y": 2}, "text"],
    "words": ["p", "q"],
    "map": {"k": 1, "l": 2},
}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a", {"a": {"b": {"c": 1}}}),
        ("a.b.c", {"a.b.c": 1}),
        ("a.b.d", {"a.b.d": None}),
        ("a.x.d", {}),
        ("list[].x", {"list[0].x": 1, "list[1].x": None}),
        ("words[]", {"words[0]": "p", "words[1]": "q"}),
        ("words.p", {}),
        ("map.*", {"map.k": 1, "map.l": 2}),
        ("absent.*", {}),
    ],
)
def test_a_name_points_to_places(name: str, expected: dict[str, Any]) -> None:
    """Members, items and all members; only the last may be absent."""
    assert expected == {place.label: place.value for place in places(BODY, name)}


def test_places_can_be_changed() -> None:
    """A member is put or dropped; a dropped item leaves a null."""
    body: dict[str, Any] = {"a": 1, "b": 2, "c": [1, 2]}
    places(body, "a")[0].put(5)
    places(body, "b")[0].drop()
    places(body, "c[]")[0].drop()

    assert {"a": 5, "c": [None, 2]} == body
