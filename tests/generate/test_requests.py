"""What is made up: requests that keep to a profile, that depart in one thing, that are no JSON, and texts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from hypothesis.strategies import SearchStrategy

from conformance.generate import malformed, texts
from conformance.generate.requests import Maker
from conformance.generate.values import of_claim, values_of
from conformance.model.plan import Search
from conformance.model.profile import Parameter, Profile, Support
from conformance.model.target import Target
from conformance.probes.generated import DEFECT, VALID, searches
from conformance.profiles.load import load_profile
from conformance.spec.claims import outside, standing
from conformance.wire import strict_json

TARGET = Target("http://127.0.0.1:9", "/v1", "reference-1")
SHIPPED = ("openai", "setapp", "meingpt")
LIMITS = ("max_tokens", "max_completion_tokens")
FEW = settings(max_examples=15)


def target(profile: Profile) -> Target:
    """The target with the profile's own model."""
    return Target(TARGET.origin, TARGET.prefix, profile.models.chat or TARGET.model)


def valid(profile: Profile, *, accepted: tuple[str, ...] = ()) -> SearchStrategy[dict[str, Any]]:
    """Requests of any search that keep to a profile."""
    maker = Maker(profile, target(profile), accepted)
    found = [s for s in searches(profile, target(profile), 1) if s.probe == VALID]
    return st.one_of([maker.valid(s) for s in found if maker.possible(s)])


def defective(profile: Profile) -> SearchStrategy[dict[str, Any]]:
    """Requests of any search with one defect."""
    maker = Maker(profile, target(profile))
    found = [s for s in searches(profile, target(profile), 1) if s.probe == DEFECT]
    return st.one_of([maker.defective(s) for s in found])


@pytest.mark.parametrize("name", SHIPPED)
def test_valid_requests_keep_to_the_profile(name: str) -> None:
    """Everything in them is claimed, choices and tokens are few."""
    profile = load_profile(name)

    @FEW
    @given(valid(profile))
    def check(body: dict[str, Any]) -> None:
        found = standing(body, profile, body["model"])
        assert not {departure.parameter for departure in found.departures} - {*LIMITS}
        assert not set(found.unclaimed) - {*LIMITS}
        assert 1 <= body.get("n", 1) <= 3
        assert all(body.get(limit, 1) <= 8 for limit in LIMITS)

    check()


@pytest.mark.parametrize("name", ["openai", "setapp"])
def test_defective_requests_depart_in_one_thing(name: str) -> None:
    """And the profile says what is done about it."""
    profile = load_profile(name)

    @FEW
    @given(defective(profile))
    def check(body: dict[str, Any]) -> None:
        model = body["model"] if isinstance(body["model"], str) else None
        found = [d for d in standing(body, profile, model).departures if d.parameter not in LIMITS]
        assert len(found) <= 1
        assert all(departure.policy.known for departure in found)

    check()


def smallest_with(name: str, *more: str) -> dict[str, Any]:
    """What shrinking makes of a request that has these parameters."""
    profile = load_profile("openai")
    maker = Maker(profile, target(profile))
    made = maker.valid(Search(VALID, name, 1))
    return find(
        made,
        lambda body: all(body.get(other) is not None for other in more),
        settings=settings(max_examples=500, database=None),
    )


@pytest.mark.parametrize(
    ("name", "more", "kept"),
    [
        ("n", (), {"n"}),
        ("n", ("stop",), {"n", "stop"}),
        ("tool-choice", (), {"tool_choice", "tools"}),
        ("top-logprobs", (), {"top_logprobs", "logprobs"}),
        ("stream-options", (), {"stream_options", "stream"}),
        ("response-format", ("seed",), {"response_format", "seed"}),
    ],
    ids=["one", "two", "tool choice", "top logprobs", "stream options", "a format"],
)
def test_shrinking_leaves_what_is_needed(name: str, more: tuple[str, ...], kept: set[str]) -> None:
    """Parameters go one by one, and what a parameter needs beside it stays."""
    body = smallest_with(name, *more)

    assert kept == body.keys() - {"model", "messages", *LIMITS}
    assert 1 == next(body[limit] for limit in LIMITS if limit in body)


