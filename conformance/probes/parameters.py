"""The parameter matrix: for each parameter, values inside its claim, outside it, and where it is not supported.

Every family is a probe (``param.temperature.range``), every request of it a case (``param.temperature.range:above``).
Which cases there are follows from the profile alone; a family whose claim the profile does not make has none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from conformance.model.json import JSON
from conformance.model.plan import Suite
from conformance.model.profile import Parameter, Profile, Support
from conformance.model.target import Target
from conformance.spec.claims import Standing, Way, places, standing, steps, type_of

from .registry import LIMIT, Case, Cases, family, filled
from .samples import (
    EXAMPLES,
    MISTYPED,
    OWN_LIMIT,
    STREAMED,
    TELLING,
    UNUSUAL,
    Fields,
    around,
)

UNKNOWN_FIELD = "conformance_unknown_field"
"""A name that no API gives a meaning to."""
UNKNOWN_ROWS = {"top-level": "unknown field", "nested": "unknown field in stream_options"}
"""Where such a field stands, as the capability table says it."""
_NOT_LISTED = "conformance-no-such-value"
_STEP = 0.01
"""The smallest step over a bound that every number format can tell apart."""
_FAR = 1000

MAIN = (
    "n",
    "stop",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "response_format",
    "tools",
    "tool_choice",
    "logprobs",
    "stream_options",
    "presence_penalty",
    "frequency_penalty",
    "top_logprobs",
    "seed",
    "parallel_tool_calls",
)
"""The parameters that most clients send, the most telling first: they are tried more closely in a core run."""
_IN_STREAMS_TOO = ("n", "stop", "max_tokens", "response_format")
_EXPLORING = ("say-", "object", "required", "named")
"""Cases that tell more where nothing is claimed: with the plainest prompt, and of the forms apart."""
_TYPED = MAIN[:8]
_BOUNDED = ("temperature", "top_p", "presence_penalty", "frequency_penalty")

TOP_LEVEL = ("model", *EXAMPLES)
"""The parameters that have a family; ``messages`` has probes of its own."""


def slug(name: str) -> str:
    """A parameter's name as part of an id: ``tools[].function.name`` is ``tools-function-name``."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def top_of(name: str) -> str:
    """The parameter that a dotted name is a member of."""
    return steps(name)[0]


def members(top: str, profile: Profile) -> list[str]:
    """A parameter and those of its members that the profile speaks of."""
    return [top, *(name for name in profile.parameters if name != top and top_of(name) == top)]


def vendor_names(profile: Profile) -> list[str]:
    """Parameters of the profile that OpenAI does not have."""
    names = dict.fromkeys(top_of(name) for name in profile.parameters)
    return [name for name in names if name not in TOP_LEVEL and name != "messages"]


# Values inside a claim


def inside(claim: Parameter) -> Iterator[tuple[str, JSON]]:
    """Values that a claim allows, at its bounds and between them, with names."""
    for value in claim.values:
        if value is not None:
            yield f"is-{slug(str(value))}", value
    if not claim.values:
        yield from _numbers(claim)
        yield from _texts(claim)
    if "boolean" in claim.types:
        yield "true", True
        yield "false", False
    if "null" in claim.types:
        yield "null", None
    yield from _longest(claim)


def _numbers(claim: Parameter) -> Iterator[tuple[str, JSON]]:
    whole = "number" not in claim.types
    if whole and "integer" not in claim.types:
        return
    step = 1 if whole else _STEP
    low, high = claim.minimum, claim.maximum
    if low is not None:
        yield "minimum", _number(low + step if claim.exclusive_minimum else low)
    if high is not None:
        yield "maximum", _number(high - step if claim.exclusive_maximum else high)
    if not whole:
        middle = ((low or 0) + (high if high is not None else (low or 0) + 1)) / 2
        yield "fraction", middle + (0.25 if float(middle).is_integer() else 0)
        yield "whole", _number(round(middle))


def _number(value: float) -> JSON:
    """A whole number without a fraction, as people write it."""
    return int(value) if float(value).is_integer() else round(value, 6)


def _texts(claim: Parameter) -> Iterator[tuple[str, JSON]]:
    if "string" in claim.types and claim.max_length is not None:
        yield "longest", "a" * claim.max_length


