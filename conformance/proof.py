"""The proof that each check can fail: every fault of the reference server against the whole suite."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from conformance.checks.registry import all_checks
from conformance.engine.secret import Secret
from conformance.judging import Judgement
from conformance.model.finding import Outcome
from conformance.model.profile import Profile
from conformance.model.target import Target, parse_base_url
from conformance.options import Options
from conformance.refserver.faults.registry import Fault
from conformance.refserver.serve import ReferenceServer
from conformance.session import Recorder, Setup, judge_recording, limit_parameter, plan_for

KEY = "sk-selftest-0123456789abcdef"
MODEL = "reference-1"
PACE = 0.005
"""Seconds between events: a long answer lasts long enough to see that it is streamed."""
TIMEOUT = 4.0
"""Seconds for one request: long enough for a slow machine, short enough for servers that hang on purpose."""
_SEEN = (Outcome.FAIL, Outcome.WARN, Outcome.NOTE, Outcome.STALE, Outcome.ERROR)


@dataclass(frozen=True, slots=True)
class Proof:
    """What one fault set off."""

    fault: Fault
    seen: frozenset[str]
    """Checks with a problem."""

    @property
    def missed(self) -> frozenset[str]:
        """Checks that should have noticed."""
        return self.fault.caught_by - self.seen

    @property
    def noise(self) -> frozenset[str]:
        """Checks that noticed something although they should not."""
        return self.seen - self.fault.caught_by

    @property
    def exact(self) -> bool:
        """Whether exactly the named checks noticed."""
        return not self.missed and not self.noise


def run_against(
    server: ReferenceServer, profile: Profile, *, timeout: float = TIMEOUT
) -> Judgement:
    """The whole suite against a running reference server."""
    origin, prefix = parse_base_url(server.base_url)
    model = server.model or MODEL
    target = Target(origin, prefix, model, limit_parameter(profile, model))
    options = Options(timeout=timeout, quiet=True)
    setup = Setup(options, profile, target, Secret(server.key) if server.key else None)
    with tempfile.TemporaryDirectory() as directory:
        recorder = Recorder(
            setup, plan_for(setup, all_checks()), Path(directory) / "recording.jsonl"
        )
        return judge_recording(recorder.run())


def noticed(judgement: Judgement) -> frozenset[str]:
    """The checks that found a problem."""
    return frozenset(f.check for f in judgement.findings if f.outcome in _SEEN)


def prove(faults: Iterable[Fault], profile: Profile, *, workers: int = 4) -> Iterator[Proof]:
    """Run the suite against each fault, in the order given; a few at a time, since faulty servers make us wait."""

    def against(fault: Fault) -> Proof:
        with ReferenceServer(profile, key=KEY, model=MODEL, pace=PACE, fault=fault) as server:
            return Proof(fault, noticed(run_against(server, profile)))

    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(against, faults)


def unproved(faults: Iterable[Fault]) -> list[str]:
    """Checks that no fault names."""
    named = {check for fault in faults for check in fault.caught_by}
    return [i for i in all_checks() if i not in named]


def misnamed(faults: Iterable[Fault]) -> list[tuple[str, str]]:
    """Faults that name a check which does not exist: (fault, check)."""
    return [(f.name, c) for f in faults for c in sorted(f.caught_by) if c not in all_checks()]


def clean(profile: Profile, on_problem: Callable[[str], None] = lambda _: None) -> frozenset[str]:
    """What the suite finds at the reference server without a fault: nothing, if both are right."""
    with ReferenceServer(profile, key=KEY, model=MODEL, pace=PACE) as server:
        judgement = run_against(server, profile)
    for finding in judgement.findings:
        if finding.outcome in _SEEN:
            first = finding.problems[0] if finding.problems else None
            on_problem(f"{finding.check}: {first or finding.reason}")
    return noticed(judgement)
