"""What the refusal of a parameter says: the stated code, and the parameter's name."""

from __future__ import annotations

from conformance.checks.errors.body import client_error
from conformance.checks.errors.members import members_came
from conformance.checks.givens import RECORDING
from conformance.checks.kinds import departing
from conformance.checks.registry import MUST, Problems, check
from conformance.model.finding import Problem, Unjudged
from conformance.model.profile import Profile, Reaction, Support
from conformance.spec.claims import Departure, Way
from conformance.spec.names import NAMES, slug, steps, top_of
from conformance.spec.phrase import as_sent
from conformance.wire.reading import Reading

from .claims import model_of
from .departing import departure_of


def code_promised(x: Reading, profile: Profile) -> Unjudged | None:
    """It was refused, and the profile states a code or type for that."""
    departure = departure_of(x, profile)
    policy = departure.policy if departure else None
    if departure is None or policy is None or Reaction.REJECT not in policy.reactions:
        return Unjudged("the profile promises no refusal", RECORDING)
    if not (departure.code or policy.type or policy.code_or_type):
        return Unjudged("the profile states no code for it", RECORDING)
    if (reason := client_error(x, profile) or members_came(x, profile)) is not None:
        return reason
    return of_the_model(x, departure, profile)


_UNTAKEN = ("unsupported_parameter", "unsupported_value", "unknown_parameter")


def of_the_model(x: Reading, departure: Departure, profile: Profile) -> Unjudged | None:
    """Where only some models take a parameter, it was not refused because this one takes none of it."""
    claim = profile.parameter(top_of(departure.parameter), model_of(x))
    code, message = x.envelope.members.get("code"), x.envelope.message
    told = isinstance(message, str) and "with this model" in message.lower()
    if claim.support is Support.PARTIAL and (code in _UNTAKEN or told):
        return Unjudged("the model does not take the parameter at all")
    return None


ALL_FAMILIES = (
    *(
        f"param.{slug(name)}.{ending}"
        for name in NAMES
        for ending in ("range", "type", "combination", "missing", "unsupported")
    ),
    *("param.vendor.range", "param.vendor.type"),
    "param.unknown-field.unsupported",
)


@check(
    "errors.parameter-code",
    level=MUST,
    on=departing,
    given=code_promised,
    probes=ALL_FAMILIES,
)
def refused_parameters_have_their_code(x: Reading, profile: Profile) -> Problems:
    """The refusal of a parameter carries the code and type that the profile states for it."""
    departure = departure_of(x, profile)
    if departure is None:
        return
    members, at, policy = x.envelope.members, x.envelope.at, departure.policy
    claims = profile.cited(policy.source)
    for member, wanted in (("code", departure.code), ("type", policy.type)):
        if not isinstance(members.get(member), str | None):
            continue  # errors.code and errors.type say so
        if wanted is not None and members.get(member) != wanted:
            actual = as_sent(members, member)
            yield Problem(f"{at}/{member}", expected=wanted, actual=actual, claims=claims)
    either = {str(members.get("code")), str(members.get("type"))}
    if policy.code_or_type and not either & set(policy.code_or_type):
        expected = " or ".join(policy.code_or_type)
        yield Problem(f"{at}/code", expected=expected, actual=f"{sorted(either)}", claims=claims)


def name_promised(x: Reading, profile: Profile) -> Unjudged | None:
    """It was refused, and the profile says that the refusal names the parameter."""
    departure = departure_of(x, profile)
    if departure is None or departure.policy.names_parameter is not True:
        return Unjudged("the profile does not say that it is named", RECORDING)
    if (reason := client_error(x, profile) or members_came(x, profile)) is not None:
        return reason
    members = x.envelope.members
    missing = "param" not in members and "param" in profile.errors.members
    if missing or not isinstance(members.get("param"), str | None):
        return Unjudged("`param` is missing or no text")  # errors.param says so
    return of_the_model(x, departure, profile)


@check(
    "errors.parameter-named",
    level=MUST,
    on=departing,
    given=name_promised,
    probes=ALL_FAMILIES,
)
def refused_parameters_are_named(x: Reading, profile: Profile) -> Problems:
    """`param` of a refusal names the parameter that is to blame, where the profile says so."""
    departure = departure_of(x, profile)
    named = x.envelope.members.get("param")
    if departure is None or (isinstance(named, str) and _names(named, departure, x, profile)):
        return
    actual = as_sent(x.envelope.members, "param")
    claims = profile.cited(departure.policy.source)
    yield Problem(f"{x.envelope.at}/param", expected=departure.at, actual=actual, claims=claims)


def _names(named: str, departure: Departure, x: Reading, profile: Profile) -> bool:
    """Whether a name is the place, a place inside it, or the parameter that holds it.

    Of parameters that do not go together each may be named.
    """
    meant = {top_of(departure.parameter)}
    if departure.way is Way.COMBINATION:
        claim = profile.parameter(departure.parameter, model_of(x))
        meant |= {top_of(other) for other in (*claim.requires, *claim.excludes)}
        meant |= {"stream"} if claim.only_with_stream else set()
    return bool(meant & set(steps(named)[:1]))
