"""How checks are declared, and that every one of them is shown to hold and to break."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from conformance.checks import registry
from conformance.checks.kinds import anything
from conformance.checks.registry import MUST, Problems, Scope, all_checks, check, matching
from conformance.model.finding import Outcome, Problem
from conformance.model.profile import Profile
from conformance.wire.reading import Reading
from tests.builders import Case


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, registry.Check]]:
    """A catalogue without checks, for the time of a test."""
    all_checks()  # the real ones declare themselves before, once
    made: dict[str, registry.Check] = {}
    monkeypatch.setattr(registry, "_CHECKS", made)
    return made  # type: ignore[return-value]


def holds_true(x: Reading, profile: Profile) -> Problems:
    """Something holds.

    More about it.
    """
    yield from ()


def test_a_check_takes_its_title_from_its_docstring(empty: dict[str, registry.Check]) -> None:
    """The first line is the rule; id and clause are one unless told otherwise."""
    check("chat.some-rule", level=MUST, on=anything, probes=())(holds_true)
    made = empty["chat.some-rule"]

    assert ("Something holds.", "chat.some-rule", ()) == (made.title, made.clause, made.given)


@pytest.mark.parametrize(
    ("id", "how", "message"),
    [
        ("Chat.Rule", {}, "must look like area.topic-of-rule"),
        ("chat", {}, "must look like area.topic-of-rule"),
        ("chat.rule_of", {}, "must look like area.topic-of-rule"),
        (
            "chat.rule",
            {"scope": Scope.PAIR},
            "must take 3 arguments (readings, profile) but takes 2",
        ),
    ],
    ids=["capitals", "no topic", "underscore", "arguments"],
)
def test_a_wrong_declaration_is_refused(
    empty: dict[str, registry.Check], id: str, how: dict[str, object], message: str
) -> None:
    """A mistake in a declaration is told when the module is imported."""
    with pytest.raises(ValueError, match=message.replace("(", r"\(").replace(")", r"\)")):
        check(id, level=MUST, on=anything, probes=(), **how)(holds_true)  # type: ignore[arg-type]


def test_an_id_is_declared_once(empty: dict[str, registry.Check]) -> None:
    """Two checks of one id would hide one another."""
    check("chat.rule", level=MUST, on=anything, probes=())(holds_true)

    with pytest.raises(ValueError, match=r"'chat.rule' is declared twice"):
        check("chat.rule", level=MUST, on=anything, probes=())(holds_true)


def test_a_check_without_a_rule_is_refused(empty: dict[str, registry.Check]) -> None:
    """A check says its rule in its docstring."""

    def silent(x: Reading, profile: Profile) -> Iterator[Problem]:
        yield from ()

    with pytest.raises(ValueError, match="needs a docstring that states the rule"):
        check("chat.rule", level=MUST, on=anything, probes=())(silent)


def test_globs_select_checks() -> None:
    """Ids are found by globs, each once, sorted."""
    found = matching(["turn.tool-*", "turn.o*", "*.own-message", "no.such"])

    assert ["turn.own-message", "turn.tool-result"] == found


@cache
def rows() -> list[Case]:
    """The rows of all tables."""
    here = Path(__file__).parent
    tables = [
        import_module(f"tests.checks.{p.stem}")
        for p in sorted(here.glob("test_*.py"))
        if p.stem != "test_registry"
    ]
    return [
        case for table in tables for case in getattr(table, "CASES", ()) if isinstance(case, Case)
    ]


@pytest.mark.parametrize("id", all_checks(), ids=str)
def test_every_check_is_shown_to_hold_and_to_break(id: str) -> None:
    """Each check has an exchange on which it passes and one on which it has a problem."""
    outcomes = {case.outcome for case in rows() if case.check == id}

    assert Outcome.PASS in outcomes
    assert outcomes & {Outcome.FAIL, Outcome.WARN, Outcome.NOTE}


def test_each_must_is_shown_to_fail() -> None:
    """A check of level MUST fails at least once, a SHOULD warns: weakening is not all that is shown."""
    worst = {"must": Outcome.FAIL, "should": Outcome.WARN, "may": Outcome.NOTE}
    shown = {(case.check, case.outcome) for case in rows()}

    assert [] == [c.id for c in all_checks().values() if (c.id, worst[c.level]) not in shown]


def test_titles_are_sentences() -> None:
    """What `list` prints of each check is one sentence of a readable length."""
    titles = {c.id: c.title for c in all_checks().values()}

    assert {} == {i: t for i, t in titles.items() if not t.endswith(".") or len(t) > 130}
    assert len(titles) == len(set(titles.values()))
