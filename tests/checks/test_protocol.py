"""The checks of HTTP around the API."""

from __future__ import annotations

import gzip
from dataclasses import replace

import pytest

from conformance.checks.protocol import decoding_error
from conformance.model.exchange import Attempt, Exchange
from conformance.model.finding import Outcome
from conformance.model.profile import Support
from tests.builders import (
    NOTE,
    WARN,
    Case,
    a_list,
    an_error,
    an_exchange,
    breaks,
    finding,
    holds,
    verify,
    with_auth,
    with_streaming,
    written,
)

BASIC, STREAM = an_exchange(), an_exchange("chat.stream.basic")
VARIANTS = {
    "http.sdk-headers": (BASIC, "chat.sdk-headers", "fail"),
    "http.stream-sdk-headers": (STREAM, "chat.stream.sdk-headers", "fail"),
    "http.content-type-charset": (BASIC, "chat.charset", "fail"),
    "http.other-headers": (BASIC, "chat.any-headers", "warn"),
    "http.accept-events": (STREAM, "chat.stream.accept-events", "warn"),
    "auth.scheme-case": (BASIC, "chat.lower-case-scheme", "warn"),
}
"""The ordinary request, the one that differs in its headers alone, and what a refusal of that is."""


def refused(probe: str, status: int) -> Exchange:
    """A proper request that is refused."""
    return an_exchange(probe, status=status, json=an_error())


CASES: list[Case] = []
for _check, (_usual, _probe, _outcome) in VARIANTS.items():
    CASES += [
        holds(_check, "answered alike", _usual, an_exchange(_probe)),
        breaks(_check, "refused", _usual, refused(_probe, 406), at="status", actual="406", outcome=Outcome(_outcome)),
        breaks(_check, "crashed", _usual, refused(_probe, 500), at="status", actual="500", outcome=Outcome(_outcome)),
    ]  # fmt: skip


def limited(**headers: str) -> Exchange:
    """An answer with rate limit headers; underscores stand for dashes."""
    told = tuple((f"X-RateLimit-{n.replace('_', '-')}", value) for n, value in headers.items())
    return an_exchange(headers=told)


def told(*headers: tuple[str, str], probe: str = "chat.basic", status: int = 200) -> Exchange:
    """An answer with further headers."""
    return an_exchange(probe, headers=headers, status=status)


def retry(value: str) -> Exchange:
    """An answer that says when to come back."""
    return told(("Retry-After", value))


def named(id: str, probe: str = "chat.basic", **how: str) -> Exchange:
    """An answer with a request id."""
    return an_exchange(probe, headers=(("X-Request-Id", id),), **how)


def packed(body: bytes, coding: str = "gzip") -> Exchange:
    """A model list with a content coding."""
    return an_exchange("http.gzip", body=body, content_type="application/json", headers=(("Content-Encoding", coding),))  # fmt: skip


LIST = written(a_list()).encode()
CREDENTIALS = ("Access-Control-Allow-Credentials", "true")


def origin(value: str) -> tuple[str, str]:
    """The header that names an allowed origin."""
    return "Access-Control-Allow-Origin", value


