"""The checks of refusals."""

from __future__ import annotations

import time

import pytest

from conformance.checks.errors.causes import PROBES
from conformance.model.exchange import Ended, Exchange, Kept
from conformance.model.finding import Level, Outcome
from conformance.model.profile import Cause, Shape
from tests.builders import (
    GONE,
    NOTE,
    STATUS_OF,
    WARN,
    Case,
    a_completion,
    a_stream,
    an_error,
    an_exchange,
    breaks,
    data,
    finding,
    findings,
    holds,
    idle,
    role_chunk,
    stating,
    verify,
    with_errors,
    written,
)

M, STREAM = "errors.missing-model", "errors.stream.unknown-model"
CHECK_OF = {
    cause: "errors." + cause.value.replace("wrong_type_messages", "messages_type").replace("_", "-")
    for cause in PROBES
}
PAGE = b"<!DOCTYPE html><html><body>404 page not found</body></html>"
TRACE = 'Traceback (most recent call last):\n  File "/app/server.py", line 7, in chat\nKeyError'
NODE = "TypeError: x is undefined\n    at Router.handle (/app/node_modules/router/index.js:281:10)"
JAVA = "java.lang.NullPointerException\n\tat com.acme.Chat.answer(Chat.java:42)"
GO = "panic: runtime error\n\ngoroutine 7 [running]:"
RUST = "thread 'main' panicked at src/chat.rs:7:1"


def refused(**error: object) -> Exchange:
    """A request without a model, refused with an error of these members."""
    return an_exchange(M, json=an_error(**error))


def refused_with(body: bytes | str, *, probe: str = M, **how: object) -> Exchange:
    """A mistake refused with this body."""
    raw = body.encode() if isinstance(body, str) else body
    kind = how.pop("content_type", "text/plain")
    return an_exchange(probe, body=raw, content_type=kind, **how)  # type: ignore[arg-type]


def routed(**how: object) -> Exchange:
    """A path that does not exist."""
    return an_exchange("errors.unknown-path", **how)  # type: ignore[arg-type]


CASES: list[Case] = []
for _cause, _probes in PROBES.items():
    _status = STATUS_OF.get(_cause, 400)
    _check = CHECK_OF[_cause]
    _named = ", in the name of 'tiny-2026-01-01'" if _check.endswith("-model") else ""
    for _probe in _probes:
        CASES += [
            holds(_check, f"{_probe} refused", an_exchange(_probe)),
            holds(_check, f"{_probe} refused with 422", an_exchange(_probe, status=422)),
            breaks(_check, f"{_probe} answered", an_exchange(_probe, status=200, json=a_completion()), at="status", actual=f"200, as if nothing were wrong{_named}"),
            breaks(_check, f"{_probe} refused with another status than stated", an_exchange(_probe, status=422), at="status", actual="422", profile=stating(_cause, statuses=(409,))),
            breaks(_check, f"{_probe} refused with none of several stated", an_exchange(_probe, status=422), at="status", outcome=WARN, profile=stating(_cause, statuses=(400, 404))),
            breaks(_check, f"{_probe} refused otherwise, which binds less", an_exchange(_probe, status=422), at="status", outcome=NOTE, profile=stating(_cause, statuses=(400, 404), level=Level.MAY)),
        ]  # fmt: skip
