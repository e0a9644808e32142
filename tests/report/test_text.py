"""The report for a terminal."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from conformance.model.finding import Finding, Outcome
from conformance.report.curl import with_curl
from conformance.report.text import (
    PLAIN_WIDTH,
    console_for,
    cost_line,
    finding_text,
    print_report,
)

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
    an_exchange,
)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        """Yes."""
        return True


def report(findings: list[Finding], console: Console | None = None, **parts: Any) -> str:
    """What is printed."""
    stream = io.StringIO()
    console = console or console_for(stream)
    given: dict[str, Any] = {
        "target": TARGET,
        "profile": PROFILE,
        "suite": SUITE,
        "cost": COST,
        "exit_code": 4,
        "rules": CLAUSES,
    }
    print_report(console, findings, **(given | parts))
    written = console.file
    assert isinstance(written, io.StringIO)
    return written.getvalue()


GOLDEN = """\
http://127.0.0.1:8000/v1, model m
profile _base (What every client needs), suite 0.1.0
12 requests (1 of them repeated), 1,234 tokens in, 56 tokens out, 1.2 s

ERROR  checks that failed to work, which is our own mistake: 1

  parity
  ERROR  parity.model (SHOULD)
      `id` is a string.
      reason    KeyError: 'x' (f, line 1)

FAIL  MUST rules that are broken: 1

  chat
  FAIL  chat.response.choice-index (MUST)
      `id` is a string.
      at        /choices/0/index in chat.basic
        expected  a string
        actual    7
        evidence  {"index":0}
      at        /choices/1/index in chat.basic
        expected  a string
        actual    7
        evidence  {"index":1}
      at        /choices/2/index in chat.basic
        expected  a string
        actual    7
        evidence  {"index":2}
      and 2 more problems
      source    Reference, chat, read 2026-11-20; observed: 30 of 30 recordings
      breaks    openai-python: is None
      fix       Fix.
      curl      curl -sS -i -H 'Accept: application/json' -H 'Content-Type: application/json' \
-H "Authorization: Bearer $KEY" --data-binary '{"model":"m"}' \
http://127.0.0.1:8000/v1/chat/completions

STALE  waivers that meet no problem and should be removed: 1

  chat
  STALE  chat.response.usage (MUST)
      `id` is a string.
      reason    the waiver meets no problem

WARN  SHOULD rules that are broken: 1

  chunk
  WARN  chunk.role-first (MUST)
      `id` is a string.
      at        event 1 in chat.basic (here only SHOULD)
        expected  a string
        actual    7
      source    Reference, chat, read 2026-11-20; observed: 30 of 30 recordings
      breaks    openai-python: is None
      fix       Fix.
      curl      curl -sS -i -H 'Accept: application/json' -H 'Content-Type: application/json' \
-H "Authorization: Bearer $KEY" --data-binary '{"model":"m"}' \
http://127.0.0.1:8000/v1/chat/completions

INCONCLUSIVE  could not be judged: 3
    2     chat.stream.basic: status 500, not 200
          stream.done, stream.done-once
    1     budget: --max-requests 3
          http.answered

NOTE  open in the sources, worth knowing: 1

  auth
  NOTE  auth.challenge (MAY)
      `id` is a string.
      at        header X in chat.basic
        expected  a string
        actual    7

WAIVED  problems that the profile accepts: 1

  chat
  WAIVED  chat.response.model (MUST)
      `id` is a string.
      reason    an alias
      at        /model in chat.basic
        expected  a string
        actual    7
        waived    an alias

1 pass, 1 fail, 1 warn, 1 note, 1 waived, 1 stale, 1 skip, 3 inconclusive, 1 error
"""


def test_the_report_reads_like_this() -> None:
    """Worst first, one cause told once, each failure with evidence, rule and a way to repeat it."""
    findings = with_curl(a_handful(), [an_exchange()], "http://127.0.0.1:8000", "KEY")

    printed = report(findings)

    assert GOLDEN == printed[: len(GOLDEN)]
    assert "The suite itself failed: 2 of 5 MUST rules exercised held" in printed
    assert printed.endswith("Exit code 4: the suite itself failed; please report it.\n")
    assert not any(line != line.rstrip() for line in printed.splitlines())


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("terminal", [False, True], ids=["plain", "terminal"])
def test_hostile_text_does_nothing_to_a_terminal(text: str, terminal: bool) -> None:
    """Only our own styles may stand as escape sequences; no line and no megabyte gets through."""
    stream = Terminal() if terminal else io.StringIO()
    console = Console(file=stream, width=100, color_system=None)

    printed = report(
        a_hostile_handful(text), console, target={"base_url": text, "model": text, "x": text}
    )

    assert all(character.isprintable() or character == "\n" for character in printed)
    assert len(printed) < 100_000


def test_markup_stays_text() -> None:
    """What looks like markup of the library that prints is shown as it is."""
    printed = report(a_hostile_handful(HOSTILE["rich-markup"]))

    assert "[red]x[/red]" in printed
    assert ":boom:" in printed


@pytest.mark.parametrize("width", [1, 20, 40, 80, 1000])
def test_any_width_works(width: int) -> None:
    """Narrow terminals wrap; only curl lines and words are longer than they are."""
    console = Console(file=io.StringIO(), width=width)
    findings = with_curl(a_handful(), [an_exchange()], "http://127.0.0.1:8000", "KEY")

    printed = report(findings, console)

    lines = [line for line in printed.splitlines() if "curl -sS" not in line]
    assert max(len(line) for line in lines) <= max(40, min(width, 140))


def test_colours_only_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe gets plain text of a fixed width, a terminal gets styles unless NO_COLOR says no."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert PLAIN_WIDTH == console_for(io.StringIO()).width
    assert "\x1b" not in report(a_handful())
    assert "\x1b[1;31m" in report(a_handful(), console_for(Terminal()))

    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[1;31m" not in report(a_handful(), console_for(Terminal()))


def test_a_terminal_without_unicode_gets_escapes() -> None:
    """No report ends in an encoding error."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    print_report(
        console_for(stream),
        a_hostile_handful("Grüße \ud800"),
        target=TARGET,
        profile=PROFILE,
        suite=SUITE,
        cost=COST,
        exit_code=1,
        rules=CLAUSES,
    )
    stream.flush()

    assert b"Gr\\xfc\\xdfe \\ud800" in raw.getvalue()


