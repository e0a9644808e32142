"""The event-stream parser: one table of bytes and events, each row fed whole, byte by byte and split anywhere."""

from __future__ import annotations

import base64
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from conformance.wire.sse import Block, Event, EventStream, Stream, read_stream

VECTORS = Path(__file__).parents[2] / ".." / "shared" / "reference" / "sse.yaml"
BOM = b"\xef\xbb\xbf"

EVENTS: dict[str, tuple[bytes, list[str]]] = {
    "nothing": (b"", []),
    "LF": (b"data: a\n\n", ["a"]),
    "CR": (b"data: a\r\rdata: b\r\r", ["a", "b"]),
    "CRLF": (b"data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]),
    "a CR at the end": (b"data: a\n\r", ["a"]),
    "a CR that may have had an LF": (b"data: a\r", []),
    "one CRLF is one line end": (b"data: a\r\ndata: b\r\n\r\n", ["a\nb"]),
    "one space is taken": (b"data:  a\n\ndata:a\n\ndata:\ta\n\n", [" a", "a", "\ta"]),
    "a colon in the value": (b"data: a: b:c\n\n", ["a: b:c"]),
    "no colon": (b"data\n\n", [""]),
    "an empty value": (b"data:\n\n", [""]),
    "two empty values": (b"data\ndata\n\n", ["\n"]),
    "lines join": (b"data: a\ndata: b\ndata:\ndata: c\n\n", ["a\nb\n\nc"]),
    "comments": (b": a\ndata: b\n:\n: c\n\n", ["b"]),
    "a comment with data in it": (b":data: a\n\n", []),
    "names are exact": (b"Data: a\n data: b\ndata : c\ndatax: d\n\n", []),
    "blank lines": (b"\n\n\ndata: a\n\n\n\n", ["a"]),
    "no line end but CR and LF": ("data: a\u2028b\u2029c\x85d\x0be\x0cf\n\n".encode(), ["a\u2028b\u2029c\x85d\x0be\x0cf"]),
    "NUL": (b"data: a\0b\n\n", ["a\0b"]),
    "no UTF-8": (b"data: a\xffb\n\n", ["a\ufffdb"]),
    "a cut character": (b"data: \xf0\x9f\x98\n\n", ["\ufffd"]),
    "a mark at the start": (BOM + b"data: a\n\n", ["a"]),
    "a mark twice": (BOM + BOM + b"data: a\n\ndata: b\n\n", ["b"]),
    "a mark later": (b"data: a\n\n" + BOM + b"data: b\n\n", ["a"]),
    "half a mark": (b"\xef\xbb", []),
    "a mark alone": (BOM, []),
    "a mark and a blank line": (BOM + b"\ndata: a\n\n", ["a"]),
    "not closed": (b"data: a\n\ndata: b\n", ["a"]),
    "not ended": (b"data: a\n\ndata: b", ["a"]),
}  # fmt: skip

ANOMALIES: dict[str, tuple[bytes, Stream]] = {
    "places": (
        b": hi\ndata: a\n\ndata: b\nid: 7\n\n",
        Stream(
            events=(
                Event("a", "message", "", 0, 14, ("a",), ("data",)),
                Event("b", "message", "7", 14, 29, ("b",), ("data", "id")),
            ),
            comments=1,
            line_ends=frozenset({"LF"}),
            length=29,
        ),
    ),
    "blocks without data": (
        b"retry: 5\n\nevent: x\r\nfoo: 1\r\n\r\n: c\n\n",
        Stream(
            blocks=(Block(("retry",), 0, 10), Block(("event", "foo"), 10, 30)),
            comments=1,
            unknown=(("foo", "1", 20),),
            line_ends=frozenset({"LF", "CRLF"}),
            length=35,
        ),
    ),
    "a mark": (
        BOM + b"data: a\r\r",
        Stream(
            events=(Event("a", "message", "", 0, 12, ("a",), ("data",)),),
            bom=True,
            line_ends=frozenset({"CR"}),
            length=12,
        ),
    ),
    "no UTF-8": (
        b"data: a\n\ndata: b\xff\xfe\n: \xff\n",
        Stream(
            events=(Event("a", "message", "", 0, 9, ("a",), ("data",)),),
            comments=1,
            invalid_utf8=(16, 21),
            unterminated=Event("b\ufffd\ufffd", "message", "", 9, 23, ("b\ufffd\ufffd",), ("data",)),
            line_ends=frozenset({"LF"}),
            length=23,
        ),
    ),
    "what is left over": (
        b"event: x\ndata: a\ndata: b",
        Stream(
            unterminated=Event("a\nb", "x", "", 0, 24, ("a", "b"), ("event", "data", "data")),
            line_ends=frozenset({"LF"}),
            length=24,
        ),
    ),
    "lost lines": (
        b"Data: a\ndata : b\n\n",
        Stream(
            blocks=(Block(("Data", "data "), 0, 18),),
            unknown=(("Data", "a", 0), ("data ", "b", 8)),
            line_ends=frozenset({"LF"}),
            length=18,
        ),
    ),
}  # fmt: skip

BYTES = [*(raw for raw, _ in EVENTS.values()), *(raw for raw, _ in ANOMALIES.values())]
PIECES = [b"data", b":", b" ", b"\n", b"\r", b"\r\n", b"event", b"id", b"retry", b"a", b"\xff", BOM]
STREAMS = st.one_of(st.sampled_from(BYTES), st.lists(st.sampled_from(PIECES)).map(b"".join))


def in_pieces(raw: bytes, cuts: list[int]) -> Stream:
    """The stream that comes of bytes cut at these places."""
    stream = EventStream()
    places = [0, *sorted(cuts), len(raw)]
    for start, end in pairwise(places):
        stream.feed(raw[start:end])
    return stream.close()


@pytest.mark.parametrize(("raw", "expected"), EVENTS.values(), ids=EVENTS.keys())
def test_events(raw: bytes, expected: list[str]) -> None:
    """The bytes dispatch these events."""
    assert expected == [event.data for event in read_stream(raw).events]


@pytest.mark.parametrize(("raw", "expected"), ANOMALIES.values(), ids=ANOMALIES.keys())
def test_what_is_malformed_is_reported(raw: bytes, expected: Stream) -> None:
    """Nothing raises; what is odd is said with its place."""
    assert expected == read_stream(raw)


@pytest.mark.parametrize("raw", BYTES, ids=[*EVENTS, *ANOMALIES])
def test_byte_by_byte(raw: bytes) -> None:
    """Bytes that come one by one give the same stream."""
    assert read_stream(raw) == in_pieces(raw, list(range(len(raw))))


@given(raw=STREAMS, data=st.data())
def test_any_split_gives_the_same_stream(raw: bytes, data: st.DataObject) -> None:
    """Where the network cuts changes nothing."""
    cuts = data.draw(st.lists(st.integers(0, len(raw)), max_size=5))

    assert read_stream(raw) == in_pieces(raw, cuts)


@given(raw=st.one_of(st.binary(), STREAMS))
def test_places_are_in_order_and_inside(raw: bytes) -> None:
    """Events and blocks lie one behind another within the body."""
    stream = read_stream(raw)
    left = [stream.unterminated] if stream.unterminated else []
    spans = sorted((e.start, e.end) for e in [*stream.events, *left])
    spans = sorted([*spans, *((b.start, b.end) for b in stream.blocks)])

    assert len(raw) == stream.length
    assert all(start < end <= len(raw) for start, end in spans)
    assert all(a[1] <= b[0] for a, b in pairwise(spans))


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=20)


