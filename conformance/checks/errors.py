"""How mistakes are refused: the status for each cause, and the body's shape."""

from __future__ import annotations

import re

from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.json import JSON
from conformance.model.profile import Cause, Profile, Shape
from conformance.wire.reading import Reading

from .givens import answered, headers_kept, readable, whole
from .kinds import anything, mistakes, probe
from .registry import MUST, SHOULD, Given, Problems, check

PROBES: dict[Cause, tuple[str, ...]] = {
    Cause.MALFORMED_JSON: ("errors.malformed-json", "errors.empty-body"),
    Cause.NOT_AN_OBJECT: ("errors.not-an-object",),
    Cause.MISSING_MODEL: ("errors.missing-model",),
    Cause.UNKNOWN_MODEL: ("errors.unknown-model", "errors.stream.unknown-model"),
    Cause.MISSING_MESSAGES: ("errors.missing-messages",),
    Cause.EMPTY_MESSAGES: ("errors.empty-messages",),
    Cause.WRONG_TYPE_MESSAGES: (
        "errors.messages-type",
        "errors.message-item-type",
        "errors.stream.messages-type",
    ),
    Cause.UNKNOWN_PATH: ("errors.unknown-path",),
    Cause.WRONG_METHOD: ("errors.wrong-method",),
}
CAUSE_OF = {
    **{probe: cause for cause, probes in PROBES.items() for probe in probes},
    "auth.no-key": Cause.NO_KEY,
    "auth.stream.no-key": Cause.NO_KEY,
    "auth.models.no-key": Cause.NO_KEY,
    "auth.wrong-key": Cause.WRONG_KEY,
    "auth.stream.wrong-key": Cause.WRONG_KEY,
    "auth.models.wrong-key": Cause.WRONG_KEY,
    "auth.wrong-scheme": Cause.MALFORMED_KEY,
    "auth.empty-key": Cause.MALFORMED_KEY,
    "models.retrieve.unknown": Cause.MODEL_NOT_LISTED,
    "http.get": Cause.WRONG_METHOD,
    "http.head": Cause.WRONG_METHOD,
    "http.options": Cause.WRONG_METHOD,
}
"""Which mistake a probe makes."""

KEY_CAUSES = (Cause.NO_KEY, Cause.WRONG_KEY, Cause.MALFORMED_KEY)
"""Clients tell a refused key from other mistakes by its status alone."""

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
        evidence=x.body[:300].decode("utf-8", "replace"),
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

ALL = tuple(i for probes in PROBES.values() for i in probes)
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


@check(
    "errors.no-server-error",
    level=MUST,
    on=mistakes,
    given=answered,
    probes=(*ALL, *_MAY_PASS),
)
def mistakes_are_not_server_errors(x: Reading, profile: Profile) -> Problems:
    """A client's mistake is never answered with a 5xx status."""
    if (x.status or 0) >= 500:
        yield Problem(
            "status",
            expected="a 4xx status",
            actual=f"{x.status}",
            evidence=x.body[:300].decode("utf-8", "replace"),
        )


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


def cause_of(x: Reading) -> Cause | None:
    """The mistake that an exchange's probe makes; None for other traffic."""
    return CAUSE_OF.get(x.exchange.probe or "")


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


def members_came(x: Reading, profile: Profile) -> Unjudged | None:
    """The body is an error object with members, in a shape that the profile allows."""
    if (reason := error_body(x, profile)) is not None:
        return reason
    shape, shapes = shape_of(x), profile.shapes(x.status, cause=cause_of(x))
    if shape not in (Shape.OPENAI, Shape.FLAT):
        return Unjudged(f"the body has no error object ({shape.value})")
    if shape not in shapes and Shape.UNKNOWN not in shapes:
        return Unjudged("the error has another shape than stated")
    return None


def message_expected(x: Reading, profile: Profile) -> Unjudged | None:
    """The body has one of the shapes that carry a message."""
    if (reason := error_body(x, profile)) is not None:
        return reason
    shape = shape_of(x)
    carries = shape in (Shape.OPENAI, Shape.FLAT, Shape.STATUS_MESSAGE)
    return None if carries else Unjudged(f"the body has no error object ({shape.value})")


@check("errors.message", level=MUST, on=anything, given=message_expected, probes=ALL)
def errors_say_something(x: Reading, profile: Profile) -> Problems:
    """An error carries a message that is text and not empty."""
    envelope = x.envelope
    message = envelope.message
    if not isinstance(message, str) or not message.strip():
        yield Problem(
            f"{envelope.at}/message", expected="text", actual=_shown(envelope.members, "message")
        )


def _shown(members: dict[str, JSON], name: str) -> str:
    return f"{members[name]!r}"[:160] if name in members else "absent"


def member_came(name: str) -> Given:
    """The error has this member, or the profile says that it is always there."""

    def given(x: Reading, profile: Profile) -> Unjudged | None:
        if (reason := members_came(x, profile)) is not None:
            return reason
        stated = name in profile.errors.members and not routing(x)
        if name in x.envelope.members or stated:
            return None
        return Unjudged(f"the error has no {name}", Hindrance.RECORDING)

    return given


