"""Sends one request and tells what came of it; nothing a peer does is raised.

Built on httpcore, the connection pool inside httpx, because httpx itself offers no hold on the socket: its read
timeout starts anew at every byte, it keeps cookies, rewrites paths and reads proxies from the environment.
"""

from __future__ import annotations

import logging
import re
import ssl
import threading
import time
from dataclasses import replace
from math import inf
from types import TracebackType
from typing import Self
from urllib.parse import quote, urlsplit

import httpcore

from conformance import __version__
from conformance.engine.network import Broken, Network, Watch
from conformance.engine.secret import Secret
from conformance.model.errors import UsageError
from conformance.model.exchange import Attempt, Chunk, Ended
from conformance.model.request import Headers, Operation, Request, authorization
from conformance.recording.redact import Redactor

MAX_BODY = 8 << 20
"""Bytes of a body that are read before we stop."""
ALL_BODIES = 12 << 20
"""Bytes of all large bodies together, after which of each further one only ``LEAST_BODY`` is read."""
LEAST_BODY = 1 << 16
"""Bytes of a body that are read in any case, and do not count."""
_NO_ANSWER = 1 << 20
"""Bytes that no answer to a chat request of ours needs: a smaller body for which there is no room may be in order."""
MOST_CHUNKS = 10_000
"""Reads of one body whose times are kept; what comes later counts to the last of them."""
DONE_GRACE = 2.0
"""Seconds that a stream may take to end after it said [DONE]."""
STOP_GRACE = 2.0
"""Seconds that running requests get when the user stops the run."""

_KEEP_IDLE = 4.0
"""Seconds an idle connection is kept; shorter than the five after which common servers close it."""
_EVENT_END = re.compile(rb"[^\r\n](\r\n\r\n|\n\n|\r\r)")
_DONE_LINE = re.compile(rb"[\r\n]data: *\[DONE\]", re.IGNORECASE)
_LOOK_AFTER_HEAD = 0.05
_LOOK_AFTER_ERROR = 0.01
"""Seconds in which bytes beyond the end come: a body after HEAD, an answer to a body that was not read."""
_EXCESS = 200
"""Bytes of them that are kept."""
_LOGGERS = ("httpcore.connection", "httpcore.http11", "httpcore.proxy")
_VISIBLE = "".join(map(chr, range(0x21, 0x7F)))


def _secrets_of(secret: Secret | None) -> list[str]:
    """What must not be kept of a key: it, and what is sent of it as a wrong key."""
    return [secret.reveal(), secret.reveal()[:-1]] if secret else []


