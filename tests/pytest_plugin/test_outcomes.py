"""How each outcome looks in pytest: its word, its exit code, where it is counted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.doors import (
    MODEL,
    Said,
    at,
    cli,
    outcomes,
    playing,
    read_results,
    session,
    with_broken_check,
)

PROFILE = """\
format: "1"
name: mine
title: Mine
extends: base
waivers:
  - {check: stream.done, because: "Ticket 4711.", since: "2026-11-01"}
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every session runs in a directory of its own."""
    monkeypatch.chdir(tmp_path)


def both(
    check: str, *more: str, fault: str | None = None, profile: str | None = None
) -> list[Said]:
    """The check through both doors, against a server with a fault."""
    if profile is not None:
        Path("mine.yaml").write_text(profile)
    claims = ["--profile=mine.yaml"] if profile is not None else []
    with playing(fault=fault) as server:
        where = [f"--conformance-base-url={server.base_url}", f"--conformance-model={MODEL}"]
        told = [
            f"--conformance-{o.removeprefix('--')}" for o in (*claims, *more, f"--check={check}")
        ]
        return [
            session(
                "--pyargs", "conformance.suite", *where, *told, "-v", "--conformance-json=a.json"
            ),
            cli("run", *at(server, *claims, *more, f"--check={check}", "--json", "b.json")),
        ]


@pytest.mark.parametrize(
    ("check", "more", "fault", "profile", "word", "outcome", "code"),
    [
        pytest.param("models.list", [], None, None, "PASSED", "pass", 0, id="pass"),
        pytest.param(
            "stream.done", [], "stream-without-done", None, "FAILED", "fail", 1, id="fail"
        ),
        pytest.param("chunk.role-first", [], "chunk-role-late", None, "WARN", "warn", 0, id="warn"),
        pytest.param(
            "chunk.role-first",
            ["--strict"],
            "chunk-role-late",
            None,
            "FAILED",
            "warn",
            1,
            id="warn-strict",
        ),
        pytest.param("auth.no-key", [], None, None, "NOTE", "note", 0, id="note"),
        pytest.param(
            "stream.done", [], "stream-without-done", PROFILE, "XFAIL", "waived", 0, id="waived"
        ),
        pytest.param("stream.done", [], None, PROFILE, "FAILED", "stale", 1, id="stale"),
        pytest.param("errors.stated-code", [], None, None, "SKIPPED", "skip", 0, id="skip"),
        pytest.param(
            "stream.done",
            ["--max-requests=0"],
            None,
            None,
            "INCONCLUSIVE",
            "inconclusive",
            3,
            id="inconclusive-for-a-reason-of-the-run",
        ),
        pytest.param(
            "stream.done",
            [],
            "stream-cut",
            None,
            "INCONCLUSIVE",
            "inconclusive",
            0,
            id="inconclusive-for-another-failure",
        ),
    ],
)
def test_outcome(
    check: str,
    more: list[str],
    fault: str | None,
    profile: str | None,
    word: str,
    outcome: str,
    code: int,
) -> None:
    """pytest's word, the outcome in results.json, and one exit code from both doors."""
    under_pytest, ran = both(check, *more, fault=fault, profile=profile)
    assert f"test_check[{check}] {word}" in re.sub(r" +", " ", under_pytest.out)
    assert [{check: outcome}] * 2 == [
        outcomes(read_results(Path(file))) for file in ("a.json", "b.json")
    ]
    assert (code, code) == (under_pytest.code, ran.code)


def test_waiver_shows_its_reason() -> None:
    """A waived check is xfailed with the waiver's words, and results.json keeps the problem."""
    under_pytest, ran = both("stream.done", fault="stream-without-done", profile=PROFILE)
    assert "1 xfailed" in under_pytest.out
    assert "WAIVED" in ran.out
    assert "Ticket 4711." in ran.out
    (result,) = read_results(Path("a.json"))["results"]
    assert {"Ticket 4711."} == {problem["waived"] for problem in result["problems"]}


def test_stale_waiver_says_what_to_do() -> None:
    """A waiver that meets no problem fails, and asks to be removed."""
    under_pytest, ran = both("stream.done", profile=PROFILE)
    for said in (under_pytest, ran):
        assert "meets no problem; remove it" in " ".join(said.out.split())


def test_inconclusive_is_counted_apart() -> None:
    """What could not be judged is neither passed nor skipped."""
    under_pytest, _ = both("stream.done", "--max-requests=0")
    assert re.search(r"=+ 1 inconclusive in ", under_pytest.out)


def test_own_bug_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash in a check is pytest's error, not the endpoint's failure, and exit code 4."""
    with_broken_check(monkeypatch, "stream.done")
    under_pytest, ran = both("stream.done")
    assert (4, 4) == (under_pytest.code, ran.code)
    assert re.search(r"test_check\[stream\.done\] +ERROR", under_pytest.out)
    assert "a bug of this suite, not of the endpoint: KeyError: 'oops'" in under_pytest.out
    assert "1 error in" in under_pytest.out
