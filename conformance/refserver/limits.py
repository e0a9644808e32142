"""Whether a value keeps to a claim, and the nearest value that does."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from math import inf, nextafter
from typing import Any

from conformance.model.profile import Parameter, Policy
from conformance.refserver.mistakes import Mistake, bad_value, wrong_type

_SPOKEN = {
    "string": "a string",
    "number": "a decimal",
    "integer": "an integer",
    "boolean": "a boolean",
    "object": "an object",
    "array": "an array",
    "null": "null",
}


def spoken(value: Any) -> str:
    """The JSON type of a value with its article, as an error says it."""
    return _SPOKEN[type_name(value)]


def type_name(value: Any) -> str:
    """The JSON type of a value; whole numbers are integers, however they are written."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "integer" if value.is_integer() else "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def has_type(value: Any, types: Iterable[str]) -> bool:
    """Whether a value is of one of the types; integers are numbers too."""
    name = type_name(value)
    types = tuple(types)
    return not types or name in types or (name == "integer" and "number" in types)


def ill_typed(label: str, value: Any, claim: Parameter, policy: Policy) -> Mistake | None:
    """The mistake of a value of a wrong type."""
    if has_type(value, claim.types):
        return None
    spoken = [_SPOKEN[name] for name in claim.types if name != "null"]
    expected = spoken[0] if len(spoken) == 1 else "one of " + " or ".join(spoken)
    return wrong_type(label, expected, _SPOKEN[type_name(value)], policy)


def out_of_range(label: str, value: Any, claim: Parameter, policy: Policy) -> Mistake | None:
    """The mistake of a value outside its range, length, pattern or enumeration."""
    # An enumeration of strings says nothing about a value that may be an object instead.
    listed_kind = any(_kind(value) is _kind(allowed) for allowed in claim.values)
    if listed_kind and not any(_same(value, allowed) for allowed in claim.values):
        listed = ", ".join(f"'{allowed}'" for allowed in claim.values if allowed is not None)
        return bad_value(label, f"'{_short(value)}'", f"Supported values are: {listed}.", policy)
    match value:
        case bool() | None:
            return None
        case int() | float():
            return _number(label, value, claim, policy)
        case str():
            return _string(label, value, claim, policy)
        case list():
            return _size(label, "array", len(value), claim.min_items, claim.max_items, policy)
        case _:
            limit = claim.max_properties
            return _size(label, "object", len(value), None, limit, policy)


def nearest(value: Any, claim: Parameter) -> Any:
    """The nearest value inside the limits, or None where there is no telling."""
    match value:
        case bool() | None:
            return None
        case int() | float() if not claim.values:
            return _clamped(value, claim)
        case str() | list() if not claim.values:
            limit = claim.max_length if isinstance(value, str) else claim.max_items
            return value[:limit] if limit is not None and len(value) > limit else None
        case _:
            return None


def _clamped(value: float, claim: Parameter) -> float:
    whole = "number" not in claim.types
    if (low := claim.minimum) is not None and value <= low:
        above = low + 1 if whole else nextafter(low, inf)
        value = above if claim.exclusive_minimum else low
    if (high := claim.maximum) is not None and value >= high:
        below = high - 1 if whole else nextafter(high, -inf)
        value = below if claim.exclusive_maximum else high
    return int(value) if whole else value


def _number(label: str, value: float, claim: Parameter, policy: Policy) -> Mistake | None:
    kind = "integer" if "integer" in claim.types else "decimal"
    low, high = claim.minimum, claim.maximum
    if low is not None and (value <= low if claim.exclusive_minimum else value < low):
        sign = ">" if claim.exclusive_minimum else ">="
        wanted = f"{kind} below minimum value. Expected a value {sign} {low:g}"
        code = policy.code_below or f"{kind}_below_min_value"
        return _beyond(label, wanted, _short(value), code, policy)
    if high is not None and (value >= high if claim.exclusive_maximum else value > high):
        sign = "<" if claim.exclusive_maximum else "<="
        wanted = f"{kind} above maximum value. Expected a value {sign} {high:g}"
        code = policy.code_above or f"{kind}_above_max_value"
        return _beyond(label, wanted, _short(value), code, policy)
    return None


def _string(label: str, value: str, claim: Parameter, policy: Policy) -> Mistake | None:
    if wrong := _size(label, "string", len(value), claim.min_length, claim.max_length, policy):
        return wrong
    if claim.pattern is not None and not re.search(claim.pattern, value):
        allowed = f"Expected a string that matches the pattern '{claim.pattern}'."
        return bad_value(label, f"'{_short(value)}'", allowed, policy)
    return None


def _size(
    label: str, kind: str, size: int, low: int | None, high: int | None, policy: Policy
) -> Mistake | None:
    if low is not None and size < low:
        usual = f"empty_{kind}" if size == 0 else f"{kind}_below_min_length"
        code = policy.code_below or usual
        wanted = f"{kind} too short. Expected at least {low}"
        return _beyond(label, wanted, str(size), code, policy)
    if high is not None and size > high:
        usual = "object_above_max_properties" if kind == "object" else f"{kind}_above_max_length"
        code = policy.code_above or usual
        wanted = f"{kind} too long. Expected at most {high}"
        return _beyond(label, wanted, str(size), code, policy)
    return None


def _beyond(label: str, wanted: str, got: str, code: str, policy: Policy) -> Mistake:
    message = f"Invalid '{label}': {wanted}, but got {got} instead."
    if code in (policy.code_above, policy.code_below):  # which goes before the one for all else
        policy = replace(policy, code=code)
    return Mistake(message, param=label, code=code, policy=policy)


def _kind(value: Any) -> type:
    return float if isinstance(value, int) and not isinstance(value, bool) else type(value)


def _same(left: Any, right: Any) -> bool:
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:60] + "…"
