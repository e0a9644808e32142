"""What an answer shows of the effect of a parameter: there, missing, or not to be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from conformance.model.finding import Level
from conformance.model.json import JSON
from conformance.wire.reading import Reading

Body = Mapping[str, JSON]


class Effect(StrEnum):
    """Whether a parameter did what it is for."""

    SEEN = "seen"
    MISSING = "missing"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Seen:
    """What an answer shows of one parameter's effect."""

    effect: Effect
    said: str
    """What was seen, in words."""
    at: str = ""
    level: Level | None = None
    """How much it matters, where it is less than an effect that is missing altogether."""
    how: str = "ignored"
    """What became of a parameter whose effect is missing: no more than what was seen."""
    telling: bool = True
    """Whether what was seen is more than what an ordinary answer looks like anyway."""
    beside: Effect = Effect.MISSING
    """What can be told of an effect that is not as it should be: it may be there all the same."""


@dataclass(frozen=True, slots=True)
class Visible:
    """A parameter whose effect shows: for which requests, and how."""

    shows: Callable[[Body], bool]
    """Whether the request would show it, told from its body."""
    expected: Callable[[Body], str]
    """What should be seen, in words."""
    look: Callable[[Reading], Seen]
    certain: bool = True
    """Whether its absence shows as well: where the model may do without, it never does."""
    level: Level = Level.MUST
    """How much it matters where it is claimed and missing."""


def effect_seen(text: str) -> Seen:
    """The effect is there."""
    return Seen(Effect.SEEN, text)


def missing(text: str, at: str = "", level: Level | None = None, how: str = "ignored") -> Seen:
    """The effect is not there: what came, where, how much it matters, and what became of the parameter."""
    return Seen(Effect.MISSING, text, at, level, how)


def as_ever(text: str) -> Seen:
    """As it should be, and as it may well be without the parameter."""
    return Seen(Effect.SEEN, text, telling=False)


def unclear(text: str) -> Seen:
    """It cannot be told."""
    return Seen(Effect.UNCLEAR, text)


def whole(value: JSON) -> int | None:
    """A value as a whole number; None if it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
