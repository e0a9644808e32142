"""The report for a CI step summary: a table of counts, then what needs a look, folded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from conformance.model.capability import Observed, Row
from conformance.model.finding import Finding, Outcome, Problem
from conformance.model.json import JSON
from conformance.model.profile import Profile
from conformance.report.capability import chosen, counted, seen
from conformance.report.escaping import LONGEST_VALUE, in_markdown
from conformance.report.text import LONGEST_CURL, cost_line
from conformance.report.verdict import PROBLEMS_SHOWN, counts, groups, named, verdict_sentence
from conformance.spec.clauses import Clause, clauses

LARGEST = 900_000
"""Bytes of a whole summary; CI services take about a megabyte."""

MEANINGS = {
    Outcome.PASS: "the rule was exercised and held",
    Outcome.FAIL: "a MUST rule is broken",
    Outcome.WARN: "a SHOULD rule is broken",
    Outcome.NOTE: "open in the sources, worth knowing",
    Outcome.WAIVED: "a problem that the profile accepts",
    Outcome.STALE: "a waiver without a problem",
    Outcome.SKIP: "does not apply",
    Outcome.INCONCLUSIVE: "could not be judged",
    Outcome.ERROR: "a check failed to work",
}
_LOUD = (Observed.IGNORED, Observed.BREAKS, Observed.VARIES, Observed.CLAMPED)
_FOLDED = (Outcome.ERROR, Outcome.FAIL, Outcome.STALE, Outcome.WARN)


def markdown(
    findings: Sequence[Finding],
    *,
    target: Mapping[str, JSON],
    profile: Profile,
    suite: Mapping[str, JSON],
    cost: Mapping[str, JSON],
    exit_code: int,
    rules: Mapping[str, Clause] | None = None,
    capabilities: Sequence[Row] = (),
) -> str:
    """The whole summary, at most 900 kB; findings should have their curl lines already."""
    known = clauses() if rules is None else rules
    head = [
        *_heading(target, profile, suite, cost),
        in_markdown(verdict_sentence(findings, exit_code)) + f". Exit code {exit_code}.\n\n",
        *_table(findings),
    ]
    table = list(capability_table(capabilities))
    shown = groups(findings)
    folded = [
        _folded(f, known.get(f.clause)) for g in shown if g.outcome in _FOLDED for f in g.findings
    ]
    unjudged = [
        f"- {_code(g.title)}: {_code(named([f.check for f in g.findings], 8))}\n"
        for g in shown
        if g.outcome is Outcome.INCONCLUSIVE
    ]
    left = ["\n### Could not be judged\n\n", *unjudged] if unjudged else []
    # Where nothing is claimed, the table is the main result.
    main = chosen(capabilities).explored
    return _within(head, [*table, *folded, *left] if main else [*folded, *table, *left])


def _within(head: Iterable[str], blocks: Sequence[str]) -> str:
    text = "".join(head)
    room = LARGEST - len(text.encode()) - 200
    for n, block in enumerate(blocks):
        room -= len(block.encode())
        if room < 0:
            return f"{text}\n{len(blocks) - n} more entries are in results.json.\n"
        text += block
    return text


def _heading(
    target: Mapping[str, JSON],
    profile: Profile,
    suite: Mapping[str, JSON],
    cost: Mapping[str, JSON],
) -> Iterable[str]:
    yield f"## Conformance of {_code(str(target.get('base_url') or 'recorded traffic'))}\n\n"
    yield f"Model {_code(str(target.get('model') or 'not stated'))}, profile {_code(profile.name)}, "
    yield f"suite {_code(str(suite.get('version', '')))}: {cost_line(cost)}.\n\n"


def _table(findings: Iterable[Finding]) -> Iterable[str]:
    yield "| outcome | checks | meaning |\n|---|---:|---|\n"
    for outcome, count in counts(findings).items():
        if count:
            yield f"| {outcome.value} | {count} | {MEANINGS[outcome]} |\n"
    yield "\n"


def capability_table(rows: Sequence[Row], *, everything: bool = False) -> Iterator[str]:
    """The capability table; one block, so that it is shown whole or not at all."""
    if not rows:
        return
    shown = chosen(rows, everything=everything)
    text = "\n### Capabilities\n\n"
    said = ", ".join(filter(None, (counted(shown.rows), shown.rest)))
    text += f"{said}.\n\n" if said else ""
    if shown.rows:
        text += "| parameter | claimed | observed | what was seen |\n|---|---|---|---|\n"
        text += "".join(_capability(row) for row in shown.rows) + "\n"
    yield text


def _capability(row: Row) -> str:
    observed = f"**{row.observed}**" if row.observed in _LOUD else str(row.observed)
    mark = "".join(f"<br>against {_code(check)}" for check in row.against)
    cells = (_code(row.parameter), _words(row.claimed), observed + mark, _words(seen(row)))
    return f"| {' | '.join(cells)} |\n"


def _words(text: str) -> str:
    return in_markdown(text, LONGEST_VALUE)


def _folded(finding: Finding, clause: Clause | None) -> str:
    """One block of HTML without an empty line, so that nothing in it is read as Markdown."""
    level = finding.level.value.upper()
    lines = [
        "<details>",
        f"<summary><b>{finding.outcome.value.upper()}</b> {_code(finding.check)} ({level}): "
        f"{in_markdown(finding.title)}</summary>",
        "<ul>",
    ]
    if finding.reason:
        lines.append(_item("reason", finding.reason))
    for problem in finding.problems[:PROBLEMS_SHOWN]:
        lines.append(_problem(problem))
    if (more := len(finding.problems) - PROBLEMS_SHOWN) > 0:
        lines.append(f"<li>and {more} more</li>")
    if clause is not None and finding.problems:
        lines.append(f"<li>source: {in_markdown(str(clause.source))}</li>")
        lines += [f"<li>breaks: {in_markdown(one)}</li>" for one in clause.breaks]
        lines.append(f"<li>fix: {in_markdown(clause.fix)}</li>")
    lines.append("</ul>")
    if 0 < len(finding.curl) <= LONGEST_CURL:
        lines.append(f"<pre>{in_markdown(finding.curl, LONGEST_CURL)}</pre>")
    return "\n".join([*lines, "</details>"]) + "\n\n"


def _problem(problem: Problem) -> str:
    where = f"{_code(problem.at)} in {_code(problem.exchange)}"
    said = f"<li>at {where}: expected {_code(problem.expected)}, actual {_code(problem.actual)}"
    shown = f"<br>evidence {_code(problem.evidence)}" if problem.evidence else ""
    shown += "".join(f"<br>claim {_code(claim)}" for claim in problem.claims)
    return f"{said}{shown}</li>"


def _item(label: str, text: str) -> str:
    return f"<li>{label}: {_code(text)}</li>"


def _code(text: str) -> str:
    return f"<code>{in_markdown(text, LONGEST_VALUE)}</code>"
