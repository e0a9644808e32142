"""How a request stands to a profile: what departs, in which way, and what is not claimed at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from conformance.model.json import JSON
from conformance.model.profile import Models, Parameter, Policy, Profile, Reaction, Support, Variant
from conformance.spec.claims import (
    Departure,
    Side,
    Standing,
    Way,
    effect_expected,
    has_type,
    outside,
    standing,
    stated_range,
)

REFUSED = Policy((Reaction.REJECT,))
IGNORED = Policy((Reaction.IGNORE,))
SMALLEST: dict[str, JSON] = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


def claim(name: str, support: Support = Support.FULL, **limits: Any) -> Parameter:
    """A claim about one parameter."""
    return Parameter(name, support, **limits)


def profile(*claims: Parameter, **more: Any) -> Profile:
    """A profile that claims model, messages and stream, and these."""
    usual = (claim("model"), claim("messages"), claim("stream", types=("boolean",)))
    return Profile("p", "P", parameters={c.name: c for c in (*usual, *claims)}, **more)


def found(of: Profile, **fields: JSON) -> Standing:
    """How the smallest request with these fields stands to a profile."""
    return standing({**SMALLEST, **fields}, of, "m")


def ways(result: Standing) -> list[tuple[str, Way]]:
    """The places and ways of all departures."""
    return [(d.at, d.way) for d in result.departures]


def test_a_request_within_its_claims_is_kept() -> None:
    """Nothing departs and nothing is left open."""
    of = profile(claim("temperature", types=("number",), minimum=0, maximum=2))

    assert Standing() == found(of, temperature=2)
    assert found(of, temperature=2).kept


@pytest.mark.parametrize("support", [Support.PARTIAL, Support.UNKNOWN])
def test_what_is_not_claimed_in_full_is_named(support: Support) -> None:
    """A parameter that may or may not be taken is no departure, but the request is not claimed."""
    result = found(profile(claim("seed", support)), seed=1)

    assert ("seed",) == result.unclaimed
    assert not result.kept
    assert () == result.departures


@pytest.mark.parametrize(
    ("limits", "value", "side"),
    [
        ({"minimum": 0, "maximum": 2}, 2.01, Side.ABOVE),
        ({"minimum": 0, "maximum": 2}, -0.01, Side.BELOW),
        ({"minimum": 0, "maximum": 2}, 0, None),
        ({"minimum": 0, "exclusive_minimum": True}, 0, Side.BELOW),
        ({"maximum": 1, "exclusive_maximum": True}, 1, Side.ABOVE),
        ({"values": (1,)}, 0.5, None),
        ({"values": (1,)}, 2, Side.NEITHER),
        ({"values": ("a", None)}, "b", Side.NEITHER),
        ({"values": ("a",)}, {"type": "function"}, None),
        ({"values": (1,)}, True, None),
        ({"max_items": 2}, ["a", "b", "c"], Side.ABOVE),
        ({"min_items": 1}, [], Side.BELOW),
        ({"max_length": 3}, "abcd", Side.ABOVE),
        ({"min_length": 1}, "", Side.BELOW),
        ({"pattern": "^[a-z]+$"}, "A", Side.NEITHER),
        ({"max_properties": 1}, {"a": 1, "b": 2}, Side.ABOVE),
        ({"minimum": 3}, None, None),
        ({"minimum": 3}, True, None),
    ],
)
def test_ranges(limits: Mapping[str, Any], value: JSON, side: Side | None) -> None:
    """Bounds belong to the range unless they are exclusive; other JSON types are not limited by it."""
    assert side == outside(claim("x", **limits), value)


@pytest.mark.parametrize(
    ("value", "types", "fits"),
    [
        (1, ("number",), True),
        (1.5, ("number",), True),
        (1.5, ("integer",), False),
        (1.0, ("integer",), True),
        (True, ("integer",), False),
        ("1", ("integer", "null"), False),
        (None, ("integer", "null"), True),
        (None, ("integer",), False),
        ([], ("object",), False),
        ({}, (), True),
    ],
)
def test_types(value: JSON, types: tuple[str, ...], fits: bool) -> None:
    """An integer is a number, true is not 1, and a claim without types allows every one."""
    assert fits == has_type(value, types)


def test_a_wrong_type_is_no_matter_of_range() -> None:
    """One cause, one departure, with the policy of its own kind."""
    of = profile(
        claim("n", types=("integer",), minimum=1), wrong_type=REFUSED, out_of_range=IGNORED
    )

    assert (Departure("n", "n", Way.TYPE, "an integer", REFUSED),) == found(of, n="2").departures
    assert (Departure("n", "n", Way.RANGE, "at least 1", IGNORED, Side.BELOW),) == found(
        of, n=0
    ).departures


def test_a_claim_s_own_policy_goes_before_the_profile_s() -> None:
    """The code of a side goes before the code for both."""
    own = Policy((Reaction.REJECT,), code="invalid_value", code_above="too_large")
    of = profile(claim("n", types=("integer",), minimum=1, maximum=8, out_of_range=own))

    assert ["too_large"] == [d.code for d in found(of, n=9).departures]
    assert ["invalid_value"] == [d.code for d in found(of, n=0).departures]


def test_what_is_not_supported_is_told_once() -> None:
    """A parameter that is not supported brings its members with it."""
    of = profile(
        claim("stream_options", Support.NONE),
        claim("stream_options.include_usage", types=("boolean",)),
        unsupported=IGNORED,
    )
    result = found(of, stream=True, stream_options={"include_usage": 3})

    assert [("stream_options", Way.UNSUPPORTED)] == ways(result)
    assert IGNORED == result.departures[0].policy


def test_no_stream_is_wanted_where_streams_are_not_supported() -> None:
    """stream: false asks for nothing."""
    of = Profile("p", "P", parameters={
        "model": claim("model"), "messages": claim("messages"), "stream": claim("stream", Support.NONE)
    })  # fmt: skip

    assert Standing() == found(of, stream=False)
    assert [("stream", Way.UNSUPPORTED)] == ways(found(of, stream=True))


def test_fields_that_nobody_knows() -> None:
    """At the top level, and inside the objects that OpenAI keeps closed."""
    of = profile(claim("stream_options"), unknown_field=REFUSED)

    assert [("foo", Way.UNKNOWN_FIELD)] == ways(found(of, foo=1))
    assert [("stream_options.foo", Way.UNKNOWN_FIELD)] == ways(found(of, stream_options={"foo": 1}))


@pytest.mark.parametrize(
    ("limits", "fields", "departs"),
    [
        ({"requires": {"tools": None}}, {}, True),
        ({"requires": {"tools": None}}, {"tools": [1]}, False),
        ({"requires": {"tools": None}}, {"tools": []}, True),
        ({"requires": {"logprobs": True}}, {"logprobs": False}, True),
        ({"requires": {"logprobs": True}}, {"logprobs": True}, False),
        ({"excludes": ("max_tokens",)}, {"max_tokens": 1}, True),
        ({"excludes": ("max_tokens",)}, {"max_tokens": None}, False),
        ({"only_with_stream": True}, {}, True),
        ({"only_with_stream": True}, {"stream": True}, False),
    ],
)
def test_companions(limits: Mapping[str, Any], fields: dict[str, JSON], departs: bool) -> None:
    """A parameter without what it requires, or beside what it excludes; null is like absent."""
    others = (claim("tools"), claim("logprobs"), claim("max_tokens"))
    of = profile(claim("x", **limits), *others, combination=REFUSED)

    assert ([("x", Way.COMBINATION)] if departs else []) == ways(found(of, x=1, **fields))


@pytest.mark.parametrize(
    ("limits", "holder", "missing"),
    [
        ({"required": True}, {"type": "function"}, True),
        ({"required": True}, {"function": None}, False),
        ({"required": True}, "function", False),
        ({"required_where": {"type": "function"}}, {"type": "function"}, True),
        ({"required_where": {"type": "function"}}, {"type": "custom"}, False),
        ({"required_where": {"type": "function"}}, {}, False),
        ({"required_where": {"type": 1}}, {"type": True}, False),
    ],
)
def test_members_that_an_object_must_have(
    limits: Mapping[str, Any], holder: JSON, missing: bool
) -> None:
    """In each object that lacks them, and only where the others are as the claim says; null is there."""
    of = profile(claim("tools"), claim("tools[].function", **limits))
    whole: JSON = {"type": "other", "function": {}}
    found_there = ways(found(of, tools=[whole, holder]))

    assert ([("tools[1].function", Way.MISSING)] if missing else []) == found_there


def test_a_missing_member_is_refused_unless_the_profile_says_otherwise() -> None:
    """Its own policy goes before the profile's, and a refusal is what being required means."""
    ignored = Policy((Reaction.IGNORE,))
    bare, own = claim("x.y", required=True), claim("x.y", required=True, missing=ignored)

    for of, policy in (
        (profile(claim("x"), bare), replace(REFUSED, statuses=())),
        (profile(claim("x"), bare, missing=ignored), ignored),
        (profile(claim("x"), own), ignored),
    ):
        assert [policy] == [d.policy for d in found(of, x={}).departures]


