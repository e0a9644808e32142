"""Measures what the README quotes: run ``python benchmarks/run.py``, or name the figures wanted."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx

from conformance.checks.registry import all_checks
from conformance.engine.secret import Secret
from conformance.engine.transport import Transport
from conformance.model.profile import Profile
from conformance.model.target import Target, parse_base_url
from conformance.options import Options
from conformance.profiles.load import load_profile
from conformance.recording.jsonl import End, Writer, read
from conformance.refserver.serve import ReferenceServer
from conformance.session.planning import plan_for
from conformance.session.recorder import Recorder
from conformance.session.setup import Setup

KEY = "sk-benchmark-0123456789"
CONFORMANCE = [sys.executable, "-m", "conformance"]


def timed(work: Callable[[], object]) -> float:
    """Seconds that something takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def best_of(count: int, work: Callable[[], object]) -> float:
    """The least of several times: what is left when the machine is quiet."""
    return min(timed(work) for _ in range(count))


def command(*arguments: str, where: str | None = None) -> None:
    """Run the tool as a user would."""
    subprocess.run([*CONFORMANCE, *arguments], check=True, capture_output=True, cwd=where)


def recorded(path: Path, *, latency: float = 0.0, concurrency: int = 8) -> tuple[float, int]:
    """Seconds and requests of recording the core suite."""
    profile = load_profile("openai")
    with ReferenceServer(profile, key=KEY, model="m", latency=latency) as server:
        origin, prefix = parse_base_url(server.base_url)
        setup = Setup(
            Options(concurrency=concurrency), profile, Target(origin, prefix, "m"), Secret(KEY)
        )
        plan = plan_for(setup, all_checks())
        seconds = timed(Recorder(setup, plan, path).run)
    return seconds, len(plan.steps)


def core() -> None:
    """The whole main job; its CPU time tells how much of the time is ours on a machine that is busy."""
    with tempfile.TemporaryDirectory() as where:
        before = _cpu_of_children()
        seconds = best_of(5, lambda: command("run", where=where))
        busy = (_cpu_of_children() - before) / 5
    print(
        f"core      {seconds:.2f} s for `conformance run`, {seconds / 3:.2f} of the 3 s aimed at; "
        f"CPU {busy:.2f} s"
    )


def latency() -> None:
    """Concurrency at 300 ms an answer."""
    with tempfile.TemporaryDirectory() as where:
        seconds, requests = recorded(Path(where) / "r.jsonl", latency=0.3)
    ideal = requests * 0.3 / 8
    print(
        f"latency   {seconds:.2f} s for {requests} requests, ideal {ideal:.2f} s, ratio {seconds / ideal:.2f}"
    )


