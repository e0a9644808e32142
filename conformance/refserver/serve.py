"""The only socket here: Starlette takes requests, uvicorn moves the bytes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
import threading
from collections.abc import MutableMapping, Sequence
from typing import Any, TypeAlias

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from conformance.model.errors import UsageError
from conformance.model.profile import Profile
from conformance.refserver.exchange import End, IncomingRequest, Reply
from conformance.refserver.respond import answer
from conformance.refserver.stages import Alteration

_Message: TypeAlias = MutableMapping[str, Any]
_TRANSPORT = "conformance.transport"
_BEFORE = "conformance.before"


class _Quiet(logging.Filter):
    """Keeps from the log what faults do on purpose; a crash of ours still shows."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.exc_info is not None


def _not_of_leaving(record: logging.LogRecord) -> bool:
    """All but asyncio's remark that a client has left before the end of its answer, which is the client's right."""
    return record.msg != "socket.send() raised exception."


class _Connection(H11Protocol):
    """Lends its transport to the application, so that a fault can cut, reset and scribble on it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        inner = self.app
        before: list[int] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            lent = {_TRANSPORT: transport, _BEFORE: before}
            await inner({**scope, "extensions": lent}, receive, send)

        self.app = app


class ReferenceServer:
    """The reference server in a thread of its own, on a free port unless told otherwise; a context manager.

    ``fault`` and ``oddities`` may be exchanged between requests; ``latency`` and ``pace`` are in seconds.
    """

    def __init__(
        self,
        profile: Profile,
        *,
        key: str | None = None,
        model: str | None = None,
        latency: float = 0.0,
        pace: float = 0.0,
        fault: Alteration | None = None,
        oddities: Sequence[Alteration] = (),
        host: str = "127.0.0.1",
        port: int = 0,
        prefix: str = "/v1",
    ) -> None:
        self.profile = profile
        self.key = key
        self.model = model
        self.latency = latency
        self.pace = pace
        self.fault = fault
        self.oddities = tuple(oddities)
        self.prefix = prefix
        self._listener = _listening(host, port)
        self.host = host
        self.port: int = self._listener.getsockname()[1]
        self._server = _Uvicorn(_configuration(_application(self)))
        self._thread = threading.Thread(
            target=self._server.run, args=([self._listener],), name="reference-server", daemon=True
        )

    @property
    def base_url(self) -> str:
        """The base URL a client is given."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}{self.prefix}"

    def __enter__(self) -> ReferenceServer:
        self._thread.start()
        self._server.ready.wait(timeout=10)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.leave()
        self._thread.join(timeout=10)
        self._listener.close()

    def reply(self, request: IncomingRequest) -> Reply:
        """The answer to a request, as served now."""
        return answer(
            request,
            self.profile,
            prefix=self.prefix,
            key=self.key,
            model=self.model,
            fault=self.fault,
            oddities=self.oddities,
            latency=self.latency,
            pace=self.pace,
        )

    def run(self) -> None:
        """Serves in this thread until interrupted."""
        with contextlib.suppress(KeyboardInterrupt):
            self._server.run([self._listener])
        self._listener.close()


def serve_forever(
    profile: Profile,
    *,
    key: str | None = None,
    model: str | None = None,
    latency: float = 0.0,
    pace: float = 0.0,
    fault: Alteration | None = None,
    host: str = "127.0.0.1",
    port: int = 8000,
    prefix: str = "/v1",
) -> None:
    """Serves a profile until interrupted; a UsageError where the address cannot be had."""
    ReferenceServer(
        profile,
        key=key,
        model=model,
        latency=latency,
        pace=pace,
        fault=fault,
        host=host,
        port=port,
        prefix=prefix,
    ).run()


