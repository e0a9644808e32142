"""Keys."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.model.profile import Auth, Cause, Endpoint, Errors, Refusal
from conformance.refserver.exchange import IncomingRequest

from .asking import KEY, LOCKED, PLAIN, ask, battery, chat_request, error, request


def with_header(value: str | None) -> IncomingRequest:
    """A chat request with this Authorization header."""
    incoming = chat_request(key=None)
    headers = () if value is None else (("authorization", value),)
    return replace(incoming, headers=headers)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (f"Bearer {KEY}", 200),
        (f"bearer {KEY}", 200),
        (None, 401),
        ("Bearer sk-other", 401),
        ("Bearer", 401),
        ("Bearer  ", 401),
        (f"Token {KEY}", 401),
        (f"Bearer {KEY} more", 401),
    ],
)
def test_a_key_is_asked_for(header: str | None, expected: int) -> None:
    """Only the server's own key, sent as a bearer, opens chat."""
    assert expected == ask(with_header(header), LOCKED, key=KEY).status


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/reference-1", "/nope"])
def test_the_key_comes_first(path: str) -> None:
    """Without a key nothing else is looked at."""
    assert 401 == ask(request("GET", path, key=None), LOCKED, key=KEY).status


@pytest.mark.parametrize(
    ("required", "key", "expected"),
    [(True, None, 200), (None, None, 200), (None, KEY, 401), (False, KEY, 200)],
)
def test_who_needs_a_key(required: bool | None, key: str | None, expected: int) -> None:
    """A server without a key is open; one with a key asks for it unless the profile says otherwise."""
    profile = replace(PLAIN, endpoint=Endpoint(auth=Auth(required=required)))

    assert expected == ask(chat_request(key=None), profile, key=key).status


@pytest.mark.parametrize(
    ("header", "cause"),
    [
        (None, Cause.NO_KEY),
        ("Bearer sk-other", Cause.WRONG_KEY),
        ("Token x", Cause.MALFORMED_KEY),
    ],
)
def test_each_cause_has_its_status(header: str | None, cause: Cause) -> None:
    """A profile may give each of the three mistakes a status of its own."""
    profile = replace(LOCKED, errors=Errors(causes={cause: Refusal((403,), ("denied",))}))
    reply = ask(with_header(header), profile, key=KEY)

    assert (403, "denied") == (reply.status, error(reply)["code"])


def test_a_wrong_key_is_answered_as_openai_does() -> None:
    """A wrong key has a code and a challenge; a missing one has no code."""
    wrong = ask(with_header("Bearer sk-other"), LOCKED, key=KEY)
    absent = ask(with_header(None), LOCKED, key=KEY)

    assert ("invalid_api_key", None) == (error(wrong)["code"], error(absent)["code"])
    assert (wrong.header("www-authenticate") or "").startswith("Bearer")


@pytest.mark.parametrize("name", battery())
def test_no_key_comes_back(name: str) -> None:
    """Neither the right key nor a wrong one stands in any reply."""
    reply = ask(battery()[name], LOCKED, key=KEY)
    sent = repr(reply.headers).encode() + reply.body

    assert b"sk-" not in sent
