"""Parameters are accepted with the values that the profile claims."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from conformance.checks.errors.status import error_with_success
from conformance.checks.givens import answered
from conformance.checks.kinds import probe
from conformance.checks.registry import MAY, MUST, Claimed, Given, Problems, check
from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.profile import Profile
from conformance.spec.claims import shown, standing
from conformance.spec.names import LIMITS, NAMES, of_vendor, slug, top_of
from conformance.spec.phrase import BRIEF, MESSAGE, beginning, cut
from conformance.wire.reading import Reading

from .claims import firmness, model_of, taken, vendor_taken


def replied(x: Reading, profile: Profile) -> Unjudged | None:
    """It was answered, with neither a server error nor for want of quota."""
    if (reason := answered(x, profile)) is not None:
        return reason
    status = x.status or 0
    if status in (402, 429):
        return Unjudged(f"status {status}", Hindrance.RUN)
    if status < 300 and error_with_success(x) and not profile.errors.with_status_200:
        return Unjudged(f"an error with status {status}")
    return Unjudged(f"status {status}") if status >= 500 else None


def not_found(x: Reading, about: Iterable[str]) -> Unjudged | None:
    """What is not found may be anything, unless the refusal says that it is about parameters or one of these words."""
    if x.status != 404:
        return None
    told = (*(x.envelope.members.get(member) for member in ("code", "type", "param")),)
    text = " ".join(str(one) for one in (x.envelope.message, *told) if one).lower()
    words = "|".join(("param(?:eter)?", *(re.escape(word.rstrip("s") or word) for word in about)))
    if re.search(rf"(?<![a-z])(?:{words})s?(?![a-z])", text):
        return None
    return Unjudged("status 404, which may be about the model or the prompt")


Name = Callable[[Reading], str]


def _declare_accepted(word: str, title: str, claimed: Claimed, clause: str, name_in: Name) -> None:
    family = f"param.{word}.value"

    @check(
        f"param.{word}.accepted",
        level=MUST,
        on=probe(family),
        given=_blamed(name_in),
        claimed=claimed,
        probes=(family,),
        clause=clause,
        title=title,
        presupposes="chat.basic",
    )
    def accepted(x: Reading, profile: Profile) -> Problems:
        status, name = x.status or 0, name_in(x)
        if 200 <= status < 300 and not error_with_success(x):
            return
        claim = profile.parameter(name, model_of(x))
        yield Problem(
            f"status, for {value_shown(x, name)}",
            expected="200",
            actual=refusal_of(x),
            level=MAY if _left_open(x, name, profile) else firmness(claim, profile),
            evidence=beginning(x.body),
            claims=profile.cited(claim.source),
        )


def _blamed(name_in: Name) -> Given:
    def blamed(x: Reading, profile: Profile) -> Unjudged | None:
        """It was answered, and not refused for another parameter that goes with this one."""
        if (reason := replied(x, profile)) is not None:
            return reason
        name = name_in(x)
        named = x.envelope.members.get("param") if (x.status or 0) >= 400 else None
        other = top_of(named) if isinstance(named, str) and named else name
        if other != name and other in x.asked.body and other in NAMES:
            return Unjudged(f"refused because of {other}")
        return not_found(x, (name, *name.split("_")))

    return blamed


def _left_open(x: Reading, name: str, profile: Profile) -> bool:
    """Whether something in the request is not claimed in full; the limit that every request has aside."""
    unclaimed = standing(x.asked.body, profile, model_of(x)).unclaimed
    return any(top_of(other) == name or other not in LIMITS for other in unclaimed)


def value_shown(x: Reading, name: str) -> str:
    """A parameter with the value that a request has for it, in short."""
    return f"{name} = {cut(shown(x.asked.body.get(name)), BRIEF)}"


def refusal_of(x: Reading) -> str:
    """Status and message of a refusal."""
    message = x.envelope.message
    return f"{x.status}" + (f": {cut(message, MESSAGE)}" if isinstance(message, str) else "")


def the(name: str) -> Name:
    """This parameter, whatever else a request has."""
    return lambda x: name


def vendors_own(x: Reading) -> str:
    """The parameter of a request that only this vendor has."""
    return next((name for name in x.asked.body if of_vendor(name)), "")


for _name in NAMES:
    _declare_accepted(
        slug(_name),
        f"`{_name}` is accepted with every value that the profile claims.",
        taken(_name),
        "param.accepted",
        the(_name),
    )
_declare_accepted(
    "vendor",
    "A parameter that only this vendor has is accepted with every value that the profile claims.",
    vendor_taken,
    "param.vendor.accepted",
    vendors_own,
)
