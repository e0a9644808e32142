"""The checks of the next turn."""

from __future__ import annotations

import pytest

from conformance.model.exchange import Ended
from conformance.model.finding import Hindrance, Outcome
from tests.builders import Case, an_error, an_exchange, breaks, finding, holds, unanswered, verify

CASES = [
    case
    for check, what in (("turn.own-message", "message"), ("turn.tool-result", "calls"))
    for case in (
        holds(check, f"its own {what}, accepted", an_exchange(check)),
        breaks(
            check,
            f"its own {what}, refused",
            an_exchange(check, status=400, json=an_error()),
            at="status",
            actual="400",
        ),
        breaks(
            check,
            f"its own {what}, fatal",
            an_exchange(check, status=500, json=an_error()),
            at="status",
            actual="500",
        ),
    )
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_turn(case: Case) -> None:
    """The check gives the verdict of the row, and no other check joins in."""
    verify(case)


@pytest.mark.parametrize(
    ("exchange", "hindrance"),
    [
        (an_exchange("turn.own-message", status=429), Hindrance.RUN),
        (an_exchange("turn.own-message", status=402), Hindrance.RUN),
        (unanswered("turn.own-message", ended=Ended.RESET), Hindrance.ENDPOINT),
    ],
    ids=["429", "402", "reset"],
)
def test_limits_accuse_nobody(exchange: object, hindrance: Hindrance) -> None:
    """A turn that met a limit, or no answer, is inconclusive."""
    found = finding("turn.own-message", exchange)  # type: ignore[arg-type]

    assert (Outcome.INCONCLUSIVE, hindrance) == (found.outcome, found.hindrance)
