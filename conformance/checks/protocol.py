"""HTTP around the API: headers, media types, methods, rate limits, request ids."""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from conformance.model.finding import Hindrance, Level, Problem, Unjudged
from conformance.model.profile import Profile, Support
from conformance.wire.reading import Reading

from .givens import answered, headers_kept, values_kept, whole
from .kinds import anything, probe
from .registry import MAY, MUST, SHOULD, Given, Problems, Scope, check

_LIMITED = (402, 408, 429)
_MAX_DECODED = 32 << 20
"""Bytes that a compressed body may grow to before we stop."""


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
                evidence=x.body[:300].decode("utf-8", "replace"),
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

METHODS = ("http.get", "http.head", "http.options")


@check("http.methods", level=MUST, on=probe(*METHODS), given=answered, probes=METHODS)
def other_methods_do_no_harm(x: Reading, profile: Profile) -> Problems:
    """GET, HEAD and OPTIONS on the path of chat completions do not end in a server error."""
    status = x.status or 0
    # RFC 9110 §15.6.2: 501 is the answer of a server that does not know a method at all.
    if status >= 500 and status not in (501, 503):
        yield Problem("status", expected="a status below 500", actual=f"{status}")


def has_header(name: str) -> Given:
    """A response carries a header."""

    def carried(x: Reading, profile: Profile) -> Unjudged | None:
        if (reason := answered(x, profile)) is not None:
            return reason
        absent = x.header(name) in (None, "", "REDACTED")
        return Unjudged(f"no {name} header", Hindrance.RECORDING) if absent else None

    return carried


_DATE = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*, \d\d[ -](Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    r"[ -]\d\d(\d\d)? \d\d:\d\d:\d\d GMT\Z"
    # RFC 9110 §5.6.7: the third form, of C's asctime
    r"|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}\Z"
)


def is_date(value: str) -> bool:
    """Whether it is a date as HTTP writes dates, and of a day and hour that exist."""
    try:
        return bool(_DATE.match(value)) and parsedate_to_datetime(value) is not None
    except ValueError:
        return False


@check(
    "http.retry-after",
    level=SHOULD,
    on=anything,
    given=has_header("retry-after"),
    probes=("chat.basic",),
)
def retry_after_can_be_read(x: Reading, profile: Profile) -> Problems:
    """A Retry-After header is a whole number of seconds or an HTTP date."""
    value = (x.header("retry-after") or "").strip()
    if not re.fullmatch(r"[0-9]+", value) and not is_date(value):
        fraction = re.fullmatch(r"[0-9]*\.[0-9]+", value)
        yield Problem(
            "Retry-After",
            expected="seconds, or a date such as Sun, 06 Nov 1994 08:49:37 GMT",
            actual=repr(value)[:120],
            level=MAY if fraction else None,  # the official clients read it all the same
        )
    finer = (x.header("retry-after-ms") or value).strip()
    if not _NUMBER.match(finer) and finer != value:
        # The official clients look at it first, and then at Retry-After.
        yield Problem("retry-after-ms", "a number", repr(finer)[:120], level=MAY)
    elif finer != value and _NUMBER.match(value) and abs(float(finer) / 1000 - float(value)) > 1:
        yield Problem(
            "retry-after-ms", f"about {value} s, as Retry-After", f"{finer} ms", level=MAY
        )


_RATE = re.compile(r"x-ratelimit-(limit|remaining|reset)(?:-[a-z0-9-]+)?\Z")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?\Z")
_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:ms|us|µs|ns|d|h|m|s))+\Z")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")


def limits_of(x: Reading) -> Iterator[tuple[str, str, str]]:
    """The rate limit headers of a response: name, part (limit, remaining, reset) and value."""
    for name, value in x.attempt.headers if x.attempt else ():
        part = _RATE.match(name.lower())
        if part and value.strip() not in ("", "REDACTED"):
            yield name.lower(), part[1], value.strip()


def has_limits(x: Reading, profile: Profile) -> Unjudged | None:
    """A response carries rate limit headers."""
    if (reason := answered(x, profile)) is not None:
        return reason
    present = any(limits_of(x))
    return None if present else Unjudged("no x-ratelimit headers", Hindrance.RECORDING)


@check(
    "http.rate-limit-headers", level=SHOULD, on=anything, given=has_limits, probes=("chat.basic",)
)
def rate_limits_can_be_read(x: Reading, profile: Profile) -> Problems:
    """x-ratelimit headers hold numbers, and for reset a number, a duration or a date."""
    for name, part, value in limits_of(x):
        reset = part == "reset" and (_DURATION.match(value) or _MOMENT.match(value))
        if not _NUMBER.match(value) and not reset:
            expected = "a number" + (" or a duration such as 6m0s" if part == "reset" else "")
            # Headers of other names are the endpoint's own, and nobody says what they hold.
            level = None if name.endswith(("-requests", "-tokens")) else MAY
            yield Problem(name, expected=expected, actual=repr(value)[:120], level=level)


