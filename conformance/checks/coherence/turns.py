"""What the next turn carries beyond the plainest: nulls, and results of several calls."""

from __future__ import annotations

from conformance.checks.kinds import probe
from conformance.checks.registry import MUST, SHOULD, Problems, check
from conformance.checks.turn import judged_turn, refused_turn
from conformance.model.profile import Profile
from conformance.wire.reading import Reading


@check(
    "turn.dumped-message",
    level=SHOULD,
    on=probe("turn.dumped-message"),
    given=judged_turn,
    presupposes="turn.own-message",
    probes=("turn.dumped-message",),
)
def nulls_are_accepted(x: Reading, profile: Profile) -> Problems:
    """The assistant's message is accepted with null for its refusal, audio and function_call."""
    yield from refused_turn(x, "null is a documented value, and the rest")


@check(
    "turn.parallel-results",
    level=MUST,
    on=probe("turn.parallel-results"),
    given=judged_turn,
    presupposes="turn.stream-tool-result",
    probes=("turn.parallel-results",),
)
def parallel_results_are_accepted(x: Reading, profile: Profile) -> Problems:
    """Several tool calls of one stream are accepted with a result for each, for the next stream."""
    yield from refused_turn(x, "what the tool calls are made of")
