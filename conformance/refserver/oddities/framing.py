"""Event streams that are written otherwise: fields, comments, blank lines, line ends, pieces and pauses."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from conformance.refserver.exchange import Frame, Reply
from conformance.refserver.oddities.registry import Facts, Stage, oddity

_WHATWG = "WHATWG HTML, Server-sent events: "
_COMMENTS = _WHATWG + "a line that begins with a colon is ignored"
_LINE_ENDS = _WHATWG + "a line ends with LF, CR or CRLF"
_ANY_PIECES = "TCP and HTTP keep no borders between writes"
_PROCESSING = b": PROCESSING\n\n"
_SMALL = 500
"""Writes of a stream that are cut very small; what is behind comes in larger pieces, for the sake of time."""


def _carries(event: bytes) -> bool:
    return event.lstrip(b"\r\n").startswith(b"data:")


@oddity(
    "events-no-space", on=Stage.EVENTS, because=_WHATWG + "the space is optional", only_one="space"
)
def no_space(events: list[bytes], facts: Facts) -> list[bytes]:
    """No space stands behind `data:`."""
    return [b"\n".join(_unspaced(line) for line in event.split(b"\n")) for event in events]


def _unspaced(line: bytes) -> bytes:
    return b"data:" + line[6:] if line.startswith(b"data: ") else line


@oddity(
    "events-many-spaces",
    on=Stage.EVENTS,
    because="further spaces belong to the JSON",
    only_one="space",
)
def many_spaces(events: list[bytes], facts: Facts) -> list[bytes]:
    """Several spaces stand before and behind the object."""
    return [
        event.replace(b"data: {", b"data:    {", 1).replace(b"}\n\n", b"}  \n\n")
        for event in events
    ]


@oddity(
    "events-of-two-lines",
    on=Stage.EVENTS,
    because=_WHATWG + "data lines are joined by a line end, which JSON takes for white space",
)
def two_lines(events: list[bytes], facts: Facts) -> list[bytes]:
    """Each object is cut over two data lines behind its first brace."""
    return [event.replace(b"{", b"{\ndata: ", 1) for event in events]


@oddity("events-comment-first", on=Stage.EVENTS, because=_COMMENTS)
def comment_first(events: list[bytes], facts: Facts) -> list[bytes]:
    """A stream begins with a comment."""
    return [b": hello\n\n", *events]


@oddity("events-processing", on=Stage.EVENTS, because=_COMMENTS + "; recorded at OpenRouter")
def processing(events: list[bytes], facts: Facts) -> list[bytes]:
    """Comments such as `: PROCESSING` come between the events, several in a row."""
    return [part for event in events for part in (_PROCESSING, _PROCESSING, event)]


@oddity("events-comments-inside", on=Stage.EVENTS, because=_COMMENTS)
def comments_inside(events: list[bytes], facts: Facts) -> list[bytes]:
    """Comments stand inside the events, before and behind the data."""
    return [
        b": ping\n:\n" + event[:-1] + b":pong\n\n" if _carries(event) else event for event in events
    ]


@oddity("events-comment-like-data", on=Stage.EVENTS, because=_COMMENTS)
def comment_like_data(events: list[bytes], facts: Facts) -> list[bytes]:
    """A comment holds what looks like data, another is very long."""
    return [
        *events[:1],
        b':data: {"choices": null}\n\n',
        b":" + b"x" * 5_000 + b"\n\n",
        *events[1:],
    ]


@oddity("events-comment-last", on=Stage.EVENTS, because=_COMMENTS)
def comment_last(events: list[bytes], facts: Facts) -> list[bytes]:
    """A comment comes behind [DONE]."""
    return [*events, b": bye\n\n"]


@oddity("events-unknown-fields", on=Stage.EVENTS, because=_WHATWG + "unknown fields are ignored")
def unknown_fields(events: list[bytes], facts: Facts) -> list[bytes]:
    """Each event has fields that the standard does not know."""
    return [b"trace: 7\nbare\n" + event if _carries(event) else event for event in events]


@oddity(
    "events-named-message",
    on=Stage.EVENTS,
    because=_WHATWG + "message is the name of events without one",
)
def named_message(events: list[bytes], facts: Facts) -> list[bytes]:
    """Each event is named message."""
    return [b"event: message\n" + event if _carries(event) else event for event in events]


@oddity(
    "events-blank-lines",
    on=Stage.EVENTS,
    because=_WHATWG + "a blank line without data dispatches nothing",
)
def blank_lines(events: list[bytes], facts: Facts) -> list[bytes]:
    """Several blank lines stand between the events and before the first."""
    return [b"\n\n", *(event + b"\n\n" for event in events)]


@oddity(
    "events-done-unfinished",
    on=Stage.EVENTS,
    because="all official clients of 2024 to 2026 accept it (observed)",
    only_one="line ends",
)
def done_unfinished(events: list[bytes], facts: Facts) -> list[bytes]:
    """The connection ends behind [DONE] without a line end."""
    return [*events[:-1], events[-1].rstrip(b"\n")] if _carries(events[-1]) else events


@oddity("events-crlf", on=Stage.EVENTS, because=_LINE_ENDS, only_one="line ends")
def crlf(events: list[bytes], facts: Facts) -> list[bytes]:
    """Lines end with CRLF."""
    return [event.replace(b"\n", b"\r\n") for event in events]


@oddity("events-cr", on=Stage.EVENTS, because=_LINE_ENDS, only_one="line ends")
def cr(events: list[bytes], facts: Facts) -> list[bytes]:
    """Lines end with CR."""
    return [event.replace(b"\n", b"\r") for event in events]


@oddity("events-line-ends-mixed", on=Stage.EVENTS, because=_LINE_ENDS, only_one="line ends")
def line_ends_mixed(events: list[bytes], facts: Facts) -> list[bytes]:
    """Lines end with LF, CR and CRLF by turns."""
    ends = (b"\n", b"\r", b"\r\n")
    # CR then LF would be one line end and not two.
    return [event.replace(b"\n", ends[n % 3]) for n, event in enumerate(events)]


def _cut(reply: Reply, facts: Facts, *sizes: int) -> Reply:
    """A streamed reply whose writes are cut into pieces of these sizes by turns."""
    if not facts.streamed:
        return reply
    made: list[Frame] = []
    for frame in reply.frames:
        at, delay = 0, frame.delay
        while at < len(frame.data):
            size = sizes[len(made) % len(sizes)] if len(made) < _SMALL else 997
            made.append(Frame(frame.data[at : at + size], delay))
            at, delay = at + size, 0.0
    return replace(reply, frames=tuple(made))


@oddity("writes-of-one-byte", on=Stage.REPLY, because=_ANY_PIECES, only_one="size of writes")
def one_byte(reply: Reply, facts: Facts) -> Reply:
    """Streams begin with five hundred writes of one byte."""
    return _cut(reply, facts, 1)


@oddity("writes-of-odd-sizes", on=Stage.REPLY, because=_ANY_PIECES, only_one="size of writes")
def odd_sizes(reply: Reply, facts: Facts) -> Reply:
    """Streams are written in pieces that end anywhere."""
    return _cut(reply, facts, 1, 7, 150, 2, 61)


@oddity("writes-inside-characters", on=Stage.REPLY, because=_ANY_PIECES, only_one="size of writes")
def inside_characters(reply: Reply, facts: Facts) -> Reply:
    """Writes end inside characters of several bytes, and between CR and LF."""
    if not facts.streamed:
        return reply
    made: list[Frame] = []
    for frame in reply.frames:
        data = frame.data
        ends = [n for n in range(1, len(data)) if data[n] & 0xC0 == 0x80 or data[n - 1] == 13]
        parts = [data[a:b] for a, b in pairwise([0, *ends, len(data)])]
        made += [Frame(part, 0.0 if n else frame.delay) for n, part in enumerate(parts)]
    return replace(reply, frames=tuple(made))


@oddity("writes-of-two-events", on=Stage.REPLY, because=_ANY_PIECES, only_one="size of writes")
def two_events(reply: Reply, facts: Facts) -> Reply:
    """Two events leave with each write."""
    if not facts.streamed:
        return reply
    groups = [reply.frames[at : at + 2] for at in range(0, len(reply.frames), 2)]
    made = [Frame(b"".join(f.data for f in g), sum(f.delay for f in g)) for g in groups]
    return replace(reply, frames=tuple(made))


@oddity("writes-straddle-events", on=Stage.REPLY, because=_ANY_PIECES, only_one="size of writes")
def straddle_events(reply: Reply, facts: Facts) -> Reply:
    """Each write ends in the middle of an event."""
    if not facts.streamed:
        return reply
    made: list[Frame] = []
    left = b""
    for frame in reply.frames:
        data = left + frame.data
        half = len(data) - len(frame.data) // 2
        made.append(Frame(data[:half], frame.delay))
        left = data[half:]
    return replace(reply, frames=(*made, Frame(left)))


@oddity("writes-begin-late", on=Stage.REPLY, because="a long prompt takes its time")
def begin_late(reply: Reply, facts: Facts) -> Reply:
    """The head of a stream comes at once, its first event a tenth of a second later."""
    if not facts.streamed or not reply.frames:
        return reply
    first = replace(reply.frames[0], delay=0.1)
    return replace(reply, frames=(first, *reply.frames[1:]))


@oddity("writes-pause", on=Stage.REPLY, because="a model may think in between")
def pause(reply: Reply, facts: Facts) -> Reply:
    """Half way through a stream nothing comes for a tenth of a second."""
    if not facts.streamed or not reply.frames:
        return reply
    at = len(reply.frames) // 2
    frames = list(reply.frames)
    frames[at] = replace(frames[at], delay=frames[at].delay + 0.1)
    return replace(reply, frames=tuple(frames))
