"""Where a chat request departs from what a profile claims: told from the request's body and the profile alone.

Probes use it to choose values inside and outside a claim, generation to keep to it, checks to know what to expect.
The reference server decides the same by rules of its own, so that a mistake here cannot hide behind one there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from conformance.model.json import JSON
from conformance.model.profile import Parameter, Policy, Profile, Support

from .claims_messages import strays
from .names import places, top_of
from .phrase import type_of


class Way(StrEnum):
    """In what way a request departs."""

    UNSUPPORTED = "unsupported"
    """a parameter that the profile says is not supported"""
    UNKNOWN_FIELD = "unknown-field"
    """a name that is no parameter at all"""
    TYPE = "type"
    RANGE = "range"
    """outside bounds, lengths, pattern or enumeration"""
    COMBINATION = "combination"
    """without what it requires, or beside what it excludes"""
    MISSING = "missing"
    """an object without a member that it must have"""


class Side(StrEnum):
    """On which side of a range a value lies, for profiles that state a code for each."""

    ABOVE = "above"
    BELOW = "below"
    NEITHER = ""


@dataclass(frozen=True, slots=True)
class Departure:
    """One way in which a request is not as claimed, and what the profile says is done about it."""

    parameter: str
    """The claim's name, such as ``tools[].function.name``."""
    at: str
    """The place in the body, such as ``tools[0].function.name``."""
    way: Way
    expected: str
    """What the claim allows, in words."""
    policy: Policy
    side: Side = Side.NEITHER

    @property
    def code(self) -> str | None:
        """The code that a refusal carries by the profile."""
        by_side = {Side.ABOVE: self.policy.code_above, Side.BELOW: self.policy.code_below}
        return by_side.get(self.side) or self.policy.code


@dataclass(frozen=True, slots=True)
class Standing:
    """What a profile has to say about one request body."""

    departures: tuple[Departure, ...] = ()
    unclaimed: tuple[str, ...] = ()
    """Parameters in it that are not claimed in full: they may be taken or not."""

    @property
    def kept(self) -> bool:
        """Whether everything in it is claimed, so that it must be accepted."""
        return not self.departures and not self.unclaimed


CLOSED: Mapping[str, tuple[str, ...]] = {
    "stream_options": ("include_usage", "include_obfuscation"),
    "prompt_cache_options": ("mode", "ttl"),
}
"""Objects in which OpenAI refuses unknown members (measured 2026-09), with those that it has."""
_WORDS = {
    "string": "a string",
    "number": "a number",
    "integer": "an integer",
    "boolean": "a boolean",
    "object": "an object",
    "array": "an array",
    "null": "null",
}


def standing(body: Mapping[str, JSON], profile: Profile, model: str | None = None) -> Standing:
    """Every departure of a body, in the order of the profile, and what in it is not claimed in full."""
    departures: list[Departure] = []
    unclaimed: list[str] = []
    # An unsupported parameter brings its members with it, and only it is reported.
    gone: set[str] = set()
    for top, name in _named(profile.parameters):
        if top not in body:
            continue
        claim = profile.parameter(name, model)
        departures += _absent(claim, body, profile)
        for at, value in places(body, name):
            if top in gone:
                continue
            if claim.support is Support.NONE and not _harmless(name, value):
                gone.add(name)
                departures.append(_unsupported(claim, at, profile))
                continue
            if claim.support in (Support.PARTIAL, Support.UNKNOWN):
                unclaimed.append(name)
            departures += _of_value(claim, at, value, profile)
            departures += _of_company(claim, at, value, body, profile)
    departures += _unknown({n: v for n, v in body.items() if n not in gone}, profile)
    for stray in strays(body, profile, model):
        if stray.way:
            way = Way(stray.way)
            departures.append(
                Departure(stray.parameter, stray.at, way, stray.expected, stray.policy)
            )
        else:
            unclaimed.append(stray.parameter)
    return Standing(tuple(departures), tuple(dict.fromkeys(unclaimed)))


def _named(parameters: Mapping[str, Parameter]) -> tuple[tuple[str, str], ...]:
    """The names of all claims, each with that of the parameter which it is about; remembered for the last profile."""
    last = _LAST[-1]
    if last[0] is not parameters:
        last = parameters, tuple((top_of(name), name) for name in parameters)
        _LAST[-1] = last
    return last[1]


_Names = tuple[tuple[str, str], ...]
_LAST: list[tuple[Mapping[str, Parameter], _Names]] = [({}, ())]


def _harmless(name: str, value: JSON) -> bool:
    """``stream: false`` asks for nothing."""
    return name == "stream" and value is not True


def _unsupported(claim: Parameter, at: str, profile: Profile) -> Departure:
    policy = claim.unsupported or profile.unsupported
    return Departure(claim.name, at, Way.UNSUPPORTED, "not supported", policy)


def _unknown(body: Mapping[str, JSON], profile: Profile) -> Iterator[Departure]:
    found = [name for name in body if name not in profile.parameters]
    closed_there = [closed for closed in CLOSED if closed in body]
    if not found and not closed_there:
        return
    known = {*profile.parameters, *(c.renamed_to for c in profile.parameters.values())}
    found = [name for name in found if name not in known]
    for closed in closed_there:
        members, usual = body[closed], CLOSED[closed]
        # A profile that speaks of none of the members leaves those that OpenAI has open.
        if not any(name.startswith(f"{closed}.") for name in profile.parameters):
            known |= {f"{closed}.{name}" for name in usual}
        if isinstance(members, dict):
            found += [f"{closed}.{m}" for m in members if f"{closed}.{m}" not in known]
    for at in found:
        yield Departure(at, at, Way.UNKNOWN_FIELD, "no such field", profile.unknown_field)


