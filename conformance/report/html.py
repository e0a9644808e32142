"""Cells for a table of test results in HTML: strings in, escaped strings out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from conformance.model.capability import Row
from conformance.model.finding import Finding, Outcome
from conformance.report.capability import chosen, counted, seen
from conformance.report.escaping import LONGEST_VALUE, in_html
from conformance.report.verdict import PROBLEMS_SHOWN
from conformance.spec.clauses import Clause, clauses

HEADERS = (
    '<th class="sortable" data-column-type="conformance-outcome">Verdict</th>',
    '<th class="sortable" data-column-type="conformance-level">Level</th>',
    '<th class="sortable" data-column-type="conformance-clause">Clause</th>',
    "<th>Evidence</th>",
)
"""The heads of the columns that ``cells`` fills."""


def cells(finding: Finding, rules: Mapping[str, Clause] | None = None) -> tuple[str, ...]:
    """The cells of one finding, one for each of ``HEADERS``."""
    known = clauses() if rules is None else rules
    return (
        outcome_cell(finding),
        level_cell(finding),
        clause_cell(finding, known.get(finding.clause)),
        evidence_cell(finding),
    )


def no_cells() -> tuple[str, ...]:
    """Empty cells for a test that is no check."""
    return ("<td></td>",) * len(HEADERS)


def outcome_cell(finding: Finding) -> str:
    """The outcome; a warning reads WARN although its test has passed."""
    loud = finding.outcome not in (Outcome.PASS, Outcome.SKIP)
    word = finding.outcome.value.upper() if loud else finding.outcome.value
    return _cell("conformance-outcome", in_html(word))


def level_cell(finding: Finding) -> str:
    """How binding the rule is."""
    return _cell("conformance-level", finding.level.value.upper())


def clause_cell(finding: Finding, clause: Clause | None) -> str:
    """The rule, with its source as a tooltip."""
    source = in_html(str(clause.source)) if clause is not None else ""
    text = in_html(clause.says if clause is not None else finding.title)
    return f'<td class="conformance-clause" title="{source}">{text}</td>'


def evidence_cell(finding: Finding) -> str:
    """The first problems, or the reason why there is no verdict."""
    shown = [
        f"{_code(p.at)} in {_code(p.exchange)}: expected {_code(p.expected)}, "
        f"actual {_code(p.actual)}"
        + (f"<br>{_code(p.evidence)}" if p.evidence else "")
        + "".join(f"<br>claim {_code(claim)}" for claim in p.claims)
        for p in finding.problems[:PROBLEMS_SHOWN]
    ]
    if (more := len(finding.problems) - PROBLEMS_SHOWN) > 0:
        shown.append(f"and {more} more")
    if finding.reason:
        shown.append(in_html(finding.reason, LONGEST_VALUE))
    return _cell("conformance-evidence", "<br>".join(shown))


def _code(text: str) -> str:
    return f"<code>{in_html(text, LONGEST_VALUE)}</code>"


def _cell(name: str, content: str) -> str:
    return f'<td class="{name}">{content}</td>'


def capability_table(rows: Sequence[Row]) -> str:
    """The capability table; open where it is the main result, else folded."""
    if not rows:
        return ""
    shown = chosen(rows)
    heads = "".join(f"<th>{name}</th>" for name in ("Parameter", "Claimed", "Observed", "Seen"))
    body = "".join(_capability(row) for row in rows)
    opened = " open" if shown.explored else ""
    return (
        f'<details class="conformance-capabilities"{opened}>'
        f"<summary>Capabilities: {in_html(counted(rows))}</summary>"
        f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></details>"
    )


def _capability(row: Row) -> str:
    against = "".join(f"<br>against {_code(check)}" for check in row.against)
    observed = _cell("conformance-observed", in_html(row.observed.value) + against)
    name, claimed = (
        f"<td>{text}</td>" for text in (_code(row.parameter), in_html(row.claimed, LONGEST_VALUE))
    )
    return f"<tr>{name}{claimed}{observed}<td>{in_html(seen(row), LONGEST_VALUE)}</td></tr>"
