"""Faults of streams as a whole: status, framing, events and their end."""

from __future__ import annotations

import json
from dataclasses import replace

from conformance.refserver.completion import Answer
from conformance.refserver.exchange import End, Frame, Reply
from conformance.refserver.faults.altering import chunk_at, in_the_middle, with_header, without
from conformance.refserver.faults.registry import Facts, Stage, fault
from conformance.refserver.mistakes import Decision, Mistake
from conformance.refserver.writing import DONE, event


@fault("stream-refused", "stream.accepted", "parity.status", on=Stage.DECISION)
def stream_refused(decision: Decision, facts: Facts) -> Decision:
    """Chat requests that ask for a stream are refused."""
    if decision is None and facts.wants_stream:
        return Mistake("Streaming is not supported.", param="stream", code="unsupported_value")
    return decision


@fault("stream-answers-201", "stream.accepted", on=Stage.REPLY)
def stream_answers_201(reply: Reply, facts: Facts) -> Reply:
    """Streams of text have status 201 instead of 200."""
    plain = facts.streamed and not facts.has_tools
    return replace(reply, status=201) if plain else reply


@fault("stream-ignored", "stream.answers-with-events", on=Stage.ANSWER)
def stream_ignored(answer: Answer, facts: Facts) -> Answer:
    """The wish for a stream is answered with one JSON object."""
    return replace(answer, request=replace(answer.request, stream=False))


@fault("stream-json-under-its-name", "stream.answers-with-events", on=Stage.REPLY)
def stream_json_under_its_name(reply: Reply, facts: Facts) -> Reply:
    """The wish for a stream is answered with one JSON object that is labelled text/event-stream."""
    if not facts.streamed:
        return reply
    at = chunk_at([frame.data for frame in reply.frames])
    return replace(reply, frames=(Frame(reply.frames[at].data.removeprefix(b"data: ").strip()),))


@fault("stream-as-text", "stream.content-type", on=Stage.REPLY)
def stream_as_text(reply: Reply, facts: Facts) -> Reply:
    """Streams are labelled text/plain."""
    return with_header(reply, "Content-Type", "text/plain") if facts.streamed else reply


@fault("stream-without-content-type", "stream.content-type", on=Stage.REPLY)
def stream_without_content_type(reply: Reply, facts: Facts) -> Reply:
    """Streams have no Content-Type."""
    return with_header(reply, "Content-Type", None) if facts.streamed else reply


