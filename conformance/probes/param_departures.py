"""Requests with one thing in which they depart from what is claimed, where the profile says what follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy

from conformance.model.json import JSON
from conformance.model.plan import Suite
from conformance.model.profile import Parameter, Profile, Support
from conformance.model.target import Target
from conformance.spec.claims import Standing, Way
from conformance.spec.names import LIMITS, places, slug, top_of

from .claim_values import beyond, of_other_types, sample
from .param_values import (
    MAIN,
    cased,
    cheap,
    companied,
    members,
    ordinary,
    standing_of,
    suite_of,
    worth_of,
)
from .registry import LIMIT, Case, Cases
from .samples import EXAMPLES, MISTYPED, UNUSUAL, Fields, around

_TYPED = MAIN[:8]
_NEEDED = ("response_format.json_schema.name", "tools[].function", "tools[].function.name")
"""Members that are most often forgotten, so that core leaves them out."""


EXPLORED = {Way.RANGE: UNUSUAL, Way.TYPE: MISTYPED}
"""What is sent where the profile claims nothing that could be departed from."""


def ranges(top: str) -> Cases:
    """Requests with a value just outside a claimed range, and far outside."""
    return _departing(top, Way.RANGE, beyond)


def types(top: str) -> Cases:
    """Requests with a value of a type that the claim does not allow."""
    return _departing(top, Way.TYPE, of_other_types)


def _departing(
    top: str, way: Way, chosen: Callable[[Parameter], Iterator[tuple[str, JSON]]]
) -> Cases:
    """The cases in which a value of a member is the only departure, and the profile says what follows."""

    def cases(profile: Profile, target: Target) -> Iterator[Case]:
        claim, first = profile.parameter(top, target.model), True
        if claim.support is Support.UNKNOWN and top in EXPLORED.get(way, {}):
            unusual = EXPLORED[way][top]
            yield Case("unusual", {**around(top, unusual[top]), **unusual}, Suite.CORE, 3)
        for member in members(top, profile):
            for name, value in chosen(profile.parameter(member, target.model)):
                body = cheap(companied(top, around(member, value), claim))
                found = standing_of(body, top, profile, target)
                if not only(found, way, member):
                    continue
                core = first and top in (_TYPED if way is Way.TYPE else MAIN)
                worth = worth_of(top, 6 if first else 1)
                free = found.departures[0].policy.rejects
                if not free and name == "far-above" and member == "n":
                    continue  # a thousand choices, where it may be taken or cut
                yield Case(cased(top, member, name), body, suite_of(core=core), worth, free=free)
                first = False

    return cases


def only(found: Standing, way: Way, member: str) -> bool:
    """Whether one departure of this kind is all that is wrong, and the profile states what is done about it."""
    return (
        len(found.departures) == 1
        and found.departures[0].way is way
        and found.departures[0].parameter == member
        and found.departures[0].policy.known
    )


def combinations(top: str) -> Cases:
    """Requests that leave out what a parameter requires, or add what it excludes."""

    def cases(profile: Profile, target: Target) -> Iterator[Case]:
        claim = profile.parameter(top, target.model)
        if top not in EXAMPLES or claim.support is Support.NONE:
            return
        whole = companied(top, around(top, EXAMPLES[top]), claim)
        for name, body in _lonely(whole, claim):
            found = standing_of(body, top, profile, target)
            if only(found, Way.COMBINATION, top):
                free = found.departures[0].policy.rejects
                yield Case(name, body, Suite.CORE, worth_of(top, 4), free=free)

    return cases


def _lonely(whole: Fields, claim: Parameter) -> Iterator[tuple[str, Fields]]:
    for other in claim.requires:
        yield f"without-{slug(other)}", {k: v for k, v in whole.items() if k != other}
    if claim.only_with_stream:
        yield "without-stream", {k: v for k, v in whole.items() if k != "stream"}
    for other in claim.excludes:
        beside = {k: v for k, v in whole.items() if k != LIMIT or other not in LIMITS}
        yield f"with-{slug(other)}", {**beside, other: EXAMPLES.get(other)}


def incomplete(top: str) -> Cases:
    """Requests whose parameter lacks a member that it must have."""

    def cases(profile: Profile, target: Target) -> Iterator[Case]:
        claim, first = profile.parameter(top, target.model), True
        for member in members(top, profile)[1:]:
            own = profile.parameter(member, target.model)
            if not (own.required or own.required_where):
                continue
            body = cheap(companied(top, around(member, sample(own)), claim))
            left = _without(body, member)
            found = standing_of(left, top, profile, target)
            if not only(found, Way.MISSING, member):
                continue
            core = first and member in _NEEDED
            worth = worth_of(top, 5 if core else 1)
            free = found.departures[0].policy.rejects
            name = slug(member)[len(slug(top)) + 1 :]
            yield Case(name, left, suite_of(core=core), worth, free=free)
            first = first and not core

    return cases


def _without(body: Fields, name: str) -> dict[str, JSON]:
    """A body without the members of a name, such as ``tools[].function.name``."""
    left = deepcopy(dict(body))
    holder, _, member = name.rpartition(".")
    for _, held in places(left, holder):
        if isinstance(held, dict):
            held.pop(member, None)
    return left


def unsupported(top: str) -> Cases:
    """Requests with a parameter or a member that the profile says is not supported."""

    def cases(profile: Profile, target: Target) -> Iterator[Case]:
        claim = profile.parameter(top, target.model)
        gone = claim.support is Support.NONE
        made = ordinary(top, claim) if gone else _members_sent(top, profile, target)
        for number, (name, body) in enumerate(made):
            kept = _alone(body, top, profile, target)
            found = standing_of(kept, top, profile, target)
            if len(found.departures) != 1 or found.departures[0].way is not Way.UNSUPPORTED:
                continue
            departure = found.departures[0]
            if top_of(departure.parameter) == top and departure.policy.known:
                free = departure.policy.rejects
                worth = worth_of(top, 10 - number)
                yield Case(name, kept, suite_of(core=number == 0), worth, free=free)

    return cases


def _members_sent(top: str, profile: Profile, target: Target) -> Iterator[tuple[str, Fields]]:
    """Requests with each member that is not supported, although the parameter is."""
    for member in members(top, profile)[1:]:
        if profile.parameter(member, target.model).support is Support.NONE:
            usual = places({top: EXAMPLES.get(top)}, member)
            value = usual[0][1] if usual else sample(profile.parameter(member, target.model))
            yield cased(top, member, "sent"), around(member, value)


def _alone(body: Fields, top: str, profile: Profile, target: Target) -> dict[str, JSON]:
    """The body without other parameters that are not supported, so that one cause has one effect."""
    found = standing_of(body, top, profile, target)
    others = {top_of(d.parameter) for d in found.departures} - {top, "model", "messages", "stream"}
    return {name: value for name, value in body.items() if name not in others}
