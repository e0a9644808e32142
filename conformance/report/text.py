"""The report for a terminal: heading, findings by cause with the worst first, the verdict in words."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO

from rich.console import Console
from rich.text import Text

from conformance.model.capability import Observed, Row
from conformance.model.finding import Finding, Outcome, Problem
from conformance.model.json import JSON
from conformance.model.profile import Profile
from conformance.report.capability import BRIEF, MEANINGS, by_observation, chosen, counted, seen
from conformance.report.escaping import LONGEST, LONGEST_VALUE, cut, encodable, visible
from conformance.report.verdict import (
    PROBLEMS_SHOWN,
    Group,
    counts,
    groups,
    named,
    verdict_lines,
)
from conformance.spec.clauses import Clause, clauses

LONGEST_CURL = 4_000
"""Characters of a curl line; longer ones are only in results.json."""
PLAIN_WIDTH = 100
"""Columns where there is no terminal, as in a log."""
WIDEST = 140
"""Longer lines are hard to read."""

STYLES = {
    Outcome.PASS: "green",
    Outcome.FAIL: "bold red",
    Outcome.WARN: "yellow",
    Outcome.NOTE: "cyan",
    Outcome.WAIVED: "blue",
    Outcome.STALE: "bold red",
    Outcome.SKIP: "dim",
    Outcome.INCONCLUSIVE: "magenta",
    Outcome.ERROR: "bold red",
}
HEADINGS = {
    Outcome.ERROR: "checks that failed to work, which is our own mistake",
    Outcome.FAIL: "MUST rules that are broken",
    Outcome.STALE: "waivers that meet no problem and should be removed",
    Outcome.WARN: "SHOULD rules that are broken",
    Outcome.INCONCLUSIVE: "could not be judged",
    Outcome.NOTE: "open in the sources, worth knowing",
    Outcome.WAIVED: "problems that the profile accepts",
}
_IN_FULL = (Outcome.FAIL, Outcome.WARN)
_LABEL = 10
_NAMES = (24, 34)
"""Columns of the names of parameters, at least and at most; a longer name moves its own line."""
_LONGEST_NAME = 60
_INSIDE = 6


def console_for(stream: IO[str]) -> Console:
    """A console for a stream: the terminal's own width and colours, else plain text of a fixed width."""
    if stream.isatty():
        return Console(file=stream, highlight=False, markup=False, emoji=False)
    return Console(file=stream, highlight=False, markup=False, emoji=False, width=PLAIN_WIDTH)


def print_report(
    console: Console,
    findings: Sequence[Finding],
    *,
    target: Mapping[str, JSON],
    profile: Profile,
    suite: Mapping[str, JSON],
    cost: Mapping[str, JSON],
    exit_code: int,
    rules: Mapping[str, Clause] | None = None,
    capabilities: Sequence[Row] = (),
    verbose: bool = False,
) -> None:
    """Prints everything; findings should have their curl lines (``curl.with_curl``) already."""
    page = Page(console)
    heading(page, target, profile, suite, cost)
    known = clauses() if rules is None else rules
    shown = groups(findings)
    for outcome in HEADINGS:
        of_it = [group for group in shown if group.outcome is outcome]
        if of_it:
            _section(page, outcome, of_it, known)
    if capabilities:
        print_capabilities(page, capabilities, everything=verbose)
    page.line()
    page.line(_counted(findings))
    for line in verdict_lines(findings, exit_code):
        page.line(line)