def test_messages_and_whole_parameters_are_required_elsewhere() -> None:
    """What a message must have, and what a body must have, are mistakes of their own."""
    of = profile(claim("messages[].role", required=True), claim("seed", required=True))

    assert () == found(of, messages=[{"content": "Hi"}]).departures


def test_members_and_items_have_claims_of_their_own() -> None:
    """A dotted name leads to every place it means."""
    of = profile(
        claim("tools"),
        claim("tools[].function.name", types=("string",), max_length=3),
        claim("logit_bias"),
        claim("logit_bias.*", types=("integer",), maximum=100),
    )
    tools: JSON = [{"function": {"name": "abc"}}, {"function": {"name": "abcd"}}]

    assert [("tools[1].function.name", Way.RANGE)] == ways(found(of, tools=tools))
    assert [("logit_bias.7", Way.RANGE)] == ways(found(of, logit_bias={"5": 1, "7": 101}))


def test_models_may_differ() -> None:
    """The claim for the model that is asked counts."""
    variant = Variant("o*", {"stop": claim("stop", Support.NONE)})
    of = profile(claim("stop"), models=Models(variants=(variant,)))

    assert () == standing({**SMALLEST, "stop": "x"}, of, "gpt-4o").departures
    assert 1 == len(standing({**SMALLEST, "stop": "x"}, of, "o3").departures)


def test_another_parameter_may_take_an_effect_away() -> None:
    """No effect is expected of what the profile says is overridden or ignored then."""
    overridden = claim("max_tokens", overridden_by=("max_completion_tokens",))
    ignored = claim("top_p", ignored_when={"temperature": 0})

    assert not effect_expected(overridden, {"max_completion_tokens": 5})
    assert effect_expected(overridden, {"max_completion_tokens": None})
    assert not effect_expected(ignored, {"temperature": 0})
    assert effect_expected(ignored, {"temperature": 1})


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"minimum": 0, "maximum": 2}, "at least 0 and at most 2"),
        ({"minimum": 0.5, "exclusive_minimum": True}, "above 0.5"),
        ({"values": ("low", "high", None)}, "one of low, high"),
        ({"values": (1,)}, "1"),
        ({"max_items": 4}, "at most 4 items"),
        ({"max_length": 64, "pattern": "^a$"}, "at most 64 characters and matching ^a$"),
        ({}, "any value"),
    ],
)
def test_ranges_in_words(limits: Mapping[str, Any], said: str) -> None:
    """What a report says that was expected."""
    assert said == stated_range(claim("x", **limits))