@check(
    "http.rate-limit-consistent", level=MAY, on=anything, given=has_limits, probes=("chat.basic",)
)
def no_more_remains_than_the_limit(x: Reading, profile: Profile) -> Problems:
    """No x-ratelimit header says that more remains than the limit allows."""
    values = {name: value for name, _, value in limits_of(x) if _NUMBER.match(value)}
    for name, value in values.items():
        limit = values.get(name.replace("-remaining", "-limit"), value)
        if "-remaining" in name and float(value) > float(limit):
            yield Problem(name, expected=f"at most {limit}", actual=value)


@check(
    "http.request-id",
    level=MAY,
    on=probe("chat.basic"),
    given=(answered, headers_kept),
    probes=("chat.basic",),
)
def answers_have_a_request_id(x: Reading, profile: Profile) -> Problems:
    """An answer carries an x-request-id, by which it can be found again."""
    if x.header("x-request-id") is None:
        yield Problem("x-request-id", expected="an id", actual="absent")


def own(x: Reading) -> bool:
    """Exchanges of this run."""
    return x.exchange.probe is not None


def ids_kept(x: Reading, profile: Profile) -> Unjudged | None:
    """The smallest request is answered with an x-request-id; answers of others may have none."""
    if (reason := values_kept(x, profile)) is not None:
        return reason
    basic = x.exchange.probe == "chat.basic"
    return has_header("x-request-id")(x, profile) if basic else None


@check(
    "http.request-id-unique",
    level=SHOULD,
    on=own,
    given=ids_kept,
    scope=Scope.LINKED,
    probes=("chat.basic", "models.list"),
)
def request_ids_are_unique(xs: tuple[Reading, ...], profile: Profile) -> Problems:
    """No two answers carry the same x-request-id."""
    bearers: dict[str, list[str]] = defaultdict(list)
    for x in xs:
        bearers[x.header("x-request-id") or ""].append(x.id)
    for id, names in bearers.items():
        if id not in ("", "REDACTED") and len(names) > 1:
            yield Problem(
                "x-request-id",
                expected="another id for each answer",
                actual=f"{id!r} on {len(names)} answers: {', '.join(names[:4])}"[:200],
                exchange=names[1],
            )


def compressed(x: Reading, profile: Profile) -> Unjudged | None:
    """A whole body came with a content coding."""
    for given in (answered, whole):
        if (reason := given(x, profile)) is not None:
            return reason
    return None if x.encoded else Unjudged("the answer is not compressed", Hindrance.RECORDING)


def decoding_error(body: bytes) -> str | None:
    """What is wrong with a gzip body; None if it can be read to its end."""
    reader = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        made = reader.decompress(body, _MAX_DECODED)
    except zlib.error as error:
        return f"bytes that are not gzip ({error})"
    if len(made) >= _MAX_DECODED:
        return f"more than {_MAX_DECODED >> 20} MiB in {len(body)} bytes"
    return None if reader.eof else "gzip that breaks off"


@check("http.gzip", level=MUST, on=probe("http.gzip"), given=compressed, probes=("http.gzip",))
def compressed_bodies_can_be_read(x: Reading, profile: Profile) -> Problems:
    """A body sent to a client that takes gzip is plain, or gzip that can be decoded."""
    if x.encoded not in ("gzip", "x-gzip"):
        yield Problem("Content-Encoding", expected="gzip or none", actual=x.encoded[:60])
    elif (error := decoding_error(x.body)) is not None:
        yield Problem("body", expected="gzip, as Content-Encoding says", actual=error)


@check(
    "http.cors-credentials",
    level=MAY,
    on=anything,
    given=has_header("access-control-allow-credentials"),
    probes=("http.options", "chat.basic"),
)
def credentials_are_not_for_every_site(x: Reading, profile: Profile) -> Problems:
    """Access-Control-Allow-Credentials is not sent along with any site's origin."""
    allowed = (x.header("access-control-allow-origin") or "").strip()
    if (x.header("access-control-allow-credentials") or "").strip().lower() != "true":
        return
    if allowed in ("*", "https://conformance.example"):
        yield Problem(
            "Access-Control-Allow-Origin",
            expected="the origins that are trusted, where credentials are allowed",
            actual=repr(allowed),
        )