class Page:
    """Lines on a console; every string is data: escaped, cut, wrapped, never taken as markup."""

    def __init__(self, console: Console, *, margin: int = 0) -> None:
        self.console = console
        self.margin = margin
        """Columns of every indent that are left out."""
        self.width = max(40, min(console.width, WIDEST))

    def line(self, text: str = "", *, indent: int = 0, style: str = "") -> None:
        """One paragraph."""
        self._hanging(Text(), self._text(text, LONGEST, style), indent)

    def marked(self, mark: str, style: str, text: str, *, indent: int = 0) -> None:
        """A paragraph that stands beside a styled mark."""
        self._hanging(Text(mark + "  ", style), self._text(text, LONGEST, "bold"), indent)

    def row(self, label: str, value: str, *, indent: int, most: int = LONGEST) -> None:
        """A label and what belongs to it."""
        self._hanging(Text(label.ljust(_LABEL), "dim"), self._text(value, most), indent)

    def unwrapped(self, label: str, value: str, *, indent: int) -> None:
        """A label and a line that stays whole, so that it can be copied."""
        shown = self._text(value, len(value))
        text = Text.assemble(" " * (indent - self.margin), (label.ljust(_LABEL), "dim"), shown)
        self.console.print(text, soft_wrap=True)

    def _text(self, text: str, most: int, style: str = "") -> Text:
        return Text(encodable(visible(text, most), self.console.encoding), style=style)

    def _hanging(self, first: Text, text: Text, indent: int) -> None:
        indent = max(0, indent - self.margin)
        margin = indent + first.cell_len
        for n, line in enumerate(text.wrap(self.console, self.width - margin) or [Text()]):
            line.rstrip()
            before = Text(" " * margin) if n else Text(" " * indent) + first
            self.console.print(before + line if line else Text(), soft_wrap=True)


def heading(
    page: Page,
    target: Mapping[str, JSON],
    profile: Profile,
    suite: Mapping[str, JSON],
    cost: Mapping[str, JSON],
) -> None:
    """Who was judged, by what, and what it cost."""
    url = str(target.get("base_url") or "recorded traffic")
    model = str(target.get("model") or "")
    page.line(url + (f", model {model}" if model else ""), style="bold")
    page.line(f"profile {profile.name} ({profile.title}), suite {suite.get('version', '')}")
    page.line(cost_line(cost))


def cost_line(cost: Mapping[str, JSON]) -> str:
    """Requests, tokens and seconds in words."""
    retries = cost.get("retries") or 0
    again = f" ({retries} of them repeated)" if retries else ""
    seconds = cost.get("seconds")
    took = f"{seconds:.1f}" if isinstance(seconds, (int, float)) else "0.0"
    plural = "" if cost.get("requests") == 1 else "s"
    return (
        f"{_count(cost, 'requests')} request{plural}{again}, {_count(cost, 'input_tokens')} tokens in, "
        f"{_count(cost, 'output_tokens')} tokens out, {took} s"
    )


def _count(cost: Mapping[str, JSON], name: str) -> str:
    value = cost.get(name)
    return f"{value:,}" if isinstance(value, int) else "0"


def _counted(findings: Iterable[Finding]) -> str:
    return ", ".join(f"{n} {outcome}" for outcome, n in counts(findings).items() if n)


def _section(page: Page, outcome: Outcome, made: list[Group], known: Mapping[str, Clause]) -> None:
    count = sum(len(group.findings) for group in made)
    page.line()
    page.marked(outcome.value.upper(), STYLES[outcome], f"{HEADINGS[outcome]}: {count}")
    for group in made:
        if outcome is Outcome.INCONCLUSIVE:
            page.row(f"{len(group.findings):>5}", group.title, indent=0, most=LONGEST_VALUE)
            page.line(named([finding.check for finding in group.findings], 8), indent=_LABEL)
            continue
        page.line()
        page.line(group.title, indent=2, style="bold")
        for n, finding in enumerate(group.findings):
            if n and outcome in _IN_FULL:
                page.line()
            _finding(page, finding, known.get(finding.clause))


def print_capabilities(page: Page, rows: Sequence[Row], *, everything: bool = False) -> None:
    """The capability table: what hurts users most first, of what is in order the names alone."""
    shown = chosen(rows, everything=everything)
    said = counted(shown.rows) if shown.rows else ""
    longest = max((len(row.parameter) for row in shown.rows), default=0)
    width = max(_NAMES[0], min(longest + 2, _NAMES[1]))
    page.line()
    page.marked("CAPABILITIES", "bold", "; ".join(filter(None, (said, shown.rest))))
    for observed, group in by_observation(shown.rows):
        page.line()
        page.line(f"{observed.value}: {MEANINGS[observed]}", indent=2, style="bold")
        brief = [] if everything else [row for row in group if _needs_no_line(row, observed)]
        for row in group:
            if row not in brief:
                _capability(page, row, width, claims=everything or not shown.explored)
        for why, names in _by_reason(brief):
            page.line(f"{why}: {names}" if why else names, indent=_INSIDE)


