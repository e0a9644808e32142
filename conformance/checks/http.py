"""HTTP and JSON below the API: an answer arrives, whole, and its JSON reads the same for every client."""

from __future__ import annotations

from conformance.model.exchange import Ended
from conformance.model.finding import Problem, Unjudged
from conformance.model.profile import Profile
from conformance.spec.phrase import beginning
from conformance.wire.reading import Reading

from .asked import half_characters
from .givens import answered, bytes_kept, readable, whole
from .kinds import completions, mistakes, model_lists, ordinary_chat, single_models
from .registry import MUST, SHOULD, Problems, check

_UNANSWERED = {
    Ended.TIMEOUT: "nothing within the time allowed",
    Ended.RESET: "the connection was reset",
    Ended.CUT: "the connection was closed without an answer",
    Ended.NOT_HTTP: "bytes that are not HTTP",
    Ended.TOO_LARGE: "a response head larger than we read",
}


def sent(x: Reading, profile: Profile) -> Unjudged | None:
    """The request left."""
    if x.attempt is None or x.ended in (Ended.REFUSED, Ended.INTERRUPTED):
        return answered(x, profile)
    return None


def not_after_leaving(x: Reading) -> bool:
    """Every exchange but that which shows whether a stream left half-read did harm."""
    return x.exchange.probe != "isolation.next"


@check("http.answered", level=MUST, on=not_after_leaving, given=sent, probes=("chat.basic",))
def answers(x: Reading, profile: Profile) -> Problems:
    """Every request gets an HTTP response within the time allowed."""
    attempt = x.attempt
    if attempt is not None and attempt.status is None:
        yield Problem(
            "response",
            expected="an HTTP response",
            actual=attempt.detail or _UNANSWERED.get(attempt.ended, attempt.ended.value),
        )


_OWN_CHECKS = (
    "chat.basic",
    "chat.stream.basic",
    "chat.any-headers",
    "chat.charset",
    "chat.lower-case-scheme",
    "chat.sdk-headers",
    "chat.stream.accept-events",
    "chat.stream.sdk-headers",
    "isolation.next",
    "text.control",
    "text.lone-surrogate",
    "text.long-word",
    "text.separators",
    "text.unicode",
    "turn.dumped-message",
    "turn.own-message",
    "turn.parallel-results",
    "turn.stream-message",
    "turn.stream-tool-result",
    "turn.tool-result",
)
"""Probes whose status has a check of its own."""


def spoken_of_nowhere_else(x: Reading) -> bool:
    """Our own ordinary requests whose status no other check judges."""
    probe = x.exchange.probe
    return probe not in (None, *_OWN_CHECKS) and ordinary_chat(x) and not half_characters(x)


@check(
    "http.no-server-error",
    level=MUST,
    on=spoken_of_nowhere_else,
    given=answered,
    probes=(
        "chat.long",
        "chat.stream.long",
        "chat.stream.usage",
        "chat.system",
        "tools.required",
        "tools.stream.required",
    ),
    presupposes="chat.basic",
)
def ordinary_requests_do_not_crash_it(x: Reading, profile: Profile) -> Problems:
    """An ordinary request is never answered with a 5xx status."""
    if (x.status or 0) >= 500:
        yield Problem(
            "status",
            expected="200, or a 4xx status that says what is not supported",
            actual=f"{x.status}",
            evidence=beginning(x.body),
        )


def not_a_stream(x: Reading, profile: Profile) -> Unjudged | None:
    """The answer is not an event stream, which has rules of its own."""
    if (reason := answered(x, profile)) is not None:
        return reason
    if x.says_events or (ordinary_chat(x) and x.asked.streams):
        return Unjudged("a stream")
    if x.ended is Ended.INTERRUPTED:
        return whole(x, profile)
    return None


def plain(x: Reading) -> bool:
    """Exchanges whose answer should be one body."""
    return completions(x) or model_lists(x) or single_models(x) or mistakes(x)


@check("http.body-complete", level=MUST, on=plain, given=not_a_stream, probes=("chat.basic",))
def sends_whole_bodies(x: Reading, profile: Profile) -> Problems:
    """A body ends where its Content-Length or its last chunk says, not before."""
    if x.attempt is not None and not x.whole:
        yield Problem(
            f"byte {len(x.body)} of the body",
            expected="the rest of the body",
            actual=x.attempt.detail or x.attempt.ended.value,
        )


def json_body(x: Reading, profile: Profile) -> Unjudged | None:
    """A whole body of a JSON media type came."""
    for given in (answered, whole, readable):
        if (reason := given(x, profile)) is not None:
            return reason
    if not x.says_json:
        return Unjudged(f"media type {x.media_type or '(none)'}, not JSON")
    if not x.body:
        # An empty stream, or a success for a mistake, is what other checks are about.
        other = x.status != 200 or x.asked.streams or mistakes(x)
        return Unjudged("the body is empty") if other else None
    if x.json.too_large:
        return Unjudged(f"the body has {x.json.error}")
    if x.status == 200 and x.asked.chat and x.looks_like_events and x.object is None:
        return Unjudged("a stream")  # its media type has a check of its own
    return None


def json_text(x: Reading, profile: Profile) -> Unjudged | None:
    """A body that is one JSON text."""
    reason = json_body(x, profile)
    if reason is None and x.json.error is not None:
        return Unjudged(f"the body is not JSON: {x.json.error}")
    return reason


def _answers_with_one_body(x: Reading) -> bool:
    return plain(x) or x.asked.chat


@check(
    "http.json.valid",
    level=MUST,
    on=_answers_with_one_body,
    given=json_body,
    probes=("chat.basic",),
)
def bodies_are_json(x: Reading, profile: Profile) -> Problems:
    """A body that is declared as JSON is one JSON text."""
    if x.json.error is not None:
        yield Problem("body", expected="one JSON text", actual=x.json.error)


@check(
    "http.json.no-duplicate-keys",
    level=SHOULD,
    on=_answers_with_one_body,
    given=(json_text, bytes_kept),
    probes=("chat.basic",),
)
def names_are_unique(x: Reading, profile: Profile) -> Problems:
    """No JSON object in a body names a member twice."""
    for name in x.json.duplicates:
        yield Problem(f"member {name!r}", expected="each name once", actual="twice in one object")


@check(
    "http.json.finite-numbers",
    level=MUST,
    on=_answers_with_one_body,
    given=json_text,
    probes=("chat.basic",),
)
def numbers_are_finite(x: Reading, profile: Profile) -> Problems:
    """JSON bodies hold no NaN or Infinity, which are not JSON."""
    for word in dict.fromkeys(x.json.non_finite):
        yield Problem("body", expected="a JSON number or null", actual=word)


@check(
    "http.json.no-bom",
    level=SHOULD,
    on=_answers_with_one_body,
    given=(json_text, bytes_kept),
    probes=("chat.basic",),
)
def starts_without_bom(x: Reading, profile: Profile) -> Problems:
    """A JSON body does not begin with a byte order mark."""
    if x.json.bom:
        yield Problem("byte 0 of the body", expected="JSON", actual="EF BB BF (byte order mark)")


@check(
    "http.json.utf8",
    level=MUST,
    on=_answers_with_one_body,
    given=(json_body, bytes_kept),
    probes=("chat.basic",),
)
def bodies_are_utf8(x: Reading, profile: Profile) -> Problems:
    """A JSON body is UTF-8."""
    if x.json.invalid_utf8 is not None:
        at = x.json.invalid_utf8
        yield Problem(f"byte {at} of the body", expected="UTF-8", actual=f"byte {x.body[at]:#04x}")
