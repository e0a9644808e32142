"""The server on a real socket."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator

import pytest

from conformance.model.errors import UsageError
from conformance.refserver.exchange import Reply
from conformance.refserver.faults import fault_named
from conformance.refserver.serve import ReferenceServer

from .asking import KEY, LOCKED, MODEL, PLAIN, SAY_OK, WEATHER


@pytest.fixture
def server() -> Iterator[ReferenceServer]:
    """A running server."""
    with ReferenceServer(PLAIN) as running:
        yield running


def connection(server: ReferenceServer) -> http.client.HTTPConnection:
    """A connection that does not wait long."""
    return http.client.HTTPConnection(server.host, server.port, timeout=5)


def post(server: ReferenceServer, **body: object) -> http.client.HTTPResponse:
    """The head of an answer to a chat request."""
    client = connection(server)
    sent = json.dumps({"model": MODEL, "messages": SAY_OK, **body})
    client.request("POST", "/v1/chat/completions", sent, {"Authorization": f"Bearer {KEY}"})
    return client.getresponse()


def raw(server: ReferenceServer, **body: object) -> bytes:
    """All that comes on a connection, until it ends or nothing comes for a while."""
    sent = json.dumps({"model": MODEL, "messages": SAY_OK, **body}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(sent)}\r\n\r\n"
    with socket.create_connection((server.host, server.port), timeout=0.5) as client:
        client.sendall(head.encode() + sent)
        came = b""
        try:
            while part := client.recv(65536):
                came += part
        except ConnectionResetError:
            return came + b"<reset>"
        except TimeoutError:
            return came + b"<open>"
        return came + b"<closed>"


def test_it_answers_over_http(server: ReferenceServer) -> None:
    """The base URL leads to chat and models, escaped paths included."""
    assert "chat.completion" == json.load(post(server))["object"]
    with urllib.request.urlopen(server.base_url + "/models/reference%2Flarge-3") as reply:  # noqa: S310
        assert "reference/large-3" == json.load(reply)["id"]


def test_it_starts_and_stops_quickly_and_leaves_the_port() -> None:
    """Start is a matter of milliseconds, and afterwards nobody listens."""
    began = time.perf_counter()
    with ReferenceServer(PLAIN) as server:
        started = time.perf_counter() - began
        port = server.port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)

    assert started < 0.5
    assert time.perf_counter() - began < 3


def test_an_address_in_use_is_a_usage_error(server: ReferenceServer) -> None:
    """Whoever asks for a taken port is told so in a sentence."""
    with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1 port {server.port}"):
        ReferenceServer(PLAIN, port=server.port)


def test_streams_arrive_piece_by_piece() -> None:
    """With a pace the first event is there long before the last."""
    with ReferenceServer(PLAIN, pace=0.02) as server:
        reply = post(server, stream=True)
        began = time.perf_counter()
        first = reply.readline()
        early = time.perf_counter() - began
        rest = reply.read()
        late = time.perf_counter() - began

    assert first.startswith(b"data: ")
    assert rest.endswith(b"data: [DONE]\n\n")
    assert late - early > 0.1


def test_latency_comes_before_the_head() -> None:
    """The head of an answer takes its time."""
    with ReferenceServer(PLAIN, latency=0.2) as server:
        began = time.perf_counter()
        post(server).read()

    assert time.perf_counter() - began > 0.2


def test_a_key_may_be_asked_for() -> None:
    """A server with a key is closed without it."""
    with ReferenceServer(LOCKED, key=KEY) as server:
        assert 200 == post(server).status
        assert b"401 Unauthorized" in raw(server)


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("body-cut", {}, b"<closed>"),
        ("body-reset", {}, b"<reset>"),
        ("body-stalls", {}, b"<open>"),
        ("stream-cut", {"stream": True}, b"<closed>"),
        ("stream-reset", {"stream": True}, b"<reset>"),
        ("stream-held-open", {"stream": True}, b"<open>"),
    ],
)
def test_connections_end_as_a_fault_has_it(
    server: ReferenceServer, name: str, body: dict[str, object], expected: bytes
) -> None:
    """Cut, reset or held open, after part of the answer has come."""
    server.fault = fault_named(name)
    came = raw(server, **body)

    assert came.startswith(b"HTTP/1.1 200 OK")
    assert came.endswith(expected)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("answer-reset", b"<reset>"),
        ("answer-hung-up", b"<closed>"),
        ("answer-never", b"<open>"),
        ("answer-not-http", b"\x16\x03\x01 hello\r\n\r\n<closed>"),
    ],
)
def test_an_answer_may_lack_its_head(server: ReferenceServer, name: str, expected: bytes) -> None:
    """Nothing comes, or something that is not HTTP."""
    server.fault = fault_named(name)

    assert expected == raw(server, tools=[WEATHER])


@pytest.mark.parametrize(
    ("name", "body"),
    [("body-cut", {}), ("stream-cut", {"stream": True})],
    ids=["length", "chunked"],
)
def test_a_client_notices_a_cut(
    server: ReferenceServer, name: str, body: dict[str, object]
) -> None:
    """Both framings end too early."""
    server.fault = fault_named(name)

    with pytest.raises(http.client.IncompleteRead):
        post(server, **body).read()


def test_a_fault_can_be_exchanged(server: ReferenceServer) -> None:
    """Between two requests, on the same connection."""
    client = connection(server)
    seen = []
    for name in (None, "chat-id-missing", None):
        server.fault = None if name is None else fault_named(name)
        client.request(
            "POST", "/v1/chat/completions", json.dumps({"model": MODEL, "messages": SAY_OK})
        )
        seen.append("id" in json.load(client.getresponse()))

    assert [True, False, True] == seen


def test_it_stops_while_a_connection_is_held() -> None:
    """A stream that never ends does not keep the server."""
    with ReferenceServer(PLAIN, fault=fault_named("stream-held-open")) as server:
        reply = post(server, stream=True)
        assert reply.readline().startswith(b"data: ")
        began = time.perf_counter()
    reply.close()

    assert time.perf_counter() - began < 3


def test_many_at_once(server: ReferenceServer) -> None:
    """Concurrent requests are all answered."""
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(post(server).status)) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [200] * 20 == statuses


def test_a_crash_of_ours_shows(
    server: ReferenceServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What we did not foresee is a 500 and a line in the log, never a hang."""

    def crash(_: object) -> Reply:
        raise RuntimeError("our own mistake")

    monkeypatch.setattr(server, "reply", crash)

    assert 500 == post(server).status
    assert "our own mistake" in caplog.text
