"""The status of a refusal: the stated one, never a server error, and before a stream has begun."""

from __future__ import annotations

from conformance.checks.givens import answered
from conformance.checks.kinds import mistakes, probe
from conformance.checks.registry import MUST, SHOULD, Problems, check
from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.profile import Cause, Profile
from conformance.spec.phrase import beginning
from conformance.wire.reading import Reading

from .causes import ALL, KEY_CAUSES, PROBES

_TITLES = {
    Cause.MALFORMED_JSON: (
        "errors.malformed-json",
        "A body that is not JSON is refused with the stated status.",
    ),
    Cause.NOT_AN_OBJECT: (
        "errors.not-an-object",
        "A body that is JSON but no object is refused with the stated status.",
    ),
    Cause.MISSING_MODEL: (
        "errors.missing-model",
        "A request without `model` is refused with the stated status.",
    ),
    Cause.UNKNOWN_MODEL: (
        "errors.unknown-model",
        "A model that does not exist is refused with the stated status.",
    ),
    Cause.MISSING_MESSAGES: (
        "errors.missing-messages",
        "A request without `messages` is refused with the stated status.",
    ),
    Cause.EMPTY_MESSAGES: (
        "errors.empty-messages",
        "Empty `messages` are refused with the stated status.",
    ),
    Cause.WRONG_TYPE_MESSAGES: (
        "errors.messages-type",
        "`messages` of the wrong type are refused with the stated status.",
    ),
    Cause.UNKNOWN_PATH: (
        "errors.unknown-path",
        "A path that does not exist is refused with the stated status.",
    ),
    Cause.WRONG_METHOD: (
        "errors.wrong-method",
        "A method that an endpoint does not have is refused with the stated status.",
    ),
}
_MAY_PASS = (
    "errors.json.duplicate-keys",
    "errors.media-type.text",
    "errors.message.no-role",
    "errors.message.bad-role",
    "errors.message.no-content",
    "errors.message.content-type",
    "errors.message.orphan-result",
    "errors.large-body",
    "errors.temperature-type",
)
"""Mistakes that may be refused or overlooked, as long as they break nothing."""


def refusable(x: Reading, profile: Profile) -> Unjudged | None:
    """A mistake was answered, neither with a server error nor with an error inside a 200 stream."""
    if (reason := answered(x, profile)) is not None:
        return reason
    status = x.status or 0
    if status == 429:
        return Unjudged("rate-limited (status 429)", Hindrance.RUN)
    if status >= 500:
        return Unjudged(f"status {status}")
    if status < 300 and x.asked.streams and error_with_success(x):
        return Unjudged("an error inside a stream")
    return None


def error_with_success(x: Reading) -> bool:
    """Whether a success carries an error all the same, or a stream that says nothing at all."""
    if x.asked.streams and x.looks_like_events:
        return bool(x.error_events) or not any(chunk.get("choices") for _, chunk in x.chunks)
    return x.object is not None and "error" in x.object and "choices" not in x.object


def status_problem(x: Reading, profile: Profile, cause: Cause) -> Problems:
    """A problem unless a mistake is refused as the profile states (any 4xx where it states none)."""
    refusal, status = profile.refusal(cause), x.status or 0
    stated = " or ".join(map(str, refusal.statuses)) or "a 4xx status"
    fits = status in refusal.statuses if refusal.statuses else 400 <= status < 500
    # Another 4xx is an honest refusal all the same, unless one status was promised.
    honest = 400 <= status < 500 and len(refusal.statuses) != 1 and cause not in KEY_CAUSES
    weaker = SHOULD if honest else MUST
    if fits or (profile.errors.with_status_200 and status == 200 and error_with_success(x)):
        return
    yield Problem(
        "status",
        expected=stated,
        actual=f"{status}" + _taken(x, cause),
        level=min(refusal.level, weaker, key=lambda level: level.rank),
        evidence=beginning(x.body),
        claims=profile.cited(refusal.source),
    )


def _taken(x: Reading, cause: Cause) -> str:
    """In words, that a mistake was answered: for one about the model, in whose name."""
    if (x.status or 0) >= 300 or error_with_success(x):
        return ""
    chunk = x.chunks[0][1] if x.asked.streams and x.chunks else None
    model = (chunk or x.object or {}).get("model")
    about_model = cause in (Cause.MISSING_MODEL, Cause.UNKNOWN_MODEL)
    name = f", in the name of {model[:80]!r}" if about_model and isinstance(model, str) else ""
    return f", as if nothing were wrong{name}"


def _declare(cause: Cause, id: str, title: str) -> None:
    @check(
        id,
        level=MUST,
        on=probe(*PROBES[cause]),
        given=refusable,
        probes=PROBES[cause],
        title=title,
        presupposes="chat.basic",
    )
    def refused_as_stated(x: Reading, profile: Profile) -> Problems:
        yield from status_problem(x, profile, cause)


for _cause, (_id, _title) in _TITLES.items():
    _declare(_cause, _id, _title)


def of_a_broken_list(x: Reading, profile: Profile) -> tuple[str, ...]:
    """The check of the model list, for requests for it with a wrong key: what fails for everybody is nobody's mistake."""
    return ("models.list",) if (x.exchange.probe or "").startswith("auth.models.") else ()


@check(
    "errors.no-server-error",
    level=MUST,
    on=mistakes,
    given=answered,
    probes=(*ALL, *_MAY_PASS),
    owners=of_a_broken_list,
)
def mistakes_are_not_server_errors(x: Reading, profile: Profile) -> Problems:
    """A client's mistake is never answered with a 5xx status."""
    if (x.status or 0) >= 500:
        yield Problem(
            "status",
            expected="a 4xx status",
            actual=f"{x.status}",
            evidence=beginning(x.body),
        )


def found_out(x: Reading, profile: Profile) -> Unjudged | None:
    """The mistake was found, whatever came of it."""
    if (reason := answered(x, profile)) is not None:
        return reason
    status = x.status or 0
    if status < 300 and not error_with_success(x):
        return Unjudged(f"status {status}, as if nothing were wrong")
    said = status < 300 and profile.errors.with_status_200
    stated = Unjudged("the profile says that errors come with status 200", Hindrance.RECORDING)
    return stated if said else None


def _carried(x: Reading) -> str:
    """In words, how a success carries an error: clients raise one for an event, and none for a body."""
    if not x.looks_like_events:
        return "with the error as a JSON body, which clients read as a stream without chunks"
    if x.error_events:
        return "with the error as an event: clients raise it without its status"
    return "with a stream that says nothing, not even the error"


@check(
    "errors.stream-as-json",
    level=MUST,
    on=probe("errors.stream.unknown-model", "errors.stream.messages-type"),
    given=found_out,
    probes=("errors.stream.unknown-model", "errors.stream.messages-type"),
)
def refused_before_the_stream(x: Reading, profile: Profile) -> Problems:
    """A mistake found before streaming is an HTTP error with a plain body, though a stream was asked for."""
    status = x.status or 0
    if status < 300:
        yield Problem("status", expected="a 4xx status", actual=f"{status}, {_carried(x)}")
    elif status >= 400 and x.says_events and x.looks_like_events:
        yield Problem(
            "Content-Type",
            expected="application/json",
            actual=f"text/event-stream with status {status}",
            level=SHOULD,
        )
