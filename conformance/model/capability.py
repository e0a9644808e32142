"""The capability table: what an endpoint was seen to do with each parameter, beside what is claimed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Observed(StrEnum):
    """What was seen of one parameter."""

    SUPPORTED = "supported"
    """An effect was seen, in plain answers and in streams if both were tried."""
    ACCEPTED = "accepted"
    """Taken; whether it has an effect cannot be seen from outside."""
    IGNORED = "ignored"
    """Taken, and the effect that should show is missing."""
    REJECTED = "rejected"
    BREAKS = "breaks"
    """Answered with a server error, which is no refusal."""
    CLAMPED = "clamped"
    """Taken, and what is above its maximum was cut."""
    VARIES = "varies"
    """Requests with it came out differently."""
    UNCLEAR = "unclear"
    """Taken, but the model did not do what would show the effect; or refused for another reason."""
    NOT_SEEN = "not seen"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. Texts may hold what the endpoint sent: they are cut, not yet escaped."""

    parameter: str
    area: str
    """The first word of the probes it rests on: ``param``, ``message``, ``schema``."""
    claimed: str
    """The profile's claim in words; ``unknown`` where it makes none."""
    observed: Observed
    how: str = ""
    """What was seen: the effect, status and message of the refusal, or which cases differ."""
    detail: str = ""
    """What was done with values that are outside the usual, of another type, or without companions."""
    exchanges: tuple[str, ...] = ()
    """Some of the exchanges that show it."""
    against: tuple[str, ...] = ()
    """Ids of the checks that found the claim broken."""

    @property
    def explored(self) -> bool:
        """Whether no claim is made, so that what was seen is news."""
        return self.claimed.startswith(("unknown", "partial"))

    @property
    def telling(self) -> bool:
        """Whether the row says more than that a claim was met, or than that nothing is known."""
        if self.against:
            return True
        if self.claimed == "unknown":
            return self.area == "param" and self.observed is not Observed.NOT_SEEN
        quiet = (Observed.SUPPORTED, Observed.ACCEPTED, Observed.UNCLEAR, Observed.NOT_SEEN)
        return not self.claimed.startswith("none") and self.observed not in quiet
