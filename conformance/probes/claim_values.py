"""Values that a claim allows, at its bounds and between them, and values that it does not."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.model.json import JSON
from conformance.model.profile import Parameter
from conformance.spec.names import slug
from conformance.spec.phrase import type_of

from .samples import EXAMPLES

_NOT_LISTED = "conformance-no-such-value"
_STEP = 0.01
"""The smallest step over a bound that every number format can tell apart."""
_FAR = 1000


def inside(claim: Parameter) -> Iterator[tuple[str, JSON]]:
    """Values that a claim allows, at its bounds and between them, with names."""
    for value in claim.values:
        if value is not None:
            yield f"is-{slug(str(value))}", value
    if not claim.values:
        yield from _numbers(claim)
        yield from _texts(claim)
    if "boolean" in claim.types:
        yield "true", True
        yield "false", False
    if "null" in claim.types:
        yield "null", None
    yield from _longest(claim)


def _numbers(claim: Parameter) -> Iterator[tuple[str, JSON]]:
    whole = "number" not in claim.types
    if whole and "integer" not in claim.types:
        return
    step = 1 if whole else _STEP
    low, high = claim.minimum, claim.maximum
    if low is not None:
        yield "minimum", _number(low + step if claim.exclusive_minimum else low)
    if high is not None:
        yield "maximum", _number(high - step if claim.exclusive_maximum else high)
    if not whole:
        middle = ((low or 0) + (high if high is not None else (low or 0) + 1)) / 2
        yield "fraction", middle + (0.25 if float(middle).is_integer() else 0)
        yield "whole", _number(round(middle))


def _number(value: float) -> JSON:
    """A whole number without a fraction, as people write it."""
    return int(value) if float(value).is_integer() else round(value, 6)


def _texts(claim: Parameter) -> Iterator[tuple[str, JSON]]:
    if "string" in claim.types and claim.max_length is not None:
        yield "longest", "a" * claim.max_length


def _longest(claim: Parameter) -> Iterator[tuple[str, JSON]]:
    example = EXAMPLES.get(claim.name)
    if claim.max_items is not None and "array" in claim.types:
        yield "most", items(claim.name, claim.max_items)
    if claim.min_items and "array" in claim.types and claim.min_items != claim.max_items:
        yield "fewest", items(claim.name, claim.min_items)
    if claim.max_properties is not None and isinstance(example, dict):
        yield "most", {f"key{n}": "v" for n in range(claim.max_properties)}


def items(name: str, count: int) -> JSON:
    """So many items of an array, no two alike."""
    example = EXAMPLES.get(name)
    first = example[0] if isinstance(example, list) and example else "item"
    # The one that has an effect comes last: where a list is cut, it is gone.
    return [_another(first, number) for number in reversed(range(count))]


def _another(item: JSON, number: int) -> JSON:
    if isinstance(item, str):
        return f"{item}{number}" if number else item
    if not isinstance(item, dict):
        return item
    if "function" in item:
        return {**item, "function": _another(item["function"], number)}
    return {**item, "name": f"{item.get('name')}_{number}"} if number else item


def sample(claim: Parameter) -> JSON:
    """A value of a parameter of which nothing is known but its claim; an alias has that of what it stands for."""
    chosen = next((value for _, value in inside(claim) if value is not None), None)
    if chosen is None:
        chosen = EXAMPLES.get(claim.alias_of or "")
    if chosen is not None:
        return chosen
    of_type: dict[str, JSON] = {"string": "conformance", "array": [], "object": {}, "integer": 1}
    return next((of_type[name] for name in claim.types if name in of_type), "conformance")


# Values outside


def beyond(claim: Parameter) -> Iterator[tuple[str, JSON]]:
    """Values of a right type outside a claimed range, the nearest first, with names."""
    yield from _unlisted(claim)
    whole = "number" not in claim.types
    if not claim.values and (not whole or "integer" in claim.types):
        step = 1 if whole else _STEP
        if (high := claim.maximum) is not None:
            yield "above-maximum", _number(high if claim.exclusive_maximum else high + step)
        if (low := claim.minimum) is not None:
            yield "below-minimum", _number(low if claim.exclusive_minimum else low - step)
            yield "far-below", _number(low - _FAR)
        if high is not None and high + _FAR < 2**63:
            yield "far-above", _number(high + _FAR)
    if claim.max_length is not None:
        yield "too-long", "a" * (claim.max_length + 1)
    if claim.min_length:
        yield "too-short", "a" * (claim.min_length - 1)
    if claim.pattern is not None:
        yield "no-match", "not a name!"
    if claim.max_items is not None:
        yield "too-many", items(claim.name, claim.max_items + 1)
    if claim.min_items:
        yield "too-few", items(claim.name, claim.min_items - 1)
    if claim.max_properties is not None:
        yield "too-many", {f"key{n}": "v" for n in range(claim.max_properties + 1)}


def _unlisted(claim: Parameter) -> Iterator[tuple[str, JSON]]:
    kinds = {type_of(value) for value in claim.values}
    if "string" in kinds:
        yield "not-listed", _NOT_LISTED
        yield "other-case", next(v for v in claim.values if isinstance(v, str)).upper()
    if kinds & {"integer", "number"}:
        numbers = [v for v in claim.values if isinstance(v, int | float)]
        yield "not-listed", _number(float(min(numbers)) / 2)


WRONG: tuple[tuple[str, JSON], ...] = (
    ("string", "conformance"),
    ("boolean", True),
    ("array", []),
    ("object", {}),
    ("number", 5),
    ("null", None),
)
"""A value of each JSON type, the most telling first."""


def of_other_types(claim: Parameter) -> Iterator[tuple[str, JSON]]:
    """Values of types that a claim does not allow, with names."""
    if not claim.types:
        return
    numeric = bool({"number", "integer"} & set(claim.types))
    if numeric and "string" not in claim.types:
        yield "numeric-string", "1"
    if "integer" in claim.types and "number" not in claim.types:
        yield "fraction", 1.5
    if "boolean" in claim.types and "string" not in claim.types:
        yield "boolean-string", "true"
    if "array" in claim.types and "object" not in claim.types:
        yield "array-as-object", {"0": "x"}
    for name, value in WRONG:
        # `model: null` is a missing model, which has a cause of its own.
        missing = claim.name == "model" and value is None
        if name not in claim.types and not (name == "number" and numeric) and not missing:
            yield name, value
