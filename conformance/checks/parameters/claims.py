"""What a profile claims of a parameter, and how much a broken claim matters."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from conformance.checks.registry import MAY, SHOULD, Claimed
from conformance.model.finding import Level
from conformance.model.profile import Confidence, Parameter, Profile, Support
from conformance.spec.claims import Way
from conformance.spec.names import of_vendor, top_of, vendor_names
from conformance.wire.reading import Reading


def model_of(x: Reading) -> str | None:
    """The model that a request names."""
    model = x.asked.body.get("model")
    return model if isinstance(model, str) else None


def taken(name: str) -> Claimed:
    """Whether the profile leaves room for a parameter."""

    def claimed(profile: Profile) -> str | None:
        none = profile.parameter(name).support is Support.NONE
        return "the profile says that the parameter is not supported" if none else None

    return claimed


def vendor_taken(profile: Profile) -> str | None:
    """Whether the profile has parameters that only this vendor has, and leaves room for one."""
    claims = [profile.parameter(name) for name in vendor_names(profile)]
    return None if any(claim.support is not Support.NONE for claim in claims) else _NO_OWN


def vendor_stated(way: Way) -> Claimed:
    """Whether the profile has such parameters, and says what is done with a departure of one."""
    of_any = stated(of_vendor, way)
    return lambda profile: of_any(profile) if vendor_names(profile) else _NO_OWN


def stated(about: Callable[[str], bool], way: Way) -> Claimed:
    """Whether the profile says what is done with a departure of such a parameter or one of its members."""

    def claimed(profile: Profile) -> str | None:
        for claim in _claims(about, profile):
            if _policy_known(claim, way, profile):
                return None
        return _UNSAID[way]

    return claimed


_NO_OWN = "the profile has no parameters of the vendor's own"
_UNSAID = {
    Way.RANGE: "the profile has no range for the parameter, or does not say what is done outside it",
    Way.TYPE: "the profile has no types for the parameter, or does not say what is done with others",
    Way.COMBINATION: "the profile names no companions of the parameter, or not what is done without",
    Way.MISSING: "the profile names no member that the parameter must have, or not what is done without",
    Way.UNSUPPORTED: "the profile does not list the parameter as unsupported",
}


def _claims(about: Callable[[str], bool], profile: Profile) -> list[Parameter]:
    """All claims about such parameters and their members, for any model."""
    tables: list[Mapping[str, Parameter]] = [profile.parameters]
    tables += [variant.parameters for variant in profile.models.variants]
    return [c for table in tables for n, c in table.items() if about(top_of(n))]


def _policy_known(claim: Parameter, way: Way, profile: Profile) -> bool:
    none = claim.support is Support.NONE
    if (way is Way.UNSUPPORTED) is not none:
        return False
    own = {
        Way.RANGE: claim.out_of_range or profile.out_of_range,
        Way.TYPE: claim.wrong_type or profile.wrong_type,
        Way.COMBINATION: claim.combination or profile.combination,
        Way.MISSING: claim.missing or profile.missing,
        Way.UNSUPPORTED: claim.unsupported or profile.unsupported,
    }
    limited = {
        Way.RANGE: _bounded(claim),
        Way.TYPE: bool(claim.types),
        Way.COMBINATION: bool(claim.requires or claim.excludes or claim.only_with_stream),
        Way.MISSING: "." in claim.name and bool(claim.required or claim.required_where),
        Way.UNSUPPORTED: True,
    }
    return own[way].known and limited[way]


def _bounded(claim: Parameter) -> bool:
    bounds = (
        *(claim.minimum, claim.maximum, claim.min_items, claim.max_items),
        *(claim.min_length, claim.max_length, claim.max_properties, claim.pattern),
    )
    return bool(claim.values) or any(bound is not None for bound in bounds)


def firmness(claim: Parameter, profile: Profile) -> Level | None:
    """How much a broken claim matters: all of it, less where the claim was inferred, a note where none is made."""
    if claim.support is not Support.FULL:
        return MAY
    founded = profile.confidence(claim.source) if claim.source else claim.confidence
    return SHOULD if Confidence.INFERRED in (founded, claim.confidence) else None


def unknown_fields_stated(profile: Profile) -> str | None:
    """Whether the profile says what is done with fields that nobody knows."""
    known = profile.unknown_field.known
    return None if known else "the profile does not say what is done with unknown fields"
