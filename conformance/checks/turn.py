"""What the server sent is accepted when it is sent back as part of the next turn."""

from __future__ import annotations

from conformance.model.finding import Problem, Unjudged
from conformance.model.profile import Profile
from conformance.spec.phrase import beginning
from conformance.wire.reading import Reading

from .givens import RUN, answered
from .kinds import probe
from .registry import MUST, Problems, check


def judged_turn(x: Reading, profile: Profile) -> Unjudged | None:
    """The next turn was answered, and not with a limit."""
    if (reason := answered(x, profile)) is not None:
        return reason
    if x.status in (402, 429):
        return Unjudged(f"rate-limited (status {x.status})", RUN)
    return None


def refused_turn(x: Reading, what: str) -> Problems:
    """A problem unless what came from this server is taken back."""
    if x.status != 200:
        yield Problem(
            "status",
            expected=f"200: {what} came from this server",
            actual=f"{x.status}",
            evidence=beginning(x.body),
        )


@check(
    "turn.own-message",
    level=MUST,
    on=probe("turn.own-message"),
    given=judged_turn,
    presupposes="chat.basic",
    probes=("turn.own-message",),
)
def own_message_is_accepted(x: Reading, profile: Profile) -> Problems:
    """The assistant message of an answer is accepted in the next request as it came."""
    yield from refused_turn(x, "the assistant message")


@check(
    "turn.tool-result",
    level=MUST,
    on=probe("turn.tool-result"),
    given=judged_turn,
    presupposes="chat.basic",
    probes=("turn.tool-result",),
)
def tool_result_is_accepted(x: Reading, profile: Profile) -> Problems:
    """Tool calls of an answer, sent back with a result for each, are accepted."""
    yield from refused_turn(x, "the assistant message with its tool calls")
