"""The checks of where answers end on their connection."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.model.exchange import Ended, Exchange
from tests.builders import (
    NOTE,
    Case,
    an_exchange,
    breaks,
    finding,
    holds,
    unanswered,
    verify,
)

LENGTH, CHUNKED = ("Content-Length", "100"), ("Transfer-Encoding", "chunked")


def on_connection(
    exchange: Exchange, number: int = 1, earlier: int = 0, excess: bytes = b""
) -> Exchange:
    """The exchange as a connection carried it."""
    attempt = replace(exchange.attempts[-1], connection=number, earlier=earlier, excess=excess)
    return replace(exchange, attempts=(*exchange.attempts[:-1], attempt))


def followed_by(excess: bytes, probe: str = "chat.basic", *headers: tuple[str, str]) -> Exchange:
    """An answer with bytes after its end."""
    body = b"" if probe == "http.head" else None
    return on_connection(an_exchange(probe, headers=headers, body=body), excess=excess)


def after_leftover(leftover: bytes) -> Exchange:
    """An answer that came over a new connection, because a kept one brought something else."""
    made = on_connection(an_exchange())
    return replace(made, attempts=(replace(made.attempts[0], leftover=leftover),))


CASES = [
    holds("http.body-length", "ends where it says", followed_by(b"")),
    breaks("http.body-length", "a line end too many", followed_by(b"\r\n", "chat.basic", LENGTH), at="end of the body", actual=r"more bytes: '\r\n'"),
    breaks("http.body-length", "a second answer", followed_by(b"HTTP/1.1 400 Bad Request\r\n", "errors.malformed-json"), at="end of the body", actual=r"more bytes: 'HTTP/1.1 400 Bad Request\r\n'"),
    breaks("http.body-length", "after the last chunk", followed_by(b"0\r\n\r\n", "chat.stream.basic"), at="end of the body"),
    breaks("http.body-length", "before the connection closes", followed_by(b"\r\n", "chat.basic", ("Connection", "close")), at="end of the body", outcome=NOTE),
    holds("http.head-without-body", "no body", followed_by(b"", "http.head")),
    breaks("http.head-without-body", "a body", followed_by(b'{"error"', "http.head"), at="end of the head", actual="""more bytes: '{"error"'"""),
    holds("http.framing", "a length", an_exchange(headers=(LENGTH,))),
    holds("http.framing", "chunks", an_exchange(headers=(CHUNKED,))),
    holds("http.framing", "neither: until the connection closes", an_exchange()),
    breaks("http.framing", "both", an_exchange(headers=(LENGTH, CHUNKED)), at="Content-Length", actual="100"),
    breaks("http.framing", "twice the same", an_exchange(headers=(LENGTH, LENGTH)), at="Content-Length", actual="100, 100"),
    breaks("http.framing", "a list of them", an_exchange(headers=(("content-length", "100, 100"),)), at="Content-Length"),
    holds("http.keep-alive", "an answer", on_connection(an_exchange(), earlier=3)),
    holds("http.keep-alive", "a new connection, as chance has it", on_connection(an_exchange())),
    breaks("http.keep-alive", "the rest of another answer", after_leftover(b"}}"), at="response", actual="'}}', left over on a kept connection; a new one brought an answer"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_framing(case: Case) -> None:
    """The check gives the verdict of the row, and no other check joins in."""
    verify(case)


@pytest.mark.parametrize(
    ("check", "exchange"),
    [
        ("http.keep-alive", an_exchange(headers=(("Connection", "close"),))),
        ("http.keep-alive", unanswered(ended=Ended.NOT_HTTP)),
        ("http.body-length", an_exchange(None)),
        ("http.body-length", an_exchange(ended=Ended.CUT)),
        ("http.framing", an_exchange(None, headers=(LENGTH, CHUNKED))),
    ],
    ids=["closed after each answer", "garbage at once", "other people's traffic", "cut", "a proxy's headers"],
)  # fmt: skip
def test_what_says_nothing_about_the_connection(check: str, exchange: Exchange) -> None:
    """Connections that are never kept, cut bodies and what others recorded leave the rules open."""
    found = finding(check, exchange)

    assert ((), ()) == (found.judged, found.problems)
