"""The framing of streams: the event-stream format over bytes, the end marker, delivery."""

from __future__ import annotations

from conformance.model.exchange import Ended
from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.profile import Profile, Sends, Shape
from conformance.wire import strict_json
from conformance.wire.envelope import envelope_of
from conformance.wire.reading import DONE, Reading, is_done
from conformance.wire.sse import Event

from .chat import accepted
from .givens import (
    RECORDING,
    arrival_kept,
    begun_stream,
    bytes_kept,
    event_stream,
    headers_kept,
    readable,
    succeeded,
    whole,
    whole_stream,
)
from .kinds import ordinary_chat, probe, streams
from .registry import MAY, MUST, SHOULD, Problems, check

STREAM = ("chat.stream.basic",)
LONG = ("chat.stream.long",)
_SHOWN = 120
FEW = 24
"""Chunks that are too few to tell how they were delivered; more than an answer of 16 tokens has."""
LET_GO = 0.01
"""Seconds in which a buffer is let go; sixteen chunks at a thousand tokens a second take longer."""


def glued(event: Event) -> bool:
    """Whether an event is really several, written without the blank line between them."""
    if len(event.data_lines) < 2:
        return False
    return all(
        is_done(line) or isinstance(strict_json.parse_text(line).value, dict)
        for line in event.data_lines
    )


def unreadable(x: Reading) -> str | None:
    """Why not all that the stream says can be read; None if it can."""
    for number, _, parsed in x.parsed_events:
        if not isinstance(parsed.value, dict) or parsed.error is not None:
            return f"event {number} is not a JSON object"
    if lost_lines(x) or bare_json(x):
        return "data stands in lines that no client reads"
    left = x.stream.unterminated
    if left is not None and not is_done(left.data):
        return "the last event lacks its blank line"
    return None


def lost_lines(x: Reading) -> list[tuple[str, str, int]]:
    """Lines that were meant as data but have another field name: name, value, byte offset."""
    return [
        (name, value, offset)
        for name, value, offset in x.stream.unknown
        if name != "data" and name.strip(" \t\ufeff").lower() == "data"
    ]


def bare_json(x: Reading) -> list[tuple[int, bytes]]:
    """Lines that are a JSON object without a field name, with their byte offsets."""
    found = []
    for name, _, offset in x.stream.unknown:
        if name.lstrip().startswith("{"):
            line = x.body[offset:].splitlines()[0]
            if isinstance(strict_json.parse(line).value, dict):
                found.append((offset, line))
    return found


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
        yield Problem("body", expected="server-sent events", actual=f"{what}: {x.body[:_SHOWN]!r}")


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
        yield Problem(
            "Content-Type", expected="text/event-stream", actual=x.header("content-type") or "none"
        )


def opened(x: Reading, profile: Profile) -> Unjudged | None:
    """A stream was begun and nobody on our side stopped it."""
    reason = begun_stream(x, profile)
    if reason is None and x.ended is Ended.INTERRUPTED:
        return whole(x, profile)
    if reason is not None and x.status == 200 and not x.body and not x.whole:
        return None  # cut before its first byte
    return reason


@check("stream.complete", level=MUST, on=streams, given=opened, probes=(*STREAM, *LONG))
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


@check("stream.utf8", level=MUST, on=streams, given=(event_stream, bytes_kept), probes=STREAM)
def streams_are_utf8(x: Reading, profile: Profile) -> Problems:
    """A stream is UTF-8."""
    for offset in x.stream.invalid_utf8[:3]:
        yield Problem(
            f"byte {offset} of the body", expected="UTF-8", actual=repr(x.body[offset : offset + 8])
        )


@check("stream.no-bom", level=SHOULD, on=streams, given=(event_stream, bytes_kept), probes=STREAM)
def streams_start_without_bom(x: Reading, profile: Profile) -> Problems:
    """A stream does not begin with a byte order mark."""
    if x.stream.bom:
        yield Problem(
            "byte 0 of the body", expected="an event", actual="EF BB BF (byte order mark)"
        )


