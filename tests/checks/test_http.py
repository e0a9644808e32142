"""The checks of HTTP and JSON below the API."""

from __future__ import annotations

import pytest

from conformance.model.exchange import Ended, Kept
from conformance.model.finding import Hindrance, Outcome
from tests.builders import (
    FAIL,
    WARN,
    Case,
    a_completion,
    a_list,
    an_error,
    an_exchange,
    breaks,
    finding,
    holds,
    not_sent,
    unanswered,
    verify,
    written,
)

TWICE = written(a_completion()).replace('"id"', '"id": "first", "id"', 1).encode()
NAN = (
    written(a_completion())
    .replace(
        '"logprobs": null',
        '"logprobs": {"content": [{"token": "a", "logprob": NaN, "bytes": null, "top_logprobs": []}], "refusal": null}',
    )
    .encode()
)
BOM = b"\xef\xbb\xbf" + written(a_completion()).encode()
LATIN = written(a_completion(model="caf\xe9")).encode("latin-1")

CASES = [
    holds("http.no-server-error", "a system message, answered", an_exchange("chat.system")),
    holds(
        "http.no-server-error",
        "tools, refused honestly",
        an_exchange("tools.required", status=400, json=an_error()),
    ),
    *(
        breaks(
            "http.no-server-error",
            f"{probe} crashes it",
            an_exchange(probe, status=500, json=an_error()),
            at="status",
            actual="500",
        )
        for probe in ("chat.system", "chat.stream.long", "tools.stream.required")
    ),
    holds("http.answered", "an answer", an_exchange()),
    holds("http.answered", "an error is an answer", an_exchange("errors.missing-model")),
    breaks("http.answered", "a timeout", unanswered(ended=Ended.TIMEOUT), at="response", actual="nothing within the time allowed"),
    breaks("http.answered", "a reset", unanswered(ended=Ended.RESET), at="response", actual="the connection was reset"),
    breaks("http.answered", "closed without an answer", unanswered(ended=Ended.CUT), at="response", actual="the connection was closed without an answer"),
    breaks("http.answered", "no HTTP", unanswered(ended=Ended.NOT_HTTP, detail="got '220 smtp'"), at="response", actual="got '220 smtp'"),
    breaks("http.answered", "an endless head", unanswered(ended=Ended.TOO_LARGE), at="response", actual="a response head larger than we read"),
    breaks("http.answered", "a stream that hangs", unanswered("chat.stream.basic"), at="response"),
    holds("http.body-complete", "a whole completion", an_exchange()),
    holds("http.body-complete", "a whole model list", an_exchange("models.list")),
    breaks("http.body-complete", "a cut completion", an_exchange(body=b'{"id": "x', ended=Ended.CUT), at="byte 9 of the body", actual="cut"),
    breaks("http.body-complete", "a cut list, with its reason", an_exchange("models.list", body=b"{", ended=Ended.CUT, detail="1 of 90 bytes"), at="byte 1 of the body", actual="1 of 90 bytes"),
    breaks("http.body-complete", "a cut refusal", an_exchange("errors.missing-model", body=b'{"err', ended=Ended.RESET), at="byte 5 of the body", actual="reset"),
    breaks("http.body-complete", "a hanging model", an_exchange("models.retrieve", body=b"", ended=Ended.TIMEOUT), at="byte 0 of the body", actual="timeout"),
    holds("http.json.valid", "one JSON text", an_exchange()),
    holds("http.json.valid", "white space around it", an_exchange(body=b"\n " + written(a_completion()).encode() + b"\r\n")),
    breaks("http.json.valid", "JSON that breaks off", an_exchange(body=b'{"id": '), at="body", actual="Expecting value at character 7"),
    breaks("http.json.valid", "two JSON texts", an_exchange(body=b"{}{}"), at="body", actual="Extra data at character 2"),
    breaks("http.json.valid", "an empty completion", an_exchange(body=b""), at="body", actual="empty"),
    breaks("http.json.valid", "an empty list", an_exchange("models.list", body=b""), at="body", actual="empty"),
    breaks("http.json.valid", "a page that says it is JSON", an_exchange("errors.missing-model", body=b"<html></html>"), at="body", also=("errors.not-html",)),
    breaks("http.json.valid", "a refused stream that says it is JSON", an_exchange("chat.stream.usage", status=400, body=b"{'no': 1}"), at="body"),
    holds("http.json.no-duplicate-keys", "each name once", an_exchange()),
    breaks("http.json.no-duplicate-keys", "a name twice", an_exchange(body=TWICE), at="member 'id'", outcome=WARN),
    holds("http.json.finite-numbers", "numbers", an_exchange()),
    breaks("http.json.finite-numbers", "NaN", an_exchange(body=NAN), at="body", actual="NaN"),
    breaks("http.json.finite-numbers", "two words, one of them twice", an_exchange("models.list", body=b'{"object": "list", "data": [], "a": [NaN, NaN, -Infinity]}'), at=("body", "body"), actual="NaN"),
    holds("http.json.no-bom", "no mark", an_exchange()),
    breaks("http.json.no-bom", "a mark", an_exchange(body=BOM), at="byte 0 of the body", outcome=WARN),
    holds("http.json.utf8", "UTF-8", an_exchange(json=a_completion(model="caf\xe9 \u6f22 \U0001f600"))),
    breaks("http.json.utf8", "Latin-1", an_exchange(body=LATIN), at=f"byte {LATIN.index(0xE9)} of the body", actual="byte 0xe9"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_http(case: Case) -> None:
    """The check gives the verdict of the row, and no other check joins in."""
    verify(case)


@pytest.mark.parametrize(
    ("check", "exchange", "reason", "hindrance"),
    [
        ("http.answered", not_sent(why="interrupted"), "interrupted", Hindrance.RUN),
        ("http.answered", unanswered(ended=Ended.REFUSED), "no answer (refused)", Hindrance.RUN),
        ("http.answered", unanswered(ended=Ended.INTERRUPTED), "interrupted", Hindrance.RUN),
        ("http.body-complete", unanswered(), "no answer (timeout)", Hindrance.ENDPOINT),
        ("http.body-complete", an_exchange(ended=Ended.INTERRUPTED), "interrupted", Hindrance.RUN),
        (
            "http.body-complete",
            an_exchange("errors.missing-model", content_type="text/event-stream"),
            "a stream",
            Hindrance.ENDPOINT,
        ),
        (
            "http.json.valid",
            an_exchange(content_type="text/plain"),
            "media type text/plain, not JSON",
            Hindrance.ENDPOINT,
        ),
        (
            "http.json.valid",
            an_exchange(content_type=None),
            "media type (none), not JSON",
            Hindrance.ENDPOINT,
        ),
        (
            "http.json.valid",
            an_exchange("errors.unknown-path", body=b""),
            "the body is empty",
            Hindrance.ENDPOINT,
        ),
        (
            "http.json.valid",
            an_exchange(headers=(("Content-Encoding", "br"),)),
            "the body cannot be decoded: content coding 'br'",
            Hindrance.ENDPOINT,
        ),
        (
            "http.json.valid",
            an_exchange(body=b"{", ended=Ended.CUT),
            "the body did not arrive whole (cut)",
            Hindrance.ENDPOINT,
        ),
        ("http.json.finite-numbers", an_exchange(body=b"{"), None, Hindrance.ENDPOINT),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_hinders_http(
    check: str, exchange: object, reason: str | None, hindrance: Hindrance
) -> None:
    """What cannot be judged is inconclusive and says why."""
    found = finding(check, exchange)  # type: ignore[arg-type]

    assert Outcome.INCONCLUSIVE is found.outcome
    assert hindrance is found.hindrance
    if reason is not None:
        assert found.reason.endswith(reason)


@pytest.mark.parametrize(
    "check", ["http.json.no-duplicate-keys", "http.json.no-bom", "http.json.utf8"]
)
def test_bytes_that_were_written_again_are_not_judged(check: str) -> None:
    """A recording that wrote the JSON again says nothing about its bytes."""
    found = finding(check, an_exchange(body=TWICE, kept=Kept(bytes=False)))

    assert (Outcome.SKIP, "nothing to judge: the recording wrote the JSON again") == (
        found.outcome,
        found.reason,
    )


def test_an_error_may_be_empty_json() -> None:
    """A model list that is refused with a JSON body is judged like any other JSON."""
    assert (
        FAIL
        is finding("http.json.valid", an_exchange("models.list", status=503, body=b"{")).outcome
    )
    assert (
        Outcome.PASS
        is finding(
            "http.json.valid", an_exchange("models.list", status=503, json=an_error())
        ).outcome
    )
    assert (
        Outcome.PASS
        is finding("http.json.valid", an_exchange("models.list", json=a_list())).outcome
    )