CASES += [
    holds("http.methods", "GET lists what is stored", an_exchange("http.get", status=200, json=a_list())),
    holds("http.methods", "HEAD not allowed", an_exchange("http.head", body=b"")),
    holds("http.methods", "HEAD not found, without a body", an_exchange("http.head", status=404, body=b"")),
    holds("http.methods", "OPTIONS without content", an_exchange("http.options", status=204, body=b"", content_type=None)),
    holds("http.methods", "OPTIONS not known at all", an_exchange("http.options", status=501)),
    breaks("http.methods", "GET crashes", an_exchange("http.get", status=500), at="status", actual="500"),
    breaks("http.methods", "HEAD crashes", an_exchange("http.head", status=502, body=b""), at="status"),
    holds("http.retry-after", "seconds", retry("30")),
    holds("http.retry-after", "at once", retry("0")),
    holds("http.retry-after", "a date", retry("Fri, 20 Nov 2026 08:49:37 GMT")),
    holds("http.retry-after", "a date of old", retry("Sunday, 06-Nov-94 08:49:37 GMT")),
    breaks("http.retry-after", "a fraction", retry("0.5"), at="Retry-After", outcome=NOTE),
    breaks("http.retry-after", "negative", retry("-1"), at="Retry-After", outcome=WARN, actual="'-1'"),
    holds("http.retry-after", "a date as C writes it", retry("Sun Nov  6 08:49:37 1994")),
    breaks("http.retry-after", "a day that does not exist", retry("Sun, 99 Nov 2026 08:49:37 GMT"), at="Retry-After", outcome=WARN),
    breaks("http.retry-after", "digits of another script", retry("\u0663\u0660"), at="Retry-After", outcome=WARN),
    holds("http.retry-after", "milliseconds too", told(("Retry-After", "2"), ("retry-after-ms", "1500.5"))),
    breaks("http.retry-after", "other milliseconds", told(("Retry-After", "20"), ("retry-after-ms", "2")), at="retry-after-ms", outcome=NOTE, actual="2 ms"),
    breaks("http.retry-after", "no milliseconds", told(("Retry-After", "2"), ("retry-after-ms", "2s")), at="retry-after-ms", outcome=NOTE),
    breaks("http.retry-after", "words", retry("soon"), at="Retry-After", outcome=WARN),
    breaks("http.retry-after", "another date", retry("2026-11-20T08:49:37Z"), at="Retry-After", outcome=WARN),
    holds("http.rate-limit-headers", "as api.openai.com", limited(Limit_Requests="100", Remaining_Requests="99", Reset_Requests="6m0s", Reset_Tokens="8.64s")),
    holds("http.rate-limit-headers", "decimals", limited(Limit_Tokens="33333.333333333336", Reset_Tokens="18058.28")),
    holds("http.rate-limit-headers", "a moment", limited(Reset="2026-11-20T08:49:37Z")),
    holds("http.rate-limit-headers", "other names", limited(Abusepenalty_Active="False", Key="tiny", Limit="10")),
    breaks("http.rate-limit-headers", "words", limited(Remaining_Requests="unlimited"), at="x-ratelimit-remaining-requests", outcome=WARN),
    holds("http.rate-limit-headers", "every duration", *(limited(Reset_Tokens=value) for value in ("6ms", "0s", "1m30s", "1h2m3.5s", "1d", "120"))),
    breaks("http.rate-limit-headers", "a negative rest", limited(Remaining_Tokens="-1"), at="x-ratelimit-remaining-tokens", outcome=WARN),
    breaks("http.rate-limit-headers", "infinity", limited(Limit_Tokens="Infinity"), at="x-ratelimit-limit-tokens", outcome=WARN),
    breaks("http.rate-limit-headers", "a number and more", limited(Limit_Tokens="1e3"), at="x-ratelimit-limit-tokens", outcome=WARN),
    breaks("http.rate-limit-headers", "a unit missing", limited(Reset_Tokens="1m30"), at="x-ratelimit-reset-tokens", outcome=WARN),
    breaks("http.rate-limit-headers", "a policy under a name of its own", limited(Limit="10, 10;w=1"), at="x-ratelimit-limit", outcome=NOTE),
    breaks("http.rate-limit-headers", "a duration that is none", limited(Reset_Tokens="in a minute"), at="x-ratelimit-reset-tokens", outcome=WARN),
    holds("http.rate-limit-consistent", "all remains", limited(Limit="10", Remaining="10")),
    holds("http.rate-limit-consistent", "no limit told", limited(Remaining="10")),
    holds("http.rate-limit-consistent", "other limits", limited(Limit_Requests="10", Remaining_Tokens="1000")),
    holds("http.rate-limit-consistent", "numbers beyond measure", limited(Limit="9" * 400, Remaining="9" * 401)),
    breaks("http.rate-limit-consistent", "more remains", limited(Limit_Tokens="10", Remaining_Tokens="11"), at="x-ratelimit-remaining-tokens", outcome=NOTE, actual="11"),
    holds("http.request-id", "an id", named("req_1")),
    breaks("http.request-id", "none", BASIC, at="x-request-id", outcome=NOTE),
    holds("http.request-id-unique", "two ids", named("req_1"), named("req_2", "models.list")),
    holds("http.request-id-unique", "none on some answers", named("req_1"), *(named("", name) for name in ("models.list", "models.retrieve"))),
    breaks("http.request-id-unique", "one id for two", named("req_1"), named("req_1", "models.list"), at="x-request-id", outcome=WARN, actual="'req_1' on 2 answers: chat.basic, models.list"),
    holds("http.gzip", "gzip", packed(gzip.compress(LIST))),
    holds("http.gzip", "gzip by its old name", packed(gzip.compress(LIST), "x-gzip")),
    breaks("http.gzip", "in name only", packed(LIST), at="body"),
    breaks("http.gzip", "cut", packed(gzip.compress(LIST)[:-9]), at="body", actual="gzip that breaks off"),
    breaks("http.gzip", "not offered", packed(LIST, "br"), at="Content-Encoding", actual="br"),
    holds("http.cors-credentials", "one origin", told(CREDENTIALS, origin("https://chat.example"))),
    holds("http.cors-credentials", "no origin", told(CREDENTIALS)),
    holds("http.cors-credentials", "not allowed", told((CREDENTIALS[0], "false"), origin("*"))),
    breaks("http.cors-credentials", "every origin", told(CREDENTIALS, origin("*")), at="Access-Control-Allow-Origin", outcome=NOTE),
    breaks("http.cors-credentials", "whoever asks", told(CREDENTIALS, origin("https://conformance.example"), probe="http.options", status=204), at="Access-Control-Allow-Origin", outcome=NOTE),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_protocol(case: Case) -> None:
    """The check gives the verdict of the row, and no other check joins in."""
    verify(case)


@pytest.mark.parametrize("check", VARIANTS, ids=str)
def test_what_fails_anyway_says_nothing_about_headers(check: str) -> None:
    """Where the ordinary request is refused, or a limit is met, headers are not to blame."""
    usual, probe, _ = VARIANTS[check]
    name = usual.probe or ""
    down = finding(check, refused(name, 503), refused(probe, 503))
    limited = finding(check, usual, refused(probe, 429))

    assert [Outcome.INCONCLUSIVE] * 2 == [down.outcome, limited.outcome]


@pytest.mark.parametrize("check", ["http.stream-sdk-headers", "http.accept-events"], ids=str)
def test_streams_that_are_not_claimed_are_not_asked_for(check: str) -> None:
    """A profile without streams, or one in which Accept counts, is not held to this rule."""
    usual, probe, _ = VARIANTS[check]
    for profile in (with_streaming(supported=Support.NONE), with_streaming(accept=True)):
        found = finding(check, usual, refused(probe, 406), profile=profile)

        assert Outcome.SKIP is found.outcome


@pytest.mark.parametrize(
    "check",
    ["http.retry-after", "http.rate-limit-headers", "http.cors-credentials", "http.gzip"],
    ids=str,
)
def test_headers_are_not_missed(check: str) -> None:
    """Where a header is not sent, there is nothing to judge and nothing to complain of."""
    assert Outcome.SKIP is finding(check, BASIC, an_exchange("http.gzip")).outcome


def test_a_retry_after_of_an_earlier_attempt_does_not_count() -> None:
    """Only the last attempt is judged, as everywhere."""
    first = Attempt(429, (("Retry-After", "soon"),))
    exchange = replace(BASIC, attempts=(first, *BASIC.attempts))

    assert Outcome.SKIP is finding("http.retry-after", exchange).outcome


def test_a_compression_bomb_is_not_unpacked() -> None:
    """Decoding stops at a limit, and says so."""
    bomb = gzip.compress(b"\0" * (33 << 20))

    assert f"more than 32 MiB in {len(bomb)} bytes" == decoding_error(bomb)


def test_the_scheme_is_judged_with_a_key_or_without() -> None:
    """The rule holds for endpoints that want no key as well: they answer both."""
    usual, probe, _ = VARIANTS["auth.scheme-case"]
    found = finding(
        "auth.scheme-case", usual, an_exchange(probe), profile=with_auth(required=False)
    )

    assert Outcome.PASS is found.outcome
