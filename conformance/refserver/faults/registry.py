"""What a fault is, and how one is declared."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from conformance.model.errors import UsageError
from conformance.model.profile import Parameter
from conformance.refserver.stages import Change, Facts, Stage

__all__ = ["Change", "Facts", "Fault", "Stage", "fault", "fault_named", "faults"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Fault:
    """A deliberate departure, and exactly the checks that must notice it."""

    name: str
    title: str
    """What the server does wrong, in a sentence."""
    caught_by: frozenset[str]
    stage: Stage
    change: Callable[[Any, Facts], Any] = field(repr=False)
    area: str = ""
    slow: bool = False
    """Whether a client must wait for its own timeout to notice."""
    needs_key: bool = False
    """Whether it shows only on a server that asks for a key."""
    deep: tuple[str, ...] = ()
    """Families of requests that must be sent whole, as the full suite does, for it to show."""
    profile: str | None = None
    """The profile that the server plays, where it shows under one alone."""
    claims: tuple[Parameter, ...] = ()
    """Claims that the profile has besides, where no profile of ours makes them."""
    searched: tuple[str, ...] = ()
    """The searches of a full run that find it, where no request that is planned shows it."""


_FAULTS: dict[str, Fault] = {}


def fault(
    name: str,
    *caught_by: str,
    on: Stage,
    slow: bool = False,
    needs_key: bool = False,
    deep: tuple[str, ...] = (),
    profile: str | None = None,
    searched: tuple[str, ...] = (),
    claims: tuple[Parameter, ...] = (),
) -> Callable[[Change[_T]], Change[_T]]:
    """Declares a fault: the function changes what its stage gives it, and its docstring says what is wrong.

    A function that does not concern a request returns what it was given; it is given its own copy.
    """

    def declare(change: Change[_T]) -> Change[_T]:
        title = (inspect.getdoc(change) or "").strip()
        if name in _FAULTS or not title or not caught_by:
            raise ValueError(f"fault {name}: its name must be new, its docstring and checks given")
        area = change.__module__.rpartition(".")[2]
        _FAULTS[name] = Fault(
            name,
            title,
            frozenset(caught_by),
            on,
            change,
            area,
            slow=slow,
            needs_key=needs_key,
            deep=deep,
            profile=profile,
            searched=searched,
            claims=claims,
        )
        return change

    return declare


def faults() -> tuple[Fault, ...]:
    """All faults in the order in which they are declared."""
    return tuple(_FAULTS.values())


def fault_named(name: str) -> Fault:
    """The fault of that name; a UsageError where there is none."""
    if name not in _FAULTS:
        near = [known for known in _FAULTS if name.lower() in known]
        hint = f"; did you mean {near[0]}?" if near else "; see the list of faults"
        raise UsageError(f"there is no fault {name!r}{hint}")
    return _FAULTS[name]
