"""Requests as strategies: what keeps to a profile, and what departs from it in one thing."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from copy import deepcopy

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.model.json import JSON
from conformance.model.plan import Search
from conformance.model.profile import Profile, Support
from conformance.model.target import Target
from conformance.probes.generated import (
    BRIEF,
    COSTLY,
    lonely,
    named,
    one_defect,
    smallest,
    spoilt,
)
from conformance.probes.param_values import standing_of
from conformance.probes.registry import LIMIT, filled
from conformance.probes.samples import AS_JSON, COMPANY, EXAMPLES, STREAMED
from conformance.spec.names import LIMITS, TOP_LEVEL, top_of, vendor_names

from .values import values_of

Body = dict[str, JSON]
OLDER = ("functions", "function_call")
"""What tools were before: no page says what both together would mean."""
TOOLS = ("tools", "tool_choice", "parallel_tool_calls")


class Maker:
    """Makes the requests for one profile and endpoint; ``accepted`` are parameters that it was seen to take."""

    def __init__(self, profile: Profile, target: Target, accepted: Collection[str] = ()) -> None:
        self._profile = profile
        self._target = target
        self._accepted = frozenset(accepted)

    def valid(self, search: Search) -> SearchStrategy[Body]:
        """Requests with one parameter and any others that keep to the profile."""
        top = named(search, self._profile)
        value = values_of(top, self._profile, self._target, null=True)
        others = self._others(top)
        if top in LIMITS:
            value = st.integers(self._least(top), max(self._least(top), BRIEF))
        limits = st.integers(self._least(self._target.limit_parameter), BRIEF)
        wanted = {top: value} if top in LIMITS else {LIMIT: limits, top: value}
        drawn = st.fixed_dictionaries({**wanted, **_perhaps(others)}).map(_given)
        whole = drawn.map(lambda fields: self._mended(self._companied(fields, top), top))
        return whole.filter(bool).map(self._filled)

    def possible(self, search: Search) -> bool:
        """Whether the endpoint claims the parameter of a search, or was seen to take it."""
        return self._usable(named(search, self._profile))

    def defective(self, search: Search) -> SearchStrategy[Body]:
        """Requests with one defect of a parameter, and any others that are right."""
        top = named(search, self._profile)
        defects = st.sampled_from(list(spoilt(top, self._profile, self._target)))
        others = self._others(top)
        extra = st.fixed_dictionaries(_perhaps(others)).map(_given)

        def joined(body: Body, more: Body) -> Body:
            added = {name: v for name, v in more.items() if name not in body}
            whole = self._companied({**added, **body}, top)
            # Where the others bring a defect of their own, the bare one is sent.
            return whole if self._spoilt(whole, top) else body

        return st.builds(joined, defects, extra).map(self._filled)

    def _spoilt(self, body: Body, top: str) -> bool:
        right = one_defect(body, top, self._profile, self._target)
        found = standing_of(body, top, self._profile, self._target)
        return right and self._known(found.unclaimed, top)

    def _mended(self, body: Body, top: str) -> Body:
        """The body without what does not keep to the profile; empty if that is the parameter in question."""
        limit = next((name for name in LIMITS if name in body), "")
        while body:
            found = standing_of(body, limit, self._profile, self._target)
            wrong = {top_of(d.parameter) for d in found.departures}
            wrong |= {n for n in map(top_of, found.unclaimed) if n not in self._accepted}
            wrong |= {name for name in body if lonely(name, body)}
            if not wrong:
                break
            gone = (wrong - {top}) & body.keys()
            body = {k: v for k, v in body.items() if k not in gone} if gone else {}
        return body if {top, "messages"} <= body.keys() else {}

    def _known(self, unclaimed: Collection[str], top: str = "") -> bool:
        return all(top_of(name) in {*self._accepted, top} for name in unclaimed)

    def _filled(self, body: Body) -> Body:
        return filled(body, self._target)

    def _least(self, limit: str) -> int:
        claim = self._profile.parameter(limit, self._target.model)
        return max(1, int(claim.minimum or 1))

    def _others(self, top: str) -> Mapping[str, SearchStrategy[JSON]]:
        """Every parameter that may stand beside one."""
        apart = {top, *(TOOLS if top in OLDER else OLDER)}
        names = [n for n in (*TOP_LEVEL, *vendor_names(self._profile)) if n not in apart]
        return {
            name: values_of(name, self._profile, self._target)
            for name in names
            if name not in (*COSTLY, *LIMITS) and self._usable(name)
        }

    def _usable(self, name: str) -> bool:
        support = self._profile.parameter(name, self._target.model).support
        return support is Support.FULL or (support is not Support.NONE and name in self._accepted)

    def _companied(self, fields: Mapping[str, JSON], top: str) -> Body:
        """The fields with what they need beside them, and without what they exclude."""
        body: Body = {**smallest(BRIEF), **fields}
        if top in LIMITS:
            body.pop(LIMIT, None)
        for name in (*fields, *(n for n in COMPANY if n not in fields)):
            if name in body:
                self._accompany(name, body, top)
        _name_a_tool(body)
        _speak_of_json(body)
        return body

    def _accompany(self, name: str, body: Body, top: str) -> None:
        claim = self._profile.parameter(name, self._target.model)
        if any(other in body and other == top for other in claim.excludes):
            del body[name]
            return
        for other in claim.excludes:
            body.pop(other, None)
        for other, value in COMPANY.get(name, {}).items():
            if other == "messages" or (other not in body and other != LIMIT):
                body[other] = deepcopy(value)
        for other, wanted in claim.requires.items():
            if wanted is not None:
                body[other] = wanted
            elif other not in body and other in EXAMPLES:
                body[other] = deepcopy(EXAMPLES[other])
        if claim.only_with_stream:
            body.update(STREAMED)


_ABSENT = object()


def _perhaps(values: Mapping[str, SearchStrategy[JSON]]) -> dict[str, SearchStrategy[object]]:
    """Each of these or nothing, whatever becomes of the others: so that each can be left out by itself."""
    return {name: st.one_of(st.just(_ABSENT), value) for name, value in values.items()}


def _given(fields: Mapping[str, object]) -> Body:
    return {name: value for name, value in fields.items() if value is not _ABSENT}  # type: ignore[misc]


def _speak_of_json(body: Body) -> None:
    """OpenAI takes the format json_object only where the messages speak of JSON."""
    match body:
        case {"response_format": {"type": "json_object"}, "messages": messages} if (
            "json" not in json.dumps(messages).lower()
        ):
            body["messages"] = deepcopy(AS_JSON)


def _name_a_tool(body: Body) -> None:
    """Lets a choice that names a function name one that is there."""
    match body:
        case {
            "tool_choice": {"function": {"name": str()}},
            "tools": [{"function": {"name": str(name)}}, *_],
        }:
            body["tool_choice"] = {"type": "function", "function": {"name": name}}
