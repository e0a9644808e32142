"""Cells for a table of test results."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from conformance.model.finding import Outcome
from conformance.report.html import HEADERS, capability_table, cells, no_cells

from .built import (
    CLAUSES,
    HOSTILE,
    a_claimed_table,
    a_finding,
    a_handful,
    a_hostile_handful,
    a_hostile_table,
    a_problem,
    a_table,
)


class Page(HTMLParser):
    """Tags, attribute names and text of some cells."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Takes down one tag."""
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        """Takes down text."""
        self.text += data


def test_a_failure_shows_verdict_level_rule_and_evidence() -> None:
    """One cell for each head, with the source of the rule as a tooltip."""
    made = cells(a_handful()[2], CLAUSES)

    assert len(HEADERS) == len(made) == len(no_cells())
    assert '<td class="conformance-outcome">FAIL</td>' == made[0]
    assert '<td class="conformance-level">MUST</td>' == made[1]
    assert (
        '<td class="conformance-clause" title="Reference, chat, read 2026-11-20; '
        'observed: 30 of 30 recordings">The id.</td>' == made[2]
    )
    assert "at" not in Page(made[3]).tags
    assert Page(made[3]).text.startswith(
        '/choices/0/index in chat.basic: expected a string, actual 7{"index":0}'
    )
    assert Page(made[3]).text.endswith("and 2 more")


def test_a_warning_is_loud_although_its_test_passes() -> None:
    """The outcome is the suite's, not that of the test; a check without a clause shows its title."""
    warned = a_finding("a.b", Outcome.WARN, problems=(a_problem(),))

    assert ">WARN<" in cells(warned, {})[0]
    assert ">`id` is a string.<" in cells(warned, {})[2]
    assert ">pass<" in cells(a_finding("a.b", Outcome.PASS), {})[0]
    assert ">skip<" in cells(a_finding("auth.no-key", Outcome.SKIP))[0]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_adds_no_tag(text: str) -> None:
    """Cells have no tag but their own, and no attribute but class and title."""
    for finding in a_hostile_handful(text):
        page = Page("".join(cells(finding, CLAUSES)))
        assert {"td", "code", "br"} >= set(page.tags)
        assert 4 == page.tags.count("td")
        assert {"class", "title"} >= page.attributes
        assert page.text.isprintable()
        assert len(page.text) < 10_000


def test_the_capability_table_has_every_row() -> None:
    """It is open where it is the main result, folded otherwise, and names the checks that speak against a claim."""
    explored, held = capability_table(a_table()), capability_table(a_claimed_table())

    assert explored.startswith('<details class="conformance-capabilities" open><summary>')
    assert held.startswith('<details class="conformance-capabilities"><summary>')
    assert len(a_table()) + 1 == Page(explored).tags.count("tr")
    assert "ignored<br>against <code>param.n.effective</code>" in held
    assert "" == capability_table(())


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_adds_no_tag_to_the_table(text: str) -> None:
    """Rows have no tag but their own."""
    page = Page(capability_table(a_hostile_table(text)))

    assert {"details", "summary", "table", "thead", "tbody", "tr", "th", "td", "code"} == set(
        page.tags
    )
    assert {"class", "open"} >= page.attributes
    assert page.text.isprintable()
    assert len(page.text) < 20_000
