"""What of a stream no client reads."""

from __future__ import annotations

import pytest

from conformance.wire.reading import Reading
from conformance.wire.sse import read_stream
from conformance.wire.unread import bare_json, glued, lost_lines, unreadable
from tests.builders import an_exchange


def streamed(body: bytes) -> Reading:
    """The answer to a request for a stream, with this body."""
    return Reading(an_exchange("chat.stream.basic", stream=body))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"data: {}\n\ndata: [DONE]\n\n", None),
        (b"data: {}\n\ndata: [DONE]", None),
        (b"data: OK\n\n", "event 1 is not a JSON object"),
        (b"data: {}\n\nDATA: {}\n\n", "data stands in lines that no client reads"),
        (b'data: {}\n\n{"a": 1}\n\n', "data stands in lines that no client reads"),
        (b'data: {}\n\ndata: {"a": 1}\n', "the last event lacks its blank line"),
    ],
    ids=["all read", "an open end marker", "text", "capitals", "no field", "an open event"],
)
def test_why_not_all_can_be_read(body: bytes, why: str | None) -> None:
    """The first cause is told, or that there is none."""
    assert why == unreadable(streamed(body))


@pytest.mark.parametrize(
    ("body", "several"),
    [
        (b'data: {"a": 1}\n\n', False),
        (b'data: {"a":\ndata: 1}\n\n', False),
        (b'data: {"a": 1}\ndata: [DONE]\n\n', True),
    ],
    ids=["one line", "one object on two lines", "two events"],
)
def test_events_written_as_one(body: bytes, several: bool) -> None:
    """Lines of data that are each an event lack the blank line between them."""
    [event] = read_stream(body).events

    assert several == glued(event)


def test_lost_lines_have_their_place() -> None:
    """Misspelt data is found with its name, its value and where it stands."""
    x = streamed(b'data: {}\n\nData: 1\n\nother: 2\n\n{"a": 1}\n\n')

    assert [("Data", "1", 10)] == lost_lines(x)
    assert [(29, b'{"a": 1}')] == bare_json(x)
