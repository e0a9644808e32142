"""What all sending of a run keeps to, whoever sends."""

from __future__ import annotations

from dataclasses import dataclass, field

from conformance.engine.budget import Budget
from conformance.engine.pace import Gate, Health, Ramp
from conformance.engine.retry import RetryPolicy


@dataclass(slots=True, kw_only=True)
class Terms:
    """Limits, pace and health of one run."""

    budget: Budget = field(default_factory=Budget)
    ramp: Ramp = field(default_factory=lambda: Ramp(8))
    gate: Gate = field(default_factory=Gate)
    health: Health = field(default_factory=lambda: Health(5))
    retry: RetryPolicy = field(default_factory=RetryPolicy)
