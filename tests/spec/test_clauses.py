"""The clauses: complete, well written, and loaded strictly."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from conformance.model.errors import ConformanceError
from conformance.model.finding import Level
from conformance.spec.clauses import Clause, Source, clauses, load_clauses
from conformance.spec.data import data_dir

ENTRY = """
a.rule:
  level: must
  source: {document: RFC 1 §2, date: "2026-11-20"}
  says: It holds.
  why: Because.
  breaks: [clients]
  fix: Do it.
"""
NAMED = r"(openai-python|openai-node) (\d(?:(?:, | and )\d)*)"
RELEASES = {"openai-python": {"1", "2", "3"}, "openai-node": {"6", "7"}}


def load(tmp_path: Path, text: str) -> dict[str, Clause]:
    """The clauses of a text."""
    path = tmp_path / "clauses.yaml"
    path.write_text(text, encoding="utf-8")
    return dict(load_clauses(path))


def test_an_entry_becomes_a_clause(tmp_path: Path) -> None:
    """Every field arrives."""
    expected = Clause(
        "a.rule",
        Level.MUST,
        Source("RFC 1 §2", "2026-11-20"),
        "It holds.",
        "Because.",
        ("clients",),
        "Do it.",
    )

    assert {"a.rule": expected} == load(tmp_path, ENTRY)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        pytest.param("says:", "say:", r"a\.rule: unknown key 'say'; did you mean says\?", id="misspelt key"),
        pytest.param("fix: Do it.", "zzz: 1", "unknown key 'zzz'; use level, source", id="unknown key"),
        pytest.param("  fix: Do it.\n", "", r"a\.rule: fix missing", id="missing key"),
        pytest.param("level: must", "level: shall", "level is 'shall'; use must, should, may", id="level"),
        pytest.param("breaks: [clients]", "breaks: clients", "breaks must be a list", id="breaks no list"),
        pytest.param("breaks: [clients]", "breaks: [1]", "breaks must be a text", id="breaks no text"),
        pytest.param("why: Because.", "why: ''", "why must be a text", id="empty text"),
        pytest.param('"2026-11-20"', "2026-11-20", r"source\.date must be a text", id="unquoted date"),
        pytest.param(', date: "2026-11-20"', "", "document and date together", id="no date"),
        pytest.param('document: RFC 1 §2, date: "2026-11-20"', "unverified: true", "neither a document nor", id="no source"),
        pytest.param("{document", "{unverified: 1, document", "unverified must be true or false", id="unverified"),
        pytest.param("{document", "{link: x, document", "source: unknown key 'link'", id="unknown key of a source"),
        pytest.param('{document: RFC 1 §2, date: "2026-11-20"}', "RFC 1", "source must be a mapping", id="source no mapping"),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_one_sentence(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    """What is wrong is told with the clause's id."""
    assert old in ENTRY

    with pytest.raises(ConformanceError, match=sentence):
        load(tmp_path, ENTRY.replace(old, new))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param(ENTRY + ENTRY, r"clauses\.yaml:\d+: 'a\.rule' occurs twice", id="id twice"),
        pytest.param(ENTRY + "  fix: Again.\n", "'fix' occurs twice", id="key twice"),
        pytest.param("a.rule: text", r"a\.rule: expected a mapping", id="entry no mapping"),
        pytest.param("[]", "expected a mapping from check id", id="file no mapping"),
        pytest.param("a: [", "is not YAML", id="no YAML"),
    ],
)
def test_a_wrong_file_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    """Repeated ids and broken syntax are told with the file's name."""
    with pytest.raises(ConformanceError, match=sentence):
        load(tmp_path, text)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    """A broken installation is told as such."""
    with pytest.raises(ConformanceError, match="cannot be read"):
        load_clauses(tmp_path / "no.yaml")


def test_a_source_reads_well() -> None:
    """Reports print a source in one line."""
    source = Source("RFC 1", "2026-11-20", "2 of 2 answers", unverified=True)

    assert str(source) == "RFC 1, read 2026-11-20; observed: 2 of 2 answers; unverified"


@pytest.mark.parametrize("part", ["says", "why", "fix"])
def test_no_wording_is_used_twice(part: str) -> None:
    """Each clause was written for its own rule."""
    texts = Counter(getattr(clause, part) for clause in clauses().values())

    assert [text for text, count in texts.items() if count > 1] == []


def test_rules_are_short_and_end_with_a_full_stop() -> None:
    """One or two sentences each."""
    bad = [
        f"{clause.id}: {text}"
        for clause in clauses().values()
        for text in (clause.says, clause.why, clause.fix)
        if not text.endswith(".") or len(text) > 260 or text.count(". ") > 1
    ]

    assert bad == []


def test_a_must_rule_breaks_somebody() -> None:
    """A rule that nobody needs is no MUST."""
    assert [
        clause.id
        for clause in clauses().values()
        if clause.level is not Level.MAY and not clause.breaks
    ] == []


def test_official_clients_are_named_with_releases_we_ran() -> None:
    """Whoever is named was seen, in the releases the head of the file lists."""
    entries = [entry for clause in clauses().values() for entry in clause.breaks]
    named = [one for entry in entries for one in re.findall(NAMED, entry)]

    assert {name for name, _ in named} == RELEASES.keys()
    assert [
        (name, list_)
        for name, list_ in named
        if not set(re.findall(r"\d", list_)) <= RELEASES[name]
    ] == []
    assert [entry for entry in entries if re.search(r"openai-(python|node)(?! \d)", entry)] == []


def test_an_unverified_rule_says_so_in_its_source() -> None:
    """The mark is rare, and visible in what reports print."""
    marked = [clause for clause in clauses().values() if clause.source.unverified]

    assert all("unverified" in str(clause.source) for clause in marked)
    assert 0 < len(marked) < 10


def test_the_file_has_no_long_dashes_or_tabs() -> None:
    """Plain text throughout."""
    text = (data_dir("schemas") / "clauses.yaml").read_text(encoding="utf-8")

    assert not {"\t", "\N{EM DASH}", "\N{EN DASH}"} & set(text)
