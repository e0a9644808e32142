"""The pipeline on the reference server: every shipped profile, outcomes, waivers, faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.checks.registry import all_checks
from conformance.model.exchange import Exchange
from conformance.model.finding import Finding, Hindrance, Outcome
from conformance.model.profile import Waiver
from conformance.probes.registry import all_probes
from conformance.profiles.load import load_profile, profile_names
from conformance.proof import KEY, PACE, model_for, run_against, run_inside
from conformance.recording.jsonl import read
from conformance.refserver.direct import DirectServer
from conformance.refserver.faults import fault_named
from conformance.refserver.serve import ReferenceServer
from tests.doors import ROOT, at, cli, outcomes, playing, read_results


def named(found: tuple[Finding, ...], *wanted: Outcome) -> dict[str, str]:
    """Checks with one of these outcomes, and what was found."""
    return {
        f.check: f"{f.outcome}: {f.problems[0] if f.problems else f.reason}"
        for f in found
        if f.outcome in wanted
    }


@pytest.mark.parametrize("name", profile_names())
def test_shipped_profile_is_judged_clean(name: str) -> None:
    """The reference server plays a profile, and keeps all that the profile claims."""
    profile = load_profile(name)
    model = profile.models.chat or model_for(profile)
    with ReferenceServer(profile, key=KEY, model=model, pace=PACE) as server:
        judged = run_against(server, profile)
    wrong = (Outcome.FAIL, Outcome.WARN, Outcome.NOTE, Outcome.STALE, Outcome.ERROR)
    assert {} == named(judged.findings, *wrong)
    assert 0 == judged.exit_code
    of_the_run = [f.check for f in judged.findings if f.hindrance is Hindrance.RUN]
    assert [] == of_the_run


def test_openai_leaves_nothing_out() -> None:
    """With every case sent to the server that plays OpenAI each check is exercised, but for what never happens there."""
    profile = load_profile("openai")
    server = DirectServer(profile, key=KEY, model="tiny-1", pace=PACE)
    families = [name for name, probe in all_probes().items() if probe.cases]
    judged = run_inside(server, profile, whole=families)
    rest = named(judged.findings, Outcome.SKIP, Outcome.INCONCLUSIVE)
    unclaimed = {check for check, why in rest.items() if why.startswith("skip: not claimed: ")}
    assert {"models.id-form"} == {check for check in unclaimed if not check.startswith("param.")}
    never = {check: why for check, why in rest.items() if check not in unclaimed}
    assert all("nothing to judge" in why for why in never.values()), never
    assert len(never) <= len(all_checks()) // 32


class TestWaivers:
    """Departures that a profile accepts."""

    @pytest.fixture(autouse=True)
    def _elsewhere(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Every command runs in a directory of its own."""
        monkeypatch.chdir(tmp_path)

    def run(self, waivers: str, fault: str | None) -> tuple[int, dict[str, str]]:
        """Exit code and outcomes under a profile with these waivers."""
        Path("mine.yaml").write_text(
            f'format: "1"\nname: mine\ntitle: Mine\nextends: base\nwaivers:\n{waivers}'
        )
        with playing(fault=fault) as server:
            files = ["--check", "stream.*", "--json", "r.json"]
            said = cli("run", *at(server, "--profile", "mine.yaml", *files))
        return said.code, outcomes(read_results(Path("r.json")))

    def test_waived(self) -> None:
        """A waived failure does not fail the run; nothing else is waived with it."""
        waiver = '  - {check: stream.done, because: Known., since: "2026-11-01"}\n'
        code, found = self.run(waiver, "stream-without-done")
        assert (0, "waived") == (code, found["stream.done"])
        assert ["stream.done"] == [i for i, outcome in found.items() if outcome == "waived"]

    def test_stale(self) -> None:
        """A waiver that meets no problem fails the run."""
        waiver = '  - {check: stream.done, because: Known., since: "2026-11-01"}\n'
        code, found = self.run(waiver, None)
        assert (1, "stale") == (code, found["stream.done"])

    def test_glob(self) -> None:
        """A waiver for several checks is not stale while one of them needs it."""
        waiver = '  - {check: "stream.done*", because: Known., since: "2026-11-01"}\n'
        code, found = self.run(waiver, "stream-without-done")
        assert (0, "waived") == (code, found["stream.done"])
        assert "stale" not in found.values()

    def test_other_failures_remain(self) -> None:
        """A waiver for another check changes nothing."""
        waiver = '  - {check: stream.utf8, because: Known., since: "2026-11-01"}\n'
        code, found = self.run(waiver, "stream-without-done")
        assert (1, "fail", "stale") == (code, found["stream.done"], found["stream.utf8"])


class TestHarm:
    """Endpoints that are down, slow or broken throughout."""

    @pytest.fixture(autouse=True)
    def _elsewhere(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Every command runs in a directory of its own."""
        monkeypatch.chdir(tmp_path)

    def test_one_cause_one_failure(self) -> None:
        """Where every request is refused, a few checks fail, and the rest names the cause."""
        with playing(fault="chat-refused") as server:
            said = cli("run", *at(server, "--json", "r.json"))
        found = outcomes(read_results(Path("r.json")))
        assert 1 == said.code
        caught = fault_named("chat-refused").caught_by
        assert sorted(caught) == [i for i, outcome in found.items() if outcome == "fail"]
        assert sum(outcome == "inconclusive" for outcome in found.values()) > len(caught)

    def test_time_is_limited(self) -> None:
        """An answer that never comes ends with --timeout, as a finding."""
        with playing(fault="answer-never") as server:
            checks = ["--check", "http.answered", "--check", "turn.tool-result"]
            said = cli("run", *at(server, *checks, "--timeout", "0.3", "--json", "r.json"))
        found = outcomes(read_results(Path("r.json")))
        assert (1, "fail") == (said.code, found["http.answered"])
        silent = [x for x in read(_recording()).exchanges if x.last and x.last.status is None]
        assert ["tools.required"] == [x.id for x in silent]
        assert [True] == [_seconds(x) < 2 for x in silent]


def _recording() -> Path:
    return Path("conformance-report/recording.jsonl")


def _seconds(exchange: Exchange) -> float:
    return sum(attempt.seconds for attempt in exchange.attempts)


def test_waivers_of_shipped_profiles_name_checks() -> None:
    """A waiver in a shipped profile covers at least one check."""
    waivers: list[Waiver] = [w for name in profile_names() for w in load_profile(name).waivers]
    assert [] == [w.check for w in waivers if not any(w.covers(i, "x") for i in all_checks())]


def test_profiles_of_the_repository_are_those_that_are_shipped() -> None:
    """profiles/ holds exactly the files that the names stand for."""
    assert sorted(profile_names()) == sorted(p.stem for p in (ROOT / "profiles").glob("*.yaml"))
