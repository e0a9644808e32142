"""Faults: each is small, has a name of its own, says who notices, and changes something."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from functools import cache

import pytest

from conformance.model.errors import UsageError
from conformance.model.profile import Errors, Profile, Sends, Shape, Streaming, UsagePlace
from conformance.profiles.load import load_profile
from conformance.refserver.exchange import Obj, Reply
from conformance.refserver.faults import FAULTS, Fault, Stage, fault, fault_named
from conformance.refserver.faults.registry import Facts

from .asking import KEY, LOCKED, MODEL, ask, battery, of_families

NAMES = [one.name for one in FAULTS]
OF_FAMILIES = {
    "messages": "message",
    "schemas": "schema",
    **{f"param_{what}": "param" for what in ("accepted", "effective", "departing")},
    **dict.fromkeys(("param_unsupported", "param_refusals"), "param"),
    "generated": "generated",
}
"""Areas of faults that show in the requests of families alone."""
LINES = 14
"""Of a fault's function, its decorator, signature and docstring included."""

PROFILES = {
    "flat": replace(LOCKED, errors=Errors(shapes=(Shape.FLAT,))),
    "text": replace(LOCKED, errors=Errors(shapes=(Shape.STRING,))),
    "empty": replace(LOCKED, errors=Errors(shapes=(Shape.EMPTY,))),
    "bare-streams": replace(
        LOCKED,
        streaming=Streaming(
            done=Sends.NEVER, usage=Sends.NEVER, role="never", finish_reason_key="absent"
        ),
    ),
    "full-streams": replace(
        LOCKED,
        streaming=Streaming(
            usage=Sends.ALWAYS,
            usage_places=(UsagePlace.EVERY_CHUNK,),
            role="every",
            comments=Sends.ALWAYS,
        ),
    ),
    "usage-at-finish": replace(
        LOCKED,
        streaming=Streaming(usage=Sends.ALWAYS, usage_places=(UsagePlace.FINISH_CHUNK,)),
    ),
}


@cache
def correct_replies() -> tuple[Reply, ...]:
    """What the server answers without a fault."""
    return tuple(ask(one, LOCKED, key=KEY) for one in battery().values())


def changes(chosen: Fault) -> set[bool]:
    """Whether replies to the requests of its area's families differ from those of the correct server."""
    name = chosen.profile or "openai"
    profile, found = load_profile(name), set[bool]()
    for area in (*touched_by(chosen), OF_FAMILIES[chosen.area]):
        for one, correct in zip(of_families(area, name), correct_to(area, name), strict=True):
            found.add(correct != ask(one, profile, key=KEY, model=MODEL, fault=chosen))
            if len(found) == 2:
                return found
    return found


def touched_by(chosen: Fault) -> list[str]:
    """The parameters, say, whose checks notice a fault: there it shows first."""
    area = OF_FAMILIES[chosen.area]
    return sorted({c.rpartition(".")[0] for c in chosen.caught_by if c.startswith(f"{area}.")})


@cache
def correct_to(area: str, profile: str) -> tuple[Reply, ...]:
    """What the server answers to these without a fault."""
    claims = load_profile(profile)
    return tuple(ask(one, claims, key=KEY, model=MODEL) for one in of_families(area, profile))


@pytest.mark.parametrize(
    "name", [one.name for one in FAULTS if not one.searched and not one.claims]
)
def test_a_fault_changes_something(name: str) -> None:
    """Some reply differs, and not all; what only a search or another claim meets, the self-test shows."""
    chosen = fault_named(name)
    if chosen.area in OF_FAMILIES:
        assert {True, False} == changes(chosen)
        return
    changed = [
        correct != ask(one, LOCKED, key=KEY, fault=chosen)
        for one, correct in zip(battery().values(), correct_replies(), strict=True)
    ]

    assert any(changed)
    assert not all(changed)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_faults_bear_with_any_profile(profile: Profile) -> None:
    """Where a profile's answers lack what a fault would change, the fault changes nothing and does not fail."""
    requests = battery()
    telling = ("basic-whole", "basic-usage", "required-stream", "no-messages", "no-key-whole")
    for chosen in FAULTS:
        for one in (requests[name] for name in telling):
            assert ask(one, profile, key=KEY, fault=chosen) is not None


@pytest.mark.parametrize("chosen", FAULTS, ids=NAMES)
def test_a_fault_is_small(chosen: Fault) -> None:
    """One departure is a few lines, its declaration aside."""
    source = inspect.getsource(chosen.change)
    assert len(source[source.index("def ") :].splitlines()) <= LINES


@pytest.mark.parametrize("chosen", FAULTS, ids=NAMES)
def test_a_fault_can_be_read(chosen: Fault) -> None:
    """Its name is of small letters and hyphens, its title one sentence, its checks look like checks."""
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", chosen.name)
    assert re.fullmatch(r"([A-Z`]|[a-z]+_)[^\n]*\.", chosen.title)
    assert all(re.fullmatch(r"[a-z]+(\.[a-z0-9-]+)+", check) for check in chosen.caught_by)


def test_names_are_unique_and_titles_too() -> None:
    """No two faults are called or described alike."""
    assert len(set(NAMES)) == len(FAULTS)
    assert len({one.title for one in FAULTS}) == len(FAULTS)


def test_an_unknown_fault_is_a_usage_error() -> None:
    """The nearest name is offered."""
    with pytest.raises(UsageError, match="did you mean chat-id-missing"):
        fault_named("id-missing")


@pytest.mark.parametrize("name", ["chat-id-missing", "new"])
def test_a_bad_declaration_is_refused(name: str) -> None:
    """A name that is taken, or a function without a docstring."""

    def change(answer: Obj, facts: Facts) -> Obj:
        return answer

    with pytest.raises(ValueError, match=f"fault {name}"):
        fault(name, "chat.response.id", on=Stage.COMPLETION)(change)