@check("stream.events-separated", level=MUST, on=streams, given=event_stream, probes=STREAM)
def blank_lines_end_events(x: Reading, profile: Profile) -> Problems:
    """A blank line stands between two events."""
    left = x.stream.unterminated
    for event in (*x.stream.events, *((left,) if left else ())):
        if glued(event):
            yield Problem(
                f"byte {event.start} of the body",
                expected="a blank line after each event",
                actual=f"{len(event.data_lines)} data lines in one event",
            )
            return


@check("stream.event-json", level=MUST, on=streams, given=event_stream, probes=STREAM)
def events_are_json(x: Reading, profile: Profile) -> Problems:
    """Every event but [DONE] is one JSON object."""
    for number, event, parsed in x.parsed_events:
        if not event.data.strip() or glued(event):
            continue
        if parsed.error is not None or not isinstance(parsed.value, dict):
            actual = parsed.error or type(parsed.value).__name__
            yield Problem(
                f"event {number}",
                expected="a JSON object",
                actual=f"{actual}: {event.data[:_SHOWN]!r}",
            )
        elif parsed.non_finite:
            yield Problem(
                f"event {number}", expected="a JSON number or null", actual=parsed.non_finite[0]
            )


@check("stream.event-not-empty", level=MUST, on=streams, given=event_stream, probes=STREAM)
def events_carry_data(x: Reading, profile: Profile) -> Problems:
    """No event has empty data; a keep-alive is a comment line."""
    for number, event, _ in x.parsed_events:
        if not event.data.strip():
            yield Problem(
                f"event {number}",
                expected="a JSON object, or a comment line",
                actual="an empty data field",
            )


@check("stream.blocks-carry-data", level=SHOULD, on=streams, given=event_stream, probes=STREAM)
def blocks_have_data(x: Reading, profile: Profile) -> Problems:
    """No block consists of retry:, id: or event: alone."""
    for block in x.stream.blocks:
        alone = [name for name in block.fields if name in ("retry", "id", "event")]
        if alone:
            yield Problem(
                f"byte {block.start} of the body",
                expected="a data field in each block",
                actual=f"only {alone[0]}:",
            )


@check("stream.data-only", level=SHOULD, on=streams, given=event_stream, probes=STREAM)
def events_are_data_only(x: Reading, profile: Profile) -> Problems:
    """Events of a chat stream have data fields and no event or id field."""
    for number, event in enumerate(x.stream.events, 1):
        if event.type.startswith("thread."):
            yield Problem(
                f"event {number}", expected="no event field", actual=f"event: {event.type}"
            )
            return
        extra = [name for name in event.fields if name in ("event", "id", "retry")]
        if extra and event.type != "error":
            yield Problem(
                f"event {number}", expected="data only", actual=f"{extra[0]}: as well", level=MAY
            )
            return


@check("stream.field-names", level=MUST, on=streams, given=event_stream, probes=STREAM)
def data_fields_are_spelt_data(x: Reading, profile: Profile) -> Problems:
    """Data stands in lines whose field name is exactly `data`."""
    for name, value, offset in lost_lines(x)[:3]:
        yield Problem(
            f"byte {offset} of the body",
            expected='"data:"',
            actual=f"{name + ':'!r} before {value[:60]!r}",
        )


