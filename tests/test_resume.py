"""``--resume``: an interrupted run goes on from its recording and comes to what it would have come to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.engine.secret import Secret
from conformance.judging import Judgement
from conformance.model.errors import RecordingError
from conformance.model.exchange import Attempt, Ended, Exchange
from conformance.model.profile import Profile
from conformance.model.target import Target, parse_base_url
from conformance.options import Options
from conformance.plan import checks_of_suite
from conformance.profiles.load import load_profile
from conformance.recording import jsonl
from conformance.recording.jsonl import End, Reader, Recording
from conformance.refserver.serve import ReferenceServer
from conformance.session.planning import plan_for
from conformance.session.recorded import judge_recording
from conformance.session.recorder import Recorder
from conformance.session.setup import Setup
from conformance.session.trial import REFUSED_LIMIT
from tests.doors import KEY, MODEL, at, cli, playing

FAULT = "chat-id-missing"


@pytest.fixture(scope="module")
def server() -> Iterator[ReferenceServer]:
    """A server with a fault, so that there is something to find."""
    with playing(fault=FAULT, key=KEY, pace=0.005) as running:
        yield running


@pytest.fixture(scope="module")
def whole(server: ReferenceServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recording of a run that was not interrupted."""
    path = tmp_path_factory.mktemp("whole") / "recording.jsonl"
    recorder_for(server, path).run()
    return path


def recorder_for(
    server: ReferenceServer, path: Path, *, model: str = MODEL, profile: str = "openai", **how: Any
) -> Recorder:
    """A run of the smoke suite against a server."""
    claims: Profile = load_profile(profile)
    options = Options(suite="smoke", quiet=True, timeout=10, **how)
    target = Target(*parse_base_url(server.base_url), model)
    setup = Setup(options, claims, target, Secret(KEY))
    return Recorder(setup, plan_for(setup, checks_of_suite("smoke")), path)


def cut(whole: Path, path: Path, lines: int, more: int = 0) -> Path:
    """A recording as a killed run leaves it: so many lines, and a part of the next."""
    read = whole.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(read[:lines]) + read[lines][:more])
    return path


def said(judgement: Judgement) -> list[tuple[object, ...]]:
    """What was found, less times and evidence."""
    return [
        (f.check, f.outcome, f.reason, f.judged, [(p.at, p.actual, p.exchange) for p in f.problems])
        for f in judgement.findings
    ]


def attempts(recording: Recording | Reader) -> dict[str, tuple[Attempt, ...]]:
    """What was answered, by exchange."""
    return {x.id: x.attempts for x in recording.exchanges}


@pytest.mark.parametrize(
    ("lines", "more"), [(1, 0), (1, 30), (4, 0), (4, 200), (9, 1)], ids=lambda n: str(n)
)
def test_a_killed_run_goes_on(
    server: ReferenceServer, whole: Path, tmp_path: Path, lines: int, more: int
) -> None:
    """What was recorded stays as it was, the rest is sent, and the results are those of a whole run."""
    path = cut(whole, tmp_path / "recording.jsonl", lines, more)
    before = attempts(jsonl.read(path))
    made = recorder_for(server, path, resume=True).run()
    read = jsonl.read(path)

    assert made.footer is not None
    assert (End.COMPLETE, ()) == (made.footer.end, read.warnings)
    assert lines - 1 == len(before)
    assert before.items() <= attempts(read).items()
    assert attempts(jsonl.read(whole)).keys() == attempts(read).keys()
    assert said(judge_recording(jsonl.read(whole))) == said(judge_recording(read))
    assert said(judge_recording(read)) == said(judge_recording(made))
    assert [path] == list(tmp_path.iterdir())


def test_a_whole_recording_needs_no_server(whole: Path, tmp_path: Path) -> None:
    """Nothing is sent again: the server it was made with need not be there."""
    path = tmp_path / "recording.jsonl"
    path.write_bytes(whole.read_bytes())
    header = jsonl.read_header(path)
    target = Target(*parse_base_url(str(header.target["base_url"])), MODEL)
    nobody = replace(target, origin="http://127.0.0.1:9")
    setup = Setup(Options(suite="smoke", resume=True), load_profile("openai"), target, None)
    recorder = Recorder(setup, plan_for(setup, checks_of_suite("smoke")), path)
    began = recorder._writer()
    began.close()
    recorder.setup = replace(setup, target=nobody)
    with jsonl.Writer.resumed(path, replace(jsonl.read(path), footer=None)) as writer:
        end = recorder._send(writer)

    assert End.COMPLETE is end
    assert attempts(jsonl.read(whole)) == attempts(jsonl.read(path))


