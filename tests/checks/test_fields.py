"""Which check owns which part of a schema."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.checks.fields import (
    DROP,
    Field,
    field_problems,
    matches,
    missing,
    owner_of,
    present,
    value_at,
)
from conformance.model.finding import (
    Hindrance,
    Level,
    Unjudged,
)
from conformance.model.json import JSON
from conformance.spec.validate import Violation, violations
from tests.builders import GONE, Value, a_completion, changed

FIELDS = (
    Field("whole", "The rest.", ((), ("choices",))),
    Field("id", "The id.", (("id",),)),
    Field("message", "The message.", (("choices", "*", "message"),)),
    Field("content", "The content.", (("choices", "*", "message", "content"),)),
)


def wrong(body: JSON) -> tuple[Violation, ...]:
    """What is wrong with a completion."""
    return violations("chat.completion", body)


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        (("a", 0, "b"), ("a", "*", "b"), True),
        (("a", 0, "b", "c"), ("a", "*"), True),
        (("a", 0), ("a", "*", "b"), False),
        (("a", 0), ("b",), False),
        ((), (), True),
    ],
    ids=["same", "below", "above", "beside", "whole"],
)
def test_a_pattern_leads_to_a_path(
    path: tuple[str | int, ...], pattern: tuple[str, ...], expected: bool
) -> None:
    """A pattern covers itself and all below it, a star any index."""
    assert expected is matches(path, pattern)


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        (("choices", 0, "message", "content"), "content"),
        (("choices", 0, "message", "role"), "message"),
        (("choices", 0, "index"), "whole"),
        (("id",), "id"),
        (("usage",), "whole"),
        ((), "whole"),
    ],
    ids=["content", "role", "index", "id", "usage", "root"],
)
def test_the_longest_pattern_owns_a_path(path: tuple[str | int, ...], owner: str) -> None:
    """Each violation has one owner: that of the longest pattern, else the first field."""
    assert owner == owner_of(path, FIELDS)


@pytest.mark.parametrize(
    ("softened", "level"),
    [(None, None), (Level.MAY, Level.MAY), (Level.SHOULD, Level.SHOULD)],
    ids=["not", "may", "should"],
)
def test_a_softener_weakens(softened: Level | None, level: Level | None) -> None:
    """What a softener returns is the problem's level; None leaves it alone."""
    field = Field("id", "The id.", (("id",),), lambda body, violation: softened)
    body = changed(a_completion(), ("/id", GONE))
    found = field_problems(field, (FIELDS[0], field), body, wrong(body), "event 1: ")

    assert [("event 1: /id", level)] == [(p.at, p.level) for p in found]


def test_a_softener_may_drop() -> None:
    """What OpenAI itself does is not even a note."""
    field = Field("id", "The id.", (("id",),), lambda body, violation: DROP)
    body = changed(a_completion(), ("/id", GONE))

    assert [] == field_problems(field, (FIELDS[0], field), body, wrong(body))


def test_the_whole_value_has_a_place_too() -> None:
    """A body that is no object at all is wrong at the root."""
    found = field_problems(FIELDS[0], FIELDS, [], wrong([]))  # type: ignore[arg-type]

    assert ["/"] == [p.at for p in found]


@pytest.mark.parametrize(
    ("pattern", "there"),
    [
        (("usage",), True),
        (("choices", "*", "message", "refusal"), True),
        (("choices", "*", "message", "audio"), False),
        (("choices", "*", "delta", "audio"), False),
        (("usage", "*"), False),
        (("id", "x"), False),
        ((), True),
    ],
    ids=["member", "null", "absent", "no such parent", "no array", "through a text", "root"],
)
def test_a_pattern_leads_somewhere_or_not(pattern: tuple[str, ...], there: bool) -> None:
    """What is null is there; what no entry has is not."""
    assert there is present(a_completion(), pattern)


def test_what_may_be_absent_is_not_judged_without_it() -> None:
    """Only of a field that may be absent does its absence leave nothing to judge."""
    audio = Field("audio", "Audio.", (("choices", "*", "message", "audio"),), optional=True)
    absent = missing(audio, [a_completion()], Hindrance.RECORDING)

    assert Unjudged("the answer has no audio", Hindrance.RECORDING) == absent
    assert None is missing(replace(audio, optional=False), [a_completion()], Hindrance.RECORDING)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("choices", 0, "index"), 0),
        (("choices", 1), None),
        (("choices", "index"), None),
        (("id", "x"), None),
        ((), "all"),
    ],
    ids=["leads", "no such index", "no such member", "through a text", "root"],
)
def test_a_path_may_lead_nowhere(path: tuple[str | int, ...], expected: Value) -> None:
    """Where a path leads nowhere there is None, not an error."""
    body = a_completion()

    assert (body if expected == "all" else expected) == value_at(body, path)
