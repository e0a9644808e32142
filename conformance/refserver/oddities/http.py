"""Responses whose HTTP is unusual: headers, connections, codings and framing."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate

from conformance.refserver.exchange import End, Frame, Reply
from conformance.refserver.faults.altering import with_body, with_header
from conformance.refserver.oddities.registry import Facts, Stage, oddity

_NAMES = "RFC 9110 §5.1: names are read in any letter case"
_TYPES = "RFC 9110 §8.3.1: types and parameter names are read in any letter case"
_BODIES = "RFC 9112 §6"
_FOREIGN = (
    *(("Server", "acme/1.0"), ("Via", "1.1 edge"), ("Strict-Transport-Security", "max-age=1")),
    *(("Set-Cookie", "__a=1; path=/; HttpOnly"), ("Set-Cookie", "__b=2"), ("Alt-Svc", 'h3=":443"')),
    *(("CF-Ray", "8c1-FRA"), ("openai-processing-ms", "12"), ("openai-version", "2020-10-01")),
    *(("Vary", "Origin"), ("X-Content-Type-Options", "nosniff"), ("X-Empty", "")),
)


def _renamed(reply: Reply, change: Callable[[str], str]) -> Reply:
    return replace(reply, headers=tuple((change(name), value) for name, value in reply.headers))


def _labelled(reply: Reply, change: Callable[[str], str]) -> Reply:
    """A reply with another spelling of its media type."""
    media_type = reply.header("content-type")
    return reply if media_type is None else with_header(reply, "Content-Type", change(media_type))


def _is_json(reply: Reply) -> bool:
    return "json" in (reply.header("content-type") or "") and bool(reply.body)


@oddity("http-type-in-capitals", on=Stage.REPLY, because=_TYPES, only_one="media type")
def type_in_capitals(reply: Reply, facts: Facts) -> Reply:
    """Media types are written Application/JSON; Charset=UTF-8."""
    kinds = {"application/json": "Application/JSON", "text/event-stream": "Text/Event-Stream"}

    def spelled(media_type: str) -> str:
        bare = media_type.partition(";")[0]
        return f"{kinds.get(bare, bare)}; Charset=UTF-8"

    return _labelled(reply, spelled)


@oddity("http-type-with-parameters", on=Stage.REPLY, because=_TYPES, only_one="media type")
def type_with_parameters(reply: Reply, facts: Facts) -> Reply:
    """Media types have quoted parameters, and spaces before them."""
    return _labelled(reply, lambda t: t.partition(";")[0] + ' ; charset="utf-8" ; v=1')


@oddity("http-type-bare", on=Stage.REPLY, because="RFC 8259 §11", only_one="media type")
def type_bare(reply: Reply, facts: Facts) -> Reply:
    """Media types have no charset."""
    return _labelled(reply, lambda t: t.partition(";")[0])


@oddity("http-type-unspaced", on=Stage.REPLY, because=_TYPES, only_one="media type")
def type_unspaced(reply: Reply, facts: Facts) -> Reply:
    """No space stands before the charset."""
    return _labelled(reply, lambda t: t.partition(";")[0] + ";charset=utf-8")


@oddity("http-headers-of-others", on=Stage.REPLY, because="RFC 9110 §5.1: unknown ones are ignored")
def headers_of_others(reply: Reply, facts: Facts) -> Reply:
    """Responses carry what proxies and platforms add, cookies twice and one without a value."""
    return replace(reply, headers=(*_FOREIGN, *reply.headers))


@oddity(
    "http-rate-limits-of-openai",
    on=Stage.REPLY,
    because="recorded at api.openai.com",
    only_one="rate limits",
)
def rate_limits_of_openai(reply: Reply, facts: Facts) -> Reply:
    """Responses tell the limits of requests and tokens, and durations until they are reset."""
    told = {
        "limit-requests": "10000",
        "remaining-requests": "9999",
        "reset-requests": "8.64s",
        "limit-tokens": "200000",
        "remaining-tokens": "199990",
        "reset-tokens": "6m0s",
    }
    return replace(
        reply, headers=(*reply.headers, *((f"x-ratelimit-{n}", v) for n, v in told.items()))
    )


@oddity(
    "http-rate-limits-in-seconds",
    on=Stage.REPLY,
    because="sent by GitHub and others",
    only_one="rate limits",
)
def rate_limits_in_seconds(reply: Reply, facts: Facts) -> Reply:
    """Responses tell one limit, and the second of the epoch in which it is reset."""
    told = (("limit", "60"), ("remaining", "0"), ("reset", "1795000000"))
    return replace(
        reply, headers=(*reply.headers, *((f"X-RateLimit-{n.title()}", v) for n, v in told))
    )


@oddity("http-retry-after-as-date", on=Stage.REPLY, because="RFC 9110 §10.2.3", only_one="retry")
def retry_after_as_date(reply: Reply, facts: Facts) -> Reply:
    """Refusals carry a Retry-After that is a date."""
    date = formatdate(1_795_000_000, usegmt=True)
    refused = (reply.status or 0) >= 400
    return with_header(reply, "Retry-After", date) if refused else reply


@oddity(
    "http-request-id-of-a-vendor",
    on=Stage.REPLY,
    because="ids have no stated form",
    only_one="request id",
)
def request_id_of_a_vendor(reply: Reply, facts: Facts) -> Reply:
    """The x-request-id has the form of a path."""
    return with_header(reply, "X-Request-ID", f"edge/fra-1/{reply.header('x-request-id')}==")


@oddity("http-request-id-absent", on=Stage.REPLY, because="worth a note", only_one="request id")
def request_id_absent(reply: Reply, facts: Facts) -> Reply:
    """Responses have no x-request-id."""
    return with_header(reply, "x-request-id", None)


@oddity("http-date-absent", on=Stage.REPLY, because="RFC 9110 §6.6.1: a server without a clock")
def date_absent(reply: Reply, facts: Facts) -> Reply:
    """Responses have no Date."""
    return with_header(reply, "Date", None)


@oddity("http-cors", on=Stage.REPLY, because="Fetch standard: a wildcard goes without credentials")
def cors(reply: Reply, facts: Facts) -> Reply:
    """Responses may be read by pages of any site, without credentials."""
    return replace(
        reply,
        headers=(
            *reply.headers,
            ("Access-Control-Allow-Origin", "*"),
            ("Access-Control-Expose-Headers", "x-request-id"),
        ),
    )


@oddity("http-not-to-be-buffered", on=Stage.REPLY)
def not_to_be_buffered(reply: Reply, facts: Facts) -> Reply:
    """Responses tell proxies not to cache, not to transform and not to buffer."""
    kept = with_header(reply, "Cache-Control", "no-store, no-cache, no-transform, max-age=0")
    return with_header(kept, "X-Accel-Buffering", "no")


@oddity(
    "http-gzip",
    on=Stage.REPLY,
    because="RFC 9110 §12.5.3: the client accepts it",
    only_one="coding",
)
def gzipped(reply: Reply, facts: Facts) -> Reply:
    """JSON is sent as gzip to clients that accept it."""
    accepted = "gzip" in (facts.request.header("accept-encoding") or "")
    if not accepted or not _is_json(reply):
        return reply
    packed = with_body(reply, gzip.compress(reply.body, mtime=0))
    return with_header(with_header(packed, "Content-Encoding", "gzip"), "Vary", "Accept-Encoding")


@oddity(
    "http-identity",
    on=Stage.REPLY,
    because="RFC 9110 §8.4: recipients bear with it",
    only_one="coding",
)
def identity(reply: Reply, facts: Facts) -> Reply:
    """Responses say Content-Encoding: identity."""
    return with_header(reply, "Content-Encoding", "identity")


@oddity(
    "http-line-end-behind-json",
    on=Stage.REPLY,
    because="RFC 8259 §2: white space may stand behind the value",
)
def line_end_behind_json(reply: Reply, facts: Facts) -> Reply:
    """A line end stands behind JSON bodies."""
    if not _is_json(reply) or reply.header("content-encoding") == "gzip":
        return reply
    return with_body(reply, reply.body + b"\r\n")


@oddity("http-connection-close", on=Stage.REPLY, because="RFC 9112 §9.6", only_one="connection")
def connection_close(reply: Reply, facts: Facts) -> Reply:
    """The server closes the connection after each response."""
    return with_header(reply, "Connection", "close")


@oddity("http-chunked", on=Stage.REPLY, because=_BODIES, only_one="framing")
def chunked(reply: Reply, facts: Facts) -> Reply:
    """JSON bodies come in chunks, without a Content-Length."""
    if not _is_json(reply):
        return reply
    body = reply.body
    frames = tuple(Frame(body[at : at + 100]) for at in range(0, min(len(body), 4_000), 100))
    rest = (Frame(body[4_000:]),) if len(body) > 4_000 else ()
    return replace(with_header(reply, "Content-Length", None), frames=(*frames, *rest))


@oddity(
    "http-head-first",
    on=Stage.REPLY,
    because="TCP keeps no borders between writes",
    only_one="framing",
)
def head_first(reply: Reply, facts: Facts) -> Reply:
    """JSON bodies come in two pieces, the second a little later."""
    if not _is_json(reply):
        return reply
    half = len(reply.body) // 2
    return replace(reply, frames=(Frame(reply.body[:half]), Frame(reply.body[half:], 0.01)))


@oddity("http-stream-with-length", on=Stage.REPLY, because=_BODIES, only_one="framing")
def stream_with_length(reply: Reply, facts: Facts) -> Reply:
    """Streams have a Content-Length."""
    return with_header(reply, "Content-Length", str(len(reply.body))) if facts.streamed else reply


@oddity("http-headers-in-capitals", on=Stage.REPLY, because=_NAMES, only_one="header names")
def headers_in_capitals(reply: Reply, facts: Facts) -> Reply:
    """Header names are written in capitals."""
    return _renamed(reply, str.upper)


@oddity("http-headers-in-small-letters", on=Stage.REPLY, because=_NAMES, only_one="header names")
def headers_in_small_letters(reply: Reply, facts: Facts) -> Reply:
    """Header names are written in small letters."""
    return _renamed(reply, str.lower)


@oddity(
    "http-headers-reversed", on=Stage.REPLY, because="RFC 9110 §5.3: only equal names have an order"
)
def headers_reversed(reply: Reply, facts: Facts) -> Reply:
    """The headers come in reversed order."""
    return replace(reply, headers=reply.headers[::-1])


_SENTENCES = {200: "Aye", 400: "", 401: "Who are you?", 404: "Nothing here", 405: "Not like this"}


def _head(reply: Reply, version: str, *more: str) -> bytes:
    """A head in raw bytes."""
    phrase = _SENTENCES.get(reply.status or 0, "Well")
    kept = [h for h in reply.headers if h[0].lower() not in ("connection", "content-length")]
    lines = [f"{name}: {value}" for name, value in kept]
    text = "\r\n".join([f"HTTP/{version} {reply.status} {phrase}", *lines, *more, "", ""])
    return text.encode("latin-1")


def _raw(reply: Reply, head: bytes, frames: tuple[Frame, ...]) -> Reply:
    """A reply in raw bytes, after which the server closes the connection."""
    return replace(reply, status=None, frames=(Frame(head), *frames), end=End.CUT)


@oddity(
    "http-1.0",
    on=Stage.REPLY,
    because="RFC 9112 §6.3: the body ends with the connection",
    only_one="framing",
)
def version_1_0(reply: Reply, facts: Facts) -> Reply:
    """The server speaks HTTP/1.0 and has reason phrases of its own."""
    if facts.request.method == "HEAD":
        return reply
    return _raw(reply, _head(reply, "1.0"), reply.frames)


@oddity("http-chunks-with-extensions", on=Stage.REPLY, because="RFC 9112 §7.1", only_one="framing")
def chunks_with_extensions(reply: Reply, facts: Facts) -> Reply:
    """Chunks have extensions, sizes in capitals with leading zeros, and trailers behind them."""
    if facts.request.method == "HEAD" or reply.status == 204:
        return reply
    frames = tuple(
        replace(f, data=b"%08X;part=1\r\n%b\r\n" % (len(f.data), f.data))
        for f in reply.frames
        if f.data
    )
    head = _head(reply, "1.1", "Connection: close", "Transfer-Encoding: chunked", "Trailer: X-Sum")
    return _raw(reply, head, (*frames, Frame(b"0\r\nX-Sum: 7\r\n\r\n")))


@oddity("http-early-hints", on=Stage.REPLY, because="RFC 8297", only_one="framing")
def early_hints(reply: Reply, facts: Facts) -> Reply:
    """A response 103 comes before the one that counts."""
    if facts.request.method == "HEAD":
        return reply
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
    return _raw(reply, hint + _head(reply, "1.1", "Connection: close"), reply.frames)
