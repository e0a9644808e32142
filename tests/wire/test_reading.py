"""The lazily parsed view of one exchange."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.model.exchange import Attempt, Chunk, Ended, Kept
from conformance.model.request import Operation
from conformance.wire.reading import Reading, is_done
from tests.builders import (
    DONE,
    Value,
    a_chunk,
    a_completion,
    a_request,
    a_stream,
    an_error,
    an_exchange,
    data,
    not_sent,
    role_chunk,
    text_chunks,
    unanswered,
)


def asked(body: Value, **how: Value) -> Reading:
    """The reading of an exchange with this request."""
    return Reading(an_exchange(None, request=a_request(body, **how)))


@pytest.mark.parametrize(
    ("body", "name", "expected"),
    [
        ({"stream": True}, "streams", True),
        ({"stream": 1}, "streams", False),
        ({}, "streams", False),
        ([], "body", {}),
        ({}, "n", 1),
        ({"n": 3}, "n", 3),
        ({"n": True}, "n", 1),
        ({"n": "2"}, "n", 1),
        ({"stream_options": {"include_usage": True}}, "usage", True),
        ({"stream_options": None}, "usage", False),
        ({"tool_choice": {"type": "function", "function": {"name": "f"}}}, "named_tool", "f"),
        ({"tool_choice": {"function": "f"}}, "named_tool", None),
        ({"tool_choice": {"function": {"name": 1}}}, "named_tool", None),
        ({"tool_choice": "required"}, "named_tool", None),
        ({"tools": [{"function": {"name": "f"}}, {"function": {}}, 7]}, "tool_names", ("f",)),
        ({"tools": "f"}, "tool_names", ()),
        ({"modalities": ["text", "audio"]}, "audio", True),
        ({"modalities": "audio"}, "audio", False),
        ({}, "chat", True),
    ],
    ids=lambda value: None if isinstance(value, str) else repr(value)[:60],
)
def test_what_a_request_asks(body: Value, name: str, expected: Value) -> None:
    """What was asked for is read from the request's own bytes, whatever they are."""
    assert expected == getattr(asked(body).asked, name)


def test_other_requests_are_no_chat() -> None:
    """Only a POST to chat completions is one."""
    assert not asked(None, method="DELETE").asked.chat
    assert not asked({}, operation=Operation.OTHER).asked.chat
    assert not asked(None, method="DELETE").asked.streams


@pytest.mark.parametrize(
    ("content_type", "media_type", "json", "events"),
    [
        ("application/json", "application/json", True, False),
        ("Application/JSON; charset=utf-8", "application/json", True, False),
        ("application/problem+json", "application/problem+json", True, False),
        ("text/event-stream;charset=UTF-8", "text/event-stream", False, True),
        ("text/html", "text/html", False, False),
        (None, "", False, False),
    ],
    ids=str,
)
def test_media_types(content_type: str | None, media_type: str, json: bool, events: bool) -> None:
    """The media type counts without its parameters, in any letters."""
    x = Reading(an_exchange(content_type=content_type))

    assert (media_type, json, events) == (x.media_type, x.says_json, x.says_events)


def test_headers_of_one_name_are_joined() -> None:
    """Several headers of one name are one list."""
    x = Reading(an_exchange(headers=(("Via", "a"), ("VIA", "b"))))

    assert ("a, b", None) == (x.header("via"), x.header("age"))


def test_nothing_came() -> None:
    """Where nothing was sent or answered there is nothing to read, and nothing raises."""
    for x in (Reading(not_sent()), Reading(unanswered())):
        assert (None, b"", "", None) == (x.status, x.body, x.media_type, x.object)
        assert ([], {}, 0.0, "") == (x.chunks, x.choices, x.arrival(0), x.coding)
        assert x.header("date") is None
    assert (None, None, False) == (
        Reading(not_sent()).ended,
        Reading(not_sent()).attempt,
        Reading(not_sent()).whole,
    )
    assert "Reading('chat.basic')" == repr(Reading(not_sent()))


def test_the_last_attempt_counts() -> None:
    """Earlier attempts were retried and say nothing."""
    good = an_exchange()
    x = Reading(replace(good, attempts=(Attempt(429), *good.attempts)))

    assert 200 == x.status
    assert x.object == a_completion()


@pytest.mark.parametrize(
    ("ended", "whole"),
    [(Ended.COMPLETE, True), (Ended.HELD_OPEN, True), (Ended.CUT, False), (Ended.TIMEOUT, False)],
    ids=str,
)
def test_whole(ended: Ended, whole: bool) -> None:
    """A body is whole if its framing says so, or if only we closed it."""
    assert whole is Reading(an_exchange(ended=ended)).whole


