"""The event-stream format over bytes (WHATWG HTML §9.2.6), reporting what is malformed instead of raising.

``EventStream`` takes bytes in any pieces; ``read_stream`` takes a whole body.
Lines end with LF, CR or CRLF and with nothing else: U+2028 and its like are data.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST_LINES = 100_000
MOST_EVENTS = 20_000
"""What of one stream is read: many times what any answer needs, and a bound for memory and time."""
_BOM = b"\xef\xbb\xbf"
_KNOWN = ("data", "event", "id", "retry")
_LINE_END = re.compile(rb"\r\n|\n|\r(?=[^\n])")
"""A CR that is the last byte so far ends no line yet: an LF may follow."""
_NAMES = {b"\n": "LF", b"\r": "CR", b"\r\n": "CRLF"}


@dataclass(frozen=True, slots=True)
class Event:
    """One dispatched event. Offsets are bytes of the body; ``end`` is behind the blank line."""

    data: str
    type: str = "message"
    last_event_id: str = ""
    start: int = 0
    end: int = 0
    data_lines: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    """The field names of its block, in order, known or not."""


@dataclass(frozen=True, slots=True)
class Block:
    """Lines between blank lines that dispatch no event: no data field among them."""

    fields: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Stream:
    """A whole event stream."""

    events: tuple[Event, ...] = ()
    blocks: tuple[Block, ...] = ()
    """Blocks with fields but without data, such as ``retry: 5000`` alone."""
    comments: int = 0
    bom: bool = False
    invalid_utf8: tuple[int, ...] = ()
    """Byte offsets of lines that are not UTF-8 (each is read with U+FFFD)."""
    unknown: tuple[tuple[str, str, int], ...] = ()
    """Fields nobody reads: name, value, byte offset."""
    unterminated: Event | None = None
    """What stood at the end without its blank line; by the standard it is discarded."""
    line_ends: frozenset[str] = frozenset()
    length: int = 0
    too_large: bool = False
    """There is more than was read: of the rest nothing is known."""


class EventStream:
    """Reads an event stream piece by piece; ``close`` gives the whole."""

    def __init__(self) -> None:
        self._tail = b""
        self._offset = 0
        self._first = True
        self._events: list[Event] = []
        self._blocks: list[Block] = []
        self._comments = 0
        self._bom = False
        self._invalid: list[int] = []
        self._unknown: list[tuple[str, str, int]] = []
        self._ends: set[str] = set()
        self._last_id = ""
        self._lines = 0
        self._length = 0
        self._full = False
        self._reset(0)

    def _reset(self, start: int) -> None:
        self._data: list[str] = []
        self._fields: list[str] = []
        self._type = ""
        self._start = start

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        self._length += len(data)
        if self._full:
            return
        buffer = self._tail + data
        at = 0
        for line_end in _LINE_END.finditer(buffer):
            stop, next_at = line_end.span()
            self._ends.add(_NAMES[line_end.group()])
            self._line(buffer[at:stop], self._offset + at, self._offset + next_at)
            at = next_at
            self._lines += 1
            if self._lines >= MOST_LINES or len(self._events) >= MOST_EVENTS:
                self._full = at < len(buffer)
                buffer = buffer[:at]
                break
        self._tail = buffer[at:]
        self._offset += at

    def close(self) -> Stream:
        """The stream as a whole; the end of the body has come."""
        if self._tail.endswith(b"\r"):  # a CR at the very end was waiting for its LF
            tail, self._tail = self._tail, b""
            self._ends.add("CR")
            self._line(tail[:-1], self._offset, self._offset + len(tail))
            self._offset += len(tail)
        length = self._length
        if self._tail:
            self._line(self._tail, self._offset, length)
        left = self._event(length) if self._data and not self._full else None
        return Stream(
            tuple(self._events),
            tuple(self._blocks),
            self._comments,
            self._bom,
            tuple(self._invalid),
            tuple(self._unknown),
            left,
            frozenset(self._ends),
            length,
            self._full,
        )

    def _event(self, end: int) -> Event:
        return Event(
            "\n".join(self._data),
            self._type or "message",
            self._last_id,
            self._start,
            end,
            tuple(self._data),
            tuple(self._fields),
        )

    def _line(self, raw: bytes, start: int, end: int) -> None:
        if self._first:
            self._first = False
            if raw.startswith(_BOM):
                self._bom, raw = True, raw[len(_BOM) :]
        if not raw:
            self._dispatch(end)
            return
        try:
            line = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            self._invalid.append(start + error.start)
            line = raw.decode("utf-8", "replace")
        if line.startswith(":"):
            self._comments += 1
            return
        name, _, value = line.partition(":")
        self._field(name, value.removeprefix(" "), start)

    def _field(self, name: str, value: str, start: int) -> None:
        self._fields.append(name)
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._type = value
        elif name == "id":
            if "\0" not in value:
                self._last_id = value
        elif name not in _KNOWN:
            self._unknown.append((name, value, start))

    def _dispatch(self, end: int) -> None:
        if self._data:
            self._events.append(self._event(end))
        elif self._fields:
            self._blocks.append(Block(tuple(self._fields), self._start, end))
        self._reset(end)


def read_stream(body: bytes) -> Stream:
    """The event stream that a whole body is."""
    stream = EventStream()
    stream.feed(body)
    return stream.close()