class Transport:
    """A pool of connections to one origin; ``send`` may be called from many threads.

    ``timeout`` limits a whole exchange, ``idle`` the silence inside it (None: no limit of its own), ``connect`` the making of a connection;
    all in seconds. ``stop`` ends what is running within ``STOP_GRACE``. ``headers`` are added to every request.
    """

    def __init__(
        self,
        origin: str,
        *,
        secret: Secret | None = None,
        headers: Headers = (),
        timeout: float = 60.0,
        idle: float | None = None,
        connect: float = 10.0,
        max_body: int = MAX_BODY,
        stop: threading.Event | None = None,
        redactor: Redactor | None = None,
        ssl_context: ssl.SSLContext | None = None,
        began: float | None = None,
    ) -> None:
        self._origin = _Origin(origin)
        self._secret = secret
        self._headers = headers
        self._defaults = (
            ("Host", self._origin.netloc),
            ("Accept", "*/*"),
            ("Accept-Encoding", "identity"),
            ("User-Agent", f"conformance/{__version__}"),
        )
        self._timeout, self._connect = timeout, min(connect, timeout)
        self._idle = inf if idle is None else idle
        self._room = _Room(max_body)
        self._stop = stop or threading.Event()
        self._redactor = redactor or Redactor(_secrets_of(secret))
        self._began = time.perf_counter() if began is None else began
        self._network = Network()
        if self._origin.tls and ssl_context is None:
            ssl_context = httpcore.default_ssl_context()
        self._pool = self._new_pool(ssl_context, kept=None)
        # For a request whose kept connection turned out to be closed: never reuses one.
        self._fresh = self._new_pool(ssl_context, kept=0)
        self._log_filter = _Blotting(self._redactor)
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(self._log_filter)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes all connections."""
        self._pool.close()
        self._fresh.close()
        for name in _LOGGERS:
            logging.getLogger(name).removeFilter(self._log_filter)

    def send(self, request: Request) -> Attempt:
        """Sends it, once unless a kept connection was closed or spoiled. A request that cannot be written as HTTP is a UsageError; the peer raises nothing."""
        watch = self._watch(request)
        attempt = self._attempt(self._pool, request, watch)
        if _was_stale(attempt, watch):
            # The endpoint closed the kept connection while it was idle, which is its right.
            # It never read this request (RFC 9112 §9.3.1), so it is sent again on a new one.
            return _of_two(attempt, self._attempt(self._fresh, request, self._watch(request)))
        if _was_garbled(attempt, watch):
            # Whether the connection or the request is to blame, a new connection shows.
            again = self._attempt(self._fresh, request, self._watch(request))
            if again.status is not None:
                first = self._redactor.blot(watch.first)[0][:_EXCESS]
                return replace(again, leftover=first)
        return attempt

    def _new_pool(
        self, ssl_context: ssl.SSLContext | None, *, kept: int | None
    ) -> httpcore.ConnectionPool:
        return httpcore.ConnectionPool(
            ssl_context=ssl_context,
            max_connections=None,
            max_keepalive_connections=kept,
            keepalive_expiry=_KEEP_IDLE,
            retries=0,
            network_backend=self._network,
        )

    def _watch(self, request: Request) -> Watch:
        return Watch(
            total=self._timeout,
            connect=self._connect,
            idle=self._idle,
            stop=self._stop,
            stop_grace=STOP_GRACE,
            method=request.method,
        )

    def _attempt(self, pool: httpcore.ConnectionPool, request: Request, watch: Watch) -> Attempt:
        self._network.watch = watch
        answer = _Answer(watch, self._room, request)
        ended, detail = Ended.COMPLETE, ""
        try:
            answer.take(pool.handle_request(self._outgoing(request)))
        except Broken as broken:
            ended, detail = broken.ended, broken.detail
        except httpcore.LocalProtocolError as error:
            if not watch.first:
                raise UsageError(self._redactor.text(_unsendable(request, error))) from None
            first = self._redactor.blot(watch.first)[0]
            ended, detail = Ended.NOT_HTTP, _not_http(first, error)
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            first = self._redactor.blot(watch.first)[0]
            ended, detail = _broken_off(error, watch, answer, first)
        return self._told(answer, ended, detail, watch)

    def _outgoing(self, request: Request) -> httpcore.Request:
        return httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=self._origin.scheme,
                host=self._origin.host,
                port=self._origin.port,
                target=quote(request.path, safe=_VISIBLE),
            ),
            headers=self._outgoing_headers(request),
            content=request.body,
        )

    def _outgoing_headers(self, request: Request) -> list[tuple[bytes, bytes]]:
        own = {name.lower() for name, _ in request.headers}
        extra = [
            (name, value)
            for name, value in self._headers
            if name.lower() not in own and name.lower() != "authorization"
        ]
        given = own | {name.lower() for name, _ in extra}
        headers = [pair for pair in self._defaults if pair[0].lower() not in given]
        headers += [*extra, *request.headers]
        key = authorization(request.credentials, self._secret.reveal()) if self._secret else None
        if key is not None:
            headers.append(("Authorization", key))
        if "content-length" not in own and "transfer-encoding" not in own:
            if request.body is not None:
                headers.append(("Content-Length", str(len(request.body))))
            elif request.method in ("POST", "PUT", "PATCH"):
                headers.append(("Content-Length", "0"))
        return [(_bytes(name), _bytes(value)) for name, value in headers]

    def _told(self, answer: _Answer, ended: Ended, detail: str, watch: Watch) -> Attempt:
        """The attempt, with the user's key blotted out of everything."""
        # Together, because a key may stand across the end.
        after = Chunk(0.0, watch.follower.excess)
        (*chunks, after), found = self._redactor.chunks([*answer.chunks(), after])
        headers = []
        for name, value in _as_sent(answer.headers, watch.follower.lengths):
            (safe_name, in_name), (safe, in_value) = map(self._redactor.blot, (name, value))
            headers.append((safe_name.decode("latin-1"), safe.decode("latin-1")))
            found += in_name + in_value
        return Attempt(
            status=answer.status,
            headers=tuple(headers),
            chunks=tuple(chunks),
            ended=ended,
            detail=self._redactor.text(detail),
            http_version=answer.http_version,
            started=round(watch.began - self._began, 4),
            head_at=answer.head_at,
            seconds=round(time.perf_counter() - watch.began, 4),
            redactions=found,
            connection=watch.stream.number if watch.stream else 0,
            earlier=watch.earlier,
            excess=after.data[:_EXCESS],
        )