def _of_value(claim: Parameter, at: str, value: JSON, profile: Profile) -> Iterator[Departure]:
    if not has_type(value, claim.types):
        words = " or ".join(_WORDS.get(name, name) for name in claim.types)
        policy = claim.wrong_type or profile.wrong_type
        yield Departure(claim.name, at, Way.TYPE, words, policy)
        return
    side = outside(claim, value)
    if side is not None:
        policy = claim.out_of_range or profile.out_of_range
        yield Departure(claim.name, at, Way.RANGE, stated_range(claim), policy, side)


def _of_company(
    claim: Parameter, at: str, value: JSON, body: Mapping[str, JSON], profile: Profile
) -> Iterator[Departure]:
    if value is None:
        return
    policy = claim.combination or profile.combination
    said = ""
    if claim.only_with_stream and body.get("stream") is not True:
        said = "only where stream is true"
    for other, wanted in claim.requires.items():
        if not _given(body, other, wanted):
            said = f"only beside {other}" + ("" if wanted is None else f": {shown(wanted)}")
    for other in claim.excludes:
        if _given(body, other, None):
            said = f"not beside {other}"
    if said:
        yield Departure(claim.name, at, Way.COMBINATION, said, policy)


def _absent(claim: Parameter, body: Mapping[str, JSON], profile: Profile) -> Iterator[Departure]:
    """The objects that lack a member which they must have; messages have rules of their own."""
    holder, _, member = claim.name.rpartition(".")
    if not (claim.required or claim.required_where) or not holder or holder.startswith("messages"):
        return
    for at, held in places(body, holder):
        if not isinstance(held, dict) or member in held:
            continue
        if all(n in held and same(held[n], v) for n, v in claim.required_where.items()):
            policy = claim.missing or profile.missing
            yield Departure(claim.name, f"{at}.{member}", Way.MISSING, "that it is there", policy)


def _given(body: Mapping[str, JSON], name: str, wanted: JSON) -> bool:
    values = [value for _, value in places(body, name) if value is not None and value != []]
    return any(wanted is None or same(value, wanted) for value in values)


def effect_expected(claim: Parameter, body: Mapping[str, JSON]) -> bool:
    """Whether nothing else in the request takes the parameter's effect away, by the profile's word."""
    return not any(_given(body, other, None) for other in claim.overridden_by) and not any(
        _given(body, other, wanted) for other, wanted in claim.ignored_when.items()
    )


# Types and ranges


def has_type(value: JSON, types: tuple[str, ...]) -> bool:
    """Whether a value has one of these types; an integer is a number, and no types allow every one."""
    name = type_of(value)
    if not types or name in types:
        return True
    if name == "integer":
        return "number" in types
    return name == "number" and "integer" in types and float(value).is_integer()  # type: ignore[arg-type]


def outside(claim: Parameter, value: JSON) -> Side | None:
    """On which side of a claimed range a value of a right type lies; None if inside, or no range is claimed."""
    of_its_type = [v for v in claim.values if type_of(v) == type_of(value)]
    if of_its_type and not any(same(value, v) for v in of_its_type):
        return Side.NEITHER
    match value:
        case bool() | None:
            return None
        case int() | float():
            return _beyond(claim, value)
        case str():
            if claim.pattern is not None and re.search(claim.pattern, value) is None:
                return Side.NEITHER
            return _size(len(value), claim.min_length, claim.max_length)
        case list():
            return _size(len(value), claim.min_items, claim.max_items)
        case _:
            return _size(len(value), None, claim.max_properties)


def _beyond(claim: Parameter, value: float) -> Side | None:
    low, high = claim.minimum, claim.maximum
    if low is not None and (value < low or (claim.exclusive_minimum and value == low)):
        return Side.BELOW
    if high is not None and (value > high or (claim.exclusive_maximum and value == high)):
        return Side.ABOVE
    return None


def _size(size: int, least: int | None, most: int | None) -> Side | None:
    if least is not None and size < least:
        return Side.BELOW
    return Side.ABOVE if most is not None and size > most else None


def same(one: JSON, other: JSON) -> bool:
    """Whether two values are equal and of one type, so that 1 is not true."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def stated_range(claim: Parameter) -> str:
    """What a claim allows, in words: ``0 to 2``, ``one of low, medium, high``, ``at most 4 items``."""
    said: list[str] = []
    if claim.values:
        listed = [shown(v) for v in claim.values if v is not None]
        said.append(listed[0] if len(listed) == 1 else "one of " + ", ".join(listed))
    low, high = claim.minimum, claim.maximum
    if low is not None:
        said.append(f"{'above' if claim.exclusive_minimum else 'at least'} {number(low)}")
    if high is not None:
        said.append(f"{'below' if claim.exclusive_maximum else 'at most'} {number(high)}")
    for least, most, unit in (
        (claim.min_items, claim.max_items, "items"),
        (claim.min_length, claim.max_length, "characters"),
        (None, claim.max_properties, "members"),
    ):
        said += [f"at least {least} {unit}"] if least is not None else []
        said += [f"at most {most} {unit}"] if most is not None else []
    said += [f"matching {claim.pattern}"] if claim.pattern is not None else []
    return " and ".join(said) or "any value"


def number(value: float) -> str:
    """A bound as people write it."""
    return str(int(value)) if math.isfinite(value) and value == int(value) else repr(value)


def shown(value: JSON) -> str:
    """A small value as people write it."""
    match value:
        case bool():
            return "true" if value else "false"
        case None:
            return "null"
        case str():
            return value
        case _:
            return repr(value)