def _longest(claim: Parameter) -> Iterator[tuple[str, JSON]]:
    example = EXAMPLES.get(claim.name)
    if claim.max_items is not None and "array" in claim.types:
        yield "most", items(claim.name, claim.max_items)
    if claim.min_items and "array" in claim.types and claim.min_items != claim.max_items:
        yield "fewest", items(claim.name, claim.min_items)
    if claim.max_properties is not None and isinstance(example, dict):
        yield "most", {f"key{n}": "v" for n in range(claim.max_properties)}


def items(name: str, count: int) -> JSON:
    """So many items of an array, no two alike."""
    example = EXAMPLES.get(name)
    first = example[0] if isinstance(example, list) and example else "item"
    # The one that has an effect comes last: where a list is cut, it is gone.
    return [_another(first, number) for number in reversed(range(count))]


def _another(item: JSON, number: int) -> JSON:
    if isinstance(item, str):
        return f"{item}{number}" if number else item
    if not isinstance(item, dict):
        return item
    if "function" in item:
        return {**item, "function": _another(item["function"], number)}
    return {**item, "name": f"{item.get('name')}_{number}"} if number else item


# Values outside


FORMS = ("response_format.type", "tools[].type", "tool_choice.type", "tool_choice.mode")
"""Members that say what the others are: each of their values goes with members of its own, so it is told there."""


def beyond(claim: Parameter) -> Iterator[tuple[str, JSON]]:
    """Values of a right type outside a claimed range, the nearest first, with names."""
    yield from _unlisted(claim)
    whole = "number" not in claim.types
    if not claim.values and (not whole or "integer" in claim.types):
        step = 1 if whole else _STEP
        if (high := claim.maximum) is not None:
            yield "above-maximum", _number(high if claim.exclusive_maximum else high + step)
        if (low := claim.minimum) is not None:
            yield "below-minimum", _number(low if claim.exclusive_minimum else low - step)
            yield "far-below", _number(low - _FAR)
        if high is not None and high + _FAR < 2**63:
            yield "far-above", _number(high + _FAR)
    if claim.max_length is not None:
        yield "too-long", "a" * (claim.max_length + 1)
    if claim.min_length:
        yield "too-short", "a" * (claim.min_length - 1)
    if claim.pattern is not None:
        yield "no-match", "not a name!"
    if claim.max_items is not None:
        yield "too-many", items(claim.name, claim.max_items + 1)
    if claim.min_items:
        yield "too-few", items(claim.name, claim.min_items - 1)
    if claim.max_properties is not None:
        yield "too-many", {f"key{n}": "v" for n in range(claim.max_properties + 1)}


def _unlisted(claim: Parameter) -> Iterator[tuple[str, JSON]]:
    kinds = {type_of(value) for value in claim.values}
    if "string" in kinds:
        yield "not-listed", _NOT_LISTED
        yield "other-case", next(v for v in claim.values if isinstance(v, str)).upper()
    if kinds & {"integer", "number"}:
        numbers = [v for v in claim.values if isinstance(v, int | float)]
        yield "not-listed", _number(float(min(numbers)) / 2)


WRONG: tuple[tuple[str, JSON], ...] = (
    ("string", "conformance"),
    ("boolean", True),
    ("array", []),
    ("object", {}),
    ("number", 5),
    ("null", None),
)
"""A value of each JSON type, the most telling first."""


def of_other_types(claim: Parameter) -> Iterator[tuple[str, JSON]]:
    """Values of types that a claim does not allow, with names."""
    if not claim.types:
        return
    numeric = bool({"number", "integer"} & set(claim.types))
    if numeric and "string" not in claim.types:
        yield "numeric-string", "1"
    if "integer" in claim.types and "number" not in claim.types:
        yield "fraction", 1.5
    if "boolean" in claim.types and "string" not in claim.types:
        yield "boolean-string", "true"
    if "array" in claim.types and "object" not in claim.types:
        yield "array-as-object", {"0": "x"}
    for name, value in WRONG:
        # `model: null` is a missing model, which has a cause of its own.
        missing = claim.name == "model" and value is None
        if name not in claim.types and not (name == "number" and numeric) and not missing:
            yield name, value


# Families


