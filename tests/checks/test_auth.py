"""The checks of keys."""

from __future__ import annotations

import pytest

from conformance.model.exchange import Exchange, Kept
from conformance.model.finding import Outcome
from conformance.model.profile import Auth, Cause, Endpoint, Refusal
from tests.builders import (
    INCONCLUSIVE,
    NOTE,
    WARN,
    Case,
    a_profile,
    an_error,
    an_exchange,
    breaks,
    finding,
    holds,
    idle,
    stating,
    verify,
    with_auth,
    with_errors,
)

WANTED = with_auth(required=True)
CHALLENGE = (("WWW-Authenticate", "Bearer"),)
PROBES = {
    "auth.no-key": ("auth.no-key",),
    "auth.wrong-key": ("auth.wrong-key",),
    "auth.malformed-header": ("auth.wrong-scheme", "auth.empty-key"),
    "auth.stream": ("auth.stream.no-key", "auth.stream.wrong-key"),
    "auth.models": ("auth.models.no-key", "auth.models.wrong-key"),
}
CAUSES = {"auth.no-key": Cause.NO_KEY, "auth.wrong-key": Cause.WRONG_KEY}


def open_to_all(probe: str) -> Exchange:
    """An endpoint that answers without a valid key."""
    ordinary = "models.list" if ".models." in probe else "chat.basic"
    if ".stream." in probe:
        ordinary = "chat.stream.basic"
    last = an_exchange(ordinary).last
    assert last is not None
    return an_exchange(
        probe, status=200, body=last.body, content_type=dict(last.headers)["Content-Type"]
    )


LIST, NO_KEY = "models.list", "auth.models.no-key"


def unlisted(probe: str, status: int = 404) -> Exchange:
    """A request for the model list that is refused whoever asks."""
    return an_exchange(probe, status=status, json=an_error())


CASES: list[Case] = []
for _check, _probes in PROBES.items():
    for _probe in _probes:
        CASES += [
            holds(_check, f"{_probe} refused", an_exchange(_probe)),
            holds(_check, f"{_probe} forbidden", an_exchange(_probe, status=403)),
            breaks(_check, f"{_probe} answered", open_to_all(_probe), at="status", profile=WANTED),
            breaks(
                _check,
                f"{_probe} answered, as it may be",
                open_to_all(_probe),
                at="status",
                outcome=NOTE,
            ),
            breaks(
                _check,
                f"{_probe} redirected",
                an_exchange(_probe, status=302, body=b"", content_type=None),
                at="status",
            ),
        ]
