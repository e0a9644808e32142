"""Sockets with one deadline for the whole of an exchange.

HTTP clients limit the time of each read, and each byte that drips in starts it anew; a hostile peer could hold
us for days. Here every read gives way at the deadline of the request it belongs to, or when we are told to stop.
"""

from __future__ import annotations

import itertools
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from typing import Any

import httpcore

from conformance.engine.framing import Follower
from conformance.model.exchange import Ended

_GLANCE = 0.1
"""Seconds between two looks at whether we are to stop."""
_FIRST = 1024


class Broken(Exception):
    """The exchange cannot go on; ``ended`` and ``detail`` are what the attempt will say."""

    def __init__(self, ended: Ended, detail: str) -> None:
        super().__init__(detail)
        self.ended = ended
        self.detail = detail


class Watch:
    """The time limits of one attempt and what its connection has seen; belongs to one thread."""

    def __init__(
        self,
        *,
        total: float,
        connect: float,
        idle: float,
        stop: threading.Event,
        stop_grace: float,
        method: str = "",
    ) -> None:
        self.began = time.perf_counter()
        self.follower = Follower(method)
        self.stream: Stream | None = None
        """The connection that carries the request, once something of it was sent."""
        self.earlier = 0
        """How many requests that had carried before."""
        self.connect = connect
        self.connected = False
        """Whether a connection was made for this attempt (false: a kept one was used)."""
        self.first = b""
        """The first bytes that came, at most a thousand or so."""
        self.closed = False
        """Whether the peer closed its side."""
        self.reads = 0
        self.read_at = self.began
        self._total = total
        self._idle = idle
        self._stop = stop
        self._stop_grace = stop_grace
        self._deadline = self.began + total
        self._at_deadline = Broken(
            Ended.TIMEOUT, f"the answer had not ended after {_seconds(total)}"
        )
        self._stopping = False

    @property
    def stopping(self) -> bool:
        """Whether the user told us to stop while this attempt ran."""
        return self._stopping or self._stop.is_set()

    def end_within(self, seconds: float, ended: Ended, detail: str) -> None:
        """Brings the deadline forward, and says what passing it will mean."""
        deadline = time.perf_counter() + seconds
        if deadline < self._deadline:
            self._deadline = deadline
        self._at_deadline = Broken(ended, detail)

    def left(self) -> float:
        """Seconds until the deadline; raises what passing it means."""
        if self._stop.is_set() and not self._stopping:
            self._stopping = True
            self.end_within(self._stop_grace, Ended.INTERRUPTED, "interrupted")
        left = self._deadline - time.perf_counter()
        if left <= 0:
            raise self._at_deadline
        return left

    def waited(self, since: float) -> None:
        """Raises if the peer was silent for too long."""
        if time.perf_counter() - since >= self._idle:
            raise Broken(Ended.TIMEOUT, f"nothing came for {_seconds(self._idle)}")

    def received(self, data: bytes) -> None:
        """Notes that bytes came."""
        self.closed = not data
        self.reads += 1
        self.read_at = time.perf_counter()
        self.follower.feed(data)
        if len(self.first) < _FIRST:
            self.first += data[: _FIRST - len(self.first)]

    def glance(self) -> float:
        """How long to wait before looking around again."""
        return min(self.left(), self._idle, _GLANCE)


class _Current(threading.local):
    watch: Watch