@pytest.mark.parametrize(
    ("coding", "kept", "expected"),
    [
        ("gzip", Kept(), "gzip"),
        ("identity", Kept(), ""),
        ("GZIP", Kept(arrival=False), ""),
        (None, Kept(), ""),
    ],
    ids=["gzip", "identity", "decoded by the recorder", "none"],
)
def test_content_coding(coding: str | None, kept: Kept, expected: str) -> None:
    """The coding that the body was sent with; recorders of other people's traffic undo it."""
    headers = (("Content-Encoding", coding),) if coding else ()

    assert expected == Reading(an_exchange(headers=headers, kept=kept)).coding


@pytest.mark.parametrize(
    ("body", "events"),
    [
        (a_stream(), True),
        (b"\xef\xbb\xbfdata: {}\n\n", True),
        (b"\n\n: ping\n", True),
        (b"event: x", True),
        (b"Data: {}\n\n", True),
        (b"retry: 5\n\n", True),
        (b"foo: 1\ndata: {}\n\n", True),
        (b'{"data": []}', False),
        (b'{\n  "data": []\n}', False),
        (b"<html>", False),
        (b"", False),
    ],
    ids=repr,
)
def test_what_looks_like_events(body: bytes, events: bool) -> None:
    """An event stream is told by how it is written, not by its media type."""
    assert events is Reading(an_exchange(body=body)).looks_like_events


def test_chunks_errors_and_the_end_are_told_apart() -> None:
    """Events have numbers from 1; errors and the end marker are no chunks, and nothing counts behind it."""
    stream = [
        role_chunk(),
        b"data: x\n\n",
        an_error(),
        b"event: error\n" + data({"message": "no"}),
        b"event: error\n" + data(a_chunk()),
    ]
    x = Reading(an_exchange("chat.stream.basic", stream=a_stream(stream) + data(a_chunk())))

    assert [1, 5] == [n for n, _ in x.chunks]
    assert [3, 4] == [n for n, _ in x.error_events]
    assert [1, 2, 3, 4, 5] == [n for n, _, _ in x.parsed_events]
    assert 6 == x.done_at


@pytest.mark.parametrize(
    ("error", "counts"), [(None, False), ({}, False), ("", False), ("x", True), ({"a": 1}, True)],
    ids=["null", "empty", "blank", "text", "object"],
)  # fmt: skip
def test_only_an_error_with_something_in_it_is_one(error: Value, counts: bool) -> None:
    """Official clients ignore an error member that is null or empty."""
    x = Reading(an_exchange("chat.stream.basic", stream=[{**a_chunk(), "error": error}]))

    assert counts is bool(x.error_events)
    assert counts is not bool(x.chunks)


def test_a_stream_without_its_end() -> None:
    """Without the end marker there is no number of it."""
    assert Reading(an_exchange("chat.stream.basic", stream=a_stream(done=b""))).done_at is None


def test_arrival_is_that_of_the_byte() -> None:
    """A byte arrived with the part that holds it; behind the last part counts as the last."""
    good = an_exchange("chat.stream.basic")
    assert good.last is not None
    parts = (Chunk(0.5, b"abc"), Chunk(0.9, b""), Chunk(1.5, b"d"))
    x = Reading(replace(good, attempts=(replace(good.last, chunks=parts),)))

    assert [0.5, 0.5, 1.5, 1.5] == [x.arrival(at) for at in (0, 2, 3, 9)]
    assert b"abcd" == x.body


@pytest.mark.parametrize(
    ("text", "done"),
    [
        ("[DONE]", True),
        (" [done] ", True),
        ("DONE", True),
        ("[ DONE ]", True),
        ("[DONE", True),
        ("[DONE]x", False),
        ("{}", False),
        ("", False),
    ],
    ids=repr,
)
def test_what_is_meant_as_the_end(text: str, done: bool) -> None:
    """The end marker and what is meant as one are no JSON events."""
    assert done is is_done(text)


def test_choices_are_folded_from_chunks() -> None:
    """The choices of a stream are those of its chunks."""
    x = Reading(an_exchange("chat.stream.basic", stream=a_stream(text_chunks("a", "b")) + DONE))

    assert ["", "a", "b"] == [text for _, text in x.choices[0].content]
    assert "stop" == x.choices[0].finish
