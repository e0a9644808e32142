"""Going on with the recording of an earlier run: whether it may be, and what of it stands."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from conformance.engine.budget import Budget
from conformance.judging import usage_of
from conformance.model.exchange import Ended, Exchange
from conformance.model.json import JSON
from conformance.model.plan import Plan
from conformance.recording.jsonl import Header


def has_content(path: Path) -> bool:
    """Whether there is a recording to go on with."""
    return path.is_file() and path.stat().st_size > 0


def answered_for_good(exchange: Exchange) -> bool:
    """Whether an earlier run's exchange stands: it was answered, or failed as the endpoint's doing."""
    last = exchange.last
    return last is not None and last.ended not in (Ended.REFUSED, Ended.INTERRUPTED)


def made_for(recorded: Header, planned: Header) -> str | None:
    """In what a recording differs from the run that would go on with it; None if in nothing that counts."""

    def differs(*pair: JSON) -> bool:
        first, second = (json.dumps(value, sort_keys=True) for value in pair)
        return first != second

    if differs(dict(recorded.suite), dict(planned.suite)):
        return "by another version of this suite"
    if differs(dict(recorded.target), dict(planned.target)):
        return "from another endpoint or model"
    if differs(dict(recorded.profile), dict(planned.profile)):
        return "for another profile"
    if differs(dict(recorded.plan), dict(planned.plan)):
        return "for another plan (other checks, suite, repetitions or limits)"
    return None


def spend(budget: Budget, plan: Plan, earlier: Iterable[Exchange]) -> None:
    """Take out of the budget what an earlier run has used."""
    most = {step.id: step.max_output_tokens for step in plan.steps}
    for exchange in earlier:
        budget.requests += len(exchange.attempts)
        last = exchange.last
        if last is not None and last.status is not None and 200 <= last.status < 300:
            budget.output_tokens += usage_of(exchange)[1] or most.get(exchange.id, 0)
