"""A small value that satisfies a JSON Schema, as far as one can be found without searching.

Required members only, the first branch that works, recursion bounded.
"""

from __future__ import annotations

from math import ceil, floor
from typing import Any

from conformance.refserver.exchange import Obj
from conformance.refserver.limits import type_name
from conformance.refserver.patterns import matching

_DEPTH = 24
_VALUES = 2000
_LENGTH = 4096
_FORMATS = {
    "date-time": "2026-01-02T03:04:05Z",
    "date": "2026-01-02",
    "time": "03:04:05Z",
    "duration": "P1D",
    "email": "a@example.com",
    "idn-email": "a@example.com",
    "hostname": "example.com",
    "idn-hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uri-reference": "/a",
    "iri": "https://example.com/",
    "uuid": "12345678-1234-4234-8234-123456789abc",
    "json-pointer": "/a",
    "regex": "a",
}
_OBJECT_WORDS = ("properties", "required", "additionalProperties", "minProperties")
_ARRAY_WORDS = ("items", "prefixItems", "minItems", "uniqueItems", "contains")
_NUMBER_WORDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_STRING_WORDS = ("minLength", "maxLength", "pattern", "format")


class _NoInstance(Exception):
    """This branch allows no value, or none within the depth."""


def instance(schema: Any) -> Any:
    """A value for a schema; an empty object where none was found."""
    try:
        return _Maker(schema).value(schema, 0, 0)
    except _NoInstance:
        return {}
    except (RecursionError, TypeError, ValueError, KeyError, AttributeError, OverflowError):
        return {}  # what was sent is not a schema


