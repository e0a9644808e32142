"""How a stream opens: accepted, as events, declared as such, and with something to say."""

from __future__ import annotations

from conformance.checks.chat.body import accepted
from conformance.checks.givens import event_stream, headers_kept, readable, succeeded, whole
from conformance.checks.headers import media_type_problem
from conformance.checks.kinds import probe, streams
from conformance.checks.registry import MUST, Problems, check
from conformance.model.finding import Problem, Unjudged
from conformance.model.profile import Profile
from conformance.wire.reading import Reading
from conformance.wire.unread import unreadable

from . import SHOWN, STREAM


@check(
    "stream.accepted",
    level=MUST,
    on=probe("chat.stream.basic"),
    given=whole,
    probes=STREAM,
    presupposes="chat.basic",
)
def streams_are_offered(x: Reading, profile: Profile) -> Problems:
    """A minimal request with stream: true is answered 200."""
    yield from accepted(x)


@check(
    "stream.answers-with-events",
    level=MUST,
    on=streams,
    given=(succeeded, readable),
    probes=STREAM,
)
def answers_with_a_stream(x: Reading, profile: Profile) -> Problems:
    """A request with stream: true gets an event stream, not one JSON body."""
    if x.body.strip() and not x.looks_like_events:
        what = "one JSON body" if x.json.error is None else "text that is no event stream"
        yield Problem("body", expected="server-sent events", actual=f"{what}: {x.body[:SHOWN]!r}")


@check(
    "stream.content-type",
    level=MUST,
    on=streams,
    given=(event_stream, headers_kept),
    probes=STREAM,
)
def declares_an_event_stream(x: Reading, profile: Profile) -> Problems:
    """A stream is sent as text/event-stream."""
    if not x.says_events:
        yield media_type_problem(x, "text/event-stream")


def whole_or_empty(x: Reading, profile: Profile) -> Unjudged | None:
    """A stream, perhaps without a single byte, came to its end."""
    for given in (succeeded, whole, readable):
        if (reason := given(x, profile)) is not None:
            return reason
    if x.body.strip() and not x.looks_like_events:
        return Unjudged("answered without an event stream")
    if x.error_events:
        return Unjudged("an error ended the stream")
    if (cause := unreadable(x)) is not None:
        return Unjudged(cause)
    return None


@check("stream.not-empty", level=MUST, on=streams, given=whole_or_empty, probes=STREAM)
def streams_say_something(x: Reading, profile: Profile) -> Problems:
    """A stream has at least one chunk with a choice."""
    if any(
        chunk.get("choices") or not isinstance(chunk.get("choices"), list) for _, chunk in x.chunks
    ):
        return
    yield Problem(
        "body",
        expected="chunks with choices",
        actual=f"{len(x.stream.events)} events, none with a choice",
    )