class Network(httpcore.NetworkBackend):
    """Makes connections whose reads and writes keep to the watch of the thread that uses them."""

    def __init__(self) -> None:
        self._current = _Current()
        self._numbers = itertools.count(1)

    @property
    def watch(self) -> Watch:
        """The watch of the attempt this thread is making."""
        return self._current.watch

    @watch.setter
    def watch(self, watch: Watch) -> None:
        self._current.watch = watch

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first address that takes one; raises Broken if none does."""
        until = time.perf_counter() + self.watch.connect
        refused: OSError | None = None
        for family, kind, protocol, address in _addresses(host, port):
            try:
                sock = _connected(family, kind, protocol, address, self._until(until))
            except OSError as error:
                refused = error
                continue
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.watch.connected = True
            return Stream(self, sock, next(self._numbers))
        raise _no_connection(refused, host, port, self.watch.connect)

    def _until(self, until: float) -> float:
        return max(0.001, min(until - time.perf_counter(), self.watch.left()))


class Stream(httpcore.NetworkStream):
    """One connection."""

    def __init__(self, network: Network, sock: socket.socket, number: int) -> None:
        self._network = network
        self._sock = sock
        self.number = number
        """Which connection of the run it is, from 1."""
        self.requests = 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next bytes, empty at the end of the connection; raises Broken at the deadline."""
        watch = self._network.watch
        since = time.perf_counter()
        while True:
            wait = watch.glance()
            try:
                self._sock.settimeout(wait)
                data = self._sock.recv(max_bytes)
            except (TimeoutError, ssl.SSLWantReadError):
                watch.waited(since)
                continue
            except OSError as error:
                raise _lost(error) from None
            watch.received(data)
            return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Sends all of it; a peer that will not take it may still have answered, so that is another error."""
        watch = self._network.watch
        if watch.stream is not self:
            watch.stream, watch.earlier = self, self.requests
            self.requests += 1
        left = memoryview(buffer)
        while left:
            wait = watch.glance()
            try:
                self._sock.settimeout(wait)
                left = left[self._sock.send(left) :]
            except (TimeoutError, ssl.SSLWantWriteError):
                continue
            except OSError as error:
                raise httpcore.WriteError(str(error)) from error

    def look_after(self, seconds: float) -> None:
        """Waits a moment for bytes beyond the end of an answer; with such, the connection is closed."""
        watch = self._network.watch
        try:
            if not watch.follower.excess and _readable(self._sock, seconds):
                self._sock.settimeout(0)
                watch.follower.feed(self._sock.recv(_FIRST))
        except OSError:
            pass  # it is gone, or has only half a record of TLS
        if watch.follower.excess:
            self.close()

    def close(self) -> None:
        """Closes the connection."""
        self._sock.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """The same connection under TLS; raises Broken where the handshake fails."""
        watch = self._network.watch
        try:
            self._sock.settimeout(max(0.001, min(watch.connect, watch.left())))
            sock = ssl_context.wrap_socket(self._sock, server_hostname=server_hostname)
        except (OSError, ValueError) as error:
            self.close()
            raise _no_tls(error) from None
        except BaseException:
            self.close()
            raise
        return Stream(self._network, sock, self.number)

    def get_extra_info(self, info: str) -> Any:
        """Whether there is something to read, which in an idle connection means that it was closed."""
        return _readable(self._sock) if info == "is_readable" else None


def _addresses(host: str, port: int) -> list[tuple[int, int, int, Any]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Broken(Ended.REFUSED, f"the name {host} has no address") from None
    return [(family, kind, protocol, address) for family, kind, protocol, _, address in found]


def _connected(
    family: int, kind: int, protocol: int, address: Any, seconds: float
) -> socket.socket:
    sock = socket.socket(family, kind, protocol)
    try:
        sock.settimeout(seconds)
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock


def _no_connection(error: OSError | None, host: str, port: int, seconds: float) -> Broken:
    where = f"{host} port {port}"
    if isinstance(error, TimeoutError):
        return Broken(Ended.REFUSED, f"no connection to {where} within {_seconds(seconds)}")
    if isinstance(error, ConnectionRefusedError):
        return Broken(Ended.REFUSED, f"nothing listens at {where}")
    reason = (error.strerror if error is not None else None) or "no address could be used"
    return Broken(Ended.REFUSED, f"no connection to {where}: {reason.lower()}")


def _no_tls(error: Exception) -> Broken:
    if isinstance(error, ssl.SSLCertVerificationError):
        return Broken(
            Ended.REFUSED, f"the endpoint's certificate is not valid: {error.verify_message}"
        )
    if isinstance(error, TimeoutError):
        return Broken(Ended.REFUSED, "the TLS handshake did not end in time")
    return Broken(
        Ended.REFUSED, "the TLS handshake failed; does the endpoint speak https at this port?"
    )


def _lost(error: OSError) -> Broken:
    if isinstance(error, ssl.SSLError):
        return Broken(Ended.CUT, "the TLS connection broke off")
    if isinstance(error, ConnectionError):
        return Broken(Ended.RESET, "the connection was reset")
    return Broken(Ended.RESET, f"the connection was lost: {(error.strerror or 'unknown').lower()}")


def _readable(sock: socket.socket, seconds: float = 0.0) -> bool:
    if sock.fileno() < 0:
        return True
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    return bool(select.select([sock], [], [], seconds)[0])


def _seconds(seconds: float) -> str:
    return f"{seconds:g} s"
