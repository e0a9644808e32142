"""Requests that put many parameters together, and what a full run searches for smaller ones that break.

A few are fixed, so that a core run tries them as well; the others are generated while the run goes on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from conformance.model.json import JSON
from conformance.model.plan import Search, Stage, Suite
from conformance.model.profile import Profile, Support
from conformance.model.request import Operation
from conformance.model.target import Target
from conformance.spec.claims import Way
from conformance.spec.names import TOP_LEVEL, slug, top_of, vendor_names

from .claim_values import beyond, of_other_types
from .param_departures import combinations, incomplete, unsupported
from .param_values import members, standing_of
from .registry import LIMIT, MODEL, Case, Probe, family, probe, user
from .samples import AS_JSON, ASK_WEATHER, COMPANY, EXAMPLES, STREAMED, TIME, WEATHER, around

VALID, DEFECT, MALFORMED, TEXT = (
    "generated.valid",
    "generated.defect",
    "generated.malformed",
    "generated.text",
)
BRIEF = 8
"""Output tokens of a generated request, at most."""
TEXT_LIMIT = 16
MOST_CHOICES = 3
COSTLY = ("audio", "web_search_options", "moderation", "model")
"""Parameters that are not generated: they cost more than tokens, or change what answers."""
UNIVERSAL = "Say OK: \u1e9e e\u0301 \u05e9\u05dc\u05d5\u05dd \U0001f469\u200d\U0001f680 \ufeff\u2028 \U00020000"
"""Characters of all planes, combining, joined, written from right to left, and some that are not seen."""

_SAMPLING: Mapping[str, JSON] = {
    "temperature": 0.7,
    "top_p": 0.9,
    "presence_penalty": 0.1,
    "frequency_penalty": -0.1,
    "seed": 7,
    "stop": ["omega", "delta"],
    "user": "conformance",
}
_OFFERED: Mapping[str, JSON] = {
    "messages": ASK_WEATHER,
    "tools": [WEATHER, TIME],
    "tool_choice": "auto",
    "parallel_tool_calls": False,
    "temperature": 0,
    "seed": 7,
}
_COMBINED: Mapping[str, Mapping[str, JSON]] = {
    "sampling": {**_SAMPLING, "n": 2},
    "stream-sampling": {
        **_SAMPLING,
        **STREAMED,
        "n": 2,
        "stream_options": {"include_usage": True},
    },
    "tools": {**_OFFERED, "logprobs": True, "top_logprobs": 1},
    "stream-tools": {**_OFFERED, **STREAMED, "stream_options": {"include_usage": True}},
    "stream-json": {
        "messages": AS_JSON,
        "response_format": {"type": "json_object"},
        "stop": "omega",
        "logprobs": True,
        "n": 2,
        **STREAMED,
    },
}


def _combined(profile: Profile, target: Target) -> Iterator[Case]:
    """Each combination, less what the profile does not claim; one of a single parameter says nothing."""
    for name, fields in _COMBINED.items():
        body = {**smallest(BRIEF), **fields}
        while wrong := _unfit(body, profile, target) & body.keys():
            body = {name: value for name, value in body.items() if name not in wrong}
        kept = standing_of(body, "", profile, target).kept
        if kept and {"model", "messages"} <= body.keys() and len(body) >= 5:
            yield Case(name, body, Suite.CORE, 8)


def _unfit(body: Mapping[str, JSON], profile: Profile, target: Target) -> set[str]:
    found = standing_of(dict(body), "", profile, target)
    wrong = {top_of(d.parameter) for d in found.departures} | {*map(top_of, found.unclaimed)}
    return wrong | {name for name in body if lonely(name, body)}


def lonely(name: str, body: Mapping[str, JSON]) -> bool:
    """Whether what a parameter always goes with is missing."""
    needed = COMPANY.get(name, {}).keys() - {"messages", LIMIT}
    return not needed <= body.keys()


def _spoilt(profile: Profile, target: Target) -> Iterator[Case]:
    """One value outside its range among others that are right."""
    for body in (case.body for case in _combined(profile, target)):
        names = [name for name in body if name not in ("model", "messages")]
        for name, value in (
            (n, v) for n in names for _, v in beyond(profile.parameter(n, target.model))
        ):
            spoilt = {**body, name: value, **({LIMIT: 1} if name == "n" else {})}
            if one_defect(spoilt, name, profile, target):
                yield Case(slug(name), spoilt, Suite.CORE, 7, free=True)
                return


def _texts(profile: Profile, target: Target) -> Iterator[Case]:
    body = {**smallest(TEXT_LIMIT), "messages": [user(UNIVERSAL)]}
    for name, more in (("universal", {}), ("stream-universal", STREAMED)):
        if standing_of({**body, **more}, "", profile, target).kept:
            yield Case(name, {**body, **more}, Suite.CORE, 6)


def smallest(limit: int) -> dict[str, JSON]:
    """A request with nothing but what is needed, and a limit."""
    return {"model": MODEL, "messages": [user("Say OK.")], LIMIT: limit}


def one_defect(
    body: Mapping[str, JSON], top: str, profile: Profile, target: Target, *ways: Way
) -> bool:
    """Whether one departure is all that is wrong, of one of these kinds, and the profile states what follows."""
    found = standing_of(dict(body), top, profile, target)
    if len(found.departures) != 1:
        return False
    departure = found.departures[0]
    right = not ways or departure.way in ways
    return right and departure.policy.known and top_of(departure.parameter) == top


family(VALID, "Requests that keep to the profile, with many parameters at once.", _combined)
family(DEFECT, "Requests with one defect among parameters that are right.", _spoilt)
family(TEXT, "Text of any characters.", _texts)
probe(
    Probe(
        MALFORMED,
        "A body that is no JSON: cut off inside an escape.",
        "POST",
        Operation.CHAT,
        json.dumps({"model": MODEL, "messages": [user("\u00e9")]}).encode()[:-6],
        stage=Stage.FREE,
    )
)


# What is searched


def searches(profile: Profile, target: Target, examples: int) -> list[Search]:
    """What a full run generates: requests about each parameter, bodies that are no JSON, and texts."""
    if not target.paths(Operation.CHAT, profile):
        return []
    names = [n for n in (*TOP_LEVEL, *vendor_names(profile)) if n not in COSTLY]
    tokens = BRIEF * MOST_CHOICES
    found = [
        Search(VALID, slug(n), examples, tokens)
        for n in names
        if profile.parameter(n, target.model).support is not Support.NONE
    ]
    found += [
        Search(DEFECT, slug(n), examples, BRIEF)
        for n in names
        if next(spoilt(n, profile, target), None) is not None
    ]
    found += [Search(MALFORMED, kind, examples) for kind in ("cut", "odd")]
    found += [Search(TEXT, form, examples, TEXT_LIMIT) for form in ("plain", "stream")]
    return found


def named(search: Search, profile: Profile) -> str:
    """The parameter that a search is about."""
    names = (*TOP_LEVEL, *vendor_names(profile))
    return next((n for n in names if slug(n) == search.name), search.name)


def spoilt(top: str, profile: Profile, target: Target) -> Iterator[dict[str, JSON]]:
    """Small requests with one defect of a parameter, those nearest to what is claimed first."""
    for body in map(_brief, _wrong(top, profile, target)):
        if one_defect(body, top, profile, target):
            yield body


def _wrong(top: str, profile: Profile, target: Target) -> Iterator[Mapping[str, JSON]]:
    for make in (combinations, incomplete, unsupported):
        yield from (case.body for case in make(top)(profile, target))
    none = profile.parameter(top, target.model).support is Support.NONE
    if none or top not in (*EXAMPLES, *vendor_names(profile)):
        return
    for member in members(top, profile):
        claim = profile.parameter(member, target.model)
        for _, value in (*beyond(claim), *of_other_types(claim)):
            yield around(member, value)


def _brief(body: Mapping[str, JSON]) -> dict[str, JSON]:
    """The body with a limit that keeps it cheap where it is answered after all."""
    n = body.get("n")
    many = isinstance(n, int) and n > MOST_CHOICES
    return {**body, **({LIMIT: 1 if many else BRIEF} if LIMIT in body else {})}
