"""The parameter matrix: which requests follow from which claims."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from conformance.model.plan import Stage, Step, Suite
from conformance.model.profile import Parameter, Policy, Profile, Reaction, Support
from conformance.model.target import Target
from conformance.plan import checks_of_suite, make_plan
from conformance.probes.registry import all_probes, steps_of
from conformance.probes.samples import CITY_SCHEMA
from conformance.profiles.load import load_profile
from conformance.spec.names import TOP_LEVEL, slug
from tests.builders import a_profile

TARGET = Target("http://127.0.0.1:8000", "/v1", "tiny")
REJECT = Policy((Reaction.REJECT,))
SHIPPED = (
    *("base", "openai", "meingpt", "steinkauz", "setapp"),
    *("range-checking-gateway", "web-search-gateway"),
)


def claiming(*claims: Parameter, **more: Any) -> Profile:
    """A profile with these claims, that says what is done outside them."""
    usual = [
        Parameter(name, Support.FULL) for name in ("model", "messages", "stream", "max_tokens")
    ]
    policies = dict.fromkeys(("unsupported", "out_of_range", "wrong_type", "combination"), REJECT)
    every = {c.name: c for c in (*usual, *claims)}
    return a_profile(parameters=every, **{**policies, **more})


def steps(family: str, profile: Profile, suite: Suite = Suite.FULL) -> list[Step]:
    """The requests of a family."""
    return steps_of(all_probes()[family], TARGET, profile, suite)


def sent(family: str, profile: Profile) -> dict[str, Any]:
    """The value of the parameter in each case of its family."""
    name = next(n for n in TOP_LEVEL if slug(n) == family.split(".")[1])
    found = {}
    for step in steps(family, profile):
        body = json.loads(step.request.body or b"{}") if step.request else {}
        found[step.id.partition(":")[2]] = body.get(name, "absent")
    return found


def test_every_parameter_has_its_families() -> None:
    """All parameters of chat completions but messages, whose probes are their own."""
    assert 36 == len(TOP_LEVEL)
    families = {i for i in all_probes() if i.startswith("param.")}
    for name in TOP_LEVEL:
        ways = ("value", "range", "type") if name != "model" else ("type",)
        assert {f"param.{slug(name)}.{way}" for way in ways} <= families


def test_values_inside_a_claim() -> None:
    """The bounds, a fraction and an integer between them, and null where it is allowed."""
    profile = claiming(
        Parameter("temperature", Support.FULL, types=("number", "null"), minimum=0, maximum=1)
    )

    assert {
        "ordinary": 0.5,
        "minimum": 0,
        "maximum": 1,
        "whole": 0,
        "null": None,
    }.items() <= {**sent("param.temperature.value", profile), "whole": 0}.items()


def test_exclusive_bounds_are_kept_out() -> None:
    """What is inside is a step away from an exclusive bound, what is outside is the bound."""
    limits: dict[str, Any] = {"minimum": 0, "maximum": 1, "exclusive_minimum": True}
    profile = claiming(Parameter("top_p", Support.FULL, types=("number",), **limits))

    assert 0.01 == sent("param.top-p.value", profile)["minimum"]
    assert 0 == sent("param.top-p.range", profile)["below-minimum"]
    assert 1.01 == sent("param.top-p.range", profile)["above-maximum"]


def test_one_step_and_far_outside() -> None:
    """Integers are one off, and a thousand."""
    limits: dict[str, Any] = {"types": ("integer",), "minimum": 1, "maximum": 8}
    cases = sent("param.n.range", claiming(Parameter("n", Support.FULL, **limits)))

    assert {"above-maximum": 9, "below-minimum": 0, "far-below": -999, "far-above": 1008} == cases


def test_other_types() -> None:
    """Strings that look like numbers, fractions for integers, null where it is not allowed."""
    cases = sent("param.seed.type", claiming(Parameter("seed", Support.FULL, types=("integer",))))

    assert {
        "numeric-string": "1",
        "fraction": 1.5,
        "string": "conformance",
        "boolean": True,
        "array": [],
        "object": {},
        "null": None,
    } == cases


def test_lists_and_lengths() -> None:
    """One item or character more than allowed, a name that is not listed, one that does not match."""
    profile = claiming(
        Parameter("stop", Support.FULL, types=("string", "array"), max_items=2),
        Parameter("user", Support.FULL, types=("string",), max_length=4),
        Parameter("verbosity", Support.FULL, types=("string",), values=("low", "high")),
    )

    assert 3 == len(sent("param.stop.range", profile)["too-many"])
    assert {"too-long": "aaaaa"} == sent("param.user.range", profile)
    assert {"not-listed": "conformance-no-such-value", "other-case": "LOW"} == sent(
        "param.verbosity.range", profile
    )
    assert {"low", "high"} == set(sent("param.verbosity.value", profile).values())


def test_members_that_are_left_out() -> None:
    """One at a time, the others as they should be; core forgets what people forget."""
    profile = load_profile("openai")
    schema: Any = CITY_SCHEMA
    nameless = {name: value for name, value in schema.items() if name != "name"}

    assert {
        "type": {"json_schema": schema},
        "json-schema": {"type": "json_schema"},
        "json-schema-name": {"type": "json_schema", "json_schema": nameless},
    } == sent("param.response-format.missing", profile)
    assert {"name": {}} == sent("param.function-call.missing", profile)
    tools = sent("param.tools.missing", profile)
    assert ["type", "function", "function-name", "custom", "custom-name"] == list(tools)
    assert [{"type": "custom"}] == tools["custom"]
    core = {
        family: [step.id.partition(":")[2] for step in steps(family, profile, Suite.CORE)]
        for family in all_probes()
        if family.endswith(".missing")
    }
    assert {
        "param.response-format.missing": ["json-schema-name"],
        "param.tools.missing": ["function"],
    } == {family: cases for family, cases in core.items() if cases}


def test_nothing_is_left_out_where_nothing_is_required() -> None:
    """Nor where the profile does not say what follows."""
    unsaid = claiming(
        Parameter("moderation", Support.FULL),
        Parameter("moderation.model", Support.FULL, required=True),
        missing=Policy(),
    )

    assert {} == sent("param.moderation.missing", unsaid)
    assert {} == sent("param.tools.missing", load_profile("base"))


def test_companions() -> None:
    """What is required comes along, and is left out where that is the mistake."""
    profile = claiming(
        Parameter("logprobs", Support.FULL, types=("boolean",)),
        Parameter("top_logprobs", Support.FULL, types=("integer",), requires={"logprobs": True}),
        Parameter("stream_options", Support.FULL, types=("object",), only_with_stream=True),
    )
    [alone] = steps("param.top-logprobs.combination", profile)
    assert alone.request is not None
    assert b'"logprobs"' not in (alone.request.body or b"")
    assert ["without-stream"] == list(sent("param.stream-options.combination", profile))
    for step in steps("param.top-logprobs.value", profile):
        assert step.request is not None
        assert b'"logprobs":true' in (step.request.body or b"")


def test_nothing_is_tried_that_is_not_claimed() -> None:
    """Without a range there is nothing outside it; without a policy nothing is expected of it."""
    unlimited = claiming(Parameter("seed", Support.FULL, types=("integer",)))
    silent = claiming(
        Parameter("n", Support.FULL, types=("integer",), maximum=8),
        out_of_range=Policy(),
        wrong_type=Policy(),
    )

    assert [] == steps("param.seed.range", unlimited)
    assert [] == steps("param.n.range", silent) + steps("param.n.type", silent)
    assert [] == steps("param.n.unsupported", silent)


def test_what_is_not_supported_is_sent_alone() -> None:
    """Its effect would show in it, and nothing else in it is unsupported."""
    profile = claiming(Parameter("logprobs", Support.NONE), Parameter("top_logprobs", Support.NONE))

    assert [] == steps("param.logprobs.value", profile)
    for step in steps("param.logprobs.unsupported", profile):
        assert step.request is not None
        assert b"top_logprobs" not in (step.request.body or b"")
    assert steps("param.logprobs.unsupported", profile)


def test_what_is_refused_costs_nothing() -> None:
    """A request that must be refused is sent among those that generate nothing."""
    limits: dict[str, Any] = {"types": ("integer",), "maximum": 8}
    strict = claiming(Parameter("n", Support.FULL, **limits))
    lax = claiming(Parameter("n", Support.FULL, **limits), out_of_range=Policy((Reaction.CLAMP,)))

    assert {Stage.FREE} == {step.stage for step in steps("param.n.range", strict)}
    assert {Stage.CHAT} == {step.stage for step in steps("param.n.range", lax)}


@pytest.mark.parametrize("name", SHIPPED)
def test_every_case_is_small_and_named(name: str) -> None:
    """Ids are plain and unique, and no answer may be long."""
    profile = load_profile(name)
    every = [
        step
        for family, probe in all_probes().items()
        if family.startswith("param.") and probe.cases
        for step in steps(family, profile)
    ]

    assert len(every) == len({step.id for step in every})
    assert all(re.fullmatch(r"param\.[a-z0-9-]+\.[a-z]+:[a-z0-9-]+", step.id) for step in every)
    assert all(step.max_output_tokens <= 129 for step in every if step.stage is Stage.CHAT), [
        s.id for s in every if s.max_output_tokens > 129
    ]


@pytest.mark.parametrize("name", SHIPPED)
def test_core_stays_within_its_budget(name: str) -> None:
    """Two hundred requests and 8,000 output tokens at most, under every shipped profile."""
    profile = load_profile(name)
    plan = make_plan(checks_of_suite("core"), profile, TARGET)

    assert len(plan.steps) <= 200
    assert plan.output_tokens <= 8_000


def test_parameters_that_only_one_vendor_has() -> None:
    """They are tried as OpenAI's are, under their names; an alias with a value of what it stands for."""
    top_k = Parameter("top_k", Support.FULL, types=("integer",), minimum=1, maximum=100)
    profile = claiming(top_k, Parameter("max_output", Support.FULL, alias_of="max_tokens"))
    found = {
        step.id: json.loads(step.request.body or b"{}")
        for what in ("value", "range", "type")
        for step in steps(f"param.vendor.{what}", profile)
        if step.request
    }

    assert 1 == found["param.vendor.value:top-k-ordinary"]["top_k"]
    assert 100 == found["param.vendor.value:top-k-maximum"]["top_k"]
    assert 16 == found["param.vendor.value:max-output-ordinary"]["max_output"]
    assert 101 == found["param.vendor.range:top-k-above-maximum"]["top_k"]
    assert "1" == found["param.vendor.type:top-k-numeric-string"]["top_k"]
    assert [] == steps("param.vendor.value", claiming(Parameter("top_k", Support.NONE)))
