"""What a check is, how it is declared, and which exchanges it speaks about.

A check is a pure generator over readings and the profile: no problems means that the rule held.
It says ``on`` which exchanges it applies (told from the request alone, so that the planner can ask too),
``given`` what must hold for it to be judged there, and ``claimed`` when a profile rules it out.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TypeVar

from conformance.model.finding import Level, Problem, Unjudged
from conformance.model.profile import Profile
from conformance.wire.reading import Reading

Problems = Iterator[Problem]
Given = Callable[[Reading, Profile], Unjudged | None]
Kind = Callable[[Reading], bool]
Claimed = Callable[[Profile], str | None]
Owners = Callable[[Reading, Profile], tuple[str, ...]]
Body = TypeVar("Body", bound=Callable[..., Iterable[Problem]])

MUST, SHOULD, MAY = Level.MUST, Level.SHOULD, Level.MAY


class Scope(StrEnum):
    """What a check is given at once."""

    EACH = "each"
    """one reading"""
    PAIR = "pair"
    """two readings of one request, asked for plainly and as a stream"""
    LINKED = "linked"
    """all readings of its kind together"""


@dataclass(frozen=True, slots=True)
class Check:
    """One rule. ``title`` is its docstring's first line; ``probes`` are what must be sent to exercise it."""

    id: str
    level: Level
    title: str
    clause: str
    scope: Scope
    on: Kind
    given: tuple[Given, ...]
    claimed: Claimed | None
    probes: tuple[str, ...]
    problems: Callable[..., Iterable[Problem]]
    module: str
    owners: Owners | None = None
    """The checks whose own problem explains one on an exchange: where they have it, this one is silent."""
    presupposes: str | None = None
    """The probe without whose success an equal status on others says nothing: one cause, one failure."""


_CHECKS: dict[str, Check] = {}
_ID = re.compile(r"[a-z]+(\.[a-z0-9]+(-[a-z0-9]+)*)+\Z")
_ARGUMENTS = {Scope.EACH: 2, Scope.PAIR: 3, Scope.LINKED: 2}


def check(
    id: str,
    *,
    level: Level,
    on: Kind,
    probes: tuple[str, ...],
    given: Given | tuple[Given, ...] = (),
    claimed: Claimed | None = None,
    scope: Scope = Scope.EACH,
    clause: str | None = None,
    title: str | None = None,
    presupposes: str | None = None,
    owners: Owners | None = None,
) -> Callable[[Body], Body]:
    """Declare a check; its docstring is the rule, in one sentence."""

    def register(body: Body) -> Body:
        rule = title or (inspect.getdoc(body) or "").partition("\n")[0]
        if not _ID.match(id):
            raise ValueError(f"check id {id!r} must look like area.topic-of-rule")
        if id in _CHECKS:
            raise ValueError(f"check id {id!r} is declared twice")
        if not rule:
            raise ValueError(f"check {id!r} needs a docstring that states the rule")
        takes = len(inspect.signature(body).parameters)
        if takes != _ARGUMENTS[scope]:
            raise ValueError(
                f"check {id!r} must take {_ARGUMENTS[scope]} arguments (readings, profile) but takes {takes}"
            )
        _CHECKS[id] = Check(
            id,
            level,
            rule,
            clause or id,
            scope,
            on,
            given if isinstance(given, tuple) else (given,),
            claimed,
            probes,
            body,
            body.__module__,
            owners,
            presupposes,
        )
        return body

    return register


def all_checks() -> dict[str, Check]:
    """Every declared check by id, sorted."""
    from conformance.checks import load  # the modules declare themselves on import

    load()
    return dict(sorted(_CHECKS.items()))


def matching(globs: Iterable[str]) -> list[str]:
    """The ids that match any of the globs, sorted."""
    patterns = list(globs)
    return [i for i in all_checks() if any(fnmatchcase(i, p) for p in patterns)]
