"""Runs against the same server give the same results, whatever the order in which answers come back."""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from conformance.engine.secret import Secret
from conformance.model.profile import Profile
from conformance.model.target import Target, parse_base_url
from conformance.options import Options
from conformance.plan import checks_of_suite
from conformance.profiles.load import load_profile
from conformance.proof import KEY, MODEL
from conformance.refserver.exchange import IncomingRequest, Reply
from conformance.refserver.faults import fault_named
from conformance.refserver.oddities import chosen_by_name
from conformance.refserver.respond import answer
from conformance.refserver.serve import ReferenceServer
from conformance.report.results import dumps
from conformance.session.planning import plan_for
from conformance.session.recorded import judge_recording
from conformance.session.recorder import Recorder
from conformance.session.setup import Setup, limit_parameter

RUNS = int(os.environ.get("CONFORMANCE_TEST_RUNS", "3"))
"""How often each server is run against; the figure of the issue is 20."""
SERVERS: dict[str, dict[str, Any]] = {
    "at the pace of the embedded one": {"pace": 0.005},
    "as fast as it can": {"pace": 0.0},
    "with a fault on every stream": {"pace": 0.005, "fault": fault_named("chunk-role-late")},
    "with problems of many kinds": {"pace": 0.005, "fault": fault_named("chat-created-text")},
    "with oddities": {
        "pace": 0.005,
        "oddities": chosen_by_name(["events-processing", "answer-says-something-else"]),
    },
}


class Repeating(ReferenceServer):
    """Equal requests get equal answers, ids and times included, in whatever order they come.

    A request that is sent twice gets two ids, as any server gives.
    """

    NOW = 1_795_000_000.0

    def __init__(self, profile: Profile, **options: Any) -> None:
        super().__init__(profile, key=KEY, model=MODEL, **options)
        self._seen: Counter[int] = Counter()

    def reply(self, request: IncomingRequest) -> Reply:
        """The answer that this request gets in each run."""
        headers = [pair for pair in request.headers if pair[0].lower() != "host"]
        told = repr((request.method, request.path, headers, request.body)).encode()
        number = crc32(told)
        self._seen[number] += 1
        return answer(
            request,
            self.profile,
            key=self.key,
            model=self.model,
            fault=self.fault,
            oddities=self.oddities,
            now=self.NOW,
            serial=number * 100 + self._seen[number],
            pace=self.pace,
        )


def results(profile: Profile, directory: Path, **server: Any) -> dict[str, Any]:
    """results.json of one run, without its seconds and with a name for the port, which is another each time."""
    with Repeating(profile, **server) as running:
        origin, prefix = parse_base_url(running.base_url)
        target = Target(origin, prefix, MODEL, limit_parameter(profile, MODEL))
        options = Options(concurrency=8, seed=7, quiet=True)
        setup = Setup(options, profile, target, Secret(KEY))
        plan = plan_for(setup, checks_of_suite("core"))
        made = judge_recording(Recorder(setup, plan, directory / "recording.jsonl").run())
        text = dumps(made.document).replace(f"127.0.0.1:{running.port}", "HOST")
    document: dict[str, Any] = json.loads(text)
    del document["cost"]["seconds"]
    return document


def differing(first: Any, other: Any, at: str = "") -> Iterator[str]:
    """Where two documents differ, and how."""
    if isinstance(first, dict) and isinstance(other, dict) and first.keys() == other.keys():
        for name in first:
            yield from differing(first[name], other[name], f"{at}/{name}")
    elif isinstance(first, list) and isinstance(other, list) and len(first) == len(other):
        for number, pair in enumerate(zip(first, other, strict=True)):
            yield from differing(*pair, f"{at}/{number}")
    elif first != other:
        yield f"{at}: {first!r} != {other!r}"


@contextmanager
def busy(threads: int) -> Iterator[None]:
    """Threads of this process that compete for it."""
    done = threading.Event()
    numbers = count()

    def spin() -> None:
        while not done.is_set():
            next(numbers)

    running = [threading.Thread(target=spin, daemon=True) for _ in range(threads)]
    for thread in running:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in running:
            thread.join()


@pytest.mark.parametrize("server", SERVERS.values(), ids=SERVERS)
def test_runs_against_the_same_server_are_the_same(server: dict[str, Any], tmp_path: Path) -> None:
    """Nothing differs but times: not an outcome, not an order, not a word of a problem."""
    profile = load_profile("openai")
    first = results(profile, tmp_path, **server)

    for _ in range(RUNS - 1):
        assert [] == list(differing(first, results(profile, tmp_path, **server)))


def test_a_busy_machine_changes_nothing(tmp_path: Path) -> None:
    """Rules about arrival times find the same where sender and receiver must wait for their turn."""
    profile = load_profile("openai")
    first = results(profile, tmp_path, pace=0.005)

    with busy(2):
        assert [] == list(differing(first, results(profile, tmp_path, pace=0.005)))


def test_a_difference_would_be_noticed() -> None:
    """A word, a member, a length."""
    one = {"a": [{"b": 1}], "c": 2}

    assert [] == list(differing(one, {"a": [{"b": 1}], "c": 2}))
    assert ["/a/0/b: 1 != 2"] == list(differing(one, {"a": [{"b": 2}], "c": 2}))
    assert ["/a: [{'b': 1}] != []"] == list(differing(one, {"a": [], "c": 2}))
    assert [f": {one!r} != {{'a': 1}}"] == list(differing(one, {"a": 1}))
