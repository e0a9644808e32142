"""The course of each choice of a stream: its role, its content, its finish, in this order."""

from __future__ import annotations

from conformance.checks.givens import read_to_the_end
from conformance.checks.kinds import single_choice, streams
from conformance.checks.registry import MAY, MUST, SHOULD, Problems, check
from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.profile import Profile
from conformance.wire.chunks import spoken
from conformance.wire.reading import Reading

from . import STREAM


def role_claimed(profile: Profile) -> str | None:
    """Whether the profile has streams carry a role."""
    never = profile.streaming.role == "never"
    return "the profile says that streams carry no role" if never else None


def one_role_claimed(profile: Profile) -> str | None:
    """Whether the profile leaves the role to one delta."""
    every = profile.streaming.role == "every"
    return "the profile says that every delta carries the role" if every else None


@check(
    "chunk.role-present",
    level=MUST,
    on=streams,
    given=read_to_the_end,
    claimed=role_claimed,
    probes=STREAM,
)
def role_is_sent(x: Reading, profile: Profile) -> Problems:
    """The deltas of each choice carry the role at least once."""
    for choice in spoken(x):
        if not choice.roles:
            yield Problem(
                f"choice {choice.index}",
                expected='delta.role "assistant"',
                actual="no role in the stream",
            )


def role_and_content_came(x: Reading, profile: Profile) -> Unjudged | None:
    """A stream came to its end with a role, and with content that it can stand before."""
    if (reason := read_to_the_end(x, profile)) is not None:
        return reason
    if not any(choice.roles for choice in spoken(x)):
        return Unjudged("no role in the stream")
    placed = any(choice.roles and choice.carries for choice in spoken(x))
    return None if placed else Unjudged("no content in the stream", Hindrance.MODEL)


def role_came(x: Reading, profile: Profile) -> Unjudged | None:
    """A stream came to its end with a role."""
    if (reason := read_to_the_end(x, profile)) is not None:
        return reason
    sent = any(choice.roles for choice in spoken(x))
    return None if sent else Unjudged("no role in the stream")


@check(
    "chunk.role-first",
    level=SHOULD,
    on=streams,
    given=role_and_content_came,
    claimed=role_claimed,
    probes=STREAM,
)
def role_comes_first(x: Reading, profile: Profile) -> Problems:
    """The role comes no later than the first content."""
    for choice in spoken(x):
        first = choice.carries[0][0] if choice.carries else None
        if choice.roles and first is not None and choice.roles[0][0] > first:
            yield Problem(
                f"event {choice.roles[0][0]}",
                expected=f"the role by event {first}, with the first content",
                actual="the role only here",
            )


@check(
    "chunk.role-once",
    level=SHOULD,
    on=streams,
    given=role_came,
    claimed=one_role_claimed,
    probes=STREAM,
)
def role_comes_once(x: Reading, profile: Profile) -> Problems:
    """The role is sent once for each choice."""
    for choice in spoken(x):
        again = [(n, r) for n, r in choice.roles[1:] if r]
        if again:
            yield Problem(
                f"event {again[0][0]}",
                expected=f"no role after event {choice.roles[0][0]}",
                actual=f"the role {len(choice.roles)} times",
            )


@check("chunk.finish-present", level=MUST, on=streams, given=read_to_the_end, probes=STREAM)
def each_choice_finishes(x: Reading, profile: Profile) -> Problems:
    """Each choice gets a finish_reason before the stream ends."""
    for choice in spoken(x):
        if not choice.finishes and not choice.blank_finish:
            yield Problem(
                f"choice {choice.index}",
                expected="a finish_reason",
                actual="none in the whole stream",
            )


def finish_came(x: Reading, profile: Profile) -> Unjudged | None:
    """A stream came to its end, and a choice of it finished."""
    if (reason := read_to_the_end(x, profile)) is not None:
        return reason
    finished = any(choice.finishes for choice in spoken(x))
    return None if finished else Unjudged("no finish_reason in the stream")


@check("chunk.finish-once", level=MUST, on=streams, given=finish_came, probes=STREAM)
def each_choice_finishes_once(x: Reading, profile: Profile) -> Problems:
    """A choice finishes once, with one reason."""
    for choice in spoken(x):
        for number, reason in choice.finishes[1:]:
            same = reason == choice.finishes[0][1]
            yield Problem(
                f"event {number}",
                expected=f"no further finish_reason after event {choice.finishes[0][0]}",
                actual=f"{reason!r} after {choice.finishes[0][1]!r}",
                level=MAY if same else None,
            )
            break


@check("chunk.finish-last", level=SHOULD, on=streams, given=finish_came, probes=STREAM)
def nothing_follows_the_finish(x: Reading, profile: Profile) -> Problems:
    """A choice carries nothing more after its finish_reason."""
    for choice in spoken(x):
        if not choice.finishes:
            continue
        late = [(n, what) for n, what in choice.carries if n > choice.finishes[0][0]]
        if late:
            yield Problem(
                f"event {late[0][0]}",
                expected=f"nothing after the finish on event {choice.finishes[0][0]}",
                actual=f"more {late[0][1]}",
            )


@check(
    "chunk.choice-count",
    level=MUST,
    on=single_choice(streams),
    given=read_to_the_end,
    probes=STREAM,
)
def one_choice_unless_asked(x: Reading, profile: Profile) -> Problems:
    """A stream asked for without `n` has exactly one choice, index 0."""
    if sorted(x.choices) != [0]:
        yield Problem("choices", expected="index 0 only", actual=f"indexes {sorted(x.choices)}")
