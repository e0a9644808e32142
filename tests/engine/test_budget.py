"""What a run may spend is reserved before it is spent."""

from __future__ import annotations

import pytest

from conformance.engine.budget import Budget, BudgetExhausted


def test_without_limits_nothing_is_refused() -> None:
    """A budget without limits only counts."""
    budget = Budget()
    budget.reserve(16)
    budget.settle(16, 3)

    assert (None, 1, 3, 0) == (
        budget.refusal(10**9),
        budget.requests,
        budget.output_tokens,
        budget.reserved,
    )


def test_requests_run_out() -> None:
    """The text names the option and its value."""
    budget = Budget(max_requests=2)
    budget.reserve()
    budget.reserve()

    with pytest.raises(BudgetExhausted, match=r"^budget: --max-requests 2 reached$"):
        budget.reserve()
    assert 2 == budget.requests


def test_tokens_are_reserved_at_worst_and_settled_by_usage() -> None:
    """What an answer did not take is free again."""
    budget = Budget(max_output_tokens=20)
    budget.reserve(16)

    assert "budget: --max-output-tokens 20 reached" == budget.refusal(16)
    assert budget.waits(16) is False or budget.reserved > 0

    budget.settle(16, 2)

    assert budget.refusal(16) is None


def test_unknown_usage_counts_as_the_worst_case() -> None:
    """An endpoint that tells no usage does not get a free ride."""
    budget = Budget(max_output_tokens=20)
    budget.reserve(16)
    budget.settle(16, None)

    assert (16, "budget: --max-output-tokens 20 reached") == (
        budget.output_tokens,
        budget.refusal(16),
    )


def test_what_may_fit_later_is_told_from_what_never_will() -> None:
    """A request waits only for reservations that can be given back."""
    budget = Budget(max_output_tokens=20)
    budget.reserve(16)

    assert (True, False) == (budget.waits(16), budget.waits(21))


def test_time_runs_out() -> None:
    """The clock begins with the budget."""
    now = [100.0]
    budget = Budget(max_seconds=5, clock=lambda: now[0])

    assert budget.refusal() is None
    now[0] = 105.0
    assert "budget: --max-seconds 5 reached" == budget.refusal()