class _Origin:
    """Scheme, host and port, in the forms that a URL and a Host header need."""

    def __init__(self, origin: str) -> None:
        parts = urlsplit(origin)
        self.tls = parts.scheme == "https"
        self.scheme = parts.scheme.encode("ascii")
        host = parts.hostname or ""
        try:
            self.host = host.encode("ascii") if host.isascii() else host.encode("idna")
        except UnicodeError:
            raise UsageError(f"the host {host!r} is not a name that can be looked up") from None
        self.port = parts.port or (443 if self.tls else 80)
        name = f"[{host}]" if ":" in host else self.host.decode("ascii")
        self.netloc = name if parts.port is None else f"{name}:{parts.port}"


class _Room:
    """How much of the bodies is read, of one and of all that a transport meets; for many threads."""

    def __init__(self, max_body: int) -> None:
        self.max_body = max_body
        self._left = ALL_BODIES
        self._lock = threading.Lock()

    def take(self, size: int, before: int) -> int:
        """How many of so many bytes are read, of a body that has some already."""
        free = max(0, LEAST_BODY - before)
        with self._lock:
            taken = min(size, self.max_body - before, free + self._left)
            self._left -= max(0, taken - free)
        return taken


class _Answer:
    """What has come so far; complete when ``take`` returns."""

    def __init__(self, watch: Watch, room: _Room, request: Request) -> None:
        self.status: int | None = None
        self.headers: list[tuple[bytes, bytes]] = []
        self.http_version = ""
        self.head_at: float | None = None
        self.size = 0
        self._watch = watch
        self._room = room
        self._head_only = request.method == "HEAD"
        self._leaves = request.leaves
        self._needless = _NO_ANSWER if request.operation is Operation.CHAT else inf
        self._parts: list[tuple[float, bytearray]] = []
        self._read = -1
        self._tail: bytes | None = b"\n"
        """The end of what came, in which a [DONE] may be split; None once it was seen."""

    def take(self, response: httpcore.Response) -> None:
        """Reads the body to its end; raises Broken or what httpcore raises."""
        watch = self._watch
        self.status, self.headers = response.status, list(response.headers)
        self.http_version = response.extensions.get("http_version", b"").decode("latin-1")
        self.head_at = round(watch.read_at - watch.began, 4)
        try:
            for data in response.iter_stream():
                self._add(data)
            self._look_after()
        finally:
            response.close()

    def _look_after(self) -> None:
        """Sees whether the connection holds more than the answer, before anybody else gets it."""
        wait = _LOOK_AFTER_ERROR if (self.status or 0) >= 400 else 0.0
        if self._watch.stream is not None:
            self._watch.stream.look_after(_LOOK_AFTER_HEAD if self._head_only else wait)

    def chunks(self) -> tuple[Chunk, ...]:
        """The body, one chunk for each read from the socket."""
        return tuple(Chunk(at, bytes(data)) for at, data in self._parts)

    def _add(self, data: bytes) -> None:
        watch = self._watch
        taken = self._room.take(len(data), self.size)
        too_large = taken < len(data)
        data = data[:taken]
        self.size += taken
        if watch.reads == self._read or len(self._parts) >= MOST_CHUNKS:
            self._parts[-1][1].extend(data)
        elif data:
            self._parts.append((round(watch.read_at - watch.began, 4), bytearray(data)))
            self._read = watch.reads
        if too_large:
            raise self._overrun()
        if self._leaves and _EVENT_END.search((self._tail or b"") + data):
            raise Broken(Ended.LEFT, "we closed the connection after the first event")
        if self._tail is not None:
            self._look_for_done(self._tail + data)

    def _overrun(self) -> Broken:
        """What it means that there is more than was read."""
        if self.size < min(self._room.max_body, self._needless):
            others = f"after {ALL_BODIES >> 20} MB of other answers"
            return Broken(Ended.INTERRUPTED, f"we read no more than {self.size} bytes, {others}")
        return Broken(Ended.TOO_LARGE, f"a body of more than {self.size} bytes")

    def _look_for_done(self, text: bytes) -> None:
        if _DONE_LINE.search(text):
            self._tail = None
            self._watch.end_within(
                DONE_GRACE, Ended.HELD_OPEN, f"the connection stayed open for {DONE_GRACE:g} s"
            )
        else:
            self._tail = text[-24:]