def test_what_is_left_open_is_made_up_only_where_it_was_seen_accepted() -> None:
    """A profile that claims little leaves it to the run to find out."""
    base = load_profile("base")
    maker = Maker(base, TARGET)
    temperature = Search(VALID, "temperature", 1)

    assert not maker.possible(temperature)
    assert Maker(base, TARGET, {"temperature"}).possible(temperature)


def test_json_is_spoken_of_where_it_is_asked_for() -> None:
    """OpenAI refuses the format json_object otherwise, also where tools bring messages of their own."""
    profile = load_profile("openai")
    maker = Maker(profile, target(profile))
    [search] = [s for s in searches(profile, target(profile), 1) if s.id == "generated.valid:tools"]

    def silent(body: dict[str, Any]) -> bool:
        asked = body.get("response_format") == {"type": "json_object"}
        return asked and "json" not in json.dumps(body["messages"]).lower()

    with pytest.raises(NoSuchExample):
        find(maker.valid(search), silent, settings=settings(max_examples=300, database=None))


def test_tools_of_both_kinds_never_meet() -> None:
    """Nobody says what they would mean together."""
    profile = load_profile("openai")
    with pytest.raises(NoSuchExample):
        find(
            valid(profile),
            lambda body: "functions" in body and "tools" in body,
            settings=settings(max_examples=60, database=None),
        )


@pytest.mark.parametrize(
    "claim",
    [
        Parameter("x", Support.FULL, types=("number",), minimum=0, maximum=2),
        Parameter("x", Support.FULL, types=("number",), minimum=0, maximum=1, exclusive_minimum=True),
        Parameter("x", Support.FULL, types=("integer",), minimum=1, maximum=3),
        Parameter("x", Support.FULL, types=("integer", "null"), maximum=20),
        Parameter("x", Support.FULL, types=("string",), max_length=64),
        Parameter("x", Support.FULL, types=("string",), values=("low", "high")),
        Parameter("x", Support.FULL, types=("boolean",)),
    ],
    ids=["number", "open bound", "integer", "nullable", "text", "listed", "boolean"],
)  # fmt: skip
def test_values_follow_from_the_claim(claim: Parameter) -> None:
    """Each is inside what is claimed."""

    @FEW
    @given(of_claim(claim))
    def check(value: Any) -> None:
        assert outside(claim, value) is None

    check()


@pytest.mark.parametrize(
    "name", ["stop", "logit_bias", "metadata", "tools", "service_tier", "store"]
)
def test_values_that_a_claim_does_not_tell(name: str) -> None:
    """They are inside it, and none of them is dear."""
    profile = load_profile("openai")
    claim = profile.parameter(name, target(profile).model)

    @FEW
    @given(values_of(name, profile, target(profile)))
    def check(value: Any) -> None:
        assert outside(claim, value) is None
        assert value not in ("priority", "flex", True)

    check()


@FEW
@given(malformed.bodies(TARGET, cut=True))
def test_what_is_cut_off_is_no_json(body: bytes) -> None:
    """No part of an object is one."""
    assert strict_json.parse(body).error is not None


ODD: list[tuple[str, Callable[[Target], SearchStrategy[bytes]], bool]] = [
    ("trailed", malformed.trailed, True),
    ("badly escaped", malformed.badly_escaped, True),
    ("no numbers", malformed.not_numbers, True),
    ("huge numbers", malformed.huge_numbers, False),
    ("repeated names", malformed.repeated_names, False),
    ("nested", malformed.nested, False),
]


@pytest.mark.parametrize(("kind", "broken"), [one[1:] for one in ODD], ids=[one[0] for one in ODD])
def test_odd_bodies_are_of_their_kind(
    kind: Callable[[Target], SearchStrategy[bytes]], broken: bool
) -> None:
    """Some are no JSON, some are JSON at its edges, and all are short."""

    @FEW
    @given(kind(TARGET))
    def check(body: bytes) -> None:
        parsed = strict_json.parse(body)
        deep = parsed.error == "nested too deep to be read"
        assert broken == (not parsed.ok and not deep)
        assert len(body) <= 16_000

    check()


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_texts_are_json(streamed: bool) -> None:
    """Whatever the characters, the body is a request with one message."""

    @FEW
    @given(texts.bodies(TARGET, streamed=streamed))
    def check(raw: bytes) -> None:
        body = json.loads(raw)
        assert streamed == body.get("stream", False)
        assert body["messages"][0]["content"].startswith("Say OK: ")
        assert body["max_tokens"] <= 16

    check()
