"""The body of a refusal: the stated shape, declared as JSON, and no page."""

from __future__ import annotations

from conformance.checks.givens import answered, headers_kept, readable, whole
from conformance.checks.headers import media_type_problem
from conformance.checks.kinds import anything
from conformance.checks.registry import MUST, SHOULD, Problems, check
from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.profile import Cause, Profile, Shape
from conformance.wire.reading import Reading

from .causes import ALL, cause_of


def client_error(x: Reading, profile: Profile) -> Unjudged | None:
    """It was refused with a 4xx status and a whole body."""
    for given in (answered, whole, readable):
        if (reason := given(x, profile)) is not None:
            return reason
    if not 400 <= (x.status or 0) < 500:
        return Unjudged(f"status {x.status}, not a refusal", Hindrance.RECORDING)
    return None


def is_html(x: Reading) -> bool:
    """Whether a body is a page."""
    head = x.body.lstrip()[:200].lower()
    return head.startswith((b"<!doctype", b"<html", b"<head", b"<body")) or (
        x.media_type == "text/html" and head.startswith(b"<")
    )


def error_body(x: Reading, profile: Profile) -> Unjudged | None:
    """It was refused with a body that is no page."""
    if (reason := client_error(x, profile)) is not None:
        return reason
    if is_html(x):
        return Unjudged("the body is HTML")
    if x.says_json and x.body and x.json.error is not None:
        return Unjudged(f"the body is not JSON: {x.json.error}")
    if x.says_events and x.looks_like_events:
        return Unjudged("the body is an event stream")
    return None


def shape_of(x: Reading) -> Shape:
    """The form of an error body."""
    if not x.body.strip():
        return Shape.EMPTY
    if x.json.error is not None:
        return Shape.STRING
    return x.envelope.shape


def routing(x: Reading) -> bool:
    """Whether the refusal may come from a router or proxy that knows nothing of the API."""
    return cause_of(x) in (Cause.UNKNOWN_PATH, Cause.WRONG_METHOD) or x.status in (405, 413)


def shape_stated(x: Reading, profile: Profile) -> Unjudged | None:
    """It was refused with a body that is no page, and the profile states a shape for it."""
    if (reason := error_body(x, profile)) is not None:
        return reason
    if Shape.UNKNOWN in profile.shapes(x.status, cause=cause_of(x)):
        return Unjudged("the profile states no error shape for it", Hindrance.RECORDING)
    if routing(x) and shape_of(x) is Shape.EMPTY:  # api.openai.com itself answered so in 2026
        return Unjudged("a router refused it without a body", Hindrance.RECORDING)
    return None


@check("errors.shape", level=MUST, on=anything, given=shape_stated, probes=ALL)
def errors_have_their_shape(x: Reading, profile: Profile) -> Problems:
    """The body of a refusal has the error shape that the profile states."""
    shapes, shape = profile.shapes(x.status, cause=cause_of(x)), shape_of(x)
    if shape in shapes:
        return
    yield Problem(
        "body",
        expected=" or ".join(s.value for s in shapes),
        actual=f"{shape.value}: {x.body[:160].decode('utf-8', 'replace')!r}",
        level=SHOULD if routing(x) else None,
        claims=profile.cited(profile.errors.source),
    )


def json_error(x: Reading, profile: Profile) -> Unjudged | None:
    """The refusal's body is JSON."""
    if (reason := error_body(x, profile)) is not None:
        return reason
    return None if x.body and x.json.error is None else Unjudged("the body is not JSON")


@check(
    "errors.content-type", level=SHOULD, on=anything, given=(json_error, headers_kept), probes=ALL
)
def errors_declare_json(x: Reading, profile: Profile) -> Problems:
    """A JSON error is sent as application/json."""
    if not x.says_json:
        yield media_type_problem(x, "application/json")


@check("errors.not-html", level=MUST, on=anything, given=client_error, probes=ALL)
def errors_are_not_pages(x: Reading, profile: Profile) -> Problems:
    """A refusal is not an HTML page."""
    if is_html(x):
        yield Problem(
            "body",
            expected="an error object",
            actual=f"a page: {x.body[:120].decode('utf-8', 'replace')!r}",
            level=SHOULD if x.status == 413 else None,  # a proxy's, before the API saw the request
        )
