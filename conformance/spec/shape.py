"""The shape of a value under a schema: all that can change the outcome of validation, as a hashable key.

Two values of one shape break the same rules at the same places.
The shape has the types, the presence of the keys the schema names, the words it lists (``enum``, ``const``)
and on which side of its limits a number lies; text, and whatever the schema does not mention, is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Shape: TypeAlias = Callable[[Any], Hashable]

_SEEN = frozenset(
    {"type", "enum", "const", "required", "properties", "items", "minimum", "maximum"}
)
_JOINED = frozenset({"allOf", "anyOf", "oneOf"})
_NESTED = frozenset({"not", "if", "then", "else"})
_MUTE = frozenset(
    {"$schema", "$id", "$comment", "title", "description", "default", "deprecated", "examples"}
)
_LONGEST_ARRAY = 512
"""Arrays longer than this are validated each time rather than remembered."""
_ABSENT = ...


class NoShape(Exception):
    """This value, or any value under this schema, has to be validated as it is."""


@dataclass(slots=True)
class _Lens:
    """What a schema looks at in one place."""

    words: set[str] = field(default_factory=set)
    limits: set[float] = field(default_factory=set)
    keys: dict[str, _Lens] = field(default_factory=dict)
    items: _Lens | None = None
    blind: bool = True
    """The schema says nothing here."""


def shape_of(schema: Mapping[str, Any]) -> Shape:
    """The function that gives the shape of a value under a schema; it raises NoShape where there is none."""
    lens = _Lens()
    try:
        _look(schema, lens)
    except NoShape:
        return _none
    return _function(lens)


def _none(value: Any) -> Hashable:
    raise NoShape


def _look(schema: Any, lens: _Lens) -> None:
    """Add to the lens what a schema looks at; NoShape if it has a keyword that is not understood here."""
    if isinstance(schema, bool):
        return
    for keyword, rule in schema.items():
        if keyword in _MUTE:
            continue
        lens.blind = False
        if keyword in _JOINED:
            for one in rule:
                _look(one, lens)
        elif keyword in _NESTED:
            _look(rule, lens)
        elif keyword in _SEEN:
            _note(keyword, rule, lens)
        else:
            raise NoShape


def _note(keyword: str, rule: Any, lens: _Lens) -> None:
    match keyword:
        case "enum" | "const":
            for word in rule if keyword == "enum" else [rule]:
                if word is not None and not isinstance(word, str):
                    raise NoShape
                if word is not None:
                    lens.words.add(word)
        case "minimum" | "maximum":
            lens.limits.add(rule)
        case "required":
            for name in rule:
                lens.keys.setdefault(name, _Lens())
        case "properties":
            for name, part in rule.items():
                _look(part, lens.keys.setdefault(name, _Lens()))
        case "items":
            lens.items = lens.items or _Lens()
            _look(rule, lens.items)


def _function(lens: _Lens) -> Shape:
    """Closures rather than a walk over the lens: this runs for every chunk."""
    if lens.blind:
        return _present
    words = frozenset(lens.words)
    limits = tuple(sorted(lens.limits))
    keys = tuple((name, _function(part)) for name, part in lens.keys.items())
    items = _function(lens.items) if lens.items else None

    def shape(value: Any) -> Hashable:
        kind = type(value)
        if kind is str:
            return value if value in words else str
        if value is None:
            return None
        if kind is dict:
            return dict, *[part(value[name]) if name in value else _ABSENT for name, part in keys]
        if kind is list:
            if items is None:
                return list
            if len(value) > _LONGEST_ARRAY:
                raise NoShape
            return list, *[items(item) for item in value]
        if kind is int or kind is float:
            return kind, *[(value < limit, value > limit) for limit in limits]
        if kind is bool:
            return bool
        raise NoShape

    return shape


def _present(value: Any) -> Hashable:
    return True
