"""Faults of HTTP and of JSON as text."""

from __future__ import annotations

from dataclasses import replace

from conformance.refserver.exchange import End, Frame, Reply
from conformance.refserver.faults.altering import of_completion
from conformance.refserver.faults.registry import Facts, Stage, fault


@fault("answer-500-to-tools", "http.no-server-error", on=Stage.REPLY)
def answer_500_to_tools(reply: Reply, facts: Facts) -> Reply:
    """Requests with tools crash the server."""
    if not (facts.whole or facts.streamed) or not facts.has_tools:
        return reply
    crashed = b'{"error": {"message": "Something broke.", "type": "server_error", "param": null, "code": null}}'
    return Reply(500, (("Content-Type", "application/json"),), (Frame(crashed),))


@fault("answer-reset", "http.answered", on=Stage.REPLY)
def answer_reset(reply: Reply, facts: Facts) -> Reply:
    """Requests with tools are met with a connection reset instead of an answer."""
    if not (facts.whole and facts.has_tools):
        return reply
    return Reply(None, end=End.RESET)


@fault("answer-hung-up", "http.answered", on=Stage.REPLY)
def answer_hung_up(reply: Reply, facts: Facts) -> Reply:
    """Requests with tools are hung up on without an answer."""
    return Reply(None, end=End.CUT) if facts.whole and facts.has_tools else reply


@fault("answer-not-http", "http.answered", on=Stage.REPLY)
def answer_not_http(reply: Reply, facts: Facts) -> Reply:
    """Requests with tools are answered with something that is not HTTP."""
    if not (facts.whole and facts.has_tools):
        return reply
    return Reply(None, frames=(Frame(b"\x16\x03\x01 hello\r\n\r\n"),), end=End.CUT)


@fault("answer-never", "http.answered", on=Stage.REPLY, slow=True)
def answer_never(reply: Reply, facts: Facts) -> Reply:
    """Requests with tools are never answered."""
    return Reply(None, end=End.HOLD) if facts.whole and facts.has_tools else reply


@fault("body-cut", "http.body-complete", on=Stage.REPLY)
def body_cut(reply: Reply, facts: Facts) -> Reply:
    """The connection closes in the middle of a completion."""
    if not facts.whole:
        return reply
    return replace(reply, frames=(Frame(reply.body[: len(reply.body) // 2]),), end=End.CUT)


@fault("body-reset", "http.body-complete", on=Stage.REPLY)
def body_reset(reply: Reply, facts: Facts) -> Reply:
    """The connection is reset in the middle of a completion."""
    if not facts.whole:
        return reply
    return replace(reply, frames=(Frame(reply.body[: len(reply.body) // 2]),), end=End.RESET)


@fault("body-stalls", "http.body-complete", on=Stage.REPLY, slow=True)
def body_stalls(reply: Reply, facts: Facts) -> Reply:
    """A completion stops half way and never goes on."""
    if not facts.whole:
        return reply
    return replace(reply, frames=(Frame(reply.body[: len(reply.body) // 2]),), end=End.HOLD)


@fault("body-not-json", "http.json.valid", on=Stage.REPLY)
def body_not_json(reply: Reply, facts: Facts) -> Reply:
    """A completion lacks its closing brace, and its length says so."""
    return of_completion(reply, facts, lambda body: body[:-1])


@fault("body-trailing-comma", "http.json.valid", on=Stage.REPLY)
def body_trailing_comma(reply: Reply, facts: Facts) -> Reply:
    """A completion has a comma before its closing brace."""
    return of_completion(reply, facts, lambda body: body[:-1] + b",}")


@fault("body-json-twice", "http.json.valid", on=Stage.REPLY)
def body_json_twice(reply: Reply, facts: Facts) -> Reply:
    """A completion is sent as two JSON objects in a row."""
    return of_completion(reply, facts, lambda body: body + b"\n" + body)


@fault("body-empty", "http.json.valid", on=Stage.REPLY)
def body_empty(reply: Reply, facts: Facts) -> Reply:
    """A completion is answered with status 200 and an empty body."""
    return of_completion(reply, facts, lambda body: b"")


@fault("body-duplicate-keys", "http.json.no-duplicate-keys", on=Stage.REPLY)
def body_duplicate_keys(reply: Reply, facts: Facts) -> Reply:
    """A completion names a member twice."""
    return of_completion(reply, facts, lambda body: b'{"object":"chat.completion",' + body[1:])


@fault("body-nan", "http.json.finite-numbers", on=Stage.REPLY)
def body_nan(reply: Reply, facts: Facts) -> Reply:
    """A completion holds NaN, which is no JSON."""
    return of_completion(reply, facts, lambda body: b'{"x_score":NaN,' + body[1:])


@fault("body-infinity", "http.json.finite-numbers", on=Stage.REPLY)
def body_infinity(reply: Reply, facts: Facts) -> Reply:
    """A completion holds -Infinity, which is no JSON."""
    return of_completion(reply, facts, lambda body: b'{"x_score":-Infinity,' + body[1:])


@fault("body-bom", "http.json.no-bom", on=Stage.REPLY)
def body_bom(reply: Reply, facts: Facts) -> Reply:
    """A completion begins with a byte order mark."""
    return of_completion(reply, facts, lambda body: b"\xef\xbb\xbf" + body)


@fault("body-not-utf8", "http.json.utf8", on=Stage.REPLY)
def body_not_utf8(reply: Reply, facts: Facts) -> Reply:
    """A completion is written in Windows-1252."""
    return of_completion(
        reply, facts, lambda body: b'{"x_note":"caf\xe9",' + body.replace("—".encode(), b"\x97")[1:]
    )
