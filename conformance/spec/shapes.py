"""JSON Schema shapes to be sent as function parameters and response formats, from ``schemas/shapes.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from conformance.model.errors import ConformanceError
from conformance.model.json import JSON
from conformance.spec.clauses import read_yaml
from conformance.spec.data import data_dir

LIMIT = 64
"""Output tokens where a shape names no other limit."""
_KEYS = ("ask", "strict", "limit", "only", "schema")


@dataclass(frozen=True, slots=True)
class Shape:
    """One schema with a sentence that asks for a value of it."""

    name: str
    topic: str
    """What is unusual in it: nesting, arrays, enums and so on."""
    ask: str
    schema: JSON
    strict: bool
    """Whether it keeps to what OpenAI takes with ``strict: true``."""
    limit: int = LIMIT
    only: str = ""
    """``output`` or ``tool``, where it makes sense in one of them alone."""


@dataclass(frozen=True, slots=True)
class Topic:
    """Shapes that have something in common."""

    name: str
    says: str
    shapes: tuple[Shape, ...]


@cache
def topics() -> Mapping[str, Topic]:
    """All topics by name, in the order of the file; a ConformanceError says what is wrong with the file."""
    return load_shapes(data_dir("schemas") / "shapes.yaml")


def load_shapes(path: Path) -> Mapping[str, Topic]:
    """The topics of a file; unknown or missing keys and repeated names are errors."""
    found: dict[str, Topic] = {}
    for name, entry in read_yaml(path).items():
        shapes = tuple(
            _shape(name, key, value, path.name) for key, value in entry["shapes"].items()
        )
        found[name] = Topic(name, entry["says"], shapes)
    names = [shape.name for topic in found.values() for shape in topic.shapes]
    for name in names:
        if names.count(name) > 1:
            raise ConformanceError(f"{path.name}: two shapes are called {name!r}")
    return found


def _shape(topic: str, name: str, entry: dict[str, Any], file: str) -> Shape:
    unknown = [key for key in entry if key not in _KEYS]
    missing = [key for key in ("ask", "strict", "schema") if key not in entry]
    if unknown or missing:
        said = f"unknown key {unknown[0]!r}" if unknown else f"{missing[0]} missing"
        raise ConformanceError(f"{file}: {topic}.{name}: {said}")
    return Shape(name, topic, **entry)