def _declare(top: str) -> None:
    name = slug(top)
    family(
        f"param.{name}.value", f"`{top}` with values that the profile allows.", values(top), row=top
    )
    family(f"param.{name}.range", f"`{top}` outside its range.", ranges(top), row=top)
    family(f"param.{name}.type", f"`{top}` of another type.", types(top), row=top)
    family(
        f"param.{name}.combination",
        f"`{top}` without what it requires, or beside what it excludes.",
        combinations(top),
        row=top,
    )
    family(
        f"param.{name}.unsupported", f"`{top}`, which is not supported.", unsupported(top), row=top
    )


def values(top: str) -> Cases:
    """Requests that keep to a claim, those whose effect shows first."""

    def cases(profile: Profile, target: Target) -> Iterator[Case]:
        claim = profile.parameter(top, target.model)
        if claim.support is Support.NONE or top == "model":
            return
        seen: list[JSON] = []
        for number, (name, body) in enumerate(ordinary(top, claim)):
            kept = _company(top, body, claim)
            if not standing_of(kept, top, profile, target).departures:
                seen.append(kept)
                core = number == 0 or (
                    top in _IN_STREAMS_TOO and name.startswith("stream-") and "inside" not in name
                )
                core |= name == "repeated" or (
                    name.startswith(_EXPLORING) and claim.support is Support.UNKNOWN
                )
                yield Case(name, kept, _suite(core=core), _worth(top, 10 - number))
        if claim.support is Support.UNKNOWN:
            return
        for member in members(top, profile):
            inner = profile.parameter(member, target.model)
            tried = inner.support is not Support.NONE and member not in FORMS
            for name, value in inside(inner) if tried else ():
                body = _cheap(_company(top, around(member, value), claim))
                if body in seen or standing_of(body, top, profile, target).departures:
                    continue
                seen.append(body)
                bound = name == "maximum" and member in _BOUNDED
                yield Case(_case(top, member, name), body, _suite(core=bound), _worth(top, 2))

    return cases


def ordinary(top: str, claim: Parameter) -> Iterator[tuple[str, Fields]]:
    """The requests in which a parameter's effect shows, or one with an ordinary value."""
    for name, fields in TELLING.get(top, {}).items():
        body = around(top, fields.get(top, EXAMPLES[top]))
        body.update(fields)
        yield name, body
    if top not in TELLING:
        yield "ordinary", around(top, EXAMPLES[top] if top in EXAMPLES else sample(claim))


def sample(claim: Parameter) -> JSON:
    """A value of a parameter of which nothing is known but its claim."""
    chosen = next((value for _, value in inside(claim) if value is not None), None)
    if chosen is not None:
        return chosen
    of_type: dict[str, JSON] = {"string": "conformance", "array": [], "object": {}, "integer": 1}
    return next((of_type[name] for name in claim.types if name in of_type), "conformance")


def standing_of(body: Fields, top: str, profile: Profile, target: Target) -> Standing:
    """How a body stands to the profile; the limit that every request has is no matter of another parameter."""
    found = standing(filled(body, target), profile, target.model)
    if LIMIT not in body:
        return found
    limit = target.limit_parameter
    return Standing(
        tuple(d for d in found.departures if d.parameter != limit),
        tuple(name for name in found.unclaimed if name != limit),
    )


def _company(top: str, body: Fields, claim: Parameter) -> dict[str, JSON]:
    """The body with what the profile says that the parameter requires, and without what it excludes."""
    made = {name: value for name, value in body.items() if name not in claim.excludes}
    for other, wanted in claim.requires.items():
        if other not in made and other in EXAMPLES:
            made[other] = EXAMPLES[other] if wanted is None else wanted
    return {**made, **STREAMED} if claim.only_with_stream else made


def _cheap(body: dict[str, JSON]) -> dict[str, JSON]:
    """The body with as small a limit as many choices leave room for."""
    n = body.get("n")
    return {**body, LIMIT: 1} if isinstance(n, int) and n > 2 and LIMIT in body else body


def _case(top: str, member: str, name: str) -> str:
    return name if member == top else f"{slug(member)[len(slug(top)) + 1 :]}-{name}"


def _suite(*, core: bool) -> Suite:
    return Suite.CORE if core else Suite.FULL


def _worth(top: str, more: int) -> int:
    return more + (20 if top in MAIN else 0)


def ranges(top: str) -> Cases:
    """Requests with a value just outside a claimed range, and far outside."""
    return _departing(top, Way.RANGE, beyond)