def cpu() -> None:
    """CPU of one exchange, ours against bare httpx."""
    profile = load_profile("openai")
    with tempfile.TemporaryDirectory() as where:
        path = Path(where) / "r.jsonl"
        recorded(path)
        requests = [x.request for x in read(path).exchanges if x.probe == "chat.basic"] * 400
    command_line = [sys.executable, "-m", "conformance", "serve", "--model", "m", "--port", "0"]
    with subprocess.Popen(command_line, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            url = next(w for w in server.stderr.readline().split() if w.startswith("http")).rstrip(
                ";"
            )
            origin, _ = parse_base_url(url)
            with Transport(origin, headers=profile.endpoint.headers) as transport:
                ours = _cpu(lambda: [transport.send(request) for request in requests])
            with httpx.Client(base_url=origin, trust_env=False) as client:

                def bare() -> None:
                    for request in requests:
                        sent = client.build_request(
                            request.method,
                            request.path,
                            headers=list(request.headers),
                            content=request.body,
                        )
                        client.send(sent).read()

                theirs = _cpu(bare)
        finally:
            server.terminate()
    each = 1e6 / len(requests)
    print(
        f"cpu       {ours * each:.0f} µs an exchange, httpx {theirs * each:.0f} µs, ratio {ours / theirs:.2f}"
    )


def _cpu(work: Callable[[], object]) -> float:
    work()  # connections and caches are warm
    began = time.process_time()
    work()
    return time.process_time() - began


def judge() -> None:
    """Judging many exchanges, and what memory it takes."""
    with tempfile.TemporaryDirectory() as where:
        small, large = (_multiplied(Path(where), count) for count in (1_000, 10_000))
        (_, few, _), (seconds, many, busy) = _judged(small), _judged(large)
    print(
        f"judge     {seconds:.1f} s for 10,000 exchanges, {seconds / 20:.2f} of the 20 s aimed at; "
        f"CPU {busy:.1f} s; peak memory {many:.0f} MB, {many / few:.2f} of that for 1,000"
    )


def _multiplied(where: Path, count: int) -> Path:
    source = where / "source.jsonl"
    if not source.exists():
        recorded(source)
    recording = read(source)
    path = where / f"{count}.jsonl"
    with Writer(path, recording.header) as writer:
        for number in range(count):
            exchange = recording.exchanges[number % len(recording.exchanges)]
            writer.append(replace(exchange, id=f"{exchange.id}#{number}"))
        writer.finish(End.COMPLETE, 1.0)
    return path


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _judged(path: Path) -> tuple[float, float, float]:
    """Seconds, peak megabytes and CPU seconds of ``conformance judge``."""
    began = time.perf_counter()
    with subprocess.Popen(
        [*CONFORMANCE, "judge", str(path), "--quiet"], stdout=subprocess.DEVNULL
    ) as child:
        # Of this child alone: the peak of all children would be that of the largest.
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - began
    return seconds, used.ru_maxrss / 1024, used.ru_utime + used.ru_stime


def help_() -> None:
    """Start-up."""
    seconds = best_of(5, lambda: command("--help"))
    bare = best_of(5, lambda: subprocess.run([sys.executable, "-c", "pass"], check=True))
    print(
        f"help      {seconds:.2f} s for `conformance --help`, {seconds / 0.3:.2f} of the 0.3 s aimed at; python itself {bare:.2f} s"
    )


def generate() -> None:
    """Forty searches of twenty examples each, side by side, at 300 ms an answer, against the longest of them."""
    profile = load_profile("openai")
    command_line = [sys.executable, "-m", "conformance", "serve", "--profile", "openai"]
    command_line += ["--model", "m", "--port", "0", "--latency", "0.3"]
    with (
        subprocess.Popen(command_line, stderr=subprocess.PIPE, text=True) as server,
        tempfile.TemporaryDirectory() as where,
    ):
        try:
            assert server.stderr is not None
            url = next(w for w in server.stderr.readline().split() if w.startswith("http"))
            seconds, longest, sent = _generated(profile, url.rstrip(";"), Path(where) / "r.jsonl")
        finally:
            server.terminate()
    print(
        f"generate  {seconds:.1f} s for {sent} requests of 40 searches, the longest has {longest}, "
        f"ratio {seconds / (longest * 0.3):.2f} of 1.5"
    )


def _generated(profile: Profile, url: str, path: Path) -> tuple[float, int, int]:
    """Seconds that the searches take, the most requests of one, and all of them."""
    origin, prefix = parse_base_url(url)
    options = Options(suite="full", concurrency=40, environment={})
    setup = Setup(options, profile, Target(origin, prefix, "m"), None)
    plan = plan_for(setup, all_checks())
    steps = tuple(step for step in plan.steps if step.probe in ("models.list", "chat.basic"))
    forty = [s for s in plan.searches if s.probe != "generated.malformed"][:40]
    Recorder(setup, replace(plan, steps=steps, searches=tuple(forty)), path).run()
    found = [x for x in read(path).exchanges if x.probe and x.probe.startswith("generated.")]
    chains = Counter(x.id.partition("#")[0] for x in found)
    starts = [a.started for x in found for a in x.attempts]
    ends = [a.started + a.seconds for x in found for a in x.attempts]
    return max(ends) - min(starts), max(chains.values()), len(found)


FIGURES = {
    "core": core,
    "latency": latency,
    "cpu": cpu,
    "judge": judge,
    "help": help_,
    "generate": generate,
}

if __name__ == "__main__":
    for name in sys.argv[1:] or FIGURES:
        FIGURES[name]()
