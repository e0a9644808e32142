"""What a run's findings say together: counts, groups by cause, and the verdict in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from conformance.model.finding import Finding, Hindrance, Level, Outcome

WORST_FIRST = (
    Outcome.ERROR,
    Outcome.FAIL,
    Outcome.STALE,
    Outcome.WARN,
    Outcome.INCONCLUSIVE,
    Outcome.NOTE,
    Outcome.WAIVED,
)
"""The outcomes that reports show one by one; passes and skips are counted."""

EXIT = {
    0: "no MUST rule was broken, and all that was planned was sent and judged",
    1: "a rule is broken or a waiver is stale",
    2: "wrong usage or a profile that cannot be used",
    3: "nothing failed, but MUST rules that could have been judged were not",
    4: "the suite itself failed; please report it",
}
"""What each exit code says."""

_HINDERED = {
    Hindrance.RUN: "not sent or not answered in this run",
    Hindrance.ENDPOINT: "another failure stands in the way",
    Hindrance.MODEL: "the model did not do what the rule needs",
    Hindrance.RECORDING: "the recording does not hold what the rule needs",
}
_EXERCISED = {
    Outcome.PASS,
    Outcome.FAIL,
    Outcome.WARN,
    Outcome.NOTE,
    Outcome.WAIVED,
    Outcome.STALE,
}
_NAMED = 4
PROBLEMS_SHOWN = 3
"""Problems of one check that reports for people show."""


@dataclass(frozen=True, slots=True)
class Group:
    """Findings of one outcome that belong together: one area, or one reason."""

    outcome: Outcome
    title: str
    findings: tuple[Finding, ...]


def counts(findings: Iterable[Finding]) -> dict[Outcome, int]:
    """How many findings have each outcome, in the order of the verdict table."""
    found = Counter(finding.outcome for finding in findings)
    return {outcome: found[outcome] for outcome in Outcome}


def groups(findings: Iterable[Finding]) -> list[Group]:
    """Findings worth a look, worst first, by area; what is inconclusive by its reason, most frequent first."""
    kept = sorted(findings, key=lambda finding: finding.check)
    made: list[Group] = []
    for outcome in WORST_FIRST:
        of_it = [finding for finding in kept if finding.outcome is outcome]
        titles = [_title(finding) for finding in of_it]
        order = list(dict.fromkeys(titles))
        if outcome is Outcome.INCONCLUSIVE:
            order.sort(key=lambda title: -titles.count(title))
        made += [
            Group(outcome, title, tuple(f for f in of_it if _title(f) == title)) for title in order
        ]
    return made


def _title(finding: Finding) -> str:
    if finding.outcome is Outcome.INCONCLUSIVE:
        return finding.reason or "no reason was given"
    return finding.check.partition(".")[0]


def verdict_sentence(findings: Sequence[Finding], exit_code: int) -> str:
    """The result in one sentence."""
    must = [f for f in findings if f.level is Level.MUST]
    exercised = [f for f in must if f.outcome in _EXERCISED]
    if not exercised and exit_code in (0, 3):
        return "Conformance was not shown: no MUST rule was exercised"
    said = _headline(findings, exit_code)
    if not exercised:
        return f"{said}: no MUST rule was exercised"
    broken = [f.check for f in exercised if f.outcome is Outcome.FAIL]
    parts = [f"{_held(exercised)} of {_rules(len(exercised), Level.MUST)} exercised held"]
    if broken:
        parts.append(f"{len(broken)} {_is(len(broken))} broken ({named(broken)})")
    parts += _lesser(exercised)
    if len(must) > len(exercised):
        rest = len(must) - len(exercised)
        parts.append(f"{rest} {'was' if rest == 1 else 'were'} not exercised")
    return f"{said}: " + ", ".join(parts)


def _headline(findings: Sequence[Finding], exit_code: int) -> str:
    outcomes = {finding.outcome for finding in findings}
    if exit_code == 1 and Outcome.FAIL not in outcomes:
        return "A waiver is stale" if Outcome.STALE in outcomes else "Does not conform when strict"
    return {
        0: "Conforms as far as it was judged",
        1: "Does not conform",
        2: "Nothing was judged",
        3: "Conformance was not shown",
        4: "The suite itself failed",
    }.get(exit_code, f"Ended with exit code {exit_code}")


def _held(exercised: Iterable[Finding]) -> int:
    return sum(f.outcome in (Outcome.PASS, Outcome.STALE) for f in exercised)


def _lesser(exercised: Sequence[Finding]) -> list[str]:
    waived = sum(f.outcome is Outcome.WAIVED for f in exercised)
    weaker = sum(f.outcome in (Outcome.WARN, Outcome.NOTE) for f in exercised)
    return ([f"{waived} {_is(waived)} waived"] if waived else []) + (
        [f"{weaker} met with lesser problems"] if weaker else []
    )


def verdict_lines(findings: Sequence[Finding], exit_code: int) -> list[str]:
    """The verdict at length: the sentence, what is broken, what was not exercised and why, the exit code."""
    lines = [verdict_sentence(findings, exit_code) + "."]
    for outcome, level in ((Outcome.FAIL, Level.MUST), (Outcome.WARN, Level.SHOULD)):
        ids = [f.check for f in findings if f.outcome is outcome]
        told = outcome is Outcome.FAIL and len(ids) <= _NAMED  # in the sentence above
        if ids and not told:
            lines.append(f"{_rules(len(ids), level)} broken: {named(ids, 20)}.")
    stale = [f.check for f in findings if f.outcome is Outcome.STALE]
    if stale:
        lines.append(f"Waivers that meet no problem, to be removed: {named(stale, 20)}.")
    lines += not_exercised(findings)
    lines.append(f"Exit code {exit_code}: {EXIT.get(exit_code, 'unknown')}.")
    return lines


def not_exercised(findings: Iterable[Finding]) -> list[str]:
    """What was not exercised, grouped by why, in words: one line for each reason."""
    by_reason: dict[str, list[str]] = {}
    for finding in findings:
        if finding.outcome is Outcome.SKIP:
            why = finding.reason or "does not apply"
        elif finding.outcome is Outcome.INCONCLUSIVE:
            why = _HINDERED[finding.hindrance or Hindrance.ENDPOINT]
        else:
            continue
        by_reason.setdefault(why, []).append(finding.check)
    ordered = sorted(by_reason.items(), key=lambda item: (-len(item[1]), item[0]))
    return [
        f"Not exercised: {len(ids)} {'rule' if len(ids) == 1 else 'rules'} ({why}): {named(sorted(ids))}."
        for why, ids in ordered
    ]


def named(ids: Sequence[str], most: int = _NAMED) -> str:
    """The first few of some names, and how many more there are."""
    more = len(ids) - most
    return ", ".join(ids[:most]) + (f" and {more} more" if more > 0 else "")


def _rules(count: int, level: Level) -> str:
    return f"{count} {level.value.upper()} {'rule' if count == 1 else 'rules'}"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"
