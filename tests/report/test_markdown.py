"""The report for a CI step summary."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from markdown_it import MarkdownIt

from conformance.model.finding import Finding, Outcome
from conformance.report.markdown import LARGEST, markdown

from .built import (
    CLAUSES,
    COST,
    HOSTILE,
    PROFILE,
    SUITE,
    TARGET,
    a_claimed_table,
    a_finding,
    a_handful,
    a_hostile_handful,
    a_hostile_table,
    a_problem,
    a_table,
)

OURS = {
    "h2",
    "h3",
    "p",
    "code",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "details",
    "summary",
    "b",
    "ul",
    "li",
    "br",
    "pre",
}


class Tags(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, tuple[str, ...]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Takes down one tag."""
        self.seen.append((tag, tuple(name for name, _ in attrs)))


def summary(findings: list[Finding], **parts: Any) -> str:
    """The summary of those findings."""
    given: dict[str, Any] = {
        "target": TARGET,
        "profile": PROFILE,
        "suite": SUITE,
        "cost": COST,
        "exit_code": 1,
        "rules": CLAUSES,
    }
    return markdown(findings, **(given | parts))


def tags(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """The tags that a reader's browser sees."""
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    parser = Tags()
    parser.feed(page)
    return parser.seen


def test_the_summary_counts_and_folds() -> None:
    """A table of counts first; errors, failures, stale waivers and warnings folded, in that order."""
    text = summary(a_handful())

    assert "| fail | 1 | a MUST rule is broken |\n" in text
    assert "note" in text
    heads = [line for line in text.splitlines() if line.startswith("<summary>")]
    assert ["ERROR", "FAIL", "STALE", "WARN"] == [head[12:].partition("<")[0] for head in heads]
    assert "<li>and 2 more</li>" in text
    assert "<code>stream.done, stream.done-once</code>" in text


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_adds_no_tag(text: str) -> None:
    """The page has the tags that harmless text of the same findings would have, and no attribute of its own."""
    hostile = summary(a_hostile_handful(text), target={"base_url": text, "model": text})
    plain = "x" * len(text)
    harmless = summary(a_hostile_handful(plain), target={"base_url": plain, "model": plain})

    assert tags(harmless) == tags(hostile)
    assert {tag for tag, _ in tags(hostile)} <= OURS
    assert all(character.isprintable() or character == "\n" for character in hostile)


def test_a_huge_summary_is_cut() -> None:
    """CI services refuse what is larger than about a megabyte."""
    problems = tuple(a_problem("ü" * 400, evidence="你" * 400) for _ in range(3))
    findings = [a_finding(f"a.b{n}", Outcome.FAIL, problems=problems) for n in range(2_000)]

    text = summary(findings)

    assert len(text.encode()) <= LARGEST
    assert text.endswith("more entries are in results.json.\n")
    assert text.count("<details>") == text.count("</details>")


def test_equal_findings_give_equal_text() -> None:
    """The order in which findings come does not matter, and the shipped clauses are the default."""
    assert summary(a_handful()) == summary(a_handful()[::-1])
    assert "<li>source: " in summary(a_handful(), rules=None)


def test_the_capability_table_comes_first_where_nothing_is_claimed() -> None:
    """Without a profile it is the main result: every row, before the findings."""
    text = summary(a_handful(), capabilities=a_table())

    assert text.index("### Capabilities") < text.index("<details>")
    assert "1 ignored, 1 varies, 1 clamped, 1 rejected, 1 unclear, 1 supported, 1 accepted" in text
    assert "| <code>n</code> | unknown | **ignored** | 1 choice |\n" in text
    assert "| <code>seed</code> | unknown | not seen | budget&#58; --max-requests 3 |\n" in text


def test_the_capability_table_shows_what_differs_from_the_claim() -> None:
    """With a profile: what a check found broken, after the findings; what was met is counted."""
    text = summary(a_handful(), capabilities=a_claimed_table())

    assert text.index("<details>") < text.index("### Capabilities")
    assert (
        "| <code>n</code> | full&#58; at most 4 | **ignored**<br>against <code>param.n.effective</code> | 1 choice |"
    ) in text
    assert "3 rows in line with the claims, 1 not seen.\n" in text
    assert "<code>store</code>" not in text


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_adds_no_cell(text: str) -> None:
    """A row has four cells, and no tag but its own."""
    plain = "x" * len(text)

    assert tags(summary([], capabilities=a_hostile_table(plain))) == tags(
        summary([], capabilities=a_hostile_table(text))
    )
