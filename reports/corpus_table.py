"""Judges a directory of recorded exchanges and prints vendor, finding and count as Markdown.

Use: python reports/corpus_table.py DIRECTORY > reports/corpus.md
The directory holds JSON lines of exchanges (plain or gzip), one file for each vendor, as ``conformance judge`` reads them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from conformance.checks.registry import all_checks
from conformance.judge import Judge
from conformance.model.finding import Finding, Outcome
from conformance.model.request import Operation
from conformance.profiles.load import load_profile
from conformance.recording.traffic import load_traffic
from conformance.report.escaping import visible

HEAD = """# What recorded traffic shows

Real exchanges of many vendors, recorded by the test suites of open-source projects, judged offline with the profile `base`.
A row says how many exchanges of a vendor broke a rule; vendors whose row says `none` broke none.
Of the notes, those of parameters that were accepted without their effect are shown: `base` claims nothing of them; a profile that claims them makes them failures.
A sample of test suites is not a sample of traffic: counts are not rates, and the services may have changed since.
Rules about deliberate mistakes, keys and timing need our own requests and are not judged here.
Ids, times and headers are not judged where the recording replaced or dropped them.

To make this page again: `python reports/corpus_table.py DIRECTORY > reports/corpus.md`.

| vendor | chat exchanges | outcome | rule | exchanges | first seen as |
|---|---:|---|---|---:|---|
"""


def rows(file: Path) -> list[str]:
    """The rows of one vendor's file."""
    exchanges = [
        x for x in load_traffic(file).exchanges if x.request.operation is not Operation.OTHER
    ]
    findings = Judge(exchanges, load_profile("base"), foreign=True).findings(all_checks().values())
    vendor = file.name.partition(".jsonl")[0] + (
        " (values replaced)" if file.parent.name == "scrubbed" else ""
    )
    wanted = [f for f in findings if f.outcome in (Outcome.FAIL, Outcome.WARN) or ignored(f)]
    return [row(vendor, len(exchanges), f) for f in wanted] or [
        f"| {vendor} | {len(exchanges)} | none | | | |"
    ]


def ignored(finding: Finding) -> bool:
    """Whether it is a note of a parameter that was accepted without its effect."""
    return finding.outcome is Outcome.NOTE and finding.check.endswith(".effective")


def row(vendor: str, count: int, finding: Finding) -> str:
    """One row."""
    first = finding.problems[0]
    broken = len({p.exchange for p in finding.problems})
    many = f"{broken} or more" if len(finding.problems) >= 50 else f"{broken}"
    seen = f"{first.at}: expected {first.expected}, came {first.actual[:60]}"
    seen = visible(seen)
    cell = seen.replace("`", "'").replace("|", "/")
    return f"| {vendor} | {count} | {finding.outcome} | `{finding.check}` | {many} | `{cell}` |"


if __name__ == "__main__":
    where = Path(sys.argv[1])
    files = sorted(where.glob("*.jsonl*")) + sorted((where / "scrubbed").glob("*.jsonl*"))
    print(HEAD + "\n".join(line for file in files for line in rows(file)))
