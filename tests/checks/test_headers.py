"""The checks of the headers of an answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.model.exchange import Attempt, Exchange
from conformance.model.finding import Outcome
from tests.builders import NOTE, WARN, Case, an_exchange, breaks, finding, holds, verify

BASIC = an_exchange()


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


CREDENTIALS = ("Access-Control-Allow-Credentials", "true")


def origin(value: str) -> tuple[str, str]:
    """The header that names an allowed origin."""
    return "Access-Control-Allow-Origin", value


CASES: list[Case] = [
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
    holds("http.cors-credentials", "one origin", told(CREDENTIALS, origin("https://chat.example"))),
    holds("http.cors-credentials", "no origin", told(CREDENTIALS)),
    holds("http.cors-credentials", "not allowed", told((CREDENTIALS[0], "false"), origin("*"))),
    breaks("http.cors-credentials", "every origin", told(CREDENTIALS, origin("*")), at="Access-Control-Allow-Origin", outcome=NOTE),
    breaks("http.cors-credentials", "whoever asks", told(CREDENTIALS, origin("https://conformance.example"), probe="http.options", status=204), at="Access-Control-Allow-Origin", outcome=NOTE),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_headers(case: Case) -> None:
    """The check gives the verdict of the row, and no other check joins in."""
    verify(case)


@pytest.mark.parametrize(
    "check", ["http.retry-after", "http.rate-limit-headers", "http.cors-credentials"], ids=str
)
def test_headers_are_not_missed(check: str) -> None:
    """Where a header is not sent, there is nothing to judge and nothing to complain of."""
    assert Outcome.SKIP is finding(check, BASIC).outcome


def test_a_retry_after_of_an_earlier_attempt_does_not_count() -> None:
    """Only the last attempt is judged, as everywhere."""
    first = Attempt(429, (("Retry-After", "soon"),))
    exchange = replace(BASIC, attempts=(first, *BASIC.attempts))

    assert Outcome.SKIP is finding("http.retry-after", exchange).outcome
