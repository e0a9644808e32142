"""From a resolved document to the model's Profile, and back to a document that resolves to the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from conformance.model.finding import Level
from conformance.model.profile import (
    Auth,
    Cause,
    Confidence,
    Endpoint,
    Errors,
    Messages,
    Models,
    Parameter,
    Policy,
    Profile,
    Reaction,
    Refusal,
    Responses,
    Sends,
    Shape,
    Source,
    Statement,
    Streaming,
    Support,
    UsagePlace,
    Variant,
    Waiver,
)
from conformance.model.request import Operation
from conformance.profiles.forms import (
    ITEMS,
    NEEDS,
    PAIRS,
    PLAIN,
    WORDS,
    Form,
    known,
    listing,
    mapping,
    one_of,
    record,
    some_of,
)
from conformance.profiles.merging import POLICIES, difference, merge

FORMAT = "1"


def _plain(*attributes: str) -> dict[str, Form]:
    return dict.fromkeys(attributes, PLAIN)


# --- policies and refusals: a word or a status stands for a whole mapping ---

_POLICY = record(
    Policy,
    {
        "reactions": Form(
            lambda v: () if v == "unknown" else some_of(Reaction).read(v),
            lambda v: some_of(Reaction).write(v) if v else "unknown",
        ),
        "statuses": WORDS,
        **_plain("code", "type"),
        "code_or_type": WORDS,
        **_plain("code_above", "code_below", "names_parameter"),
        "source": WORDS,
    },
    reactions="outcome",
    statuses="status",
)


def _read_policy(value: Any) -> Policy:
    policy: Policy = _POLICY.read(value if isinstance(value, Mapping) else {"outcome": value})
    return policy


def _write_policy(policy: Policy) -> Any:
    told = {"outcome": "unknown", **_POLICY.write(policy)}
    return told["outcome"] if len(told) == 1 else told


POLICY = Form(_read_policy, _write_policy)

_REFUSAL = record(
    Refusal,
    {
        "statuses": WORDS,
        "codes": WORDS,
        "types": WORDS,
        "code_or_type": WORDS,
        "shapes": some_of(Shape),
        "level": one_of(Level),
        "source": WORDS,
    },
    statuses="status",
    codes="code",
    types="type",
    shapes="shape",
)


def _read_refusal(value: Any) -> Any:
    return _REFUSAL.read(value if isinstance(value, Mapping) else {"status": value})


def _write_refusal(refusal: Refusal) -> Any:
    told = _REFUSAL.write(refusal)
    return told["status"] if list(told) == ["status"] else told


REFUSAL = Form(_read_refusal, _write_refusal)

# --- parameters ---

PARAMETER = record(
    Parameter,
    {
        "name": PLAIN,
        "support": one_of(Support),
        "required": PLAIN,
        "required_where": NEEDS,
        "types": WORDS,
        **_plain("minimum", "maximum", "exclusive_minimum", "exclusive_maximum"),
        **_plain("min_items", "max_items", "min_length", "max_length", "max_properties", "pattern"),
        "values": ITEMS,
        "default": PLAIN,
        "requires": NEEDS,
        "excludes": WORDS,
        "overridden_by": WORDS,
        "ignored_when": NEEDS,
        **_plain("only_with_stream", "alias_of", "renamed_to"),
        **dict.fromkeys(
            ("unsupported", "out_of_range", "wrong_type", "combination", "missing"), POLICY
        ),
        "vendor_only": PLAIN,
        "source": WORDS,
        "confidence": one_of(Confidence),
        "note": PLAIN,
    },
)


def _read_parameters(value: Mapping[str, Any]) -> dict[str, Parameter]:
    return {name: PARAMETER.read({**claim, "name": name}) for name, claim in value.items()}


def _write_parameters(parameters: Mapping[str, Parameter]) -> dict[str, Any]:
    return {name: _write_parameter(claim) for name, claim in parameters.items()}


def _write_parameter(parameter: Parameter) -> dict[str, Any]:
    told: dict[str, Any] = PARAMETER.write(parameter)
    del told["name"]
    if parameter.source:  # what is left out follows from the sources
        told["confidence"] = parameter.confidence.value
    return told


PARAMETERS = Form(_read_parameters, _write_parameters)

# --- errors: one key of the language for two attributes of the model ---

_ERRORS = record(
    Errors,
    {
        "shapes": some_of(Shape),
        "by_status": mapping(some_of(Shape), key=int),
        "in_stream": some_of(Shape),
        "members": ITEMS,
        "fixed": PLAIN,
        "code_types": WORDS,
        "causes": mapping(REFUSAL, key=Cause),
        "documented": mapping(PLAIN, key=int),
        "documented_codes": mapping(WORDS, key=int),
        "with_status_200": PLAIN,
        "source": WORDS,
    },
    shapes="shape",
)


def _read_errors(value: Mapping[str, Any]) -> Any:
    entries = {
        status: entry if isinstance(entry, Mapping) else {"for": entry}
        for status, entry in value.get("documented", {}).items()
    }
    split = {
        "documented": {status: entry["for"] for status, entry in entries.items()},
        "documented_codes": {s: entry["codes"] for s, entry in entries.items() if "codes" in entry},
    }
    return _ERRORS.read({**value, **split})


def _write_errors(errors: Errors) -> dict[str, Any]:
    told: dict[str, Any] = _ERRORS.write(errors)
    codes = told.pop("documented_codes", {})
    for status, names in codes.items():
        told["documented"][status] = {
            "for": told["documented"][status],
            "codes": names if isinstance(names, list) else [names],
        }
    return told


# --- the whole ---

_UNKNOWN_OR_PLAIN = known(PLAIN)

_PROFILE = record(
    Profile,
    {
        **_plain("name", "title", "summary"),
        "extends": ITEMS,
        "sources": mapping(record(Source, _plain("title", "url", "read"))),
        "statements": mapping(
            record(
                Statement,
                {
                    **_plain("says", "source"),
                    "confidence": one_of(Confidence),
                    "untestable": PLAIN,
                },
            )
        ),
        "endpoint": record(
            Endpoint,
            {
                "base_url": PLAIN,
                "paths": mapping(WORDS, key=Operation),
                "headers": PAIRS,
                "auth": record(
                    Auth,
                    {
                        **_plain("scheme", "env"),
                        "required": _UNKNOWN_OR_PLAIN,
                        "key_prefix": PLAIN,
                        "source": WORDS,
                    },
                ),
                "source": WORDS,
            },
        ),
        "models": record(
            Models,
            {
                **_plain("chat", "pattern"),
                "listed": _UNKNOWN_OR_PLAIN,
                "variants": listing(
                    record(
                        Variant,
                        {
                            "models": PLAIN,
                            "parameters": PARAMETERS,
                            "roles": ITEMS,
                            "source": WORDS,
                        },
                    )
                ),
                "source": WORDS,
            },
        ),
        **dict.fromkeys(POLICIES, POLICY),
        "parameters": PARAMETERS,
        "messages": record(
            Messages,
            {
                **dict.fromkeys(("roles", "content", "parts"), known(ITEMS)),
                **dict.fromkeys(("other_roles", "unmatched_calls"), POLICY),
                "source": WORDS,
            },
        ),
        "errors": Form(_read_errors, _write_errors),
        "streaming": record(
            Streaming,
            {
                "supported": one_of(Support),
                "done": one_of(Sends),
                "usage": one_of(Sends),
                "usage_places": some_of(UsagePlace),
                **_plain("role", "finish_reason_key", "finish"),
                "comments": one_of(Sends),
                "accept": PLAIN,
                "source": WORDS,
            },
            usage_places="usage_place",
        ),
        "responses": record(
            Responses,
            {
                "extras": ITEMS,
                "fixed": PLAIN,
                "always_empty": ITEMS,
                "absent": ITEMS,
                "tool_calls": one_of(Sends),
                "source": WORDS,
            },
        ),
        "waivers": listing(
            record(Waiver, _plain("check", "exchange", "because", "since", "until", "reference"))
        ),
        "notes": ITEMS,
    },
    extends="built_on",
)


def profile_of(document: Mapping[str, Any]) -> Profile:
    """The profile a resolved document describes: one that obeys the schema and holds no null to take away."""
    told = {key: value for key, value in document.items() if key not in ("format", "policies")}
    if "models" in told:
        told["models"] = _with_whole_variants(told["models"], told.get("parameters", {}))
    profile: Profile = _PROFILE.read({**told, **document.get("policies", {})})
    profile = _with_confidence(profile, told)
    return replace(profile, digest=_digest(document_of(profile)))


def document_of(profile: Profile) -> dict[str, Any]:
    """The document of a profile, without digest and origin: ``profile_of`` makes an equal profile of it."""
    told: dict[str, Any] = _PROFILE.write(profile)
    policies = {key: told.pop(key) for key in POLICIES if key in told}
    parameters = told.get("parameters", {})
    for variant in told.get("models", {}).get("variants", ()):
        if "parameters" in variant:
            variant["parameters"] = {
                name: difference(parameters.get(name, {}), claim, ("parameters", name))
                for name, claim in variant["parameters"].items()
            }
    document: dict[str, Any] = {"format": FORMAT}
    for key, value in told.items():
        if key == "parameters" and policies:
            document["policies"] = policies
        document[key] = value
    if policies:
        document.setdefault("policies", policies)
    return document


def _digest(document: Mapping[str, Any]) -> str:
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def _with_whole_variants(
    models: Mapping[str, Any], parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """A variant states what differs; the model holds whole claims."""
    variants = [
        {
            **variant,
            "parameters": {
                name: merge(parameters.get(name, {}), claim, ("parameters", name))
                for name, claim in variant.get("parameters", {}).items()
                if claim is not None
            },
        }
        for variant in models.get("variants", ())
    ]
    return {**models, "variants": variants} if variants else dict(models)


def _with_confidence(profile: Profile, told: Mapping[str, Any]) -> Profile:
    """Where a parameter states no confidence, it is that of the statements it cites."""

    def whole(claims: Mapping[str, Parameter], named: Mapping[str, Any]) -> dict[str, Parameter]:
        return {
            name: claim
            if "confidence" in named[name]
            else replace(claim, confidence=profile.confidence(claim.source))
            for name, claim in claims.items()
        }

    variants = tuple(
        replace(variant, parameters=whole(variant.parameters, variant_told["parameters"]))
        for variant, variant_told in zip(
            profile.models.variants, told.get("models", {}).get("variants", ()), strict=True
        )
    )
    models = replace(profile.models, variants=variants)
    return replace(
        profile, parameters=whole(profile.parameters, told.get("parameters", {})), models=models
    )