CASES += [
    breaks("auth.no-key", "another status than stated", an_exchange("auth.no-key", status=400), at="status", actual="400", profile=stating(Cause.NO_KEY, statuses=(401, 403))),
    holds("auth.wrong-key", "one of the stated", an_exchange("auth.wrong-key", status=403), profile=stating(Cause.WRONG_KEY, statuses=(401, 403))),
    breaks("auth.malformed-header", "a bad request, as RFC 6750 has it", an_exchange("auth.wrong-scheme", status=400), at="status", actual="400", outcome=WARN, profile=stating(Cause.MALFORMED_KEY, statuses=(401, 403))),
    breaks("auth.malformed-header", "a bad request where 401 is promised", an_exchange("auth.wrong-scheme", status=400), at="status", actual="400", profile=stating(Cause.MALFORMED_KEY, statuses=(401,))),
    breaks("auth.wrong-key", "a bad request", an_exchange("auth.wrong-key", status=400), at="status", actual="400", profile=stating(Cause.WRONG_KEY, statuses=(401, 403))),
    holds("auth.key-not-echoed", "no trace", an_exchange()),
    holds("auth.key-not-echoed", "the wrong key, masked", an_exchange("auth.wrong-key", json=an_error(message="Incorrect API key provided: sk-confo***0000."))),
    breaks("auth.key-not-echoed", "twice", an_exchange(redactions=2), at="response", actual="the key, 2 times (blotted out here)"),
    breaks("auth.key-not-echoed", "in a stream", an_exchange("chat.stream.basic", redactions=1), at="response"),
    breaks("auth.key-not-echoed", "the wrong key, whole", an_exchange("auth.wrong-key", json=an_error(message="no such key: sk-conformance-wrong-key-0000000000")), at="body", outcome=WARN),
    breaks("auth.key-not-echoed", "the key of the query", an_exchange("auth.query-key", json=an_error(message="Wrong: sk-conformance-query-key-0000000000")), at="body", outcome=WARN),
    breaks("auth.key-not-echoed", "a key with spaces", an_exchange("auth.spaced-key", json=an_error(message="Wrong: sk-conformance spaced key 0000000000")), at="body", outcome=WARN),
    idle("auth.key-not-echoed", "no key", an_exchange("auth.no-key")),
    idle("auth.key-not-echoed", "other people's traffic", an_exchange(None)),
    breaks("auth.key-not-echoed", "the key, altered", an_exchange("auth.key-longer", redactions=1), at="response", outcome=WARN, actual="the key, 1 times (blotted out here), as it was sent: not quite right"),
    holds("auth.key-exact", "refused", an_exchange("auth.wrong-key"), an_exchange("auth.key-longer"), an_exchange("auth.key-shorter")),
    idle("auth.key-exact", "everything is taken", open_to_all("auth.wrong-key"), open_to_all("auth.key-longer"), open_to_all("auth.key-shorter"), outcome=INCONCLUSIVE),
    breaks("auth.key-exact", "a letter more", an_exchange("auth.wrong-key"), open_to_all("auth.key-longer"), an_exchange("auth.key-shorter"), at="status", outcome=WARN, actual="200, as if it were the key"),
    breaks("auth.key-exact", "a letter less", an_exchange("auth.wrong-key"), an_exchange("auth.key-longer"), open_to_all("auth.key-shorter"), at="status", outcome=WARN),
    idle("auth.models", "no list at all", unlisted(LIST), unlisted(NO_KEY), outcome=INCONCLUSIVE, profile=WANTED, also=("models.list",)),
    idle("auth.models", "a list that fails for everybody", unlisted(LIST, 501), unlisted(NO_KEY, 501), outcome=INCONCLUSIVE, profile=WANTED, also=("models.list",)),
    holds("auth.models", "no list, and a key is wanted first", unlisted(LIST), an_exchange(NO_KEY), profile=WANTED, also=("models.list",)),
    breaks("auth.models", "not found without a key", an_exchange(LIST), unlisted(NO_KEY), at="status", actual="404", profile=stating(Cause.NO_KEY, statuses=(401, 403))),
    holds("auth.challenge", "a challenge", an_exchange("auth.no-key", headers=CHALLENGE)),
    holds("auth.challenge", "in other letters", an_exchange("auth.no-key", headers=(("www-authenticate", "Bearer"),))),
    breaks("auth.challenge", "none", an_exchange("auth.no-key"), at="WWW-Authenticate", outcome=NOTE),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_auth(case: Case) -> None:
    """The check gives the verdict of the row, and no other check joins in."""
    verify(case)


@pytest.mark.parametrize("check", PROBES, ids=str)
def test_an_open_endpoint_is_not_asked(check: str) -> None:
    """Where the profile says that no key is needed, its refusal is not judged."""
    found = finding(check, open_to_all(PROBES[check][0]), profile=with_auth(required=False))

    assert (Outcome.SKIP, "not claimed: the profile says that no key is needed") == (
        found.outcome,
        found.reason,
    )


@pytest.mark.parametrize("status", [429, 500, 503], ids=str)
def test_limits_and_server_errors_are_no_refusals(status: int) -> None:
    """Neither a limit nor a server error shows whether the key was looked at."""
    found = finding("auth.no-key", an_exchange("auth.no-key", status=status), profile=WANTED)

    assert Outcome.INCONCLUSIVE is found.outcome


@pytest.mark.parametrize(
    "exchange",
    [an_exchange(), an_exchange("auth.no-key", kept=Kept(headers=False))],
    ids=["200", "headers dropped"],
)
def test_a_challenge_belongs_to_a_401(exchange: Exchange) -> None:
    """Without a 401, or without its headers, no challenge is missed."""
    assert Outcome.SKIP is finding("auth.challenge", exchange).outcome


def test_a_public_model_list_is_said_to_be_one() -> None:
    """What is noted of an open model list differs from what is noted of open chat."""
    listed = finding("auth.models", open_to_all("auth.models.no-key"))
    chat = finding("auth.no-key", open_to_all("auth.no-key"))

    assert "200: the model list is public" == listed.problems[0].actual
    assert "200: anybody is answered" == chat.problems[0].actual


def test_a_refusal_may_come_as_a_200_where_the_profile_says_so() -> None:
    """A profile whose errors come with status 200 is taken at its word."""
    profile = a_profile(
        endpoint=Endpoint(auth=Auth(required=True)),
        errors=with_errors(
            with_status_200=True, causes={Cause.WRONG_METHOD: Refusal(statuses=(405,))}
        ).errors,
    )
    wrong = an_exchange("errors.wrong-method", status=200, json=an_error())

    assert Outcome.PASS is finding("errors.wrong-method", wrong, profile=profile).outcome