def test_what_was_not_answered_is_sent_again(
    server: ReferenceServer, whole: Path, tmp_path: Path
) -> None:
    """Exchanges that were not sent, interrupted or found nobody are no answers."""
    path = tmp_path / "recording.jsonl"
    read = jsonl.read(whole)
    lost = [
        lambda x: replace(x, attempts=(), not_sent="interrupted"),
        lambda x: replace(x, attempts=(Attempt(None, ended=Ended.INTERRUPTED),)),
        lambda x: replace(x, attempts=(Attempt(None, ended=Ended.REFUSED),)),
    ]
    broken = [change(x) for change, x in zip(lost, read.exchanges, strict=False)]
    jsonl.write(path, replace(read, exchanges=(*broken, *read.exchanges[3:])))
    made = recorder_for(server, path, resume=True).run()

    assert all(x.last is not None and x.last.status is not None for x in made.exchanges)
    assert attempts(jsonl.read(path)).keys() == attempts(read).keys()


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"model": "reference-2"}, "from another endpoint or model"),
        ({"profile": "base"}, "for another profile"),
        ({"repeat": 2}, "for another plan"),
        ({"max_requests": 3}, "for another plan"),
    ],
    ids=["model", "profile", "repetitions", "limits"],
)
def test_another_plans_recording_is_refused(
    server: ReferenceServer, whole: Path, tmp_path: Path, how: dict[str, Any], reason: str
) -> None:
    """One sentence says in what it differs, and the file stays as it was."""
    path = cut(whole, tmp_path / "recording.jsonl", 5, 9)
    kept = path.read_bytes()

    with pytest.raises(RecordingError, match=rf"cannot be resumed: it was recorded {reason}"):
        recorder_for(server, path, resume=True, **how).run()
    assert kept == path.read_bytes()


def test_another_versions_recording_is_refused(
    server: ReferenceServer, whole: Path, tmp_path: Path
) -> None:
    """Checks may have asked for other probes then."""
    path = tmp_path / "recording.jsonl"
    read = jsonl.read(whole)
    suite = {**read.header.suite, "digest": "0"}
    jsonl.write(path, replace(read, header=replace(read.header, suite=suite)))

    with pytest.raises(RecordingError, match="by another version of this suite"):
        recorder_for(server, path, resume=True).run()


@pytest.mark.parametrize("there", [False, True], ids=["no file", "an empty file"])
def test_without_a_recording_a_run_begins(
    server: ReferenceServer, whole: Path, tmp_path: Path, there: bool
) -> None:
    """``--resume`` may always be given."""
    path = tmp_path / "recording.jsonl"
    if there:
        path.touch()
    made = recorder_for(server, path, resume=True).run()

    assert attempts(jsonl.read(whole)).keys() == attempts(made).keys()


def test_the_other_limit_parameter_is_remembered(
    server: ReferenceServer, whole: Path, tmp_path: Path
) -> None:
    """Where ``max_tokens`` was refused, what is sent afterwards has ``max_completion_tokens``."""
    path = tmp_path / "recording.jsonl"
    read = jsonl.read(whole)
    free = [x for x in read.exchanges if not x.id.startswith(("chat.", "tools.", "turn."))]
    trial = next(x for x in read.exchanges if x.id == "chat.basic")
    refused: Exchange = replace(trial, id=REFUSED_LIMIT, probe=REFUSED_LIMIT)
    jsonl.write(path, replace(read, exchanges=(*free, refused), footer=None))
    made = recorder_for(server, path, resume=True).run()
    sent = {x.id: x.request.body or b"" for x in made.exchanges}

    assert b'"max_completion_tokens":16' in sent["chat.basic"]
    assert b'"max_completion_tokens":16' in sent["chat.stream.basic"]
    assert b'"max_tokens":16' in sent[REFUSED_LIMIT]


def test_the_command_line_goes_on(server: ReferenceServer, tmp_path: Path) -> None:
    """``record --resume`` counts the whole, and another model's recording is refused in a sentence."""
    path = tmp_path / "recording.jsonl"
    common = ("--suite", "smoke", "--recording", path, "--quiet", "--resume")
    first = cli("record", *at(server), *common)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:5]))
    again = cli("record", *at(server), *common)
    other = cli("record", *at(server), "--model", "other", *common)

    assert (0, 0, first.out) == (first.code, again.code, again.out)
    assert 2 == other.code
    assert "cannot be resumed: it was recorded from another endpoint or model" in other.sentence


def test_the_time_of_both_parts_is_told(
    server: ReferenceServer, whole: Path, tmp_path: Path
) -> None:
    """What is sent later has later times, so that the cost is that of the whole."""
    path = cut(whole, tmp_path / "recording.jsonl", 5)
    earlier = jsonl.read(path).exchanges
    slow = tuple(
        replace(x, attempts=tuple(replace(a, started=a.started + 50) for a in x.attempts))
        for x in earlier
    )
    jsonl.write(path, replace(jsonl.read(path), exchanges=slow))
    recorder_for(server, path, resume=True).run()
    made = jsonl.read(path)

    assert made.footer is not None
    assert made.footer.seconds > 50
    assert all(x.attempts[0].started > 50 for x in made.exchanges)
