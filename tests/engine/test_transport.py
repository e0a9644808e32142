"""Whatever a peer does ends in an attempt, within the time allowed."""

from __future__ import annotations

import base64
import logging
import pickle
import socket
import ssl
import threading
import time
from collections.abc import Callable

import pytest

from conformance.engine.secret import Secret
from conformance.engine.transport import LEAST_BODY, Transport
from conformance.model.errors import UsageError
from conformance.model.exchange import Attempt, Ended
from conformance.model.request import Credentials, Operation, Request

from .servers import (
    CERTIFICATE,
    EVENT_STREAM,
    Peer,
    Talk,
    always,
    answer,
    chunk,
    once,
    serving,
    then_hang,
    tls,
)

KEY = "sk-live-0123456789abcdefghij"
POST = Request(
    "POST",
    "/v1/chat/completions",
    Operation.CHAT,
    (("Content-Type", "application/json"),),
    b'{"model": "m"}',
)
GET = Request("GET", "/v1/models", Operation.MODELS)


def sent(talk: Talk, request: Request = POST, **options: object) -> Attempt:
    """What one request to such a server comes to."""
    with serving(talk) as server, Transport(server.origin, **options) as transport:  # type: ignore[arg-type]
        return transport.send(request)


def test_a_whole_answer() -> None:
    """Status, headers in their order and case, body and times are kept."""
    attempt = sent(
        always(answer(b'{"a": 1}', "X-Request-ID: r1", "content-type: application/json"))
    )

    assert (200, Ended.COMPLETE, "") == (attempt.status, attempt.ended, attempt.detail)
    assert (
        ("Content-Length", "8"),
        ("X-Request-ID", "r1"),
        ("content-type", "application/json"),
    ) == attempt.headers
    assert b'{"a": 1}' == attempt.body
    assert "HTTP/1.1" == attempt.http_version
    assert attempt.head_at is not None
    assert 0 <= attempt.head_at <= attempt.chunks[0].at <= attempt.seconds < 5


def test_chunks_and_their_times_are_those_of_the_wire() -> None:
    """Each read becomes a chunk with the time at which it came."""

    def talk(peer: Peer) -> None:
        peer.request()
        peer.send(EVENT_STREAM)
        for data in (b"data: 1\n\n", b"data: 2\n\n"):
            peer.send(chunk(data))
            peer.wait(0.1)
        peer.send(chunk(b""))

    attempt = sent(talk)

    assert [b"data: 1\n\n", b"data: 2\n\n"] == [c.data for c in attempt.chunks]
    assert attempt.chunks[1].at - attempt.chunks[0].at > 0.05
    assert Ended.COMPLETE == attempt.ended


def test_one_byte_chunks_in_one_read_are_one_chunk() -> None:
    """A body cut into crumbs does not cost a hundred times its size in memory."""
    attempt = sent(once(EVENT_STREAM + chunk(b"x") * 2000 + chunk(b"")))

    assert b"x" * 2000 == attempt.body
    assert len(attempt.chunks) < 50


def reset_at_once(peer: Peer) -> None:
    """Resets after reading the request."""
    peer.request()
    peer.reset()


def reset_in_head(peer: Peer) -> None:
    """Resets inside the head."""
    peer.request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-")
    peer.wait(0.1)
    peer.reset()


def reset_inside(peer: Peer) -> None:
    """Resets inside the body."""
    peer.request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
    peer.wait(0.1)
    peer.reset()


@pytest.mark.parametrize(
    ("talk", "ended", "status", "body", "detail"),
    [
        pytest.param(
            once(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"),
            Ended.CUT,
            200,
            b"abc",
            "the connection was closed after 3 bytes of the body",
            id="content-length cut",
        ),
        pytest.param(
            once(EVENT_STREAM + chunk(b"data: 1\n\n")),
            Ended.CUT,
            200,
            b"data: 1\n\n",
            "the connection was closed after 9 bytes of the body",
            id="chunked cut between chunks",
        ),
        pytest.param(
            once(EVENT_STREAM + b"10\r\ndata"),
            Ended.CUT,
            200,
            b"data",
            "the connection was closed after 4 bytes of the body",
            id="chunked cut inside a chunk",
        ),
        pytest.param(
            once(),
            Ended.CUT,
            None,
            b"",
            "the connection was closed without an answer",
            id="no answer",
        ),
        pytest.param(
            once(b"HTTP/1.1 200 OK\r\nContent-"),
            Ended.CUT,
            None,
            b"",
            "the connection was closed inside the response head",
            id="head cut",
        ),
        pytest.param(
            reset_at_once, Ended.RESET, None, b"", "the connection was reset", id="reset at once"
        ),
        pytest.param(
            reset_in_head,
            Ended.RESET,
            None,
            b"",
            "the connection was reset",
            id="reset in the head",
        ),
        pytest.param(
            reset_inside,
            Ended.RESET,
            200,
            b"abc",
            "the connection was reset",
            id="reset in the body",
        ),
        pytest.param(
            once(b"SSH-2.0-OpenSSH_9.6\r\n"),
            Ended.NOT_HTTP,
            None,
            b"",
            r"bytes that are not HTTP: b'SSH-2.0-OpenSSH_9.6\r\n'",
            id="another protocol",
        ),
        pytest.param(
            once(b"hello"),
            Ended.NOT_HTTP,
            None,
            b"",
            "bytes that are not HTTP: b'hello'",
            id="garbage",
        ),
        pytest.param(
            once(b"\x15\x03\x03\x00\x02\x02\x0a"),
            Ended.NOT_HTTP,
            None,
            b"",
            "bytes of TLS instead of HTTP; try https:// in the base URL",
            id="TLS at a plain URL",
        ),
        pytest.param(
            once(b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n"),
            Ended.NOT_HTTP,
            None,
            b"",
            r"a response head that is not HTTP (illegal header line), beginning with b'HTTP/1.1 200 OK\r\nno colon here\r\n\r\n'",
            id="broken header line",
        ),
        pytest.param(
            once(b"HTTP/1.1 099 Odd\r\n\r\n"),
            Ended.NOT_HTTP,
            None,
            b"",
            r"a response head that is not HTTP (its status is not one), beginning with b'HTTP/1.1 099 Odd\r\n\r\n'",
            id="a status below 100",
        ),
        pytest.param(
            once(b"HTTP/1.1 101 Switch\r\n\r\n"),
            Ended.NOT_HTTP,
            None,
            b"",
            r"a response head that is not HTTP (it switches protocols, which nobody asked for), beginning with b'HTTP/1.1 101 Switch\r\n\r\n'",
            id="another protocol, switched to",
        ),
        pytest.param(
            once(EVENT_STREAM + chunk(b"ok") + b"zz\r\nxx\r\n"),
            Ended.NOT_HTTP,
            200,
            b"ok",
            "broken chunk framing (illegal chunk header)",
            id="broken chunk size",
        ),
        pytest.param(
            once(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300_000),
            Ended.TOO_LARGE,
            None,
            b"",
            "a response head of more than 100 kB",
            id="endless header",
        ),
        pytest.param(
            once(b"HTTP/1.0 200 OK\r\n\r\nto the end"),
            Ended.COMPLETE,
            200,
            b"to the end",
            "",
            id="body until close",
        ),
        pytest.param(
            once(b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + answer(b"ok")),
            Ended.COMPLETE,
            200,
            b"ok",
            "",
            id="informational answers before",
        ),
        pytest.param(
            once(b"HTTP/1.1 204 No Content\r\n\r\n"), Ended.COMPLETE, 204, b"", "", id="no content"
        ),
    ],
)
def test_every_ending_is_a_fact(
    talk: Talk, ended: Ended, status: int | None, body: bytes, detail: str
) -> None:
    """What came before the end is kept, and a sentence says what happened."""
    attempt = sent(talk)

    assert (ended, status, body, detail) == (
        attempt.ended,
        attempt.status,
        attempt.body,
        attempt.detail,
    )


def drip(head: bytes, crumb: bytes) -> Talk:
    """Sends a beginning, then a crumb every 50 ms."""

    def talk(peer: Peer) -> None:
        peer.request()
        peer.send(head)
        while not peer.server.over.is_set():
            peer.send(crumb)
            peer.wait(0.05)

    return talk


@pytest.mark.parametrize(
    ("talk", "status", "body"),
    [
        pytest.param(then_hang(), None, b"", id="silent before the head"),
        pytest.param(
            then_hang(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"),
            200,
            b"abc",
            id="in the body",
        ),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"y"), None, b"", id="dripping head"),
        pytest.param(
            drip(b"HTTP/1.1 100 Continue\r\n\r\n", b""), None, b"", id="only 100 Continue"
        ),
        pytest.param(
            drip(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n", b"z"),
            200,
            None,
            id="dripping body",
        ),
    ],
)
def test_nothing_lasts_longer_than_allowed(
    talk: Talk, status: int | None, body: bytes | None
) -> None:
    """The limit holds for the whole exchange, however slowly bytes drip in."""
    began = time.monotonic()

    attempt = sent(talk, timeout=0.4)

    assert (Ended.TIMEOUT, status) == (attempt.ended, attempt.status)
    assert "the answer had not ended after 0.4 s" == attempt.detail
    assert body is None or body == attempt.body
    assert 0.35 < time.monotonic() - began < 2


def test_silence_has_a_limit_of_its_own() -> None:
    """``idle`` ends an exchange in which nothing comes any more."""
    attempt = sent(then_hang(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), idle=0.2)

    assert (Ended.TIMEOUT, "nothing came for 0.2 s") == (attempt.ended, attempt.detail)


def test_a_huge_body_is_read_up_to_the_limit() -> None:
    """No endpoint can fill the memory."""

    def talk(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while not peer.server.over.is_set():
            peer.send(b"z" * 65536)

    attempt = sent(talk, max_body=300_000)

    assert (Ended.TOO_LARGE, 300_000) == (attempt.ended, len(attempt.body))


SMALL = LEAST_BODY


@pytest.mark.parametrize(
    ("before", "size", "ended"),
    [
        pytest.param([SMALL] * 20, 2 * SMALL, Ended.COMPLETE, id="small ones take no room"),
        pytest.param([2 * SMALL], SMALL, Ended.COMPLETE, id="a small one has room"),
        pytest.param([2 * SMALL], SMALL + 1, Ended.INTERRUPTED, id="a large one has none"),
        pytest.param([], 1 << 22, Ended.TOO_LARGE, id="one that nobody needs"),
    ],
)
def test_all_bodies_together_have_a_limit(
    before: list[int], size: int, ended: Ended, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What we do not read because of others is no fault of an answer."""
    room = 1 << 20 if ended is Ended.TOO_LARGE else SMALL
    monkeypatch.setattr("conformance.engine.transport.ALL_BODIES", room)

    def talk(peer: Peer) -> None:
        peer.request()
        peer.send(answer(b"x" * ([*before, size][peer.number])))

    with serving(talk) as server, Transport(server.origin) as transport:
        *_, last = [transport.send(POST) for _ in [*before, size]]

    assert ended is last.ended
    if ended is Ended.INTERRUPTED:
        assert f"we read no more than {SMALL} bytes, after 0 MB of other answers" == last.detail
        assert SMALL == len(last.body)


def test_a_body_of_just_the_limit_is_whole() -> None:
    """The limit itself is allowed."""
    assert Ended.COMPLETE is sent(once(answer(b"x" * 1000)), max_body=1000).ended


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param((chunk(b"data: {}\n\ndata: [DONE]\n\n"),), id="in one read"),
        pytest.param((chunk(b"data: {}\n\nda"), chunk(b"ta: [DO"), chunk(b"NE]\n\n")), id="split"),
        pytest.param((chunk(b"data:[DONE]\n\n"),), id="without a space"),
    ],
)
def test_a_stream_held_open_after_done(
    pieces: tuple[bytes, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After [DONE] the end may take two seconds; then we hang up and say so."""
    monkeypatch.setattr("conformance.engine.transport.DONE_GRACE", 0.2)

    def talk(peer: Peer) -> None:
        peer.request()
        peer.send(EVENT_STREAM)
        for piece in pieces:
            peer.send(piece)
            peer.wait(0.03)
        peer.hang()

    attempt = sent(talk)

    assert (Ended.HELD_OPEN, "the connection stayed open for 0.2 s") == (
        attempt.ended,
        attempt.detail,
    )
    assert attempt.body.endswith(b"[DONE]\n\n")


def test_done_inside_a_string_is_no_end() -> None:
    """A model that writes about [DONE] has not ended its stream."""

    def talk(peer: Peer) -> None:
        peer.request()
        peer.send(EVENT_STREAM, chunk(b'data: {"x": "data: [DONE]"}\n\n'))
        peer.wait(0.3)
        peer.send(chunk(b"data: [DONE]\n\n"), chunk(b""))

    assert Ended.COMPLETE is sent(talk).ended


def test_nobody_listens() -> None:
    """A refused connection is a fact, in words."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with Transport(f"http://127.0.0.1:{port}") as transport:
        attempt = transport.send(GET)

    assert (Ended.REFUSED, None) == (attempt.ended, attempt.status)
    assert f"nothing listens at 127.0.0.1 port {port}" == attempt.detail


def test_a_name_without_address() -> None:
    """A name that cannot be looked up is a fact, in words."""
    with Transport("http://no-such-host.invalid") as transport:
        attempt = transport.send(GET)

    assert (Ended.REFUSED, "the name no-such-host.invalid has no address") == (
        attempt.ended,
        attempt.detail,
    )


def test_https_to_a_plain_port() -> None:
    """A failed handshake says what to look at."""

    def talk(peer: Peer) -> None:
        peer.sock.recv(1000)
        peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with serving(talk) as server, Transport(server.origin.replace("http:", "https:")) as transport:
        attempt = transport.send(GET)

    assert Ended.REFUSED is attempt.ended
    assert "the TLS handshake failed; does the endpoint speak https at this port?" == attempt.detail


def test_an_untrusted_certificate() -> None:
    """A certificate nobody vouches for is told as such."""
    with (
        serving(tls(always(answer(b"ok")))) as server,
        Transport(server.origin.replace("http:", "https:")) as transport,
    ):
        attempt = transport.send(GET)

    assert Ended.REFUSED is attempt.ended
    assert "the endpoint's certificate is not valid: self-signed certificate" == attempt.detail


def test_an_answer_over_tls() -> None:
    """A trusted endpoint is spoken to as any other, over kept connections."""
    trusting = ssl.create_default_context(cafile=CERTIFICATE)
    body = b"x" * 100_000
    with (
        serving(tls(always(answer(body)))) as server,
        Transport(
            server.origin.replace("http:", "https:"), ssl_context=trusting, timeout=5
        ) as transport,
    ):
        attempts = [transport.send(POST) for _ in range(2)]

    assert [(Ended.COMPLETE, body)] * 2 == [(a.ended, a.body) for a in attempts]


def test_redirects_are_not_followed() -> None:
    """No request goes anywhere but to the target."""
    with (
        serving(always(answer(b"", "Location: /elsewhere", status="302 Found"))) as server,
        Transport(server.origin) as transport,
    ):
        attempt = transport.send(GET)

    assert 302 == attempt.status
    assert 1 == len(server.requests)


def test_proxies_in_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """The endpoint is asked directly, whatever the shell says."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert 200 == sent(always(answer(b"ok"))).status


def test_cookies_are_not_kept() -> None:
    """Requests do not depend on one another."""
    with (
        serving(always(answer(b"", "Set-Cookie: a=1"))) as server,
        Transport(server.origin) as transport,
    ):
        transport.send(GET)
        transport.send(GET)

    assert not [r for r in server.requests if b"cookie" in r.lower()]


def test_connections_are_kept() -> None:
    """A second request goes over the same connection."""
    numbers: list[int] = []

    def talk(peer: Peer) -> None:
        while peer.request():
            numbers.append(peer.number)
            peer.send(answer(b"ok"))

    with serving(talk) as server, Transport(server.origin) as transport:
        transport.send(GET)
        transport.send(GET)

    assert [0, 0] == numbers


def test_a_kept_connection_closed_by_the_server_is_replaced() -> None:
    """That an idle connection is closed, even just as we write, is no failure of the endpoint."""

    def talk(peer: Peer) -> None:
        peer.request()
        peer.send(answer(b"ok"))
        if peer.number == 0:
            peer.request()

    with serving(talk) as server, Transport(server.origin) as transport:
        first, second = transport.send(POST), transport.send(POST)

    assert (200, 200) == (first.status, second.status)
    assert 3 == len(server.requests)


@pytest.mark.parametrize(
    ("last_words", "ended", "told"),
    [
        pytest.param(
            Peer.reset, Ended.RESET, "the connection was reset; when tried again: ", id="reset"
        ),
        pytest.param(
            lambda peer: None,
            Ended.CUT,
            "the connection was closed without an answer; when tried again: ",
            id="closed",
        ),
    ],
)
def test_a_request_that_the_server_dies_of_is_told(
    last_words: Talk, ended: Ended, told: str
) -> None:
    """That nobody listens any more is not all: the request was sent, and not answered."""

    def talk(peer: Peer) -> None:
        peer.request()
        peer.send(answer(b"ok"))
        peer.request()
        peer.server.die()
        last_words(peer)

    with serving(talk) as server, Transport(server.origin) as transport:
        first, second, third = (transport.send(POST) for _ in range(3))

    nobody = f"nothing listens at 127.0.0.1 port {server.port}"
    assert (200, None, None) == (first.status, second.status, third.status)
    assert (ended, told + nobody) == (second.ended, second.detail)
    assert (first.connection, 1) == (second.connection, second.earlier)
    assert (Ended.REFUSED, nobody) == (third.ended, third.detail)


def test_a_server_that_goes_away_between_two_requests() -> None:
    """A connection that was closed while nothing was asked says nothing of the next request."""

    def talk(peer: Peer) -> None:
        peer.request()
        peer.send(answer(b"ok"))
        peer.server.die()

    with serving(talk) as server, Transport(server.origin) as transport:
        transport.send(POST)
        server.dead.wait(5)
        server.close()
        attempt = transport.send(POST)

    nobody = f"nothing listens at 127.0.0.1 port {server.port}"
    assert (Ended.REFUSED, nobody) == (attempt.ended, attempt.detail)


def test_what_is_sent() -> None:
    """The path and the body go out as they are, with a few plain headers and the key."""
    request = Request(
        "POST", "/v1/a%2Fb/ü?x=1#y", Operation.CHAT, (("Content-Type", "application/json"),), b"{}"
    )
    with (
        serving(always(answer(b"ok"))) as server,
        Transport(
            server.origin, secret=Secret(KEY), headers=(("X-Team", "t"), ("user-agent", "me"))
        ) as transport,
    ):
        transport.send(request)

    assert [
        "POST /v1/a%2Fb/%C3%BC?x=1#y HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        "Accept: */*",
        "Accept-Encoding: identity",
        "X-Team: t",
        "user-agent: me",
        "Content-Type: application/json",
        f"Authorization: Bearer {KEY}",
        "Content-Length: 2",
        "",
        "{}",
    ] == server.requests[0].decode().split("\r\n")


@pytest.mark.parametrize(
    ("credentials", "headers", "expected"),
    [
        (Credentials.KEY, (), [f"Bearer {KEY}".encode()]),
        (Credentials.KEY_LOWER, (), [f"bearer {KEY}".encode()]),
        (Credentials.KEY_LONGER, (), [f"Bearer {KEY}x".encode()]),
        (Credentials.KEY_SHORTER, (), [f"Bearer {KEY[:-1]}".encode()]),
        (Credentials.NONE, (), []),
        (Credentials.UNKNOWN, (), []),
        (Credentials.MADE_UP, (("Authorization", "Token x"),), [b"Token x"]),
        (Credentials.MADE_UP, (("Authorization", "Bearer"),), [b"Bearer"]),
    ],
    ids=[
        "key",
        "lower-case scheme",
        "longer",
        "shorter",
        "none",
        "unknown",
        "made up",
        "scheme only",
    ],
)
def test_the_key_goes_only_where_it_is_asked_for(
    credentials: Credentials, headers: tuple[tuple[str, str], ...], expected: list[bytes]
) -> None:
    """Probes without a key, or with a wrong one, never carry the user's."""
    request = Request("GET", "/", Operation.OTHER, headers, None, credentials)
    with (
        serving(always(answer(b"ok"))) as server,
        Transport(
            server.origin, secret=Secret(KEY), headers=(("Authorization", "Bearer profile"),)
        ) as transport,
    ):
        transport.send(request)

    lines = server.requests[0].split(b"\r\n")
    assert expected == [line[15:] for line in lines if line.startswith(b"Authorization: ")]


@pytest.mark.parametrize("said", [KEY, f"{KEY}x", KEY[:-1]], ids=["whole", "longer", "shorter"])
def test_what_is_sent_of_the_key_is_blotted_out(said: str) -> None:
    """Also where it was altered to be a wrong key."""
    with (
        serving(always(answer(f"Wrong key: {said}.".encode()))) as server,
        Transport(server.origin, secret=Secret(KEY)) as transport,
    ):
        attempt = transport.send(Request("GET", "/", Operation.OTHER, credentials=Credentials.KEY))

    assert KEY[:-1].encode() not in attempt.body
    assert 1 == attempt.redactions


def test_an_unwritable_request_is_our_mistake() -> None:
    """A header that HTTP cannot carry is told to the user, not blamed on the endpoint."""
    request = Request("GET", "/", Operation.OTHER, (("X-Bad", "a\nb"),))

    with pytest.raises(UsageError, match="GET / cannot be written as HTTP: Illegal header value"):
        sent(always(answer(b"ok")), request)


def echo_in_pieces(peer: Peer) -> None:
    """Echoes the key in the body, over two chunks."""
    peer.request()
    body = b'{"error": "bad key ' + KEY.encode() + b'"}'
    peer.send(EVENT_STREAM, chunk(body[:30]))
    peer.wait(0.05)
    peer.send(chunk(body[30:]), chunk(b""))


@pytest.mark.parametrize(
    "talk",
    [
        pytest.param(echo_in_pieces, id="split over two chunks"),
        pytest.param(once(answer(b"", f"X-Key: Bearer {KEY}", f"{KEY}: 1")), id="headers"),
        pytest.param(once(answer(base64.b64encode(b"user:" + KEY.encode()))), id="base64"),
        pytest.param(once(KEY.encode() + b" is no HTTP"), id="not HTTP"),
        pytest.param(once(b"HTTP/1.1 200 OK\r\nbad " + KEY.encode() + b"\r\n\r\n"), id="bad head"),
        pytest.param(
            once(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + KEY.encode()[:-1]),
            id="cut echo",
        ),
    ],
)
def test_an_echoed_key_is_blotted_out(talk: Talk, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the attempt nor the log lines of the HTTP library hold it."""
    caplog.set_level(logging.DEBUG)

    attempt = sent(talk, secret=Secret(KEY))

    held = repr((attempt, attempt.body)) + caplog.text
    assert KEY[:-1] not in held
    assert base64.b64encode(b"user:" + KEY.encode()).decode()[8:30] not in held
    assert attempt.redactions + (attempt.status is None) >= 1
    assert "httpcore" in caplog.text


def test_a_compressed_answer_is_kept_as_it_came() -> None:
    """Nothing is inflated here, so no bomb can go off."""
    body = b"\x1f\x8b\x08\x00not really gzip"

    assert body == sent(once(answer(body, "Content-Encoding: gzip"))).body


def test_stop_keeps_what_was_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Told to stop, a running request ends soon, with the part of the answer that came."""
    monkeypatch.setattr("conformance.engine.transport.STOP_GRACE", 0.2)
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    began = time.monotonic()

    attempt = sent(then_hang(EVENT_STREAM, chunk(b"data: 1\n\n")), stop=stop)

    assert (Ended.INTERRUPTED, 200, b"data: 1\n\n") == (
        attempt.ended,
        attempt.status,
        attempt.body,
    )
    assert time.monotonic() - began < 2


def test_many_threads_share_one_transport() -> None:
    """Each gets the answer to its own request."""

    def talk(peer: Peer) -> None:
        while request := peer.request():
            peer.send(answer(request.split(b" ")[1]))

    wrong: list[str] = []

    def ask(transport: Transport, n: int) -> None:
        for m in range(5):
            path = f"/{n}/{m}"
            if transport.send(Request("GET", path, Operation.OTHER)).body != path.encode():
                wrong.append(path)

    with serving(talk) as server, Transport(server.origin) as transport:
        threads = [threading.Thread(target=ask, args=(transport, n)) for n in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert [] == wrong


@pytest.mark.parametrize("show", [repr, str, "{}".format], ids=["repr", "str", "format"])
def test_a_secret_does_not_show_itself(show: Callable[[object], str]) -> None:
    """Not in a message, not in a traceback."""
    assert "Secret(…)" == show(Secret(KEY))


def test_a_secret_is_not_pickled() -> None:
    """It stays in this process."""
    with pytest.raises(TypeError, match="not written"):
        pickle.dumps(Secret(KEY))


@pytest.mark.parametrize("value", ["", "sk-abc\n", "sk abc", "sk-ü"], ids=ascii)
def test_a_key_that_no_header_can_carry(value: str) -> None:
    """The message explains, and does not show it."""
    with pytest.raises(UsageError, match="the API key") as caught:
        Secret(value)

    assert value == "" or value not in str(caught.value)
