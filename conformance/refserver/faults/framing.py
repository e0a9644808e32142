"""Faults of where answers end on their connection, and of how streams are let through."""

from __future__ import annotations

from dataclasses import replace

from conformance.model.request import Operation
from conformance.refserver.exchange import End, Frame, Headers, Reply
from conformance.refserver.faults.registry import Facts, Stage, fault

_SECOND = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def _raw(reply: Reply, body: bytes, headers: Headers | None = None) -> Reply:
    """The reply written onto the connection as it is; the connection is closed after it."""
    lines = [f"{name}: {value}" for name, value in (headers or reply.headers)]
    head = "\r\n".join([f"HTTP/1.1 {reply.status} Status", *lines, "", ""]).encode("latin-1")
    return Reply(None, frames=(Frame(head + body),), end=End.CUT)


def _framed(reply: Reply, name: str, value: str) -> Headers:
    """The headers with one more about the length, or with another."""
    kept = [pair for pair in reply.headers if pair[0] != "Content-Length" or name != pair[0]]
    return (*kept, (name, value))


def _in_chunks(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


@fault("framing-length-too-small", "http.body-length", on=Stage.REPLY)
def length_too_small(reply: Reply, facts: Facts) -> Reply:
    """Content-Length leaves out the line end that follows the list of models."""
    listed = facts.operation is Operation.MODELS and reply.status == 200
    return _raw(reply, reply.body + b"\r\n") if listed else reply


@fault("framing-answers-twice", "http.body-length", on=Stage.REPLY)
def answers_twice(reply: Reply, facts: Facts) -> Reply:
    """The body of a refused request is taken for another request, which is refused as well."""
    if facts.mistake is None or facts.request.method != "POST":
        return reply
    return _raw(reply, reply.body + _SECOND)


@fault("framing-after-last-chunk", "http.body-length", on=Stage.REPLY)
def after_last_chunk(reply: Reply, facts: Facts) -> Reply:
    """The last chunk of a stream is sent twice."""
    if not facts.streamed:
        return reply
    chunked = _framed(reply, "Transfer-Encoding", "chunked")
    return _raw(reply, _in_chunks(reply.body) + b"0\r\n\r\n", headers=chunked)


@fault("framing-head-with-body", "http.head-without-body", on=Stage.REPLY)
def head_with_body(reply: Reply, facts: Facts) -> Reply:
    """HEAD is answered like GET, with a body."""
    asked = facts.request.method == "HEAD"
    return _raw(reply, reply.body) if asked else reply


@fault("framing-length-beside-chunks", "http.framing", on=Stage.REPLY)
def length_beside_chunks(reply: Reply, facts: Facts) -> Reply:
    """Completions are sent in chunks and have a Content-Length as well."""
    if not facts.whole:
        return reply
    both = _framed(reply, "Transfer-Encoding", "chunked")
    return _raw(reply, _in_chunks(reply.body), headers=both)


@fault("framing-length-twice", "http.framing", on=Stage.REPLY)
def length_twice(reply: Reply, facts: Facts) -> Reply:
    """Completions have their Content-Length twice."""
    length = reply.header("Content-Length") or ""
    twice = (*reply.headers, ("content-length", length))
    return _raw(reply, reply.body, headers=twice) if facts.whole else reply


@fault("framing-lengths-differ", "http.answered", on=Stage.REPLY)
def lengths_differ(reply: Reply, facts: Facts) -> Reply:
    """Completions with tools have two Content-Lengths, of which one is wrong."""
    differing = (*reply.headers, ("content-length", "7"))
    return _raw(reply, reply.body, headers=differing) if facts.whole and facts.has_tools else reply


@fault("framing-chunk-size-decimal", "stream.complete", on=Stage.REPLY)
def chunk_size_decimal(reply: Reply, facts: Facts) -> Reply:
    """Streams break off in a chunk whose size is no number."""
    if not facts.streamed:
        return reply
    chunked = _framed(reply, "Transfer-Encoding", "chunked")
    first = reply.frames[0].data
    return _raw(reply, b"%x\r\n%s\r\nsize: 10\r\n" % (len(first), first), headers=chunked)


@fault("framing-garbage-after-error", "http.keep-alive", on=Stage.REPLY)
def garbage_after_error(reply: Reply, facts: Facts) -> Reply:
    """A connection that carried an error brings the rest of it as the answer to the next GET."""
    after_error = any(status >= 400 for status in facts.request.before)
    if facts.request.method != "GET" or not after_error:
        return reply
    return Reply(None, frames=(Frame(b'"param": null, "code": null}}\r\n'),), end=End.CUT)


_LONG = 32
"""Events from which on a stream is long."""


@fault("framing-first-half-held", "stream.unbuffered", on=Stage.REPLY)
def first_half_held(reply: Reply, facts: Facts) -> Reply:
    """The first half of a long stream is held back and let go at once."""
    if not facts.streamed or len(reply.frames) < _LONG:
        return reply
    half = len(reply.frames) // 2
    held = Frame(b"".join(f.data for f in reply.frames[:half]), 1.0)
    return replace(reply, frames=(held, *(replace(f, delay=0.03) for f in reply.frames[half:])))


@fault("framing-blocks-of-4096", "stream.unbuffered", on=Stage.REPLY)
def blocks_of_4096(reply: Reply, facts: Facts) -> Reply:
    """Streams go through a buffer that is let go whenever it is full."""
    if not facts.streamed or len(reply.frames) < _LONG:
        return reply
    blocks = [reply.body[at : at + 4096] for at in range(0, len(reply.body), 4096)]
    return replace(reply, frames=tuple(Frame(block, 0.5) for block in blocks))


@fault("framing-blocks-of-events", "stream.unbuffered", on=Stage.REPLY)
def blocks_of_events(reply: Reply, facts: Facts) -> Reply:
    """Streams are let through every half second, with all events that have come by then."""
    if not facts.streamed or len(reply.frames) < _LONG:
        return reply
    told = [f.data for f in reply.frames]
    blocks = [b"".join(told[at : at + 16]) for at in range(0, len(told), 16)]
    return replace(reply, frames=tuple(Frame(block, 0.5) for block in blocks))