def encoded(events: list[str], end: str, space: str) -> bytes:
    """The events as an event stream, with these line ends and this behind the colon."""
    blocks = [
        "".join(f"data:{space}{line}{end}" for line in data.split("\n")) + end for data in events
    ]
    return "".join(blocks).encode()


@given(events=st.lists(TEXT), end=st.sampled_from(["\n", "\r", "\r\n"]))
def test_what_is_encoded_is_read_back(events: list[str], end: str) -> None:
    """Any text goes through the format and comes back."""
    assert events == [event.data for event in read_stream(encoded(events, end, " ")).events]


@pytest.mark.parametrize(
    "unit", [b"\r", b"\n", b"\r\n", b"data: x\r\r", b"a", b":\r"], ids=repr
)  # fmt: skip
def test_a_hostile_stream_takes_no_time(unit: bytes) -> None:
    """A megabyte of anything is read in time proportional to its length."""
    raw = unit * (1_000_000 // len(unit))
    begun = time.process_time()

    assert len(raw) == read_stream(raw).length
    assert time.process_time() - begun < 5


def vectors() -> list[Any]:
    """The vectors of the reference, where it is at hand."""
    if not VECTORS.exists():
        return [pytest.param({}, id="none", marks=pytest.mark.skip("the reference is not at hand"))]
    listed = yaml.safe_load(VECTORS.read_text(encoding="utf-8"))["vectors"]
    return [pytest.param(vector, id=vector["name"]) for vector in listed]


@pytest.mark.parametrize("vector", vectors())
def test_a_vector_of_the_standard(vector: dict[str, Any]) -> None:
    """Type, data and last id are those of the standard, wherever the bytes are cut."""
    raw = base64.b64decode(vector["input_base64"]) if "input_base64" in vector else vector["input"]
    raw = raw if isinstance(raw, bytes) else raw.encode()
    expected = [(e["event"], e["data"], e["last_event_id"]) for e in vector["expected"]]

    for cut in range(len(raw) + 1):
        events = in_pieces(raw, [cut]).events
        assert expected == [(e.type, e.data, e.last_event_id) for e in events]
