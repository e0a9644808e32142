"""How a stream ends: by the rules of HTTP, with a closed event and with [DONE]."""

from __future__ import annotations

from conformance.checks.asked import half_characters
from conformance.checks.givens import (
    RECORDING,
    arrival_kept,
    begun_stream,
    event_stream,
    whole,
    whole_stream,
)
from conformance.checks.kinds import streams
from conformance.checks.registry import MAY, MUST, SHOULD, Problems, check
from conformance.model.exchange import Ended
from conformance.model.finding import Problem, Unjudged
from conformance.model.profile import Profile, Sends
from conformance.wire.reading import DONE, Reading, is_done
from conformance.wire.unread import glued, unreadable

from . import LONG, SHOWN, STREAM


def opened(x: Reading, profile: Profile) -> Unjudged | None:
    """A stream was begun and nobody on our side stopped it."""
    reason = begun_stream(x, profile)
    if reason is None and x.ended is Ended.INTERRUPTED:
        return whole(x, profile)
    if reason is not None and x.status == 200 and not x.body and not x.whole:
        return None  # cut before its first byte
    return reason


def of_whole_characters(x: Reading) -> bool:
    """Streams but those of our own whose request holds half a character, of which text checks speak."""
    return streams(x) and (x.exchange.probe is None or not half_characters(x))


@check("stream.complete", level=MUST, on=of_whole_characters, given=opened, probes=(*STREAM, *LONG))
def streams_end_properly(x: Reading, profile: Profile) -> Problems:
    """A stream ends by the rules of HTTP: it is not cut, reset or left hanging."""
    if x.whole or x.attempt is None:
        return
    yield Problem(
        f"byte {len(x.body)} of the body",
        expected="the end of the body as its framing says",
        actual=x.attempt.detail or x.attempt.ended.value,
        level=SHOULD if x.done_at is not None else None,
    )


def done_came(x: Reading, profile: Profile) -> Unjudged | None:
    """A stream came with [DONE]."""
    if (reason := event_stream(x, profile)) is not None:
        return reason
    return None if x.done_at is not None else Unjudged("no [DONE] in the stream", RECORDING)


def marker_came(x: Reading, profile: Profile) -> Unjudged | None:
    """A stream came with an end marker, spelt in whatever way."""
    if (reason := event_stream(x, profile)) is not None:
        return reason
    marked = any(is_done(event.data) for event in x.stream.events)
    return None if marked else Unjudged("no end marker in the stream", RECORDING)


@check("stream.closes", level=SHOULD, on=streams, given=(done_came, arrival_kept), probes=STREAM)
def ends_after_done(x: Reading, profile: Profile) -> Problems:
    """The response ends soon after [DONE]."""
    if x.ended is Ended.HELD_OPEN:
        yield Problem(
            "behind [DONE]", expected="the end of the response", actual="the connection stays open"
        )


def could_be_done(x: Reading, profile: Profile) -> Unjudged | None:
    """A whole, readable stream that ended without an error."""
    if (reason := whole_stream(x, profile)) is not None:
        return reason
    if x.error_events:
        return Unjudged("an error ended the stream")
    if not x.chunks:
        return Unjudged("the stream has no chunks")
    if (cause := unreadable(x)) is not None:
        return Unjudged(cause)
    if x.done_at is None and near_misses(x):
        return Unjudged("the end marker is misspelt")
    return None


def near_misses(x: Reading) -> list[tuple[int, str]]:
    """Events that are nearly [DONE]."""
    return [
        (n, e.data) for n, e in enumerate(x.stream.events, 1) if is_done(e.data) and e.data != DONE
    ]


def done_claimed(profile: Profile) -> str | None:
    """Whether the profile has streams end with [DONE]."""
    return (
        "the profile says that streams have no [DONE]"
        if profile.streaming.done is Sends.NEVER
        else None
    )


@check(
    "stream.done", level=MUST, on=streams, given=could_be_done, claimed=done_claimed, probes=STREAM
)
def ends_with_done(x: Reading, profile: Profile) -> Problems:
    """A completed stream ends with `data: [DONE]`."""
    left = x.stream.unterminated
    if x.done_at is None and not (left is not None and left.data == DONE):
        yield Problem(
            "end of the stream",
            expected="data: [DONE]",
            actual=f"the end of the body after {len(x.stream.events)} events",
            evidence=x.body[-200:].decode("utf-8", "replace"),
        )


@check("stream.done-once", level=MUST, on=streams, given=done_came, probes=STREAM)
def done_comes_once(x: Reading, profile: Profile) -> Problems:
    """[DONE] comes once."""
    done = [n for n, event in enumerate(x.stream.events, 1) if event.data == DONE]
    for number in done[1:]:
        yield Problem(f"event {number}", expected="nothing", actual="[DONE] again")


@check("stream.done-last", level=MUST, on=streams, given=done_came, probes=STREAM)
def nothing_follows_done(x: Reading, profile: Profile) -> Problems:
    """Nothing but blank lines and comments follows [DONE]."""
    done = x.done_at or 0
    for number, event in enumerate(x.stream.events, 1):
        if number > done and not is_done(event.data):
            yield Problem(
                f"event {number}", expected="nothing after [DONE]", actual=event.data[:SHOWN]
            )
            return


@check("stream.done-exact", level=MUST, on=streams, given=marker_came, probes=STREAM)
def done_is_spelt_exactly(x: Reading, profile: Profile) -> Problems:
    """The end marker is exactly [DONE]."""
    for number, data in near_misses(x):
        yield Problem(f"event {number}", expected="[DONE]", actual=repr(data))


@check("stream.last-event-terminated", level=MUST, on=streams, given=whole_stream, probes=STREAM)
def last_event_is_closed(x: Reading, profile: Profile) -> Problems:
    """The last event ends with a blank line, like every other."""
    left = x.stream.unterminated
    if left is not None and not glued(left):
        yield Problem(
            f"byte {left.start} of the body",
            expected="a blank line after the last event",
            actual=f"the end of the body after {left.data[-60:]!r}",
            level=MAY if is_done(left.data) else None,
        )
