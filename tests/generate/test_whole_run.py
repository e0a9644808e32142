"""A full run: plan, searches, recording, verdict, all of it as a user has it."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.checks.registry import all_checks
from conformance.engine.secret import Secret
from conformance.model.exchange import Attempt, Exchange
from conformance.model.finding import Outcome
from conformance.model.plan import Plan
from conformance.model.request import Request
from conformance.options import Options
from conformance.recording import jsonl
from conformance.recording.jsonl import End
from conformance.refserver.direct import DirectServer
from conformance.session.planning import plan_for
from conformance.session.recorded import judge_recording
from conformance.session.recorder import Recorder
from conformance.session.setup import Setup

from .searching import KEY, OPENAI, TARGET

FEW = ("chat.basic", "models.list")


def setup(**options: Any) -> Setup:
    """A full run against the reference server, of few examples, that keeps nothing for next time."""
    told = {"suite": "full", "quiet": True, "max_examples": 3, "environment": {}, **options}
    return Setup(Options(**told), OPENAI, TARGET, Secret(KEY))


def few(made: Setup, *searches: str) -> Plan:
    """The smallest steps, and the searches named."""
    plan = plan_for(made, all_checks())
    steps = tuple(step for step in plan.steps if step.probe in FEW)
    return replace(plan, steps=steps, searches=tuple(s for s in plan.searches if s.id in searches))


class Sending:
    """A reference server that counts, and does something on the way."""

    def __init__(self, at: int = 0, then: Any = None) -> None:
        self.count, self._at, self._then = 0, at, then
        self._server = DirectServer(OPENAI, key=KEY, model=TARGET.model)
        self._lock = threading.Lock()

    def send(self, request: Request) -> Attempt:
        """The answer of the right server, unless there is something else to say."""
        with self._lock:
            self.count += 1
            told = self._then() if self._then and self.count >= self._at else None
        return told or self._server.send(request)


def made_up(file: Path) -> list[Exchange]:
    """The exchanges of a recording that searches made up."""
    found = jsonl.read(file).exchanges
    return [x for x in found if x.id.startswith("generated.") and x.last is not None]


SOME = (
    "generated.valid:n",
    "generated.defect:n",
    "generated.malformed:cut",
    "generated.text:plain",
)


def test_it_is_recorded_and_judged_like_anything_else(tmp_path: Path) -> None:
    """The recording holds what was made up, and its verdict needs nothing else."""
    made = setup()
    recorder = Recorder(made, few(made, *SOME), tmp_path / "r.jsonl", sender=Sending())
    footer = recorder.run().footer
    judged = judge_recording(jsonl.read(tmp_path / "r.jsonl"))
    found = {f.check: f.outcome for f in judged.findings if f.check.startswith("generated.")}

    assert footer is not None
    assert End.COMPLETE is footer.end
    assert {Outcome.PASS} == set(found.values())
    assert len(found) == 4


def test_the_header_says_what_was_searched(tmp_path: Path) -> None:
    """Seed and searches stand in the recording."""
    made = setup(seed=5)
    Recorder(made, few(made, *SOME[:1]), tmp_path / "r.jsonl", sender=Sending()).run()
    header = jsonl.read(tmp_path / "r.jsonl").header

    assert 5 == header.seed
    assert ["generated.valid:n 3"] == header.plan["searches"]


def test_the_budget_holds_for_steps_and_searches_together(tmp_path: Path) -> None:
    """What did not fit leaves word, and the end says so."""
    made, sending = setup(max_requests=6), Sending()
    plan = few(setup(), *SOME)
    footer = Recorder(made, plan, tmp_path / "r.jsonl", sender=sending).run().footer
    rest = [x for x in jsonl.read(tmp_path / "r.jsonl").exchanges if x.id.endswith(":rest")]

    assert 6 == sending.count
    assert rest
    assert {"budget: --max-requests 6 reached"} == {x.not_sent for x in rest}
    assert footer is not None
    assert End.BUDGET is footer.end


def test_an_interruption_loses_nothing(tmp_path: Path) -> None:
    """What was answered is in the file, and nothing is sent after it."""
    stop, made = threading.Event(), setup(concurrency=2)
    sending = Sending(6, stop.set)
    recorder = Recorder(made, few(made, *SOME), tmp_path / "r.jsonl", stop=stop, sender=sending)
    footer = recorder.run().footer

    assert footer is not None
    assert End.INTERRUPTED is footer.end
    assert sending.count <= 8
    assert sending.count - 3 <= len(made_up(tmp_path / "r.jsonl")) + len(FEW)


def test_an_endpoint_that_fails_is_left_alone(tmp_path: Path) -> None:
    """Five server errors in a row end what is ordinary."""
    made, sending = setup(concurrency=1), Sending(6, lambda: Attempt(500))
    names = [f"generated.valid:{n}" for n in ("n", "stop", "seed", "user", "metadata", "top-p")]
    footer = Recorder(made, few(made, *names), tmp_path / "r.jsonl", sender=sending).run().footer

    assert footer is not None
    assert End.ENDPOINT_FAILING is footer.end
    assert sending.count <= 80


def test_a_resumed_run_sends_nothing_twice(tmp_path: Path) -> None:
    """It goes on with what the recording holds."""
    file, made = tmp_path / "r.jsonl", setup()
    plan = few(made, *SOME)
    Recorder(made, plan, file, sender=Sending()).run()
    before = [x.id for x in jsonl.read(file).exchanges]
    sending = Sending()
    Recorder(setup(resume=True), plan, file, sender=sending).run()

    assert 0 == sending.count
    assert before == [x.id for x in jsonl.read(file).exchanges]


@pytest.mark.parametrize(
    ("suite", "kinds"),
    [("smoke", 0), ("core", 4), ("full", 4)],
)
def test_suites_say_how_much_is_made_up(suite: str, kinds: int) -> None:
    """Smoke sends nothing of the kind, core at most ten requests, full searches as well."""
    plan = plan_for(setup(suite=suite), all_checks())
    fixed = [step for step in plan.steps if step.probe.startswith("generated.")]

    assert kinds == len({step.probe for step in fixed})
    assert len(fixed) <= 10
    assert (suite == "full") == bool(plan.searches)


def test_no_examples_mean_no_searches() -> None:
    """The rest of the full suite can be had without them."""
    assert () == plan_for(setup(max_examples=0), all_checks()).searches


def test_hypothesis_is_loaded_only_for_searches() -> None:
    """Neither help nor judging pays for it."""
    code = (
        "import sys, conformance.session.recorder, conformance.judging, conformance.cli.main\n"
        "from conformance.checks.registry import all_checks; all_checks()\n"
        "sys.exit('hypothesis' in sys.modules)"
    )

    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode
