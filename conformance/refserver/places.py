"""Where a dotted parameter name points to inside a request body."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from conformance.refserver.exchange import Obj


@dataclass(frozen=True, slots=True)
class Place:
    """A member or an item, present or not; ``label`` is its name in an error, such as ``tools[0].type``."""

    label: str
    parent: Any
    key: Any

    @property
    def present(self) -> bool:
        """Whether something stands there."""
        return isinstance(self.parent, list) or self.key in self.parent

    @property
    def value(self) -> Any:
        """What stands there, or None."""
        return self.parent[self.key] if self.present else None

    def put(self, value: Any) -> None:
        """Let another value stand there."""
        self.parent[self.key] = value

    def drop(self) -> None:
        """Let nothing stand there; items of an array become null, so that the others keep their places."""
        if isinstance(self.parent, list):
            self.parent[self.key] = None
        else:
            self.parent.pop(self.key, None)


def places(body: Obj, name: str) -> list[Place]:
    """All places a name points to whose parent is there; ``[]`` is each item, ``*`` each member."""
    found: list[tuple[str, Any]] = [("", body)]
    *inner, last = _steps(name)
    for step in inner:
        found = [
            (place.label, place.value)
            for label, value in found
            for place in _below(label, value, step)
            if place.present
        ]
    return [place for label, value in found for place in _below(label, value, last)]


@cache
def _steps(name: str) -> list[str]:
    return re.findall(r"\[\]|[^.\[\]]+", name)


def _below(label: str, value: Any, step: str) -> Iterator[Place]:
    if isinstance(value, list) and step == "[]":
        yield from (Place(f"{label}[{number}]", value, number) for number in range(len(value)))
    elif isinstance(value, dict) and step == "*":
        yield from (Place(f"{label}.{key}", value, key) for key in list(value))
    elif isinstance(value, dict) and step != "[]":
        yield Place(f"{label}.{step}" if label else step, value, step)
