"""Where an answer ends, however its bytes are divided, and what is found beyond."""

from __future__ import annotations

import pytest

from conformance.engine.framing import MOST_HEAD, Follower
from conformance.engine.network import Stream
from conformance.engine.transport import Transport
from conformance.model.exchange import Attempt, Ended
from conformance.model.request import Operation, Request

from .servers import EVENT_STREAM, Peer, Talk, answer, chunk, serving

GET = Request("GET", "/v1/models", Operation.MODELS)
HEAD = Request("HEAD", "/v1/models", Operation.MODELS)
STREAM = Request("POST", "/v1/chat/completions", Operation.CHAT, body=b"{}", leaves=True)
SECOND = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n"


@pytest.mark.parametrize("size", [1, 3, 1000], ids=["by byte", "by three", "at once"])
@pytest.mark.parametrize(
    ("method", "data", "excess"),
    [
        ("GET", answer(b"{}"), b""),
        ("GET", answer(b""), b""),
        ("GET", answer(b"{}") + b"\r\n", b"\r\n"),
        ("GET", answer(b"{}") + SECOND, SECOND),
        ("GET", b"HTTP/1.1 100 Continue\r\n\r\n" + answer(b"{}") + b"x", b"x"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\nx", b"x"),
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b""),
        ("HEAD", answer(b"{}"), b"{}"),
        ("GET", CHUNKED + chunk(b"ab\r\n") + chunk(b""), b""),
        ("GET", CHUNKED + chunk(b"ab") + chunk(b"") + b"0\r\n\r\n", b"0\r\n\r\n"),
        ("GET", CHUNKED + b"2;x=1\r\nab\r\n0\r\nX-Trailer: 1\r\n\r\nx", b"x"),
        ("GET", CHUNKED + b"zz\r\nab\r\n", b""),
        ("GET", b"HTTP/1.1 200 OK\r\n\r\nuntil it closes", b""),
        ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nab", b""),
        ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\nab" % (b"9" * 5000), b""),
        ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nab", b""),
        ("GET", CHUNKED + b"%s\r\nab\r\n" % (b"F" * 5000), b""),
        ("GET", CHUNKED + b"-2\r\nab\r\n", b""),
        ("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\nab", b""),
        ("GET", b"garbage\r\n\r\n", b""),
    ],
    ids=["whole", "empty", "a line end", "a second answer", "after an interim answer", "after 204", "HEAD", "HEAD with a body", "chunks", "two last chunks", "a trailer", "no size", "no length", "a length that is none", "a length of thousands of digits", "a negative length", "a size of thousands of digits", "a negative size", "another coding", "garbage"],
)  # fmt: skip
def test_the_end_is_found(method: str, data: bytes, excess: bytes, size: int) -> None:
    """What follows the end is told, and where there is no telling, nothing."""
    follower = Follower(method)
    for at in range(0, len(data), size):
        follower.feed(data[at : at + size])

    assert excess == follower.excess