EXPLORED = {Way.RANGE: UNUSUAL, Way.TYPE: MISTYPED}
"""What is sent where the profile claims nothing that could be departed from."""


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
                body = _cheap(_company(top, around(member, value), claim))
                found = standing_of(body, top, profile, target)
                if not only(found, way, member):
                    continue
                core = first and top in (_TYPED if way is Way.TYPE else MAIN)
                worth = _worth(top, 6 if first else 1)
                free = found.departures[0].policy.rejects
                if not free and name == "far-above" and member == "n":
                    continue  # a thousand choices, where it may be taken or cut
                yield Case(_case(top, member, name), body, _suite(core=core), worth, free=free)
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
        whole = _company(top, around(top, EXAMPLES[top]), claim)
        for name, body in _lonely(whole, claim):
            found = standing_of(body, top, profile, target)
            if only(found, Way.COMBINATION, top):
                free = found.departures[0].policy.rejects
                yield Case(name, body, Suite.CORE, _worth(top, 4), free=free)

    return cases


def _lonely(whole: Fields, claim: Parameter) -> Iterator[tuple[str, Fields]]:
    for other in claim.requires:
        yield f"without-{slug(other)}", {k: v for k, v in whole.items() if k != other}
    if claim.only_with_stream:
        yield "without-stream", {k: v for k, v in whole.items() if k != "stream"}
    for other in claim.excludes:
        beside = {k: v for k, v in whole.items() if k != LIMIT or other not in OWN_LIMIT}
        yield f"with-{slug(other)}", {**beside, other: EXAMPLES.get(other)}


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
                worth = _worth(top, 10 - number)
                yield Case(name, kept, _suite(core=number == 0), worth, free=free)

    return cases


def _members_sent(top: str, profile: Profile, target: Target) -> Iterator[tuple[str, Fields]]:
    """Requests with each member that is not supported, although the parameter is."""
    for member in members(top, profile)[1:]:
        if profile.parameter(member, target.model).support is Support.NONE:
            usual = places({top: EXAMPLES.get(top)}, member)
            value = usual[0][1] if usual else sample(profile.parameter(member, target.model))
            yield _case(top, member, "sent"), around(member, value)


def _alone(body: Fields, top: str, profile: Profile, target: Target) -> dict[str, JSON]:
    """The body without other parameters that are not supported, so that one cause has one effect."""
    found = standing_of(body, top, profile, target)
    others = {top_of(d.parameter) for d in found.departures} - {top, "model", "messages", "stream"}
    return {name: value for name, value in body.items() if name not in others}


for _top in EXAMPLES:
    _declare(_top)
# It is required, and every other request shows what is done with the right one.
family("param.model.type", "`model` of another type.", types("model"), row="model")


# Fields that are no parameters, and parameters that only one vendor has


def _unknown_fields(profile: Profile, target: Target) -> Iterator[Case]:
    smallest = {k: v for k, v in around("seed", 7).items() if k != "seed"}
    options: dict[str, JSON] = {"include_usage": True, UNKNOWN_FIELD: True}
    for name, body in (
        ("top-level", {**smallest, UNKNOWN_FIELD: "x"}),
        ("nested", around("stream_options", options)),
    ):
        found = standing_of(body, UNKNOWN_FIELD, profile, target)
        if len(found.departures) == 1 and found.departures[0].way is Way.UNKNOWN_FIELD:
            free = found.departures[0].policy.rejects
            yield Case(name, body, Suite.CORE, 12, free=free)


family(
    "param.unknown-field.unsupported",
    "A field that no API knows.",
    _unknown_fields,
    row=lambda case: UNKNOWN_ROWS.get(case, "unknown field"),
)


def _of_vendor(make: Callable[[str], Cases]) -> Cases:
    """The cases of all parameters that only this vendor has."""

    def cases(profile: Profile, target: Target) -> Iterator[Case]:
        for name in vendor_names(profile):
            for case in make(name)(profile, target):
                yield replace(case, name=f"{slug(name)}-{case.name}")

    return cases


family("param.vendor.value", "The vendor's own parameters with allowed values.", _of_vendor(values))
family(
    "param.vendor.range", "The vendor's own parameters outside their ranges.", _of_vendor(ranges)
)
family("param.vendor.type", "The vendor's own parameters of another type.", _of_vendor(types))