CODE = stating(Cause.MISSING_MODEL, statuses=(400,), codes=("missing", "absent"))
TYPE = stating(Cause.MISSING_MODEL, types=("invalid_request_error",))
EITHER = stating(Cause.MISSING_MODEL, code_or_type=("missing",))
CASES += [
    breaks("errors.missing-model", "an error with status 200", an_exchange(M, status=200), at="status", actual="200"),
    holds("errors.missing-model", "an error with status 200, as stated", an_exchange(M, status=200), profile=with_errors(with_status_200=True)),
    holds("errors.no-server-error", "a refusal", an_exchange(M)),
    breaks("errors.no-server-error", "500", an_exchange(M, status=500), at="status", actual="500"),
    breaks("errors.no-server-error", "501 for a method", an_exchange("errors.wrong-method", status=501), at="status"),
    breaks("errors.no-server-error", "500 for a wrong key", an_exchange("auth.wrong-key", status=500), at="status"),
    breaks("errors.no-server-error", "502 for an unknown model", an_exchange("models.retrieve.unknown", status=502), at="status"),
    holds("errors.shape", "the error object", an_exchange(M)),
    idle("errors.shape", "nothing for an unknown path", routed(body=b"", content_type=None)),
    idle("errors.shape", "nothing with a 405", an_exchange("errors.wrong-method", body=b"", content_type=None)),
    idle("errors.shape", "whatever, where the profile does not say", refused_with("no"), profile=with_errors(shapes=(Shape.UNKNOWN,))),
    holds("errors.shape", "the shape of its status", an_exchange(M, status=422, json={"detail": []}), profile=with_errors(by_status={422: (Shape.DETAIL,)})),
    holds("errors.shape", "the shape of its cause", an_exchange(M, json={"detail": "no"}), profile=stating(Cause.MISSING_MODEL, shapes=(Shape.DETAIL,))),
    breaks("errors.shape", "detail", an_exchange(M, json={"detail": "no"}), at="body", actual="detail: '{\"detail\": \"no\"}'"),
    breaks("errors.shape", "flat", an_exchange(M, json={"message": "no", "code": 400}), at="body"),
    breaks("errors.shape", "status and message", an_exchange(M, json={"status": "error", "message": "no"}), at="body"),
    breaks("errors.shape", "a text for an object", an_exchange(M, json={"error": "no"}), at="body"),
    breaks("errors.shape", "a JSON text", an_exchange(M, json="no"), at="body"),
    breaks("errors.shape", "plain text", refused_with("no model"), at="body", actual="string: 'no model'"),
    breaks("errors.shape", "nothing", refused_with(b"", content_type=None), at="body", actual="empty: ''"),
    breaks("errors.shape", "an array", an_exchange(M, json=[]), at="body", actual="unknown: '[]'"),
    breaks("errors.shape", "an empty object", an_exchange(M, json={}), at="body"),
    breaks("errors.shape", "plain text for an unknown path", routed(body=b"404 page not found", content_type="text/plain"), at="body", outcome=WARN),
    holds("errors.message", "text", an_exchange(M)),
    breaks("errors.message", "absent", refused(message=GONE), at="/error/message", actual="absent"),
    breaks("errors.message", "blank", refused(message=" "), at="/error/message", actual="' '"),
    breaks("errors.message", "an object", refused(message={}), at="/error/message", actual="{}"),
    breaks("errors.message", "null", refused(message=None), at="/error/message", actual="None"),
    holds("errors.type", "text", an_exchange(M)),
    breaks("errors.type", "absent", refused(type=GONE), at="/error/type", actual="absent", outcome=WARN),
    breaks("errors.type", "null", refused(type=None), at="/error/type", actual="None (null)", outcome=WARN),
    idle("errors.type", "absent for an unknown path", routed(json=an_error(type=GONE))),
    holds("errors.code", "null", an_exchange(M)),
    holds("errors.code", "any text", refused(code="conformance_says_no")),
    holds("errors.code", "a number, where the profile says so", refused(code=400), profile=with_errors(code_types=("integer",))),
    breaks("errors.code", "a number", refused(code=400), at="/error/code", actual="400 (integer)", outcome=WARN),
    breaks("errors.code", "a fraction", refused(code=4.5), at="/error/code", actual="4.5 (number)", outcome=WARN),
    breaks("errors.code", "absent", refused(code=GONE), at="/error/code", outcome=WARN),
    idle("errors.code", "absent, where the profile says so", refused(code=GONE), profile=with_errors(members=("message", "type"))),
    holds("errors.param", "null", an_exchange(M)),
    holds("errors.param", "a name", refused(param="model")),
    breaks("errors.param", "a list", refused(param=["model"]), at="/error/param", actual="['model'] (array)", outcome=WARN),
    breaks("errors.param", "absent", refused(param=GONE), at="/error/param", outcome=WARN),
    holds("errors.stated-code", "one of the codes", refused(code="absent"), profile=CODE),
    holds("errors.stated-code", "the type", refused(), profile=TYPE),
    holds("errors.stated-code", "the word as code", refused(code="missing"), profile=EITHER),
    holds("errors.stated-code", "the word as type", refused(type="missing"), profile=EITHER),
    breaks("errors.stated-code", "another code", refused(code="x"), at="/error/code", actual="'x'", profile=CODE),
    breaks("errors.stated-code", "no code", refused(), at="/error/code", actual="None", profile=CODE),
    breaks("errors.stated-code", "another type", refused(type="x"), at="/error/type", actual="'x'", profile=TYPE),
    breaks("errors.stated-code", "the word nowhere", refused(code="x"), at="/error/code", actual="code 'x', type 'invalid_request_error'", profile=EITHER),
    holds("errors.content-type", "application/json", an_exchange(M)),
    breaks("errors.content-type", "text/plain", an_exchange(M, content_type="text/plain"), at="Content-Type", actual="text/plain", outcome=WARN),
    breaks("errors.content-type", "none", an_exchange(M, content_type=None), at="Content-Type", actual="none", outcome=WARN),
    holds("errors.not-html", "JSON", an_exchange(M)),
    breaks("errors.not-html", "a page", refused_with(PAGE, content_type="text/html"), at="body"),
    breaks("errors.not-html", "a page that says it is text", refused_with(b"\n" + PAGE), at="body"),
    breaks("errors.not-html", "a fragment", refused_with("<h1>404</h1>", content_type="text/html"), at="body"),
    breaks("errors.not-html", "a proxy's page for a large body", an_exchange("errors.large-body", status=413, body=PAGE, content_type="text/html"), at="body", outcome=WARN),
    breaks("errors.shape", "a proxy's words for a large body", an_exchange("errors.large-body", status=413, body=b"too large", content_type="text/plain"), at="body", outcome=WARN),
    idle("errors.shape", "nothing for a large body", an_exchange("errors.large-body", status=413, body=b"", content_type=None)),
    breaks("errors.not-html", "a page for an unknown path", routed(body=PAGE, content_type="text/html"), at="body"),
    holds("errors.no-internals", "a sentence", an_exchange(M)),
    holds("errors.no-internals", "words that look a little like it", refused(message="at least one message is needed (see docs.example/api.json:1)")),
    breaks("errors.no-internals", "Python", refused(message=TRACE), at=f"byte {written(an_error(message=TRACE)).index('Traceback')} of the body"),
    breaks("errors.no-internals", "a line of Python", refused(message='File "/app/x.py", line 3'), at=f"byte {written(an_error()).index('That')} of the body"),
    breaks("errors.no-internals", "Node", an_exchange(M, status=500, body=NODE.encode(), content_type="text/plain"), at=f"byte {NODE.index('at Router')} of the body", also=("errors.no-server-error",)),
    breaks("errors.no-internals", "Java", an_exchange(M, status=500, body=JAVA.encode(), content_type="text/plain"), at=f"byte {JAVA.index('at com')} of the body", also=("errors.no-server-error",)),
    breaks("errors.no-internals", "Go", refused(message=GO), at=f"byte {written(an_error(message=GO)).index('goroutine')} of the body"),
    breaks("errors.no-internals", "Rust", refused(message=RUST), at=f"byte {written(an_error(message=RUST)).index('thread')} of the body"),
    holds("errors.stream-as-json", "JSON", an_exchange(STREAM)),
    idle("errors.stream-as-json", "an error with status 200, as stated", an_exchange(STREAM, status=200), profile=with_errors(with_status_200=True)),
    breaks("errors.stream-as-json", "events", an_exchange(STREAM, status=200, stream=[an_error()]), at="status", actual="200, with the error as an event: clients raise it without its status"),
    breaks("errors.stream-as-json", "a body", an_exchange(STREAM, status=200, json=an_error()), at="status", actual="200, with the error as a JSON body, which clients read as a stream without chunks"),
    breaks("errors.stream-as-json", "a stream of nothing", an_exchange(STREAM, status=200, stream=[]), at="status", actual="200, with a stream that says nothing, not even the error"),
    breaks("errors.stream-as-json", "an error event and nothing else", an_exchange(STREAM, status=200, stream=b"event: error\n" + data({"message": "no"})), at="status"),
    breaks("errors.stream-as-json", "a named refusal in events", an_exchange(STREAM, stream=a_stream([an_error()])), at="Content-Type", outcome=WARN),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_errors(case: Case) -> None:
    """The check gives the verdict of the row, and no other check joins in."""
    verify(case)


@pytest.mark.parametrize(
    ("check", "exchange", "reason"),
    [
        ("errors.missing-model", an_exchange(M, status=500), "status 500"),
        ("errors.missing-model", an_exchange(M, status=429), "rate-limited"),
        ("errors.unknown-model", an_exchange(STREAM, status=200, stream=[an_error()]), "an error inside a stream"),
        ("errors.shape", refused_with(PAGE), "the body is HTML"),
        ("errors.shape", refused_with("{", content_type="application/json"), "the body is not JSON: "),
        ("errors.shape", an_exchange(M, ended=Ended.CUT), "(cut)"),
        ("errors.type", an_exchange(M, json={"detail": []}), "no error object (detail)"),
        ("errors.type", an_exchange(M, json={"message": "no"}), "another shape than stated"),
        ("errors.content-type", refused_with("no"), "not JSON"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_hinders_errors(check: str, exchange: Exchange, reason: str) -> None:
    """What cannot be judged is inconclusive and says why."""
    found = finding(check, exchange)

    assert Outcome.INCONCLUSIVE is found.outcome
    assert reason in found.reason


@pytest.mark.parametrize(
    ("check", "exchange"),
    [
        ("errors.not-html", an_exchange()),
        ("errors.no-internals", an_exchange()),
        ("errors.content-type", an_exchange(M, kept=Kept(headers=False))),
        ("errors.stated-code", an_exchange(M)),
    ],
    ids=["not refused", "no error", "headers dropped", "nothing stated"],
)
def test_what_is_not_asked_is_skipped(check: str, exchange: Exchange) -> None:
    """Rules about refusals are skipped where nothing was refused or stated."""
    assert Outcome.SKIP is finding(check, exchange).outcome


def test_a_stated_code_belongs_to_the_stated_status() -> None:
    """With another status than the stated one the code is not looked at: one cause, one failure."""
    other = an_exchange(M, status=422, json=an_error(code="x"))
    unstated = an_exchange("errors.missing-messages", json=an_error(code="x"))

    assert Outcome.INCONCLUSIVE is finding("errors.stated-code", other, profile=CODE).outcome
    assert Outcome.SKIP is finding("errors.stated-code", unstated, profile=CODE).outcome


@pytest.mark.parametrize("member", ["code", "type"])
def test_a_code_of_another_type_is_told_once(member: str) -> None:
    """A code that is no text at all is the matter of the checks of types."""
    found = finding("errors.stated-code", refused(**{member: 7}), profile=CODE)

    assert () == found.problems


@pytest.mark.parametrize(
    "body",
    [b"at " * 100_000, b"at a" + b" " * 300_000, b'File "' * 50_000, b"at x(" * 60_000],
    ids=["at", "spaces", "file", "calls"],
)
def test_a_hostile_body_takes_no_time(body: bytes) -> None:
    """The search for stack traces stays quick whatever the body holds."""
    exchange = refused_with(body)
    begun = time.process_time()
    found = finding("errors.no-internals", exchange)

    assert Outcome.PASS is found.outcome
    assert time.process_time() - begun < 2


def test_a_list_that_fails_for_everybody_is_no_answer_to_a_mistake() -> None:
    """Of a model list that ends in a 500 the check of the list speaks, and of a wrong key's own 500 this one."""
    wrong = an_exchange("auth.models.wrong-key", status=500, json=an_error())
    broken = an_exchange("models.list", status=500, json=an_error())
    check = "errors.no-server-error"

    assert () == findings(broken, wrong)[check].problems
    assert Outcome.FAIL is findings(an_exchange("models.list"), wrong)[check].outcome


def test_a_stream_that_starts_is_not_refused() -> None:
    """A stream with chunks for a model that does not exist is an answer, not a refusal."""
    answered = an_exchange(STREAM, status=200, stream=a_stream([role_chunk()]))

    assert Outcome.FAIL is finding("errors.unknown-model", answered).outcome
    assert Outcome.INCONCLUSIVE is finding("errors.stream-as-json", answered).outcome
