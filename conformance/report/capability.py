"""Which rows of the capability table a reader wants to see, in which order and words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from conformance.model.capability import Observed, Row

ORDER = (
    Observed.IGNORED,
    Observed.BREAKS,
    Observed.VARIES,
    Observed.CLAMPED,
    Observed.REJECTED,
    Observed.UNCLEAR,
    Observed.SUPPORTED,
    Observed.ACCEPTED,
    Observed.NOT_SEEN,
)
"""What hurts users most comes first."""

MEANINGS = {
    Observed.IGNORED: "accepted, and the effect that should show is missing",
    Observed.BREAKS: "answered with a server error, which is no refusal",
    Observed.VARIES: "requests with it came out differently",
    Observed.CLAMPED: "accepted, and what is above a maximum was cut",
    Observed.REJECTED: "refused",
    Observed.UNCLEAR: "the model did not show it, or something else stood in the way",
    Observed.SUPPORTED: "an effect was seen",
    Observed.ACCEPTED: "taken; whether it has an effect cannot be seen from outside",
    Observed.NOT_SEEN: "not sent or not answered",
}
BRIEF = (Observed.SUPPORTED, Observed.ACCEPTED, Observed.NOT_SEEN)
"""Of these the names are enough, unless a check speaks against the claim."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The rows that are shown, and what is said of the others."""

    rows: tuple[Row, ...]
    rest: str
    explored: bool
    """Whether no claims are made, so that the table is the main result."""


def chosen(rows: Sequence[Row], *, everything: bool = False) -> Shown:
    """The rows that say more than that a claim was met; all of them where asked for, or where nothing is claimed."""
    explored = not any(_claims(row) for row in rows)
    shown = [
        row
        for row in rows
        if everything or (not _untried(row) and (explored or row.telling)) or row.against
    ]
    left = [row for row in rows if row not in shown]
    met = sum(row.observed is not Observed.NOT_SEEN for row in left)
    unseen = len(left) - met
    parts = [f"{met} {'row' if met == 1 else 'rows'} in line with the claims"] if met else []
    parts += [f"{unseen} not seen"] if unseen else []
    return Shown(tuple(shown), ", ".join(parts), explored)


def _claims(row: Row) -> bool:
    """Whether a row is a claim about more than every endpoint must take."""
    return (
        row.area == "param"
        and row.parameter not in ("model", "messages", "stream")
        and not row.explored
    )


def _untried(row: Row) -> bool:
    """Whether nothing was sent for a row, and the run's budget has no part in that."""
    return (
        row.observed is Observed.NOT_SEEN and not row.exchanges and not row.how.startswith("budget")
    )


def by_observation(rows: Iterable[Row]) -> list[tuple[Observed, list[Row]]]:
    """The rows in groups, what hurts users most first."""
    kept = list(rows)
    groups = [(word, [row for row in kept if row.observed is word]) for word in ORDER]
    return [(word, group) for word, group in groups if group]


def counted(rows: Sequence[Row]) -> str:
    """How many rows there are of each kind, in words."""
    return ", ".join(f"{len(group)} {word}" for word, group in by_observation(rows))


def capability_line(rows: Sequence[Row]) -> str:
    """The table in one line, for reports that hold it elsewhere."""
    return f"capabilities: {counted(rows)}"


def seen(row: Row) -> str:
    """What was seen, with what was done outside the usual."""
    return "; ".join(part for part in (row.how, row.detail) if part)
