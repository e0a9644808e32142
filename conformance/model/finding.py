"""What was found: levels, outcomes, problems and findings (the words of the README's verdict table)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How binding a rule is."""

    MUST = "must"
    SHOULD = "should"
    MAY = "may"

    @property
    def rank(self) -> int:
        """3 for MUST, 2 for SHOULD, 1 for MAY."""
        return {Level.MUST: 3, Level.SHOULD: 2, Level.MAY: 1}[self]


class Outcome(StrEnum):
    """The verdict of one check."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    WARN = "warn"
    NOTE = "note"
    WAIVED = "waived"
    STALE = "stale"
    SKIP = "skip"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"


OUTCOME_OF = {Level.MUST: Outcome.FAIL, Level.SHOULD: Outcome.WARN, Level.MAY: Outcome.NOTE}
"""What a problem of a level makes of its check."""


class Hindrance(StrEnum):
    """Why a check could not be judged; only the run's own reasons cost exit code 3."""

    RUN = "run"
    """Not sent: budget, rate limit, interruption, endpoint gone."""
    ENDPOINT = "endpoint"
    """Another check's failure stands in the way."""
    MODEL = "model"
    """The model did not do what the rule needs."""
    RECORDING = "recording"
    """The recording does not keep, or does not hold, what the rule needs."""


@dataclass(frozen=True, slots=True)
class Unjudged:
    """Why one exchange could not be judged by one check."""

    reason: str
    hindrance: Hindrance = Hindrance.ENDPOINT


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: where, what was expected, what came. ``level`` may only weaken the check's own."""

    at: str
    expected: str
    actual: str
    level: Level | None = None
    exchange: str = ""
    evidence: str = ""
    """The bytes that show it, as text, cut to size."""
    waived: str | None = None
    """The reason of the waiver that accepts it."""
    claims: tuple[str, ...] = ()
    """What the profile cites for the claim that is broken: ids of statements or sources, with their words."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict of one check on all the exchanges it applies to."""

    check: str
    level: Level
    outcome: Outcome
    title: str
    clause: str
    problems: tuple[Problem, ...] = ()
    judged: tuple[str, ...] = ()
    """Exchanges on which the rule was exercised."""
    unjudged: tuple[tuple[str, Unjudged], ...] = ()
    """Exchanges on which it could not be, and why."""
    reason: str = ""
    """Why it was skipped, is inconclusive, stale or an error."""
    hindrance: Hindrance | None = None
    more_judged: int = 0
    """How many exchanges were judged besides those listed."""
    more_unjudged: int = 0
    curl: str = ""
