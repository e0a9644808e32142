"""Requests that were made up: what keeps to the claims is accepted, what departs in one thing is dealt with as stated."""

from __future__ import annotations

import re

from conformance.model.exchange import Ended
from conformance.model.finding import Hindrance, Level, Problem, Unjudged
from conformance.model.profile import Cause, Profile
from conformance.spec.claims import standing
from conformance.spec.names import LIMITS, family_of, top_of
from conformance.spec.phrase import beginning
from conformance.wire import strict_json
from conformance.wire.reading import Reading

from .asked import half_characters
from .errors.status import error_with_success, refusable
from .kinds import probe
from .parameters.accepted import not_found, refusal_of, replied
from .parameters.claims import firmness, model_of
from .parameters.departing import departs, departure_of, departure_problems
from .registry import MAY, MUST, SHOULD, Problems, check

_NO_ROOM = re.compile(
    r"\b(max_tokens|max_completion_tokens|output limit)\b.*\breached\b", re.DOTALL
)
_ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_GIVEN = ("model", "messages")
_PLAIN = (*_GIVEN, "stream", *LIMITS)


def room_left(x: Reading, profile: Profile) -> Unjudged | None:
    """It was answered, not refused for want of output tokens, and what it is about was found."""
    if (reason := replied(x, profile)) is not None:
        return reason
    if (x.status or 0) >= 400 and _NO_ROOM.search(refusal_of(x)):
        return Unjudged("the output limit was too small for an answer", Hindrance.MODEL)
    names = [name for name in x.asked.body if name not in _PLAIN]
    return not_found(x, (word for name in names for word in (name, name.replace("_", " "))))


def accepted(x: Reading, profile: Profile) -> bool:
    """Whether a request was answered with a success, and not with the error that a profile hides in one."""
    said_no = profile.errors.with_status_200 and error_with_success(x)
    return 200 <= (x.status or 0) < 300 and not said_no


def parameters_of(x: Reading, profile: Profile) -> tuple[str, ...]:
    """The checks of the parameters that a request has, each tried by itself."""
    return tuple(f"param.{family_of(name)}.accepted" for name in x.asked.body if name not in _GIVEN)


@check(
    "generated.valid-accepted",
    level=MUST,
    on=probe("generated.valid"),
    given=room_left,
    probes=("generated.valid",),
    presupposes="chat.basic",
    owners=parameters_of,
)
def what_keeps_to_the_claims_is_accepted(x: Reading, profile: Profile) -> Problems:
    """A request that keeps to what the profile claims is accepted, whatever parameters it puts together."""
    if accepted(x, profile):
        return
    names = [name for name in x.asked.body if name not in _PLAIN]
    yield Problem(
        f"status, for {', '.join(names) or 'nothing but messages'}",
        expected="200",
        actual=refusal_of(x),
        level=_firmness(x, profile),
        evidence=beginning(x.body),
    )


def _firmness(x: Reading, profile: Profile) -> Level | None:
    """As firm as the weakest of the claims that it rests on."""
    model = model_of(x)
    names = {top_of(name) for name in x.asked.body if name not in _PLAIN}
    unclaimed = {top_of(n) for n in standing(x.asked.body, profile, model).unclaimed} - {*_PLAIN}
    found = [firmness(profile.parameter(name, model), profile) for name in names]
    levels = [level for level in found if level is not None]
    return min([*levels, *([MAY] if unclaimed else [])], key=lambda one: one.rank, default=None)


def defect_of(x: Reading, profile: Profile) -> tuple[str, ...]:
    """The check of the one thing in which a request departs."""
    departure = departure_of(x, profile)
    if departure is None:
        return ()
    return (f"param.{family_of(top_of(departure.parameter))}.{departure.way.value}",)


