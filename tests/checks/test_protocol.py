"""The checks of what clients say and ask for in HTTP around the API."""

from __future__ import annotations

import pytest

from conformance.model.exchange import Exchange
from conformance.model.finding import Outcome
from conformance.model.profile import Support
from tests.builders import (
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
)

BASIC, STREAM = an_exchange(), an_exchange("chat.stream.basic")
OPEN = (("Access-Control-Allow-Origin", "*"),)
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


CASES += [
    holds("http.methods", "GET lists what is stored", an_exchange("http.get", status=200, json=a_list())),
    holds("http.methods", "HEAD not allowed", an_exchange("http.head", body=b"")),
    holds("http.methods", "HEAD not found, without a body", an_exchange("http.head", status=404, body=b"")),
    holds("http.methods", "OPTIONS without content", an_exchange("http.options", status=204, body=b"", content_type=None)),
    holds("http.preflight", "answered", an_exchange("http.options", status=204, body=b"", content_type=None, headers=OPEN), an_exchange("http.get")),
    holds("http.preflight", "no pages are served", an_exchange("http.options", status=401), an_exchange("http.get")),
    holds("http.preflight", "another refusal", an_exchange("http.options", status=405, headers=OPEN), an_exchange("http.get")),
    breaks("http.preflight", "a key is asked for", an_exchange("http.options", status=401), an_exchange("http.get", headers=OPEN), at="status", actual="401", outcome=WARN),
    breaks("http.preflight", "it is forbidden", an_exchange("http.options", status=403, headers=OPEN), an_exchange("http.get"), at="status", actual="403", outcome=WARN),
    holds("http.methods", "OPTIONS not known at all", an_exchange("http.options", status=501)),
    breaks("http.methods", "GET crashes", an_exchange("http.get", status=500), at="status", actual="500"),
    breaks("http.methods", "HEAD crashes", an_exchange("http.head", status=502, body=b""), at="status"),
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


def test_the_scheme_is_judged_with_a_key_or_without() -> None:
    """The rule holds for endpoints that want no key as well: they answer both."""
    usual, probe, _ = VARIANTS["auth.scheme-case"]
    found = finding(
        "auth.scheme-case", usual, an_exchange(probe), profile=with_auth(required=False)
    )

    assert Outcome.PASS is found.outcome
