"""The checks of what refusals and keys give away."""

from __future__ import annotations

import pytest

from conformance.checks.disclosure import LENIENT, ODD_KEYS
from conformance.model.exchange import Exchange
from conformance.model.finding import Outcome
from tests.builders import (
    CREATED,
    NOTE,
    WARN,
    Case,
    a_completion,
    a_list,
    a_model,
    an_error,
    an_exchange,
    breaks,
    finding,
    holds,
    verify,
    with_auth,
    with_errors,
)

WANTED = with_auth(required=True)
PAGE = "text/html; charset=utf-8"


def accepted(probe: str) -> Exchange:
    """A mistake that is answered as if it were none."""
    return an_exchange(probe, status=200, json=a_completion())


def saying(message: str, probe: str = "errors.missing-messages", status: int = 400) -> Exchange:
    """An error with a message."""
    return an_exchange(probe, status=status, json=an_error(message=message))


def page(text: str, content_type: str = PAGE) -> Exchange:
    """A refusal of the model with markup in its name, as a page."""
    body = f"<html><body>{text}</body></html>".encode()
    return an_exchange("errors.markup", status=404, body=body, content_type=content_type)


def open_gate(probe: str) -> Exchange:
    """A request without a valid key that is answered."""
    return an_exchange(probe, status=200, json=a_completion())


CASES: list[Case] = []
for _check, _probes, _outcome in (
    ("errors.deep-nesting", ("errors.json.deep",), "note"),
    ("errors.media-type", ("errors.media-type.form",), "fail"),
    ("errors.lenient-json", LENIENT, "note"),
):
    for _probe in _probes:
        CASES += [
            holds(_check, f"{_probe} refused", an_exchange(_probe)),
            holds(_check, f"{_probe} refused with 415", an_exchange(_probe, status=415)),
            breaks(_check, f"{_probe} answered", accepted(_probe), at="status", actual="200, as if nothing were wrong", outcome=Outcome(_outcome)),
        ]  # fmt: skip
for _probe in ODD_KEYS:
    CASES += [
        holds("auth.odd-credentials", f"{_probe} refused", an_exchange(_probe)),
        holds("auth.odd-credentials", f"{_probe} is a bad request", an_exchange(_probe, status=400)),
        breaks("auth.odd-credentials", f"{_probe} answered", open_gate(_probe), at="status", profile=WANTED),
        breaks("auth.odd-credentials", f"{_probe} answered, as it may be", open_gate(_probe), at="status", outcome=NOTE),
    ]  # fmt: skip

