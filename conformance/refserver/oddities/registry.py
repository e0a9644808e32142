"""What an oddity is, and how one is declared."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from conformance.model.errors import UsageError
from conformance.refserver.stages import Change, Facts, Stage

__all__ = [
    "Change",
    "Facts",
    "Oddity",
    "Stage",
    "compatible",
    "oddities",
    "oddity",
    "oddity_named",
    "some_of",
]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something unusual that a server may do: no check may find more in it than a note."""

    name: str
    title: str
    """What the server does, in a sentence."""
    because: str
    """Why it is legal, where that is not plain: the source."""
    stage: Stage
    change: Callable[[Any, Facts], Any] = field(repr=False)
    area: str = ""
    only_one: str = ""
    """What a server can do in one way only, such as its line ends; empty where it goes with all others."""
    under: str = ""
    """The profile under which it is legal, where that of the server claims otherwise."""


_ODDITIES: dict[str, Oddity] = {}


def oddity(
    name: str, *, on: Stage, because: str = "", only_one: str = "", under: str = ""
) -> Callable[[Change[_T]], Change[_T]]:
    """Declares an oddity: the function changes what its stage gives it, and its docstring says what is odd.

    A function that does not concern a request returns what it was given; it is given its own copy.
    The order of declaration is that in which several are applied.
    """

    def declare(change: Change[_T]) -> Change[_T]:
        title = (inspect.getdoc(change) or "").strip()
        if name in _ODDITIES or not title:
            raise ValueError(f"oddity {name}: its name must be new and its docstring given")
        area = change.__module__.rpartition(".")[2]
        _ODDITIES[name] = Oddity(name, title, because, on, change, area, only_one, under)
        return change

    return declare


def oddities() -> tuple[Oddity, ...]:
    """All oddities in the order in which they are declared."""
    return tuple(_ODDITIES.values())


def oddity_named(name: str) -> Oddity:
    """The oddity of that name; a UsageError where there is none."""
    if name not in _ODDITIES:
        near = [known for known in _ODDITIES if name.lower() in known]
        hint = f"; did you mean {near[0]}?" if near else "; see the list of oddities"
        raise UsageError(f"there is no oddity {name!r}{hint}")
    return _ODDITIES[name]


def compatible(chosen: Iterable[Oddity]) -> str | None:
    """Why these cannot be had together; None if they can."""
    taken: dict[str, str] = {}
    for one in chosen:
        if one.only_one and one.only_one in taken:
            return f"{taken[one.only_one]} and {one.name} exclude each other"
        taken[one.only_one] = one.name
    return None


def some_of(known: Sequence[Oddity], random: Random) -> tuple[Oddity, ...]:
    """Five to eight compatible oddities, in the order of declaration."""
    chosen: list[Oddity] = []
    for one in random.sample(known, len(known)):
        if compatible([*chosen, one]) is None:
            chosen.append(one)
        if len(chosen) >= 5 + random.randrange(4):
            break
    return tuple(sorted(chosen, key=known.index))