def test_an_endless_head_is_not_followed() -> None:
    """A head that does not end takes no more memory than a limit."""
    follower = Follower("GET")
    for _ in range(4 * MOST_HEAD // 1000):
        follower.feed(b"x" * 1000)
    follower.feed(b"\r\n\r\nmore")

    assert b"" == follower.excess


def attempts(talk: Talk, *requests: Request) -> list[Attempt]:
    """What several requests over one pool come to."""
    with serving(talk) as server, Transport(server.origin) as transport:
        return [transport.send(request) for request in requests]


def answering(*pieces: bytes) -> Talk:
    """A server that answers each request on a connection with the next of these."""

    def talk(peer: Peer) -> None:
        for piece in pieces:
            if not peer.request():
                return
            peer.send(piece)
        peer.hang()

    return talk


def test_connections_are_counted() -> None:
    """An attempt tells which connection carried it, and how many requests that had carried before."""
    made = attempts(answering(answer(b"1"), answer(b"2")), GET, GET)

    assert [(1, 0), (1, 1)] == [(a.connection, a.earlier) for a in made]


@pytest.mark.parametrize(
    ("request_", "piece", "excess"),
    [
        (GET, answer(b"{}") + b"\r\n", b"\r\n"),
        (GET, answer(b"{}", status="400 Bad Request") + SECOND, SECOND),
        (HEAD, answer(b"{}"), b"{}"),
        (GET, EVENT_STREAM + chunk(b"data: 1\n\n") + chunk(b"") + b"0\r\n\r\n", b"0\r\n\r\n"),
    ],
    ids=["a line end", "a second answer", "a body after HEAD", "two last chunks"],
)
def test_a_connection_with_more_on_it_is_not_used_again(
    request_: Request, piece: bytes, excess: bytes
) -> None:
    """The excess is told of its own exchange and spoils no other."""
    first, then = attempts(answering(piece), request_, request_)

    assert (Ended.COMPLETE, excess) == (first.ended, first.excess)
    assert (Ended.COMPLETE, 2, 0) == (then.ended, then.connection, then.earlier)


@pytest.mark.parametrize("excess", [SECOND, b"}}\r\n\r\n"], ids=["an answer", "garbage"])
def test_excess_inside_the_library_is_no_answer(
    excess: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that takes a connection in the moment in which it is closed sends its request elsewhere."""
    monkeypatch.setattr(Stream, "get_extra_info", lambda *_: None)
    first, then = attempts(answering(answer(b"{}") + excess), GET, GET)

    assert (excess, Ended.COMPLETE) == (first.excess, first.ended)
    assert (200, b"{}", excess) == (then.status, then.body, then.excess)
    assert (2, 0) == (then.connection, then.earlier)


def test_leftovers_are_told_with_the_answer_of_a_new_connection() -> None:
    """Bytes that come when the next request is under way are no answer to it, so it is sent again."""

    def talk(peer: Peer) -> None:
        peer.request()
        peer.send(answer(b"{}"))
        peer.request()
        peer.send(b"}}\r\n\r\n")

    _, then = attempts(talk, GET, GET)

    assert (Ended.COMPLETE, 200, b"}}\r\n\r\n") == (then.ended, then.status, then.leftover)


def test_garbage_on_every_connection_is_the_answer() -> None:
    """Where a new connection brings no HTTP either, no leftover is to blame."""

    def talk(peer: Peer) -> None:
        if peer.number == 0:
            peer.request()
            peer.send(answer(b"{}"))
        peer.request()
        peer.send(b"}}\r\n\r\n")

    _, then = attempts(talk, GET, GET)

    assert (Ended.NOT_HTTP, None, b"", 1) == (then.ended, then.status, then.leftover, then.earlier)


def test_a_key_across_the_end_is_covered() -> None:
    """A key that begins in the body and ends beyond it is found."""
    from conformance.engine.secret import Secret

    key = "sk-live-0123456789abcdefghij"
    told = answer(b"key: " + key[:10].encode()) + key[10:].encode()
    with (
        serving(answering(told)) as server,
        Transport(server.origin, secret=Secret(key)) as transport,
    ):
        attempt = transport.send(GET)

    assert 1 == attempt.redactions
    assert key[10:].encode() not in attempt.excess


def test_a_stream_is_left_after_its_first_event() -> None:
    """The client closes the connection, and the next request goes over a new one."""

    def talk(peer: Peer) -> None:
        peer.request()
        peer.send(EVENT_STREAM, chunk(b"data: 1\n"), chunk(b"\ndata: 2"))
        peer.hang()

    left, then = attempts(talk, STREAM, STREAM)

    assert (Ended.LEFT, "we closed the connection after the first event") == (
        left.ended,
        left.detail,
    )
    assert left.body.startswith(b"data: 1\n\n")
    assert (Ended.LEFT, 2, 0) == (then.ended, then.connection, then.earlier)


@pytest.mark.parametrize(
    ("lengths", "told"),
    [
        ((b"Content-Length: 2\r\nContent-Length: 2"), ["2", "2"]),
        ((b"Content-Length: 2, 2"), ["2, 2"]),
        ((b"Content-Length: 2\r\nTransfer-Encoding: identity"), []),
    ],
    ids=["twice", "a list", "not followed"],
)
def test_lengths_are_told_as_they_were_sent(lengths: bytes, told: list[str]) -> None:
    """The library makes one of equal lengths; the headers of an attempt keep all."""
    head = b"HTTP/1.1 200 OK\r\n" + lengths + b"\r\n\r\n{}"
    (attempt,) = attempts(answering(head), GET)

    assert told == (
        [v for n, v in attempt.headers if n.lower() == "content-length"] if told else []
    )