def _by_reason(rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """The names of rows together, apart where they were not seen for different reasons."""
    reasons = [cut(r.how, LONGEST_VALUE) if r.observed is Observed.NOT_SEEN else "" for r in rows]
    for reason in dict.fromkeys(reasons):
        of_it = [row for row, why in zip(rows, reasons, strict=True) if why == reason]
        yield reason, ", ".join(cut(row.parameter, _LONGEST_NAME) for row in of_it)


def _needs_no_line(row: Row, observed: Observed) -> bool:
    return observed in BRIEF and not row.against


def _capability(page: Page, row: Row, width: int, *, claims: bool) -> None:
    claimed = f"claimed {row.claimed}" if claims else ""
    text = "; ".join(filter(None, (claimed, seen(row))))
    name = encodable(visible(row.parameter, _LONGEST_NAME), page.console.encoding)
    page.row(f"{name} ".ljust(width), text, indent=_INSIDE, most=LONGEST_VALUE)
    if row.against:
        page.line(f"against the claim: {', '.join(row.against)}", indent=_INSIDE + width)


def finding_text(finding: Finding, rules: Mapping[str, Clause] | None = None) -> str:
    """One finding as plain text with every problem and without its heading, for the report of a test."""
    stream = io.StringIO()
    page = Page(console_for(stream), margin=_INSIDE)
    clause = (clauses() if rules is None else rules).get(finding.clause)
    _details(page, finding, clause, len(finding.problems), in_full=True)
    return stream.getvalue().rstrip("\n")


def _finding(page: Page, finding: Finding, clause: Clause | None) -> None:
    mark, style = finding.outcome.value.upper(), STYLES[finding.outcome]
    page.marked(mark, style, f"{finding.check} ({finding.level.value.upper()})", indent=2)
    in_full = finding.outcome in _IN_FULL
    _details(page, finding, clause, PROBLEMS_SHOWN if in_full else 1, in_full=in_full)


def _details(
    page: Page, finding: Finding, clause: Clause | None, shown: int, *, in_full: bool
) -> None:
    page.line(finding.title, indent=_INSIDE)
    if finding.reason:
        page.row("reason", finding.reason, indent=_INSIDE, most=LONGEST_VALUE)
    for problem in finding.problems[:shown]:
        _problem(page, problem, evidence=in_full)
    more = len(finding.problems) - shown
    if more > 0:
        page.line(f"and {more} more {'problem' if more == 1 else 'problems'}", indent=_INSIDE)
    if in_full:
        _rule(page, finding, clause)


def _problem(page: Page, problem: Problem, *, evidence: bool) -> None:
    where = f"{problem.at} in {problem.exchange}" if problem.exchange else problem.at
    level = f" (here only {problem.level.value.upper()})" if problem.level else ""
    page.row("at", cut(where, LONGEST_VALUE) + level, indent=_INSIDE)
    page.row("expected", problem.expected, indent=_INSIDE + 2, most=LONGEST_VALUE)
    page.row("actual", problem.actual, indent=_INSIDE + 2, most=LONGEST_VALUE)
    if evidence and problem.evidence:
        page.row("evidence", problem.evidence, indent=_INSIDE + 2, most=LONGEST_VALUE)
    for claim in problem.claims:
        page.row("claim", claim, indent=_INSIDE + 2, most=LONGEST_VALUE)
    if problem.waived is not None:
        page.row("waived", problem.waived, indent=_INSIDE + 2, most=LONGEST_VALUE)


def _rule(page: Page, finding: Finding, clause: Clause | None) -> None:
    if clause is not None:
        page.row("source", str(clause.source), indent=_INSIDE)
        for one in clause.breaks:
            page.row("breaks", one, indent=_INSIDE)
        page.row("fix", clause.fix, indent=_INSIDE)
    if len(finding.curl) > LONGEST_CURL:
        page.row("curl", f"{len(finding.curl)} characters, see results.json", indent=_INSIDE)
    elif finding.curl:
        page.unwrapped("curl", finding.curl, indent=_INSIDE)
