"""Which conversations follow from what a profile claims of messages."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import pytest

from conformance.model.plan import Stage, Step, Suite
from conformance.model.target import Target
from conformance.probes.registry import all_probes, steps_of
from conformance.profiles.load import load_profile

TARGET = Target("http://127.0.0.1:8000", "/v1", "tiny")
FAMILIES = [i for i in all_probes() if i.startswith("message.")]
SHIPPED = (
    *("base", "openai", "meingpt", "steinkauz", "setapp"),
    *("range-checking-gateway", "web-search-gateway"),
)


def steps(name: str, suite: Suite = Suite.FULL) -> list[Step]:
    """All conversations under a profile."""
    profile = load_profile(name)
    return [s for i in FAMILIES for s in steps_of(all_probes()[i], TARGET, profile, suite)]


def cases(name: str, family: str) -> dict[str, list[Any]]:
    """The messages of each case of a family."""
    chosen = [s for s in steps(name) if s.probe == family]
    return {s.id.partition(":")[2]: body(s)["messages"] for s in chosen}


def body(step: Step) -> Any:
    """The body of a request."""
    return json.loads(step.request.body or b"{}") if step.request else {}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_core_run_sends_few(name: str) -> None:
    """At most ten requests of at most eight tokens each."""
    core = steps(name, Suite.CORE)

    assert len(core) <= 10
    assert all(step.max_output_tokens <= 8 for step in steps(name))


@pytest.mark.parametrize("name", SHIPPED)
def test_every_case_has_a_name_of_its_own(name: str) -> None:
    """Exchanges are told apart by it."""
    ids = [step.id for step in steps(name)]

    assert len(ids) == len(set(ids))


def test_every_role_is_tried() -> None:
    """Those that are claimed, or of which nothing is said; a made-up one where it must be refused."""
    roles = {"system", "developer", "user", "assistant", "tool", "function"}

    assert roles == cases("openai", "message.role.accepted").keys()
    assert roles == cases("base", "message.role.accepted").keys()
    assert {"conformance-no-such"} == cases("openai", "message.role.unsupported").keys()
    assert {} == cases("base", "message.role.unsupported")


def test_every_part_is_tried() -> None:
    """Text, images, audio, files and refusals, the media small and valid."""
    made = cases("openai", "message.part.accepted")
    kinds = {part["type"] for m in made.values() for one in m for part in listed(one["content"])}
    image = made["image_url"][0]["content"][0]["image_url"]["url"]
    audio = made["input_audio"][0]["content"][0]["input_audio"]["data"]

    assert {"text", "image_url", "input_audio", "file", "refusal"} == kinds
    assert b64decode(image.partition(",")[2]).startswith(b"\x89PNG")
    assert b64decode(audio).startswith(b"RIFF")


def listed(content: Any) -> list[Any]:
    """The parts of a content, none where it is text."""
    return content if isinstance(content, list) else []


def test_calls_are_answered_in_every_order() -> None:
    """Content null, absent and empty; results in order and out of it."""
    made = cases("openai", "message.calls.accepted")

    assert made["null-content"][1]["content"] is None
    assert "content" not in made["absent-content"][1]
    assert "" == made["empty-content"][1]["content"]
    called = [c["id"] for c in made["out-of-order"][1]["tool_calls"]]
    assert called == [m["tool_call_id"] for m in made["out-of-order"][2:]][::-1]


def test_a_long_history_is_long() -> None:
    """Sixty turns and a question."""
    assert 61 == len(cases("base", "message.history.accepted")["sixty"])


def test_what_must_be_refused_costs_nothing() -> None:
    """It goes with what generates no tokens."""
    free = {s.probe for s in steps("openai") if s.stage is Stage.FREE}

    assert {
        *("message.role.unsupported", "message.content.type"),
        *("message.part.range", "message.member.type"),
    } == free