class _Uvicorn(uvicorn.Server):
    """Says when it is ready, and lets go of connections that a fault holds open."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._leaving = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self.ready.set()

    async def main_loop(self) -> None:
        """uvicorn's own, but told at once when to leave instead of looking ten times a second."""
        ticks = 0
        while not await self.on_tick(ticks):
            ticks = (ticks + 1) % 864_000
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._leaving.wait(), 0.1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Cuts what is open; uvicorn's own gives connections a tenth of a second to end by themselves."""
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        self._abort()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=2)

    def leave(self) -> None:
        """Ends the server, from another thread."""
        self.should_exit = True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is gone already
                self._loop.call_soon_threadsafe(self._leave)

    def _leave(self) -> None:
        self._leaving.set()
        self._abort()

    def _abort(self) -> None:
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()


def _configuration(app: ASGIApp) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http=_Connection,
        ws="none",
        lifespan="off",
        loop="asyncio",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,  # the reply has its own
        timeout_graceful_shutdown=2,
    )
    logger = logging.getLogger("uvicorn.error")
    if not any(isinstance(known, _Quiet) for known in logger.filters):
        logger.addFilter(_Quiet())
    logging.getLogger("asyncio").addFilter(_not_of_leaving)  # one filter is added once
    return config


def _listening(host: str, port: int) -> socket.socket:
    # asyncio sends without delay only on sockets that say that they are TCP; otherwise each answer
    # whose head and body are two writes would wait 40 ms for the client's acknowledgement.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(512)
    except (OSError, OverflowError) as error:
        listener.close()
        raise UsageError(f"cannot listen on {host} port {port}: {error}") from None
    return listener


def _application(server: ReferenceServer) -> Starlette:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        # A client may leave, and a server may stop, in the middle of a slow answer.
        with contextlib.suppress(ClientDisconnect, asyncio.CancelledError):
            incoming = await _incoming(request)
            reply = server.reply(incoming)
            scope["extensions"][_BEFORE].append(reply.status or 0)
            await _Delivery(scope, receive, send).deliver(reply)

    return Starlette(routes=[Mount("/", app=app)])


async def _incoming(request: Request) -> IncomingRequest:
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    if query := request.scope["query_string"]:
        raw += b"?" + query
    headers = tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in request.headers.raw)
    before = tuple(request.scope["extensions"][_BEFORE])
    body = await request.body()
    return IncomingRequest(request.method, raw.decode("latin-1"), headers, body, before)


class _Delivery:
    """Brings one reply onto the wire, its deliberate defects included."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.transport: asyncio.Transport = scope["extensions"][_TRANSPORT]
        self.receive = receive
        self.send = send

    async def deliver(self, reply: Reply) -> None:
        if await self._left_within(reply.latency):
            return
        if reply.status is not None:
            await self.send(_head(reply.status, reply))
        for frame in reply.frames:
            if await self._left_within(frame.delay):
                return
            if self.transport.is_closing():
                await self._client_gone()
                return
            await self._write(frame.data, headed=reply.status is not None)
        await self._end(reply)

    async def _write(self, data: bytes, *, headed: bool) -> None:
        if headed:
            await self.send({"type": "http.response.body", "body": data, "more_body": True})
        else:
            self.transport.write(data)

    async def _end(self, reply: Reply) -> None:
        if reply.end is End.COMPLETE and reply.status is not None:
            await self.send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        if reply.end is End.RESET:
            await self._reset()
        elif reply.end is not End.HOLD:
            self.transport.close()
        await self._client_gone()

    async def _reset(self) -> None:
        await asyncio.sleep(0.02)  # a reset overtakes what is still on its way
        sock = self.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    async def _left_within(self, seconds: float) -> bool:
        """Waits, but no longer than the client does."""
        if not seconds:
            return False
        try:
            async with asyncio.timeout(seconds):
                await self._client_gone()
        except TimeoutError:
            return False
        return True

    async def _client_gone(self) -> None:
        # Until then uvicorn would take our silence for a crash.
        while (await self.receive())["type"] != "http.disconnect":
            pass


def _head(status: int, reply: Reply) -> _Message:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
    return {"type": "http.response.start", "status": status, "headers": headers}
