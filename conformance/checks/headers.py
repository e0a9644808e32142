"""The headers of an answer: when to ask again, rate limits, request ids, other sites."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.profile import Profile
from conformance.wire.reading import Reading

from .givens import answered, headers_kept, values_kept
from .kinds import anything, own, probe
from .registry import MAY, SHOULD, Given, Problems, Scope, check


def media_type_problem(x: Reading, expected: str) -> Problem:
    """The problem of an answer that is declared as something else, or as nothing."""
    return Problem("Content-Type", expected=expected, actual=x.header("content-type") or "none")


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
