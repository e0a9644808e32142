"""What an answer ends with: a refusal that stands alone, a finish that fits."""

from __future__ import annotations

from conformance.checks.givens import RECORDING, read_in_its_form
from conformance.checks.kinds import completions, streams
from conformance.checks.registry import MAY, MUST, Problems, check
from conformance.model.finding import Problem, Unjudged
from conformance.model.profile import Profile
from conformance.wire.chunks import spoken
from conformance.wire.completion import messages_of
from conformance.wire.reading import Reading

BASIC = ("chat.basic",)
STREAMED = ("chat.stream.basic",)


def refusal_came(x: Reading, profile: Profile) -> Unjudged | None:
    """The answer, in its form, refuses in words."""
    if (reason := read_in_its_form(x, profile)) is not None:
        return reason
    return None if _refusals(x) else Unjudged("the model refused nothing", RECORDING)


def _refusals(x: Reading) -> list[tuple[str, bool]]:
    """Where a choice refuses, and whether it says something else as well."""
    if x.asked.streams:
        refusing = [c for c in spoken(x) if any(text for _, text in c.refusal)]
        return [(f"choice {c.index}", bool(c.text or c.tools)) for c in refusing]
    return [
        (f"{at}/message", bool(message.get("content") or message.get("tool_calls")))
        for at, _, message in messages_of(x)
        if isinstance(message.get("refusal"), str) and message["refusal"]
    ]


def _alone(x: Reading) -> Problems:
    for at, more in _refusals(x):
        if more:
            yield Problem(at, expected="a refusal alone", actual="text or tool calls as well")


@check("chat.response.refusal-alone", level=MAY, on=completions, given=refusal_came, probes=BASIC)
def refusals_stand_alone(x: Reading, profile: Profile) -> Problems:
    """A message that refuses carries neither text nor tool calls."""
    yield from _alone(x)


@check("chunk.refusal-alone", level=MAY, on=streams, given=refusal_came, probes=STREAMED)
def streamed_refusals_stand_alone(x: Reading, profile: Profile) -> Problems:
    """A stream that refuses carries neither text nor tool calls."""
    yield from _alone(x)


OLD = "function_call"
"""The call and the finish reason of the old kind."""


@check(
    "chat.response.finish-without-function-call",
    level=MUST,
    on=completions,
    given=read_in_its_form,
    probes=BASIC,
)
def finish_function_call_has_one(x: Reading, profile: Profile) -> Problems:
    """finish_reason "function_call" comes with a function call."""
    for at, choice, message in messages_of(x):
        if choice.get("finish_reason") == OLD and not message.get(OLD):
            yield Problem(f"{at}/message/{OLD}", expected="a call", actual="none")


@check(
    "chunk.finish-without-function-call",
    level=MUST,
    on=streams,
    given=read_in_its_form,
    probes=STREAMED,
)
def streamed_finish_function_call_has_one(x: Reading, profile: Profile) -> Problems:
    """A stream's finish_reason "function_call" comes after a function call."""
    for choice in spoken(x):
        if choice.finish == OLD and not any(delta.get(OLD) for _, delta in choice.deltas):
            yield Problem(
                f"event {choice.finishes[-1][0]}",
                expected="a function call before it",
                actual="none in the stream",
            )
