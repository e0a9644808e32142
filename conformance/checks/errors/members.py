"""The members of an error object: message, type, code and param, and what the profile states of them."""

from __future__ import annotations

from conformance.checks.kinds import anything, mistakes
from conformance.checks.registry import MUST, SHOULD, Given, Problems, check
from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.json import JSON
from conformance.model.profile import Profile, Shape
from conformance.spec.phrase import type_of
from conformance.wire.reading import Reading

from .body import error_body, routing, shape_of
from .causes import ALL, CAUSE_OF, cause_of


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


def _member(x: Reading, name: str, types: tuple[str, ...]) -> Problems:
    """A problem if a member is missing although always sent, or of another type."""
    members, at = x.envelope.members, x.envelope.at
    if name not in members:
        yield Problem(f"{at}/{name}", expected=f"{name}, which is always there", actual="absent")
        return
    kind = type_of(members[name])
    if kind not in types:
        yield Problem(
            f"{at}/{name}", expected=" or ".join(types), actual=f"{_shown(members, name)} ({kind})"
        )


@check("errors.type", level=SHOULD, on=anything, given=member_came("type"), probes=ALL)
def error_type_is_text(x: Reading, profile: Profile) -> Problems:
    """`type` of an error is a string."""
    yield from _member(x, "type", ("string",))


@check("errors.code", level=SHOULD, on=anything, given=member_came("code"), probes=ALL)
def error_code_is_text_or_null(x: Reading, profile: Profile) -> Problems:
    """`code` of an error is a string or null, or as the profile states."""
    yield from _member(x, "code", profile.errors.code_types)


@check("errors.param", level=SHOULD, on=anything, given=member_came("param"), probes=ALL)
def error_param_is_text_or_null(x: Reading, profile: Profile) -> Problems:
    """`param` of an error is a string or null."""
    yield from _member(x, "param", ("string", "null"))


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