class _Maker:
    """Holds the root, to which references point."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.left = _VALUES

    def value(self, schema: Any, depth: int, variant: int) -> Any:
        """A value; other variants differ from it where they can."""
        self.left -= 1
        if schema is False or depth > _DEPTH or self.left < 0:
            raise _NoInstance
        if not isinstance(schema, dict):
            return {}
        if "const" in schema:
            return schema["const"]
        if isinstance(choices := schema.get("enum"), list) and choices:
            return self._chosen(choices, schema, variant)
        if isinstance(reference := schema.get("$ref"), str):
            return self.value(
                self._merged(schema, "$ref", self._target(reference)), depth + 1, variant
            )
        if isinstance(parts := schema.get("allOf"), list):
            for part in parts:
                schema = self._merged(schema, "allOf", self._resolved(part))
            return self.value(schema, depth + 1, variant)
        if "if" in schema:
            return self._conditional(schema, depth, variant)
        for word in ("anyOf", "oneOf"):
            if isinstance(branches := schema.get(word), list):
                return self._branch(schema, word, branches, depth, variant)
        return self._typed(schema, depth, variant)

    def _chosen(self, choices: list[Any], schema: Obj, variant: int) -> Any:
        types = schema.get("type", [])
        types = [types] if isinstance(types, str) else types
        fitting = [
            one
            for one in choices
            if not types
            or type_name(one) in types
            or (type_name(one) == "integer" and "number" in types)
        ]
        return (fitting or choices)[variant % len(fitting or choices)]

    def _target(self, reference: str) -> Any:
        found = self.root
        for step in reference.removeprefix("#").split("/")[1:]:
            step = step.replace("~1", "/").replace("~0", "~")
            if isinstance(found, dict) and step in found:
                found = found[step]
            elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
                found = found[int(step)]
            else:
                raise _NoInstance
        return found

    def _resolved(self, schema: Any) -> Any:
        for _ in range(_DEPTH):
            if not (isinstance(schema, dict) and isinstance(schema.get("$ref"), str)):
                break
            schema = self._merged(schema, "$ref", self._target(schema["$ref"]))
        return schema

    def _merged(self, schema: Obj, without: str, other: Any) -> Any:
        rest = {key: value for key, value in schema.items() if key != without}
        if other is True or not isinstance(other, dict):
            return rest if other is not False else False
        merged = {**other, **rest}
        for word in ("properties", "patternProperties", "$defs"):
            if word in other and word in rest:
                merged[word] = {**other[word], **rest[word]}
        for name in {*other.get("properties", ())} & {*rest.get("properties", ())}:
            stated = rest["properties"][name]
            if isinstance(stated, dict):
                merged["properties"][name] = self._merged(stated, "", other["properties"][name])
        if "required" in other and "required" in rest:
            merged["required"] = [*dict.fromkeys([*rest["required"], *other["required"]])]
        for word, pick in (
            ("minimum", max),
            ("maximum", min),
            ("minLength", max),
            ("minItems", max),
        ):
            if word in other and word in rest:
                merged[word] = pick(other[word], rest[word])
        return merged

    def _conditional(self, schema: Obj, depth: int, variant: int) -> Any:
        """A value that meets the condition and its consequence, else one that keeps to the alternative."""
        bare = {key: value for key, value in schema.items() if key not in ("if", "then", "else")}
        met = self._merged(bare, "", self._resolved(schema["if"]))
        try:
            if met is not False:
                met = self._merged(met, "", self._resolved(schema.get("then", True)))
            return self.value(met, depth + 1, variant)
        except _NoInstance:
            other = self._merged(bare, "", self._resolved(schema.get("else", True)))
            return self.value(other, depth + 1, variant)

    def _branch(self, schema: Obj, word: str, branches: list[Any], depth: int, variant: int) -> Any:
        for branch in branches:
            try:
                whole = self._merged(schema, word, self._resolved(branch))
                return self.value(whole, depth + 1, variant)
            except _NoInstance:
                continue
        raise _NoInstance

    def _typed(self, schema: Obj, depth: int, variant: int) -> Any:
        for kind in self._types(schema):
            try:
                return self._of_type(kind, schema, depth, variant)
            except _NoInstance:
                continue
        raise _NoInstance

    def _types(self, schema: Obj) -> list[str]:
        stated = schema.get("type")
        if isinstance(stated, str):
            return [stated]
        if isinstance(stated, list):
            return sorted(stated, key=lambda kind: kind == "null")
        for kind, words in (
            ("object", _OBJECT_WORDS),
            ("array", _ARRAY_WORDS),
            ("number", _NUMBER_WORDS),
            ("string", _STRING_WORDS),
        ):
            if any(word in schema for word in words):
                return [kind]
        return ["object"]

    def _of_type(self, kind: str, schema: Obj, depth: int, variant: int) -> Any:
        match kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, depth)
            case "string":
                return _string(schema, variant)
            case "integer" | "number":
                return _number(schema, variant, whole=kind == "integer")
            case "boolean":
                return variant % 2 == 0
            case "null":
                return None
            case _:
                raise _NoInstance

    def _object(self, schema: Obj, depth: int) -> Obj:
        properties = schema.get("properties") or {}
        wanted = [*dict.fromkeys(schema.get("required") or ())]
        for name, needed in (schema.get("dependentRequired") or {}).items():
            wanted += [one for one in needed if name in wanted and one not in wanted]
        least = min(schema.get("minProperties") or 0, _VALUES)
        spare = [name for name in properties if name not in wanted]
        made: Obj = {}
        for name in wanted + spare[: max(0, least - len(wanted))]:
            made[name] = self.value(self._member(schema, name), depth + 1, 0)
        for number in range(len(made), least):
            name = str(_string(schema.get("propertyNames") or {"minLength": 1}, number))
            made[name] = self.value(self._member(schema, name), depth + 1, number)
        return made

    def _member(self, schema: Obj, name: str) -> Any:
        properties = schema.get("properties") or {}
        others: Any = next(iter((schema.get("patternProperties") or {}).values()), {})
        return properties.get(name, schema.get("additionalProperties", others) or others)

    def _array(self, schema: Obj, depth: int) -> list[Any]:
        first = schema.get("prefixItems") or []
        rest = schema.get("items", {})
        if isinstance(rest, list):  # the older way to write prefixItems
            first, rest = rest, schema.get("additionalItems", {})
        least = min(schema.get("minItems") or 0, _VALUES)
        made: list[Any] = []
        if "contains" in schema:
            for number in range(schema.get("minContains", 1)):
                whole = self._merged(schema, "contains", schema["contains"])
                made.append(self.value(schema["contains"] if whole else {}, depth + 1, number))
        for number in range(len(made), least):
            item = first[number] if number < len(first) else rest
            made.append(self.value(item, depth + 1, number))
        return made


def _string(schema: Obj, variant: int) -> str:
    least, most = min(schema.get("minLength") or 0, _LENGTH), schema.get("maxLength")
    if isinstance(pattern := schema.get("pattern"), str):
        return matching(pattern, least, variant)
    text = _FORMATS.get(schema.get("format", ""), "text")
    text += str(variant) if variant else ""
    text = text.ljust(least, "x")
    return text if most is None else text[:most]


def _number(schema: Obj, variant: int, *, whole: bool) -> Any:
    low, high = _bounds(schema, whole=whole)
    step = schema.get("multipleOf")
    if isinstance(step, int | float) and step > 0:
        start = (
            ceil(low / step) if low is not None else floor(high / step) if high is not None else 1
        )
        value = (start + (variant if low is not None or high is None else -variant)) * step
        value = round(value, 9)
    elif low is not None:
        value = low + variant
    else:
        value = (1 if high is None else high) + (variant if high is None else -variant)
    if whole:
        return ceil(value)
    if low is not None and high is not None and value > high:
        return (low + high) / 2
    return value


def _bounds(schema: Obj, *, whole: bool) -> tuple[Any, Any]:
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if above is True:  # draft 4
        above, low = low, None
    if below is True:
        below, high = high, None
    if whole:
        low = None if low is None else ceil(low)
        high = None if high is None else floor(high)
    gap = 1 if whole else _gap(low if above is None or above is False else above, below)
    if isinstance(above, int | float) and above is not False:
        edge = floor(above) + 1 if whole else above + gap
        low = edge if low is None else max(low, edge)
    if isinstance(below, int | float) and below is not False:
        edge = ceil(below) - 1 if whole else below - gap
        high = edge if high is None else min(high, edge)
    return low, high


def _gap(low: Any, high: Any) -> float:
    known = isinstance(low, int | float) and isinstance(high, int | float) and high > low
    return min(1.0, (high - low) / 4) if known else 1.0
