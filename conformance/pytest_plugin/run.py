"""What the plugin does between collecting and testing: plan from the surviving items, record, judge."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.judging import Judgement
from conformance.model.errors import ConformanceError, UsageError
from conformance.model.exchange import Ended, Exchange
from conformance.model.finding import Finding, Outcome
from conformance.model.plan import Plan
from conformance.model.profile import Profile
from conformance.options import Options
from conformance.profiles.load import load_profile
from conformance.recording.jsonl import End, Reader, Recording
from conformance.report.progress import Progress
from conformance.report.results import dumps
from conformance.session.planning import plan_for
from conformance.session.recorded import (
    judge_recording,
    read_recording,
    recorded_checks,
    require_reachable,
)
from conformance.session.recorder import Recorder
from conformance.session.setup import Setup, prepare, selected_checks


class Run:
    """One run under pytest: live, or the replay of a recording."""

    def __init__(self, options: Options, replay: Path | None) -> None:
        self.options = options
        self.setup: Setup | None = None
        self.recording: Recording | Reader | None = None
        self.judgement: Judgement | None = None
        self.interrupted = False
        self.claims: Profile | None = None
        """Judge a replay by these instead of those in the recording."""
        self._by_check: dict[str, Finding] = {}
        if replay is None:
            self.setup = prepare(options)
            self.checks = selected_checks(options)
        else:
            self.claims = load_profile(options.profile) if options.profile else None
            self.recording = read_recording(replay)
            for warning in self.recording.warnings:
                sys.stderr.write(f"conformance: {warning}\n")
            recorded = recorded_checks(self.recording)
            self.checks = [i for i in selected_checks(options) if i in recorded]
            if not self.checks:
                raise UsageError(f"{replay} was made for none of the checks that are to be judged")
        self.chosen: list[str] = list(self.checks)

    @property
    def live(self) -> bool:
        """Whether requests are sent."""
        return self.setup is not None

    def choose(self, ids: list[str]) -> None:
        """Only these checks survived the selection: nothing is sent for others."""
        self.chosen = sorted(set(ids))

    def record(self) -> None:
        """Send what the chosen checks need, once."""
        if self.setup is None or self.recording is not None:
            return
        path = self.options.recording
        if path is None:
            raise UsageError("no file to record into")
        plan = plan_for(self.setup, self.chosen)
        self.recording, self.setup = sent(self.setup, plan, path)
        footer = self.recording.footer
        self.interrupted = footer is not None and footer.end is End.INTERRUPTED
        require_reachable(self.recording, self.setup.target.base_url)

    def judge(self) -> Judgement:
        """Judge the chosen checks, once."""
        if self.judgement is None:
            if self.recording is None:
                raise UsageError("nothing was recorded")
            self.judgement = judge_recording(
                self.recording,
                profile=self.claims,
                selected=self.chosen,
                strict=self.options.strict,
            )
            self._by_check = {f.check: f for f in self.judgement.findings}
        return self.judgement

    def finding(self, check: str) -> Finding:
        """The finding of one check."""
        self.judge()
        return self._by_check[check]

    def write(self, json_file: str | None, markdown_file: str | None) -> None:
        """Write the files that were asked for."""
        made = self.judge()
        if json_file:
            write_text(Path(json_file), dumps(made.document))
        if markdown_file:
            from conformance.report.markdown import markdown

            write_text(
                Path(markdown_file),
                markdown(
                    made.findings,
                    target=made.target,
                    profile=made.profile,
                    suite=made.suite,
                    cost=made.cost,
                    exit_code=made.exit_code,
                    capabilities=made.capabilities,
                ),
            )


class Prepared:
    """A run made beforehand, handed to pytest as a plugin; ``failure`` is what ended it early."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.failure: ConformanceError | None = None
        self.crash: str | None = None
        """What pytest says about a bug of ours."""

    def pytest_internalerror(self, excrepr: object) -> None:
        """Keep it: pytest's exit code for it is 3, which we have another meaning for."""
        self.crash = str(excrepr)


def write_text(path: Path, text: str) -> None:
    """Write a report, making its directory; a UsageError says why it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from None


def require_writable(*paths: Path | None) -> None:
    """Raise a UsageError, before anything is sent, if a file could not be written; makes nothing."""
    for path in paths:
        if path is not None and (why := _why_not_writable(path)):
            raise UsageError(f"cannot write {path}: {why}")


def _why_not_writable(path: Path) -> str:
    try:
        there = next(p for p in (path, *path.absolute().parents) if p.exists())
        if path.is_dir():
            return "it is a directory"
        if there != path and not there.is_dir():
            return f"{there} is not a directory"
        return "" if os.access(there, os.W_OK) else "permission denied"
    except OSError as error:
        return error.strerror or str(error)


def sent(setup: Setup, plan: Plan, path: Path) -> tuple[Reader, Setup]:
    """The recording of a plan, made with its progress on stderr, and the setup as the run has left it."""
    progress = Progress(sys.stderr, quiet=setup.options.quiet)
    progress.start(plan.requests)
    recorder = Recorder(setup, plan, path, on_exchange=_advancing(progress))
    try:
        return recorder.run(), recorder.setup
    finally:
        progress.finish()


def _advancing(progress: Progress) -> Callable[[Exchange], None]:
    """Tells the progress of each exchange that was sent, with what came of it."""

    def advance(exchange: Exchange) -> None:
        last = exchange.last
        if last is not None and last.ended is not Ended.REFUSED:
            progress.advance(exchange.id, str(last.status or last.ended.value))

    return advance


class Verdict:
    """What the test of one check sees: its finding, shown the way pytest shows things."""

    def __init__(self, finding: Finding, *, strict: bool) -> None:
        self.finding = finding
        self.strict = strict

    def show(self) -> None:
        """Pass, fail, skip or xfail as the finding says."""
        outcome, finding = self.finding.outcome, self.finding
        if outcome in (Outcome.FAIL, Outcome.STALE) or (outcome is Outcome.WARN and self.strict):
            pytest.fail(failure_text(finding), pytrace=False)
        if outcome is Outcome.WAIVED:
            pytest.xfail(finding.reason)
        if outcome in (Outcome.SKIP, Outcome.INCONCLUSIVE):
            pytest.skip(f"{outcome.value}: {finding.reason}")


def failure_text(finding: Finding) -> str:
    """A finding as a pytest failure: every exchange that broke the rule."""
    from conformance.report.text import finding_text

    return finding_text(finding)