MARKUP = "<img src=x onerror=conformance()>"
ESCAPED = "&lt;img src=x onerror=conformance()&gt;"
SHORT = ("Error", "error.", "Bad Request", "no", "Something went wrong!")
UPSTREAMS = (
    "dial tcp 10.0.3.17:8080: connect: connection refused",
    "connect ECONNREFUSED 10.1.2.3:8000",
    "getaddrinfo ENOTFOUND vllm-backend",
    "HTTPConnectionPool(host='vllm', port=8000): Max retries exceeded",
    "No answer from http://vllm.models.svc.cluster.local:8000/v1",
    "cannot reach ip-10-0-0-1.eu-west-1.compute.internal",
    "upstream: 192.168.3.4:9000 timed out",
    "connecting to 127.0.0.1:8000",
    "POST http://10.1.2.3:8000/v1 failed: 404",
    "No answer from https://172.16.0.9/v1",
)
HARMLESS = (
    "See https://platform.openai.com/docs/api-reference for help.",
    "Unknown parameter: 'service'.",
    "The model `vllm-10.0.3.17` does not exist.",
    "Invalid URL (POST /v1/conformance/no-such-path)",
    "Your request to http://127.0.0.1:8000/v1/chat/completions is not valid.",
    "Could not connect to the upstream, connection refused.",
    "The image at 192.168.1.5 could not be loaded.",
)
UNKEYED = (
    "Incorrect API key provided: sk-abcd***************************wxyz.",
    "Incorrect API key provided: sk-conformance-wrong-key-0000000000.",
    "The task-specific-long-identifier-abcdefghijklmnopqrstuvwxyz is unknown.",
    "Request req_0123456789abcdef0123456789abcdef failed.",
    "The model `hf-small` does not exist.",
)
KEYS = (
    "sk-proj-" + "aB3x" * 8,
    "sk-" + "0f9A" * 12,
    "gsk_" + "Q7wE" * 10,
    "sk-ant-api03-" + "q" * 40,
)
CASES += [holds("errors.no-addresses", text[:40], saying(text)) for text in HARMLESS]
CASES += [breaks("errors.no-addresses", text[:40], saying(text), at=f"byte {at} of the body", outcome=WARN) for text, at in zip(UPSTREAMS, (23, 31, 35, 23, 45, 36, 23, 23, 28, 38), strict=True)]  # fmt: skip
CASES += [
    holds("errors.no-addresses", "its own address", an_exchange("errors.unknown-path", status=404, json=an_error(message="Unknown URL http://10.0.0.5/v1/x", type="invalid_request_error", code=None))),
]  # fmt: skip
CASES += [holds("errors.no-keys", text[:40], saying(text)) for text in UNKEYED]
CASES += [breaks("errors.no-keys", key[:6], saying(f"Refused: {key}."), at="byte 32 of the body", actual=f"{key[:6]}… ({len(key)} characters)") for key in KEYS]  # fmt: skip
CASES += [breaks("errors.helpful", text, saying(text), at="/error/message", outcome=NOTE) for text in SHORT]  # fmt: skip
CASES += [
    breaks("errors.no-keys", "of a server's own failure", saying(f"Refused: {KEYS[0]}.", "chat.basic", 500), at="byte 32 of the body", also=("chat.basic.accepted",)),
    holds("errors.helpful", "what is missing", saying("Missing required parameter: 'messages'.")),
    holds("errors.helpful", "another language", saying("messages が必要です")),
    holds("errors.markup-reflected", "a page without it", page("Not found."), also=("errors.not-html",)),
    holds("errors.markup-reflected", "escaped", page(ESCAPED), also=("errors.not-html",)),
    breaks("errors.markup-reflected", "as it is", page(MARKUP), at="byte 12 of the body", outcome=WARN, also=("errors.not-html",)),
    breaks("errors.markup-reflected", "JSON that is labelled a page", an_exchange("errors.markup", status=404, json=an_error(message=MARKUP), content_type=PAGE), at="byte 23 of the body", outcome=WARN, also=("errors.content-type",)),
    holds("auth.before-body", "the key first", an_exchange("auth.wrong-key"), an_exchange("auth.malformed-body")),
    holds("auth.before-body", "forbidden", an_exchange("auth.wrong-key"), an_exchange("auth.malformed-body", status=403)),
    breaks("auth.before-body", "the body first", an_exchange("auth.wrong-key"), an_exchange("auth.malformed-body", status=400), at="status", actual="400", outcome=NOTE),
    holds("auth.no-oracle", "alike", an_exchange("auth.no-key"), an_exchange("auth.unknown-model")),
    breaks("auth.no-oracle", "told apart", an_exchange("auth.no-key"), an_exchange("auth.unknown-model", status=404), at="status", actual="404", outcome=NOTE),
    holds("models.pagination", "a list alone", an_exchange("models.list")),
    holds("models.pagination", "said to be whole", an_exchange("models.list", json=a_list(has_more=False, next=None))),
    breaks("models.pagination", "a second page", an_exchange("models.list", json=a_list(has_more=True)), at="/has_more", outcome=NOTE),
    breaks("models.pagination", "a token", an_exchange("models.list", json=a_list(next_page_token="abc")), at="/next_page_token", outcome=NOTE),
    holds("models.created-in-seconds", "seconds", an_exchange("models.list")),
    holds("models.created-in-seconds", "not known", an_exchange("models.list", json=a_list(a_model(created=0)))),
    breaks("models.created-in-seconds", "milliseconds", an_exchange("models.list", json=a_list(a_model(), a_model(id="small", created=CREATED * 1000))), at="/data/1/created", outcome=WARN),
    breaks("models.created-in-seconds", "negative", an_exchange("models.list", json=a_list(a_model(created=-1))), at="/data/0/created", outcome=WARN),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_disclosure(case: Case) -> None:
    """The check gives the verdict of the row, and no other check joins in."""
    verify(case)


@pytest.mark.parametrize(
    "probe",
    [
        "errors.json.duplicate-keys",
        "errors.media-type.text",
        "errors.message.no-role",
        "errors.message.bad-role",
        "errors.message.no-content",
        "errors.temperature-type",
    ],
    ids=str,
)
def test_mistakes_that_may_pass_must_not_crash(probe: str) -> None:
    """Some mistakes may be refused or overlooked; a server error is neither."""
    outcomes = [
        finding("errors.no-server-error", exchange).outcome
        for exchange in (an_exchange(probe), accepted(probe), an_exchange(probe, status=500))
    ]

    assert [Outcome.PASS, Outcome.PASS, Outcome.FAIL] == outcomes


@pytest.mark.parametrize(
    ("check", "usual", "other"),
    [
        ("auth.before-body", "auth.wrong-key", "auth.malformed-body"),
        ("auth.no-oracle", "auth.no-key", "auth.unknown-model"),
    ],
    ids=["before the body", "no oracle"],
)
def test_an_open_endpoint_hides_nothing(check: str, usual: str, other: str) -> None:
    """Where no key is wanted, the order of what is looked at says nothing."""
    exchanges = open_gate(usual), an_exchange(other, status=404)

    assert Outcome.SKIP is finding(check, *exchanges).outcome
    assert Outcome.SKIP is finding(check, *exchanges, profile=with_auth(required=False)).outcome


@pytest.mark.parametrize(
    "exchange",
    [saying("Not Found", "errors.unknown-path", 404), an_exchange(), an_exchange("errors.missing-messages", json={"error": {"message": 7}})],
    ids=["404", "no error", "no text"],
)  # fmt: skip
def test_some_errors_need_no_words(exchange: Exchange) -> None:
    """A status that says it all, and a message that is no text, are not called unhelpful."""
    assert Outcome.SKIP is finding("errors.helpful", exchange).outcome


def test_an_error_with_status_200_is_a_refusal_where_the_profile_says_so() -> None:
    """A profile whose errors come with status 200 is taken at its word."""
    exchange = an_exchange("errors.json.deep", status=200, json=an_error())
    profile = with_errors(with_status_200=True)

    assert Outcome.PASS is finding("errors.deep-nesting", exchange, profile=profile).outcome
    assert Outcome.NOTE is finding("errors.deep-nesting", exchange).outcome