class _Blotting(logging.Filter):
    """Keeps the key out of the log lines of the HTTP library, which quote response headers."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        """Lets every record pass, blotted."""
        record.msg, record.args = self._redactor.text(record.getMessage()), None
        return True


def _bytes(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _as_sent(headers: list[tuple[bytes, bytes]], lengths: list[bytes]) -> list[tuple[bytes, bytes]]:
    """The headers with every Content-Length that was sent; the library makes one of several that are equal."""
    is_length = [name.lower() == b"content-length" for name, _ in headers]
    if [value for (_, value), yes in zip(headers, is_length, strict=True) if yes] == lengths:
        return headers
    others = [pair for pair, yes in zip(headers, is_length, strict=True) if not yes]
    return [*others, *((b"Content-Length", value) for value in lengths)]


def _was_stale(attempt: Attempt, watch: Watch) -> bool:
    """Whether a kept connection was closed, by the peer or by us, so that the request never left on it."""
    # An answer without a byte read is excess of an earlier one, left over inside the library.
    lost = attempt.status is not None or attempt.ended in (Ended.CUT, Ended.RESET, Ended.NOT_HTTP)
    return lost and not watch.first and not watch.connected and not watch.stopping


def _of_two(lost: Attempt, again: Attempt) -> Attempt:
    """The second try; or the first, where there was no connection for a second: the peer may have died of it."""
    # A connection that was closed while it was idle is replaced without being used, so this one was lost just now.
    if again.ended is not Ended.REFUSED or lost.ended not in (Ended.CUT, Ended.RESET):
        return again
    seconds = round(again.started + again.seconds - lost.started, 4)
    return replace(lost, detail=f"{lost.detail}; when tried again: {again.detail}", seconds=seconds)


def _was_garbled(attempt: Attempt, watch: Watch) -> bool:
    no_http = attempt.status is None and attempt.ended is Ended.NOT_HTTP
    return no_http and not watch.connected and not watch.first.startswith(b"HTTP/")


def _unsendable(request: Request, error: Exception) -> str:
    return f"{request.method} {request.path} cannot be written as HTTP: {error}"


def _broken_off(error: Exception, watch: Watch, answer: _Answer, first: bytes) -> tuple[Ended, str]:
    """What it means that the HTTP library gave up."""
    if "buffer too long" in str(error):
        part = "response head" if answer.status is None else "chunk header"
        return Ended.TOO_LARGE, f"a {part} of more than 100 kB"
    if answer.status is None and first and not first.startswith(b"HTTP/"):
        return Ended.NOT_HTTP, _not_http(first, error)
    if isinstance(error, httpcore.WriteError):
        return Ended.RESET, "the connection was closed while the request was sent"
    if not watch.closed:
        if answer.status is None:
            return Ended.NOT_HTTP, _not_http(first, error)
        return Ended.NOT_HTTP, f"broken chunk framing ({_reason(error)})"
    if answer.status is None:
        where = "inside the response head" if first else "without an answer"
        return Ended.CUT, f"the connection was closed {where}"
    return Ended.CUT, f"the connection was closed after {answer.size} bytes of the body"


def _not_http(first: bytes, error: Exception) -> str:
    if first.startswith((b"\x15\x03", b"\x16\x03")):
        return "bytes of TLS instead of HTTP; try https:// in the base URL"
    if first.startswith(b"HTTP/"):
        return f"a response head that is not HTTP ({_reason(error)}), beginning with {first[:40]!r}"
    return f"bytes that are not HTTP: {first[:40]!r}"


_IN_OUR_WORDS = {
    "_SWITCH_UPGRADE": "it switches protocols, which nobody asked for",
    "status_code should be": "its status is not one",
}


def _reason(error: Exception) -> str:
    """What the HTTP library says, less the bytes that it quotes and the names of its own parts."""
    said = str(error)
    ours = next((words for part, words in _IN_OUR_WORDS.items() if part in said), None)
    return ours or said.partition(": ")[0][:80]