def test_the_cost_in_words() -> None:
    """Nothing is said about repetitions where there were none."""
    assert "1 request, 0 tokens in, 0 tokens out, 0.0 s" == cost_line({"requests": 1})


def test_the_shipped_clauses_are_used_by_default() -> None:
    """Whoever passes no clauses gets those of the suite."""
    printed = report(with_curl(a_handful(), [], "", None), rules=None)

    assert "source " in printed
    assert sys.getdefaultencoding() == "utf-8"


FAILURE = """\
`id` is a string.
at        /choices/0/index in chat.basic
  expected  a string
  actual    7
  evidence  {"index":0}
at        /choices/1/index in chat.stream
  expected  a string
  actual    7
source    Reference, chat, read 2026-11-20; observed: 30 of 30 recordings
breaks    openai-python: is None
fix       Fix.
curl      curl -sS x"""


def test_a_test_report_lists_every_problem() -> None:
    """A failed test says which exchanges broke the rule; its check's id stands above it already."""
    first = a_problem("/choices/0/index", evidence='{"index":0}')
    problems = (first, a_problem("/choices/1/index", exchange="chat.stream"))
    finding = a_finding("chat.response.id", Outcome.FAIL, problems=problems, curl="curl -sS x")

    assert FAILURE == finding_text(finding, CLAUSES)
    assert 7 == finding_text(replace(finding, problems=problems[:1] * 7), CLAUSES).count("at  ")
    assert "reason    gone" in finding_text(a_finding("a.b", Outcome.STALE, reason="gone"))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_test_report_shows_hostile_text_as_text(text: str) -> None:
    """It travels into JUnit XML and other people's terminals."""
    for finding in a_hostile_handful(text):
        shown = finding_text(finding, CLAUSES)
        assert all(character.isprintable() or character == "\n" for character in shown)
        assert len(shown) < 50_000


EXPLORED = """\

CAPABILITIES  1 ignored, 1 varies, 1 clamped, 1 rejected, 1 unclear, 1 supported, 1 accepted, 1 not
              seen

  ignored: accepted, and the effect that should show is missing
      n                       1 choice

  varies: requests with it came out differently
      logprobs                plain: supported; in streams: ignored

  clamped: accepted, and what is above a maximum was cut
      stop                    5 items cut

  rejected: refused
      verbosity               400 unsupported: No.

  unclear: the model did not show it, or something else stood in the way
      tools                   the model made no call

  supported: an effect was seen
      stream

  accepted: taken; whether it has an effect cannot be seen from outside
      temperature

  not seen: not sent or not answered
      budget: --max-requests 3: seed
"""

CLAIMED = """\

CAPABILITIES  1 ignored; 3 rows in line with the claims, 1 not seen

  ignored: accepted, and the effect that should show is missing
      n                       claimed full: at most 4; 1 choice
                              against the claim: param.n.effective
"""


@pytest.mark.parametrize(
    ("rows", "expected"),
    [(a_table(), EXPLORED), (a_claimed_table(), CLAIMED)],
    ids=["nothing claimed", "claims"],
)
def test_the_capability_table_comes_after_the_findings(rows: Any, expected: str) -> None:
    """What hurts users most first, of what is in order the names; with claims only what differs."""
    assert expected in report([], capabilities=rows, exit_code=0)


def test_the_whole_table_is_there_for_the_asking() -> None:
    """With --verbose each row has its line."""
    text = report([], capabilities=a_claimed_table(), verbose=True)

    assert "1 ignored" not in text.splitlines()[3]
    assert "      store                   claimed none: ignore; 1 choice\n" in text
    assert "      user                    claimed full; 1 choice\n" in text


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_stays_in_its_line_of_the_table(text: str) -> None:
    """Nothing from an endpoint colours, moves or hides a line."""
    for verbose in (False, True):
        printed = report([], capabilities=a_hostile_table(text), verbose=verbose)
        assert all(c.isprintable() or c == "\n" for c in printed)
        assert len(printed) < 40_000
