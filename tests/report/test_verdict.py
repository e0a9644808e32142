"""Counts, groups and the verdict in words."""

from __future__ import annotations

import pytest

from conformance.model.finding import Finding, Hindrance, Level, Outcome
from conformance.report.verdict import (
    counts,
    groups,
    named,
    not_exercised,
    verdict_lines,
    verdict_sentence,
)

from .built import a_finding, a_handful

HELD = a_finding("a.b", Outcome.PASS)
BROKEN = a_finding("a.c", Outcome.FAIL)
WEAK = a_finding("a.d", Outcome.WARN)
UNSENT = a_finding("a.e", Outcome.INCONCLUSIVE, reason="budget", hindrance=Hindrance.RUN)


def test_every_outcome_is_counted() -> None:
    """Outcomes that do not occur count as none."""
    found = counts([HELD, HELD, BROKEN])

    assert list(Outcome) == list(found)
    assert (2, 1, 0) == (found[Outcome.PASS], found[Outcome.FAIL], found[Outcome.NOTE])


def test_groups_come_worst_first_and_share_a_cause() -> None:
    """What stands in the way of several checks is told once, the most frequent reason first."""
    made = [(g.outcome.value, g.title, len(g.findings)) for g in groups(a_handful())]

    assert [
        ("error", "parity", 1),
        ("fail", "chat", 1),
        ("stale", "chat", 1),
        ("warn", "chunk", 1),
        ("inconclusive", "chat.stream.basic: status 500, not 200", 2),
        ("inconclusive", "budget: --max-requests 3", 1),
        ("note", "auth", 1),
        ("waived", "chat", 1),
    ] == made


@pytest.mark.parametrize(
    ("findings", "exit_code", "expected"),
    [
        pytest.param(
            [HELD],
            0,
            "Conforms as far as it was judged: 1 of 1 MUST rule exercised held",
            id="conforms",
        ),
        pytest.param(
            [HELD, BROKEN, UNSENT],
            1,
            "Does not conform: 1 of 2 MUST rules exercised held, 1 is broken (a.c), 1 was not exercised",
            id="broken",
        ),
        pytest.param(
            [HELD, WEAK],
            1,
            "Does not conform when strict: "
            "1 of 2 MUST rules exercised held, 1 met with lesser problems",
            id="strict",
        ),
        pytest.param(
            [a_finding("a.b", Outcome.STALE)],
            1,
            "A waiver is stale: 1 of 1 MUST rule exercised held",
            id="stale",
        ),
        pytest.param(
            [UNSENT], 3, "Conformance was not shown: no MUST rule was exercised", id="unsent"
        ),
        pytest.param(
            [HELD, a_finding("a.z", Outcome.ERROR)],
            4,
            "The suite itself failed: 1 of 1 MUST rule exercised held, 1 was not exercised",
            id="error",
        ),
        pytest.param([], 0, "Conformance was not shown: no MUST rule was exercised", id="nothing"),
    ],
)
def test_the_sentence_says_what_was_shown(
    findings: list[Finding], exit_code: int, expected: str
) -> None:
    """The result fits one sentence, and never counts what was not exercised as held."""
    assert expected == verdict_sentence(findings, exit_code)


def test_what_was_not_exercised_is_grouped_by_why() -> None:
    """Skips give their own reason; what is inconclusive gives the kind of hindrance."""
    assert [
        "Not exercised: 2 rules (another failure stands in the way): stream.done, stream.done-once.",
        "Not exercised: 1 rule (not claimed: the profile has no key): auth.no-key.",
        "Not exercised: 1 rule (not sent or not answered in this run): http.answered.",
    ] == not_exercised(a_handful())


def test_the_lines_name_what_is_broken_and_the_exit_code() -> None:
    """The end of the report answers what a reader of a log asks."""
    lines = verdict_lines(a_handful(), 4)

    assert "1 is broken (chat.response.choice-index)" in lines[0]
    assert "1 SHOULD rule broken: chunk.role-first." in lines
    assert "Waivers that meet no problem, to be removed: chat.response.usage." in lines
    assert "Exit code 4: the suite itself failed; please report it." == lines[-1]


def test_a_should_rule_is_not_a_must_rule() -> None:
    """Only MUST rules are counted as exercised in the sentence."""
    sentence = verdict_sentence([HELD, a_finding("a.x", Outcome.WARN, Level.SHOULD)], 0)

    assert "1 of 1 MUST rule exercised held" in sentence


def test_long_lists_of_names_are_cut() -> None:
    """The first few, and how many more."""
    assert "a, b and 3 more" == named(list("abcde"), 2)
    assert "a, b" == named(list("ab"), 2)


def test_broken_rules_are_named_once() -> None:
    """Those that the sentence has no room for get a line of their own."""
    broken = [a_finding(f"a.b{n}", Outcome.FAIL) for n in range(5)]

    assert "5 MUST rules broken: a.b0, a.b1, a.b2, a.b3, a.b4." in verdict_lines(broken, 1)
    assert not any("rule broken" in line for line in verdict_lines(broken[:1], 1))
