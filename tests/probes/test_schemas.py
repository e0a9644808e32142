"""Which requests carry the schemas of the corpus, and how."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from conformance.model.plan import Step, Suite
from conformance.model.profile import Parameter, Support
from conformance.model.target import Target
from conformance.probes.registry import all_probes, steps_of
from conformance.probes.schemas import CORE
from conformance.profiles.load import load_profile
from conformance.spec.shapes import topics
from tests.builders import a_profile

TARGET = Target("http://127.0.0.1:8000", "/v1", "tiny")
FAMILIES = [i for i in all_probes() if i.startswith("schema.")]
SHIPPED = (
    *("base", "openai", "meingpt", "steinkauz", "setapp"),
    *("range-checking-gateway", "web-search-gateway"),
)


def steps(profile: Any, suite: Suite = Suite.FULL) -> list[Step]:
    """All requests under a profile."""
    known = load_profile(profile) if isinstance(profile, str) else profile
    return [s for i in FAMILIES for s in steps_of(all_probes()[i], TARGET, known, suite)]


def body(step: Step) -> Any:
    """The body of a request."""
    return json.loads(step.request.body or b"{}") if step.request else {}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_core_run_sends_few(name: str) -> None:
    """At most eight requests of at most 64 tokens each; the others have at most 256."""
    core = steps(name, Suite.CORE)

    assert len(core) <= len(CORE) == 8
    assert all(step.max_output_tokens <= 64 for step in core)
    assert all(step.max_output_tokens <= 256 for step in steps(name))


def test_every_shape_is_sent_both_ways() -> None:
    """As an answer and as arguments, and once as a stream where it goes both ways."""
    sent = [(s.probe, s.id.partition(":")[2]) for s in steps("openai")]
    for topic in topics().values():
        for shape in topic.shapes:
            forms = {
                form
                for kind in ("output", "tool")
                for form in (shape.name, f"stream-{shape.name}")
                if (f"schema.{kind}.{topic.name}", form) in sent
            }
            assert forms == {shape.name, f"stream-{shape.name}"} or shape.only


def test_both_forms_are_balanced() -> None:
    """About half of the requests are streams, of answers and of arguments alike."""
    counted = Counter(
        (step.probe.split(".")[1], body(step).get("stream") is True) for step in steps("openai")
    )

    for kind in ("output", "tool"):
        assert abs(counted[kind, True] - counted[kind, False]) <= len(topics())


def test_schemas_are_sent_as_they_stand() -> None:
    """The schema of the corpus is in the request, with its strictness."""
    by_id = {step.id: body(step) for step in steps("openai")}
    [shape] = [s for s in topics()["numbers"].shapes if s.name == "between"]
    answer = by_id["schema.output.numbers:stream-between"]["response_format"]["json_schema"]
    function = by_id["schema.tool.numbers:between"]["tools"][0]["function"]

    assert (shape.schema, True) == (answer["schema"], answer["strict"])
    assert (shape.schema, True) == (function["parameters"], function["strict"])


def test_functions_at_their_limits() -> None:
    """A name of 64 letters, and 128 tools of which the last is called."""
    by_case = {s.id.partition(":")[2]: body(s) for s in steps("openai") if "limits" in s.probe}

    assert 64 == len(by_case["longest-name"]["tools"][0]["function"]["name"])
    many = by_case["stream-most-tools"]
    assert 128 == len(many["tools"])
    assert many["tools"][-1]["function"]["name"] == many["tool_choice"]["function"]["name"]


def test_nothing_is_sent_that_a_profile_rules_out() -> None:
    """No arguments without tools; a choice or a flag that is not supported is left out."""
    full = {n: Parameter(n, Support.FULL) for n in ("model", "messages", "stream", "max_tokens")}
    none = {n: Parameter(n, Support.NONE) for n in ("tools", "response_format")}
    flags = ("tool_choice", "tools[].function.strict")
    loose = {n: Parameter(n, Support.NONE) for n in flags} | {
        "tools": Parameter("tools", Support.FULL)
    }

    assert [] == steps(a_profile(parameters={**full, **none}))
    made = [body(s) for s in steps(a_profile(parameters={**full, **loose})) if ".tool." in s.probe]
    assert made
    assert not any("tool_choice" in one for one in made)
    assert not any("strict" in tool["function"] for one in made for tool in one["tools"])
