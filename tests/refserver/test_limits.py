"""Values and their limits."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.model.profile import Parameter, Policy
from conformance.refserver.limits import has_type, nearest, out_of_range, type_name

BETWEEN = Parameter("x", types=("number",), minimum=0, maximum=2)
OPEN = Parameter(
    "x",
    types=("number",),
    minimum=0,
    maximum=2,
    exclusive_minimum=True,
    exclusive_maximum=True,
)
WHOLE = Parameter("x", types=("integer",), minimum=1, maximum=9, exclusive_maximum=True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "null"),
        (True, "boolean"),
        (1, "integer"),
        (1.0, "integer"),
        (1.5, "number"),
        ("", "string"),
        ([], "array"),
        ({}, "object"),
    ],
)
def test_types_are_json_s(value: Any, expected: str) -> None:
    """A whole number is an integer, true is no number."""
    assert expected == type_name(value)


def test_integers_are_numbers() -> None:
    """But numbers are no integers, and no types means any."""
    assert [True, False, True] == [
        has_type(1, ("number",)),
        has_type(1.5, ("integer",)),
        has_type([], ()),
    ]


@pytest.mark.parametrize(
    ("claim", "value", "expected"),
    [
        (BETWEEN, 0, True),
        (BETWEEN, 2.0, True),
        (BETWEEN, 2.001, False),
        (OPEN, 0, False),
        (OPEN, 0.001, True),
        (OPEN, 2, False),
        (WHOLE, 8, True),
        (WHOLE, 9, False),
    ],
)
def test_ranges(claim: Parameter, value: float, expected: bool) -> None:
    """Bounds count in unless they are exclusive."""
    assert expected == (out_of_range("x", value, claim, Policy()) is None)


@pytest.mark.parametrize(
    ("claim", "value"), [(BETWEEN, -1), (BETWEEN, 9), (OPEN, -1), (OPEN, 2), (WHOLE, 50)]
)
def test_the_nearest_value_is_inside(claim: Parameter, value: float) -> None:
    """What is clamped is in range afterwards, an integer where an integer is wanted."""
    clamped = nearest(value, claim)

    assert out_of_range("x", clamped, claim, Policy()) is None
    assert isinstance(clamped, int) == (claim is WHOLE or isinstance(clamped, int))