def _half(reply: Reply) -> tuple[Frame, ...]:
    return reply.frames[: len(reply.frames) // 2]


@fault("stream-cut", "stream.complete", on=Stage.REPLY)
def stream_cut(reply: Reply, facts: Facts) -> Reply:
    """The connection closes in the middle of a stream."""
    return replace(reply, frames=_half(reply), end=End.CUT) if facts.streamed else reply


@fault("stream-cut-inside-event", "stream.complete", on=Stage.REPLY)
def stream_cut_inside_event(reply: Reply, facts: Facts) -> Reply:
    """The connection closes in the middle of an event."""
    if not facts.streamed:
        return reply
    *whole, last = _half(reply)
    return replace(reply, frames=(*whole, Frame(last.data[:40])), end=End.CUT)


@fault("stream-reset", "stream.complete", on=Stage.REPLY)
def stream_reset(reply: Reply, facts: Facts) -> Reply:
    """The connection is reset in the middle of a stream."""
    return replace(reply, frames=_half(reply), end=End.RESET) if facts.streamed else reply


@fault("stream-stalls", "stream.complete", on=Stage.REPLY, slow=True)
def stream_stalls(reply: Reply, facts: Facts) -> Reply:
    """Streams stop half way and never go on."""
    return replace(reply, frames=_half(reply), end=End.HOLD) if facts.streamed else reply


@fault("stream-held-open", "stream.closes", on=Stage.REPLY, slow=True)
def stream_held_open(reply: Reply, facts: Facts) -> Reply:
    """The connection stays open after the end marker."""
    return replace(reply, end=End.HOLD) if facts.streamed else reply


@fault("stream-not-utf8", "stream.utf8", on=Stage.EVENTS)
def stream_not_utf8(events: list[bytes], facts: Facts) -> list[bytes]:
    """Streams are written in Windows-1252."""
    at = chunk_at(events)
    events[at] = events[at].replace(b"data: {", b'data: {"x_note":"caf\xe9",', 1)
    return [one.replace("—".encode(), b"\x97") for one in events]


@fault("stream-character-torn", "stream.utf8", on=Stage.EVENTS)
def stream_character_torn(events: list[bytes], facts: Facts) -> list[bytes]:
    """A character of several bytes is torn over two events."""
    at = chunk_at(events)
    for place, half in ((at, b"\xe2\x82"), (at + 1, b"\xac")):
        note = b'data: {"x_note":"' + half + b'",'
        events[place] = events[place].replace(b"data: {", note, 1)
    return events


@fault("stream-bom", "stream.no-bom", on=Stage.EVENTS)
def stream_bom(events: list[bytes], facts: Facts) -> list[bytes]:
    """Streams begin with a byte order mark."""
    return [b"\xef\xbb\xbf" + events[0], *events[1:]]


@fault("stream-single-newlines", "stream.events-separated", on=Stage.EVENTS)
def stream_single_newlines(events: list[bytes], facts: Facts) -> list[bytes]:
    """Events are separated by one newline instead of a blank line."""
    return [one.replace(b"\n\n", b"\n") for one in events]


@fault("stream-event-not-json", "stream.event-json", on=Stage.EVENTS)
def stream_event_not_json(events: list[bytes], facts: Facts) -> list[bytes]:
    """One event among the chunks is not JSON."""
    return in_the_middle(events, b"data: ping\n\n")


@fault("stream-event-cut-json", "stream.event-json", on=Stage.EVENTS)
def stream_event_cut_json(events: list[bytes], facts: Facts) -> list[bytes]:
    """One event among the chunks is half a JSON object."""
    return in_the_middle(events, b'data: {"id":"x","choices":[\n\n')


@fault("stream-event-array", "stream.event-json", on=Stage.EVENTS)
def stream_event_array(events: list[bytes], facts: Facts) -> list[bytes]:
    """One event among the chunks is a JSON array."""
    return in_the_middle(events, b"data: []\n\n")


@fault("stream-event-empty", "stream.event-not-empty", on=Stage.EVENTS)
def stream_event_empty(events: list[bytes], facts: Facts) -> list[bytes]:
    """An empty event serves as a sign of life."""
    return in_the_middle(events, b"data:\n\n")


@fault("stream-retry-block", "stream.blocks-carry-data", on=Stage.EVENTS)
def stream_retry_block(events: list[bytes], facts: Facts) -> list[bytes]:
    """Streams begin with a block that only says when to retry."""
    return [b"retry: 3000\n\n", *events]


@fault("stream-event-names", "stream.data-only", on=Stage.EVENTS)
def stream_event_names(events: list[bytes], facts: Facts) -> list[bytes]:
    """Every chunk is announced with an event name."""
    return [one if one == DONE else b"event: chunk\n" + one for one in events]


@fault("stream-event-ids", "stream.data-only", on=Stage.EVENTS)
def stream_event_ids(events: list[bytes], facts: Facts) -> list[bytes]:
    """Every chunk carries an event id."""
    return [one if one == DONE else b"id: %d\n" % n + one for n, one in enumerate(events)]


@fault("stream-field-capital", "stream.field-names", on=Stage.EVENTS)
def stream_field_capital(events: list[bytes], facts: Facts) -> list[bytes]:
    """One event is written with the field name Data and so is lost."""
    return in_the_middle(events, b'Data: {"lost":true}\n\n')


@fault("stream-field-indented", "stream.field-names", on=Stage.EVENTS)
def stream_field_indented(events: list[bytes], facts: Facts) -> list[bytes]:
    """One event is indented and so is lost."""
    return in_the_middle(events, b' data: {"lost":true}\n\n')


@fault("stream-field-spaced", "stream.field-names", on=Stage.EVENTS)
def stream_field_spaced(events: list[bytes], facts: Facts) -> list[bytes]:
    """One event has a space before its colon and so is lost."""
    return in_the_middle(events, b'data : {"lost":true}\n\n')


@fault("stream-without-done", "stream.done", on=Stage.EVENTS)
def stream_without_done(events: list[bytes], facts: Facts) -> list[bytes]:
    """Streams end without the end marker."""
    return [one for one in events if one != DONE]


@fault("stream-done-twice", "stream.done-once", on=Stage.EVENTS)
def stream_done_twice(events: list[bytes], facts: Facts) -> list[bytes]:
    """Streams send the end marker twice."""
    return [*events, DONE]


@fault("stream-after-done", "stream.done-last", on=Stage.EVENTS)
def stream_after_done(events: list[bytes], facts: Facts) -> list[bytes]:
    """A chunk without choices follows the end marker."""
    first = json.loads(events[chunk_at(events)].removeprefix(b"data: "))
    return [*events, event({**without(first, "usage"), "choices": []})]


@fault("stream-done-lower-case", "stream.done-exact", on=Stage.EVENTS)
def stream_done_lower_case(events: list[bytes], facts: Facts) -> list[bytes]:
    """The end marker is written in lower case."""
    return [b"data: [done]\n\n" if one == DONE else one for one in events]


@fault("stream-done-indented", "stream.done-exact", on=Stage.EVENTS)
def stream_done_indented(events: list[bytes], facts: Facts) -> list[bytes]:
    """The end marker has a second space before it."""
    return [b"data:  [DONE]\n\n" if one == DONE else one for one in events]


@fault("stream-done-unterminated", "stream.last-event-terminated", on=Stage.EVENTS)
def stream_done_unterminated(events: list[bytes], facts: Facts) -> list[bytes]:
    """Streams end right after the end marker, without a blank line."""
    return [one.rstrip(b"\n") if one == DONE else one for one in events]


@fault("stream-held-back", "stream.incremental", on=Stage.REPLY)
def stream_held_back(reply: Reply, facts: Facts) -> Reply:
    """Streams are held back and sent all at once."""
    return replace(reply, frames=(Frame(reply.body, delay=0.6),)) if facts.streamed else reply


@fault("stream-only-done", "stream.not-empty", on=Stage.EVENTS)
def stream_only_done(events: list[bytes], facts: Facts) -> list[bytes]:
    """Streams hold nothing but the end marker."""
    return [DONE]


@fault("stream-empty", "stream.not-empty", on=Stage.EVENTS)
def stream_empty(events: list[bytes], facts: Facts) -> list[bytes]:
    """Streams are answered with status 200 and no events at all."""
    return []


@fault("stream-error", "stream.without-error", on=Stage.EVENTS)
def stream_error(events: list[bytes], facts: Facts) -> list[bytes]:
    """Streams break off with an error half way."""
    error = {"message": "Overloaded.", "type": "server_error", "param": None, "code": None}
    return [*events[: len(events) // 2], event({"error": error})]


@fault("stream-error-text", "stream.without-error", "stream.error-shape", on=Stage.EVENTS)
def stream_error_text(events: list[bytes], facts: Facts) -> list[bytes]:
    """Streams break off with an error that is a string instead of an object."""
    return [*events[: len(events) // 2], event({"error": "The model is overloaded."})]
