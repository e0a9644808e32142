"""What a profile claims of a parameter, in a few words for a table."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from conformance.model.json import JSON
from conformance.model.profile import Parameter, Policy, Profile, Reaction, Support

from .claims import standing, stated_range

_CUTS = (Reaction.CLAMP, Reaction.TRUNCATE)
_ANY = "any value"


def claimed(name: str, profile: Profile, model: str | None = None) -> str:
    """``full: at most 4 items``, ``partial``, ``none: reject``, ``unknown``."""
    claim = profile.parameter(name, model)
    match claim.support:
        case Support.UNKNOWN:
            return "unknown"
        case Support.NONE:
            return "none" + reactions(claim.unsupported or profile.unsupported)
        case Support.FULL:
            return "full" + _limits(claim, profile)
        case Support.PARTIAL:
            return "partial" + _limits(claim, profile)


def reactions(policy: Policy) -> str:
    """What is done with something that is not supported, as an addition; empty where the profile does not say."""
    said = " or ".join(dict.fromkeys(str(reaction) for reaction in policy.reactions))
    return f": {said}" if said else ""


def _limits(claim: Parameter, profile: Profile) -> str:
    said = stated_range(claim)
    said = "" if said == _ANY else said
    policy = claim.out_of_range or profile.out_of_range
    if said and set(policy.reactions) & set(_CUTS):
        said += ", more is cut"
    if claim.only_with_stream:
        said += (", " if said else "") + "in streams only"
    return f": {said}" if said else ""


def unknown_fields(profile: Profile) -> str:
    """What is claimed of fields that are no parameters."""
    return "none" + reactions(profile.unknown_field) if profile.unknown_field.known else "unknown"


def claimed_of_request(
    body: Mapping[str, JSON], profile: Profile, model: str | None, aside: Collection[str]
) -> str:
    """What is claimed of a request as a whole; the parameters ``aside`` go along in every one."""
    found = standing(body, profile, model)
    departures = [d for d in found.departures if d.parameter not in aside]
    if departures:
        return "none" + reactions(departures[0].policy)
    return "unknown" if any(name not in aside for name in found.unclaimed) else "full"
