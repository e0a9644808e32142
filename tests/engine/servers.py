"""Small servers that do one thing wrong, over real sockets on the loopback interface."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

Talk = Callable[["Peer"], None]


@dataclass
class Peer:
    """The server's end of one connection."""

    sock: socket.socket
    server: Server
    number: int
    """Which connection it is, from 0."""
    last: bytes = b""
    """The request that was read last."""

    def request(self) -> bytes:
        """The next request, head and body; empty if the client went away."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = self.sock.recv(65536)
            if not more:
                return b""
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        while len(body) < length:
            body += self.sock.recv(65536)
        self.last = head + b"\r\n\r\n" + body
        self.server.requests.append(self.last)
        return self.last

    def send(self, *pieces: bytes) -> None:
        """Sends bytes as they are."""
        for piece in pieces:
            self.sock.sendall(piece)

    def reset(self) -> None:
        """Closes with a RST instead of a FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def wait(self, seconds: float) -> None:
        """Does nothing for so long, or until the test is over."""
        self.server.over.wait(seconds)

    def hang(self) -> None:
        """Does nothing until the test is over."""
        self.server.over.wait(30)


@dataclass
class Server:
    """Accepts connections and talks to each as told."""

    talk: Talk
    requests: list[bytes] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    dead: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(0.05)
        self.port: int = self.listener.getsockname()[1]
        self.origin = f"http://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        number = 0
        while not (self.over.is_set() or self.dead.is_set()):
            try:
                sock, _ = self.listener.accept()
            except TimeoutError:
                continue
            thread = threading.Thread(target=self._serve, args=(sock, number))
            self._threads.append(thread)
            thread.start()
            number += 1

    def _serve(self, sock: socket.socket, number: int) -> None:
        sock.settimeout(5)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with sock, contextlib.suppress(OSError):
            self.talk(Peer(sock, self, number))

    def die(self) -> None:
        """Takes no more connections, like a process that has crashed; those there are end when their talk does."""
        self.dead.set()
        self._threads[0].join(5)
        self.listener.close()

    def close(self) -> None:
        """Ends all conversations."""
        self.over.set()
        for thread in self._threads:
            thread.join(5)
        self.listener.close()


@contextlib.contextmanager
def serving(talk: Talk) -> Iterator[Server]:
    """A server for the length of a test."""
    server = Server(talk)
    try:
        yield server
    finally:
        server.close()


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """A whole response with a Content-Length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def always(*pieces: bytes) -> Talk:
    """Answers every request on every connection alike."""

    def talk(peer: Peer) -> None:
        while peer.request():
            peer.send(*pieces)

    return talk


def once(*pieces: bytes) -> Talk:
    """Answers one request with these bytes and closes."""

    def talk(peer: Peer) -> None:
        peer.request()
        peer.send(*pieces)

    return talk


def then_hang(*pieces: bytes) -> Talk:
    """Answers with these bytes and stays silent."""

    def talk(peer: Peer) -> None:
        peer.request()
        peer.send(*pieces)
        peer.hang()

    return talk


CERTIFICATE = str(Path(__file__).parents[1] / "data" / "test-certificate.pem")
"""For 127.0.0.1, signed by nobody but itself; with its key."""


def tls(talk: Talk) -> Talk:
    """The same conversation under TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)

    def secure(peer: Peer) -> None:
        with context.wrap_socket(peer.sock, server_side=True) as sock:
            peer.sock = sock
            talk(peer)

    return secure


EVENT_STREAM = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)


def chunk(data: bytes) -> bytes:
    """One chunk of the chunked transfer coding; the empty one is the last."""
    return b"%x\r\n%s\r\n" % (len(data), data)