@check(
    "generated.defect-refused",
    level=MUST,
    on=probe("generated.defect"),
    given=departs,
    probes=("generated.defect",),
    presupposes="chat.basic",
    owners=defect_of,
)
def one_defect_is_dealt_with_as_stated(x: Reading, profile: Profile) -> Problems:
    """A request with one defect among right parameters is dealt with as the profile says."""
    yield from departure_problems(x, profile)


def hopeless(x: Reading) -> bool:
    """Whether no reader makes JSON of a body: what only a strict one refuses is another matter."""
    parsed, body = x.asked.parsed, x.asked.request.body or b""
    if parsed.error is None or parsed.invalid_utf8 is not None or parsed.bom or b"\x00" in body:
        return False
    cut = body.lstrip()[:1] == b"{" and body.rstrip()[-1:] != b"}"
    return cut and not parsed.error.startswith(("Extra data", "Invalid control"))


def malformed(x: Reading, profile: Profile) -> Unjudged | None:
    """It was answered, and its body is no JSON by the letter."""
    if (reason := refusable(x, profile)) is not None:
        return reason
    parsed = x.asked.parsed
    if (parsed.ok and not parsed.bom) or parsed.error == "nested too deep to be read":
        return Unjudged("the body is JSON all the same", Hindrance.RECORDING)
    return None


@check(
    "generated.malformed-refused",
    level=MUST,
    on=probe("generated.malformed"),
    given=malformed,
    probes=("generated.malformed",),
    presupposes="chat.basic",
    owners=lambda x, profile: ("errors.malformed-json",),
)
def malformed_bodies_are_refused(x: Reading, profile: Profile) -> Problems:
    """A body that is no JSON is refused with a 4xx status."""
    status = x.status or 0
    said = profile.errors.with_status_200 and status == 200 and error_with_success(x)
    if 400 <= status < 500 or said:
        return
    level = profile.refusal(Cause.MALFORMED_JSON).level if hopeless(x) else MAY
    yield Problem(
        "status",
        expected="a 4xx status",
        actual=f"{status}, for a body with {x.asked.parsed.error or 'what is no JSON'}",
        level=level,
    )


def text_of(x: Reading) -> str:
    """The text of the first message."""
    match x.asked.body.get("messages"):
        case [{"content": str(text)}, *_]:
            return text
    return ""


def replied_to_text(x: Reading, profile: Profile) -> Unjudged | None:
    """It was answered; with a server error only to half a character, of which no other check speaks."""
    return None if _broken_by_half(x) else replied(x, profile)


def _broken_by_half(x: Reading) -> bool:
    """Whether half a character, not a limit, ended in a server error or a stream that does not reach its end."""
    status = x.status or 0
    cut = not x.whole and x.done_at is None and x.ended is not Ended.INTERRUPTED
    broken_off = x.asked.streams and status == 200 and (cut or bool(x.error_events))
    return half_characters(x) and (status in (500, 502) or broken_off)


@check(
    "generated.text-accepted",
    level=MUST,
    on=probe("generated.text"),
    given=replied_to_text,
    probes=("generated.text",),
    presupposes="chat.basic",
    owners=lambda x, profile: ("text.accepted",),
)
def any_text_is_accepted(x: Reading, profile: Profile) -> Problems:
    """A message of any characters is accepted; control characters and half characters may be refused."""
    if _broken_by_half(x):
        status = x.status or 0
        yield Problem(
            "status" if status >= 500 else "body",
            expected="200, or a 4xx that refuses half a character",
            actual=f"{status}" + ("" if status >= 500 else ", and a stream that breaks off"),
            level=SHOULD,
            evidence=f"{text_of(x)[-60:]!a}",
        )
        return
    if accepted(x, profile):
        return
    text = text_of(x)
    odd = _ODD.search(text) is not None or strict_json.lone_surrogate(text)
    yield Problem(
        "status",
        expected="200",
        actual=refusal_of(x),
        level=MAY if odd else None,
        evidence=f"{text[-60:]!a}",
    )