def _member(x: Reading, profile: Profile, name: str, types: tuple[str, ...]) -> Problems:
    """A problem if a member is missing although always sent, or of another type."""
    members, at = x.envelope.members, x.envelope.at
    if name not in members:
        yield Problem(f"{at}/{name}", expected=f"{name}, which is always there", actual="absent")
        return
    kinds = {
        "str": "string",
        "NoneType": "null",
        "int": "integer",
        "bool": "boolean",
        "dict": "object",
        "list": "array",
    }
    kind = kinds.get(type(members[name]).__name__, "number")
    if kind not in types:
        yield Problem(
            f"{at}/{name}", expected=" or ".join(types), actual=f"{_shown(members, name)} ({kind})"
        )


@check("errors.type", level=SHOULD, on=anything, given=member_came("type"), probes=ALL)
def error_type_is_text(x: Reading, profile: Profile) -> Problems:
    """`type` of an error is a string."""
    yield from _member(x, profile, "type", ("string",))


@check("errors.code", level=SHOULD, on=anything, given=member_came("code"), probes=ALL)
def error_code_is_text_or_null(x: Reading, profile: Profile) -> Problems:
    """`code` of an error is a string or null, or as the profile states."""
    yield from _member(x, profile, "code", profile.errors.code_types)


@check("errors.param", level=SHOULD, on=anything, given=member_came("param"), probes=ALL)
def error_param_is_text_or_null(x: Reading, profile: Profile) -> Problems:
    """`param` of an error is a string or null."""
    yield from _member(x, profile, "param", ("string", "null"))


def code_stated(x: Reading, profile: Profile) -> Unjudged | None:
    """The profile states a code or type for the mistake, and the refusal has its status."""
    cause = cause_of(x)
    refusal = profile.refusal(cause) if cause else None
    if refusal is None or not (refusal.codes or refusal.types or refusal.code_or_type):
        return Unjudged("the profile states no code for it", Hindrance.RECORDING)
    if (reason := members_came(x, profile)) is not None:
        return reason
    if refusal.statuses and x.status not in refusal.statuses:
        return Unjudged(f"status {x.status} is not the stated one")
    readable_text = all(isinstance(x.envelope.members.get(n), str | None) for n in ("code", "type"))
    return None if readable_text else Unjudged("the error's code or type is no text")


def codes_claimed(profile: Profile) -> str | None:
    """Whether the profile states codes at all."""
    stated = any(r.codes or r.types or r.code_or_type for r in profile.errors.causes.values())
    return None if stated else "the profile states no error codes"


@check(
    "errors.stated-code",
    level=MUST,
    on=mistakes,
    given=code_stated,
    claimed=codes_claimed,
    probes=("errors.unknown-model",),
)
def errors_have_the_stated_code(x: Reading, profile: Profile) -> Problems:
    """A refusal carries the code and type that the profile states for its cause."""
    refusal, members = profile.refusal(CAUSE_OF[x.exchange.probe or ""]), x.envelope.members
    code, kind = members.get("code"), members.get("type")
    if refusal.codes and code not in refusal.codes:
        yield Problem(
            f"{x.envelope.at}/code",
            expected=" or ".join(refusal.codes),
            actual=_shown(members, "code"),
        )
    if refusal.types and kind not in refusal.types:
        yield Problem(
            f"{x.envelope.at}/type",
            expected=" or ".join(refusal.types),
            actual=_shown(members, "type"),
        )
    if refusal.code_or_type and not {code, kind} & set(refusal.code_or_type):
        yield Problem(
            f"{x.envelope.at}/code",
            expected=f"{' or '.join(refusal.code_or_type)} as code or type",
            actual=f"code {code!r}, type {kind!r}",
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
        yield Problem(
            "Content-Type", expected="application/json", actual=x.header("content-type") or "none"
        )


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


SEARCHED = 1 << 18
"""Bytes of an error in which traces of the inside are searched for."""
_INTERNALS = re.compile(
    rb"Traceback \(most recent call last\)"
    rb"|File \\?\"[^\"\n]{1,200}\.py\\?\", line \d+"
    rb"|\bat [\w.$<> ]{1,120}\([^()\n]{0,200}\.(?:js|ts|mjs|cjs|java|kt|scala):\d+(?::\d+)?\)"
    rb"|goroutine \d+ \["
    rb"|\.go:\d+ \+0x"
    rb"|thread '[^']{1,80}' panicked at"
    rb"|/site-packages/|/dist-packages/|/node_modules/"
)


def any_error(x: Reading, profile: Profile) -> Unjudged | None:
    """It was answered with an error status."""
    if (reason := answered(x, profile)) is not None:
        return reason
    return (
        None
        if (x.status or 0) >= 400
        else Unjudged(f"status {x.status}, not an error", Hindrance.RECORDING)
    )


@check("errors.no-internals", level=MUST, on=anything, given=any_error, probes=ALL)
def errors_keep_internals_to_themselves(x: Reading, profile: Profile) -> Problems:
    """An error shows no stack trace and no path of the server's files."""
    found = _INTERNALS.search(x.body, 0, SEARCHED)
    if found:
        yield Problem(
            f"byte {found.start()} of the body",
            expected="no stack trace and no file paths",
            actual=found.group()[:120].decode("utf-8", "replace"),
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
        yield Problem(
            "status", expected="a 4xx status", actual=f"{status}, with the error in the body"
        )
    elif status >= 400 and x.says_events and x.looks_like_events:
        yield Problem(
            "Content-Type",
            expected="application/json",
            actual=f"text/event-stream with status {status}",
            level=SHOULD,
        )
