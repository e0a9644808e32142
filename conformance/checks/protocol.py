"""What clients say and ask for in HTTP around the API: headers, media types, methods, compression."""

from __future__ import annotations

from conformance.model.finding import Hindrance, Level, Problem, Unjudged
from conformance.model.profile import Profile, Support
from conformance.spec.phrase import beginning
from conformance.wire.reading import Reading

from .givens import answered, headers_kept
from .kinds import probe
from .registry import MUST, SHOULD, Problems, Scope, check

_LIMITED = (402, 408, 429)


def streams_claimed(profile: Profile) -> str | None:
    """Whether the profile has streams."""
    absent = profile.streaming.supported is Support.NONE
    return "the profile says that streams are not supported" if absent else None


def accept_ignored(profile: Profile) -> str | None:
    """Whether the profile leaves the form of the answer to the body alone."""
    if profile.streaming.accept:
        return "the profile says that Accept takes part in choosing the form"
    return streams_claimed(profile)


def in_order(x: Reading, profile: Profile) -> Unjudged | None:
    """It was answered, and by no limit; the ordinary request it is compared with succeeded."""
    if (reason := answered(x, profile)) is not None:
        return reason
    status = x.status or 0
    if status in _LIMITED:
        return Unjudged(f"status {status}", Hindrance.RUN)
    if x.exchange.probe in ("chat.basic", "chat.stream.basic") and not 200 <= status < 300:
        return Unjudged(f"the ordinary request is answered {status}")
    return None


def _same_answer(xs: tuple[Reading, ...], usual: str, why: str) -> Problems:
    """A problem for each that is refused although the usual one is not; other checks look at the form."""
    basis = next((x for x in xs if x.exchange.probe == usual), None)
    for x in xs:
        if basis is None or x is basis:
            continue
        if (x.status or 0) >= 300:
            yield Problem(
                "status",
                expected=f"{basis.status}, as without {why}",
                actual=f"{x.status}",
                exchange=x.id,
                evidence=beginning(x.body),
            )


def _declare(id: str, level: Level, usual: str, variant: str, why: str, title: str) -> None:
    @check(
        id,
        level=level,
        on=probe(usual, variant),
        given=in_order,
        claimed=accept_ignored if "stream" in usual else None,
        scope=Scope.LINKED,
        probes=(usual, variant),
        title=title,
    )
    def changes_nothing(xs: tuple[Reading, ...], profile: Profile) -> Problems:
        yield from _same_answer(xs, usual, why)


_declare(
    "http.sdk-headers",
    MUST,
    "chat.basic",
    "chat.sdk-headers",
    "the client's headers",
    "The headers that the official Python client adds change nothing.",
)
_declare(
    "http.stream-sdk-headers",
    MUST,
    "chat.stream.basic",
    "chat.stream.sdk-headers",
    "the client's headers",
    "The headers that the official Node client adds change nothing about a stream.",
)
_declare(
    "http.content-type-charset",
    MUST,
    "chat.basic",
    "chat.charset",
    "charset",
    "A body declared as `application/json; charset=utf-8` is taken like one without charset.",
)
_declare(
    "http.other-headers",
    SHOULD,
    "chat.basic",
    "chat.any-headers",
    "these headers",
    "`Accept: */*` and headers that the endpoint does not know change nothing.",
)
_declare(
    "http.accept-events",
    SHOULD,
    "chat.stream.basic",
    "chat.stream.accept-events",
    "Accept: text/event-stream",
    "A stream is sent to a client that says `Accept: text/event-stream`.",
)
_declare(
    "auth.scheme-case",
    SHOULD,
    "chat.basic",
    "chat.lower-case-scheme",
    "lower case",
    "The scheme `bearer` is taken in lower case too.",
)

ASKED_BY_PAGES = ("http.options", "http.get")
"""A preflight, and a request with the key, both by a page of another site."""
ALLOWED = "access-control-allow-origin"


@check(
    "http.preflight",
    level=SHOULD,
    on=probe(*ASKED_BY_PAGES),
    given=(answered, headers_kept),
    scope=Scope.LINKED,
    probes=ASKED_BY_PAGES,
)
def preflights_need_no_key(xs: tuple[Reading, ...], profile: Profile) -> Problems:
    """An endpoint that allows pages of other sites answers their preflight, which never has a key."""
    asked = next((x for x in xs if x.exchange.probe == ASKED_BY_PAGES[0]), None)
    allowing = next((x for x in xs if x.header(ALLOWED)), None)
    if asked is not None and asked.status in (401, 403) and allowing is not None:
        yield Problem(
            "status",
            expected=f"a success: Access-Control-Allow-Origin is sent, by {allowing.id}",
            actual=f"{asked.status}",
            exchange=asked.id,
            evidence=beginning(asked.body),
        )


METHODS = ("http.get", "http.head", "http.options")


@check("http.methods", level=MUST, on=probe(*METHODS), given=answered, probes=METHODS)
def other_methods_do_no_harm(x: Reading, profile: Profile) -> Problems:
    """GET, HEAD and OPTIONS on the path of chat completions do not end in a server error."""
    status = x.status or 0
    # RFC 9110 §15.6.2: 501 is the answer of a server that does not know a method at all.
    if status >= 500 and status not in (501, 503):
        yield Problem("status", expected="a status below 500", actual=f"{status}")
