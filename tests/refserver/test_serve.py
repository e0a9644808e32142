"""The server on a real socket."""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
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


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    """A client that does not wait long and asks no proxy."""
    with httpx.Client(timeout=5, trust_env=False) as made:
        yield made


def url(server: ReferenceServer) -> str:
    """Where chat is."""
    return server.base_url + "/chat/completions"


def body_of(**more: object) -> dict[str, object]:
    """A chat request's body."""
    return {"model": MODEL, "messages": SAY_OK, **more}


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


def test_it_answers_over_http(server: ReferenceServer, client: httpx.Client) -> None:
    """The base URL leads to chat and models, escaped paths included."""
    answered = client.post(url(server), json=body_of())
    retrieved = client.get(server.base_url + "/models/reference%2Flarge-3")

    assert "chat.completion" == answered.json()["object"]
    assert "reference/large-3" == retrieved.json()["id"]


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


def test_streams_arrive_piece_by_piece(client: httpx.Client) -> None:
    """With a pace the first event is there long before the last."""
    arrivals = []
    with (
        ReferenceServer(PLAIN, pace=0.02) as server,
        client.stream("POST", url(server), json=body_of(stream=True)) as reply,
    ):
        for part in reply.iter_raw():
            arrivals.append((time.perf_counter(), part))

    assert arrivals[0][1].startswith(b"data: ")
    assert arrivals[-1][1].endswith(b"data: [DONE]\n\n")
    assert arrivals[-1][0] - arrivals[0][0] > 0.1


def test_latency_comes_before_the_head(client: httpx.Client) -> None:
    """The head of an answer takes its time."""
    with ReferenceServer(PLAIN, latency=0.2) as server:
        began = time.perf_counter()
        client.post(url(server), json=body_of())

        assert time.perf_counter() - began > 0.2


def test_a_key_may_be_asked_for(client: httpx.Client) -> None:
    """A server with a key is closed without it."""
    header = {"Authorization": f"Bearer {KEY}"}
    with ReferenceServer(LOCKED, key=KEY) as server:
        asked = [client.post(url(server), json=body_of(), headers=h) for h in (header, {})]

    assert [200, 401] == [reply.status_code for reply in asked]


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
    server: ReferenceServer, client: httpx.Client, name: str, body: dict[str, object]
) -> None:
    """Both framings end too early."""
    server.fault = fault_named(name)

    with pytest.raises(httpx.RemoteProtocolError):
        client.post(url(server), json=body_of(**body))


def test_a_fault_can_be_exchanged(server: ReferenceServer, client: httpx.Client) -> None:
    """Between two requests, on the same connection."""
    seen = []
    for name in (None, "chat-id-missing", None):
        server.fault = None if name is None else fault_named(name)
        seen.append("id" in client.post(url(server), json=body_of()).json())

    assert [True, False, True] == seen


def test_it_stops_while_a_connection_is_held() -> None:
    """A stream that never ends does not keep the server."""
    with ReferenceServer(PLAIN, fault=fault_named("stream-held-open")) as server:
        assert raw(server, stream=True).endswith(b"<open>")
        began = time.perf_counter()

    assert time.perf_counter() - began < 3


def test_it_stops_in_the_middle_of_a_slow_answer(caplog: pytest.LogCaptureFixture) -> None:
    """A long latency does not keep the server, and nothing is logged."""
    with ReferenceServer(PLAIN, latency=60) as server:
        assert raw(server) == b"<open>"
        began = time.perf_counter()

    assert time.perf_counter() - began < 4
    assert "" == caplog.text


def test_nothing_is_logged_of_a_client_that_leaves(caplog: pytest.LogCaptureFixture) -> None:
    """What asyncio remarks of writes to a client that has left is kept back; all else it says still shows."""
    asyncio_says = logging.getLogger("asyncio").warning
    with ReferenceServer(PLAIN, pace=0.01) as server:
        body = json.dumps(body_of(stream=True))
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        with socket.create_connection((server.host, server.port), timeout=5) as client:
            client.sendall(f"{head}\r\n{body}".encode())
            assert client.recv(100)
        asyncio_says("socket.send() raised exception.")
    assert "" == caplog.text

    asyncio_says("another remark")
    assert "another remark" in caplog.text


def test_many_at_once(server: ReferenceServer, client: httpx.Client) -> None:
    """Concurrent requests are all answered."""
    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda _: client.post(url(server), json=body_of()), range(40)))

    assert [200] * 40 == [reply.status_code for reply in replies]


def test_a_crash_of_ours_shows(
    server: ReferenceServer,
    client: httpx.Client,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What we did not foresee is a 500 and a line in the log, never a hang."""

    def crash(_: object) -> Reply:
        raise RuntimeError("our own mistake")

    monkeypatch.setattr(server, "reply", crash)

    assert 500 == client.post(url(server), json=body_of()).status_code
    for _ in range(100):
        if "our own mistake" in caplog.text:
            break
        time.sleep(0.01)
    assert "our own mistake" in caplog.text


def test_answers_leave_without_delay(server: ReferenceServer) -> None:
    """Its socket says that it is TCP, or asyncio would leave Nagle's algorithm on."""
    assert socket.IPPROTO_TCP == server._listener.proto
