"""Oddities: each is small, has a name of its own, changes something, and is legal: nothing above a note comes of it."""

from __future__ import annotations

import inspect
import re
from functools import cache
from random import Random

import pytest

from conformance.model.errors import UsageError
from conformance.model.finding import Outcome
from conformance.profiles.load import load_profile, profile_names
from conformance.proof import mixtures, prove_legal
from conformance.refserver.exchange import IncomingRequest, Obj, Reply
from conformance.refserver.oddities import (
    ODDITIES,
    Oddity,
    chosen_by_name,
    compatible,
    oddity,
    oddity_named,
)
from conformance.refserver.oddities.registry import some_of
from conformance.refserver.stages import Facts, Stage

from .asking import KEY, LOCKED, ask, battery, chat_request, read, user

NAMES = [one.name for one in ODDITIES]
LINES = 24
"""Of an oddity's function, its decorator, signature and docstring included."""


@cache
def requests() -> tuple[IncomingRequest, ...]:
    """Requests of every kind, one of them with characters that mean something in HTML."""
    markup = chat_request(messages=user("Repeat exactly: <b>tea</b> & cup"))
    return (*battery().values(), markup)


@cache
def usual_replies() -> tuple[Reply, ...]:
    """What the server answers without an oddity."""
    return tuple(ask(one, LOCKED, key=KEY) for one in requests())


@pytest.mark.parametrize("name", NAMES)
def test_an_oddity_changes_something(name: str) -> None:
    """Some reply differs from the usual one."""
    odd = [oddity_named(name)]
    asked = zip(requests(), usual_replies(), strict=True)

    assert any(usual != ask(one, LOCKED, key=KEY, oddities=odd) for one, usual in asked)


def test_there_are_many() -> None:
    """At least eighty, of every area."""
    assert len(ODDITIES) >= 80
    areas = {"answers", "chunks", "spelling", "framing", "models", "errors", "http"}
    assert areas == {one.area for one in ODDITIES}


@pytest.mark.parametrize("chosen", ODDITIES, ids=NAMES)
def test_an_oddity_can_be_read(chosen: Oddity) -> None:
    """Its name is of small letters and hyphens, its title one sentence, its function short."""
    assert re.fullmatch(r"[a-z0-9.]+(-[a-z0-9.]+)+", chosen.name)
    assert re.fullmatch(r"[A-Z][^\n]*\.", chosen.title)
    assert len(inspect.getsource(chosen.change).splitlines()) <= LINES
    assert chosen.under in ("", *profile_names())


def test_titles_are_unique() -> None:
    """No two oddities are described alike."""
    assert len({one.title for one in ODDITIES}) == len(ODDITIES)


@pytest.mark.parametrize("seed", range(3))
def test_mixtures_are_legal_too(seed: int) -> None:
    """Five to eight oddities together set off nothing above a note."""
    found = list(prove_legal(mixtures(ODDITIES, 2, seed), load_profile("openai")))

    assert [()] * 2 == [calm.alarms for calm in found]


def test_alarms_are_told() -> None:
    """What an illegal oddity would set off is seen, so that silence means something."""

    def change(answer: Obj, facts: Facts) -> Obj:
        return {**answer, "id": 7}

    illegal = Oddity("x", "X.", "", Stage.COMPLETION, change)
    (calm,) = prove_legal([[illegal]], load_profile("openai"))

    assert any(a.startswith(f"{Outcome.FAIL} of chat.response.id:") for a in calm.alarms)


def test_a_choice_is_compatible_and_repeatable() -> None:
    """Five to eight at a time, none of which exclude each other, the same for the same seed."""
    for seed in range(50):
        chosen = some_of(ODDITIES, Random(seed))
        assert 5 <= len(chosen) <= 8
        assert compatible(chosen) is None
        assert chosen == some_of(ODDITIES, Random(seed))


def test_names_are_put_in_the_order_of_application() -> None:
    """Whatever the order in which they are named; once each."""
    chosen = chosen_by_name(["http-gzip", "events-crlf", "json-spaces", "http-gzip"])

    assert ["json-spaces", "events-crlf", "http-gzip"] == [one.name for one in chosen]


def test_what_excludes_each_other_is_refused() -> None:
    """Lines end in one way only."""
    with pytest.raises(UsageError, match="events-crlf and events-cr exclude each other"):
        chosen_by_name(["events-cr", "events-crlf"])


def test_an_unknown_oddity_is_a_usage_error() -> None:
    """The nearest name is offered."""
    with pytest.raises(UsageError, match="did you mean events-crlf"):
        oddity_named("crlf")


@pytest.mark.parametrize("name", ["events-crlf", "new"])
def test_a_bad_declaration_is_refused(name: str) -> None:
    """A name that is taken, or a function without a docstring."""

    def change(answer: Obj, facts: Facts) -> Obj:
        return answer

    with pytest.raises(ValueError, match=f"oddity {name}"):
        oddity(name, on=Stage.COMPLETION)(change)


@pytest.mark.parametrize(
    "one", [o for o in ODDITIES if o.stage is Stage.TEXT], ids=lambda o: o.name
)
def test_another_spelling_means_the_same(one: Oddity) -> None:
    """A body that is spelled otherwise is the same JSON value."""
    asked = battery()
    for name in ("basic-whole", "required-whole", "scored-whole", "repeat-whole", "no-model"):
        usual = read(ask(asked[name], LOCKED, key=KEY))
        assert usual == read(ask(asked[name], LOCKED, key=KEY, oddities=[one]))