@check("stream.no-bare-json", level=MUST, on=streams, given=event_stream, probes=STREAM)
def json_stands_in_events(x: Reading, profile: Profile) -> Problems:
    """An error or a chunk inside a stream is an event, not a bare line of JSON."""
    for offset, line in bare_json(x)[:3]:
        yield Problem(
            f"byte {offset} of the body",
            expected="data: before the JSON",
            actual=line[:_SHOWN].decode("utf-8", "replace"),
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
                f"event {number}", expected="nothing after [DONE]", actual=event.data[:_SHOWN]
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


def long_enough(x: Reading, profile: Profile) -> Unjudged | None:
    """Enough events over enough time to tell buffering from speed."""
    if (x.exchange.probe or "").startswith("generated."):
        return Unjudged(
            "requests are made up at the same time, which takes time as well", RECORDING
        )
    for given in (whole_stream, arrival_kept):
        if (reason := given(x, profile)) is not None:
            return reason
    if len(x.chunks) < FEW:
        return Unjudged(f"only {len(x.chunks)} chunks, too few to tell", Hindrance.MODEL)
    return Unjudged("answered too quickly to tell", Hindrance.MODEL) if quick(x) else None


def quick(x: Reading) -> bool:
    """Whether a stream came so fast that a busy machine explains its times as well as the endpoint does."""
    took = x.arrival(x.stream.length - 1)
    times = [x.arrival(x.stream.events[at].start) for at in (0, -1)]
    return took < 0.2 or (took < 0.5 and (times[1] - times[0] < 0.05 or came_at_once(x)))


@check("stream.incremental", level=SHOULD, on=streams, given=long_enough, probes=LONG)
def delivers_while_producing(x: Reading, profile: Profile) -> Problems:
    """Events are delivered while the answer is produced, not all at its end."""
    if came_at_once(x):
        first, last = (x.arrival(x.stream.events[at].start) for at in (0, -1))
        yield Problem(
            "arrival times",
            expected="events spread over the time the answer takes",
            actual=f"{len(x.stream.events)} events between {first:.3f} s and {last:.3f} s after the request",
        )


def came_at_once(x: Reading) -> bool:
    """Whether all events came in a moment, after the time in which they were produced."""
    events = x.stream.events
    times = [x.arrival(event.start) for event in events]
    first, last = times[0], times[-1]
    spread, reads = last - first, len(set(times))
    # A long wait before the first token followed by quick ones is no buffering, so the wait alone says nothing:
    # a buffer that is let go comes in a moment, or in a few large reads.
    return spread < LET_GO or (reads <= max(3, len(events) // 16) and spread < 0.1 * first)


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


def error_came(x: Reading, profile: Profile) -> Unjudged | None:
    """The stream carries an error."""
    if (reason := event_stream(x, profile)) is not None:
        return reason
    return None if x.error_events else Unjudged("no error in the stream", RECORDING)


@check("stream.error-shape", level=MUST, on=streams, given=error_came, probes=STREAM)
def errors_in_streams_have_a_shape(x: Reading, profile: Profile) -> Problems:
    """An error inside a stream is an event with the error object that the profile states."""
    shapes = profile.errors.in_stream
    for number, value in x.error_events:
        envelope = envelope_of(value)
        if Shape.UNKNOWN in shapes or envelope.shape in shapes:
            if envelope.shape is Shape.OPENAI and not isinstance(envelope.message, str):
                yield Problem(
                    f"event {number}: {envelope.at}/message",
                    expected="text",
                    actual=f"{envelope.message!r}",
                )
            continue
        yield Problem(
            f"event {number}",
            expected=" or ".join(shape.value for shape in shapes),
            actual=f"{envelope.shape.value}: {str(value)[:_SHOWN]}",
            level=SHOULD if envelope.shape is Shape.ERROR_STRING else None,
        )


def our_streams(x: Reading) -> bool:
    """Streams that we asked for: other people's traffic may have met a real failure."""
    return streams(x) and ordinary_chat(x) and x.exchange.probe is not None


@check(
    "stream.without-error",
    level=MUST,
    on=our_streams,
    given=event_stream,
    probes=STREAM,
)
def ordinary_streams_have_no_error(x: Reading, profile: Profile) -> Problems:
    """An ordinary request's stream does not break off with an error."""
    for number, value in x.error_events:
        yield Problem(f"event {number}", expected="chunks to the end", actual=str(value)[:_SHOWN])
