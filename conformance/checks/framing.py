"""Where an answer ends on its connection, and what the connection is good for afterwards."""

from __future__ import annotations

from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.profile import Profile
from conformance.wire.reading import Reading

from .givens import answered, arrival_kept, headers_kept, whole
from .kinds import own, probe
from .registry import MAY, MUST, Given, Problems, check

_SHOWN = 80


def ours(x: Reading) -> bool:
    """Exchanges of this run, less the one that asks for a head alone."""
    return own(x) and x.exchange.probe != "http.head"


ENDED: tuple[Given, ...] = (answered, whole, arrival_kept)


def _excess(x: Reading, place: str, expected: str) -> Problems:
    if x.attempt is not None and x.attempt.excess:
        shown = repr(x.attempt.excess[:_SHOWN]).removeprefix("b")
        # Where the connection closes, nobody takes them for another answer.
        level = MAY if closes(x) else None
        yield Problem(place, expected=expected, actual=f"more bytes: {shown}", level=level)


def closes(x: Reading) -> bool:
    """Whether the endpoint closes the connection after its answer."""
    said = (x.header("connection") or "").lower()
    old = x.attempt is not None and x.attempt.http_version.endswith("1.0")
    return said == "close" or (old and said != "keep-alive")


@check("http.body-length", level=MUST, on=ours, given=ENDED, probes=("chat.basic",))
def nothing_follows_a_body(x: Reading, profile: Profile) -> Problems:
    """Nothing follows an answer: its body ends where its Content-Length or its last chunk says."""
    length = x.header("content-length")
    ends = f"where Content-Length says, after {length} bytes" if length else "with its last chunk"
    if x.status in (204, 304):  # RFC 9112 §6.3: whatever the head says besides
        ends = f"with its head: {x.status} has no body"
    yield from _excess(x, "end of the body", f"the answer ends {ends}")


@check(
    "http.head-without-body",
    level=MUST,
    on=probe("http.head"),
    given=ENDED,
    probes=("http.head",),
)
def heads_have_no_body(x: Reading, profile: Profile) -> Problems:
    """The answer to HEAD ends with its head."""
    yield from _excess(x, "end of the head", "no body in an answer to HEAD")


@check(
    "http.framing",
    level=MUST,
    on=own,
    given=(answered, headers_kept),
    probes=("chat.basic", "chat.stream.basic"),
)
def the_end_is_told_once(x: Reading, profile: Profile) -> Problems:
    """A head tells where the body ends in one way: one Content-Length, or Transfer-Encoding."""
    lengths = (
        [v for n, v in x.attempt.headers if n.lower() == "content-length"] if x.attempt else []
    )
    coding = x.header("transfer-encoding")
    if lengths and coding is not None:
        yield Problem(
            "Content-Length",
            expected=f"none beside Transfer-Encoding: {coding}"[:120],
            actual=", ".join(lengths)[:120],
        )
    elif len(lengths) > 1 or any("," in value for value in lengths):
        yield Problem("Content-Length", expected="one number", actual=", ".join(lengths)[:120])


def on_a_kept_connection(x: Reading, profile: Profile) -> Unjudged | None:
    """The endpoint keeps its connections, of which this request may have had a used or a new one.

    Which of the two is chance: if it decided, two runs would not judge the same.
    """
    if (reason := answered(x, profile)) is not None:
        return reason
    left = x.attempt is not None and x.attempt.leftover
    if closes(x) and not left:
        return Unjudged("the endpoint closes its connections", Hindrance.RECORDING)
    return None


@check(
    "http.keep-alive",
    level=MUST,
    on=own,
    given=on_a_kept_connection,
    probes=("chat.basic", "chat.stream.basic", "errors.malformed-json", "http.head"),
)
def kept_connections_are_clean(x: Reading, profile: Profile) -> Problems:
    """A kept connection brings the next request its own answer, whatever it carried before."""
    for attempt in x.exchange.attempts:
        if attempt.leftover:
            shown = repr(attempt.leftover[:_SHOWN]).removeprefix("b")
            yield Problem(
                "response",
                expected="an HTTP response",
                actual=f"{shown}, left over on a kept connection; a new one brought an answer",
            )
