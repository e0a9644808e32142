"""``serve`` and ``selftest``: the reference server from the command line."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from conformance import proof
from tests.doors import KEY, KEY_NAME, cli, command, environment

CHAT = {"model": "tiny", "messages": [{"role": "user", "content": "Say OK."}]}


@contextmanager
def serving(*arguments: object) -> Iterator[str]:
    """``conformance serve`` on a free port; its base URL."""
    served = subprocess.Popen(
        command("serve", "--port", "0", *arguments),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert served.stderr is not None
        line = served.stderr.readline()
        found = re.fullmatch(r"serving \S+ at (http://127\.0\.0\.1:\d+/v1); Ctrl-C ends it\n", line)
        assert found, line
        yield found[1]
    finally:
        served.send_signal(signal.SIGINT)
        out, err = served.communicate(timeout=15)
    assert (0, "", "") == (served.returncode, out, err)


def test_serves_until_interrupted() -> None:
    """It says where it is, answers, and ends quietly with Ctrl-C."""
    with serving("--model", "tiny") as url, httpx.Client(trust_env=False) as client:
        answer = client.post(f"{url}/chat/completions", json=CHAT)
        assert (200, "chat.completion") == (answer.status_code, answer.json()["object"])


def test_has_the_fault_and_asks_for_the_key() -> None:
    """--fault breaks it, --api-key-env closes it; ``run`` finds the fault with the key."""
    told = ("--fault", "stream-without-done", "--api-key-env", KEY_NAME, "--model", "tiny")
    with serving(*told) as url:
        where = ["--base-url", url, "--model", "tiny", "--check", "stream.done"]
        without = cli("run", *where, "-q")
        with_key = cli("run", *where, "--api-key-env", KEY_NAME, "-q")
    assert without.code != 1
    assert 1 == with_key.code
    assert KEY not in with_key.out + with_key.err


def test_plays_a_profile() -> None:
    """--profile decides how it answers."""
    with serving("--profile", "steinkauz") as url, httpx.Client(trust_env=False) as client:
        listed = client.get(url.removesuffix("/v1") + "/v1/models")
        assert listed.headers["content-type"].startswith("application/json")
        json.loads(listed.content)


def test_does_what_is_odd() -> None:
    """--oddity may be given several times."""
    odd = ("--oddity", "http-headers-in-capitals", "--oddity", "json-pretty-printed")
    with serving(*odd) as url, httpx.Client(trust_env=False) as client:
        listed = client.get(f"{url}/models")
        assert b"CONTENT-TYPE" in [name for name, _ in listed.headers.raw]
        assert listed.text.startswith("{\n    ")


class TestSelftest:
    """Every check against every fault, here a few of them."""

    def test_some_faults(self) -> None:
        """Each fault has a row with the checks that noticed it."""
        said = cli("selftest", "--fault", "stream-done-*")
        assert 0 == said.code, said.out
        assert re.search(r"^ok +stream-done-twice +stream\.done-once$", said.out, re.M)
        assert re.search(r"^\d+ faults, 0 wrong$", said.out, re.M)

    def test_some_oddities(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each oddity has a row, and none sets off an alarm."""
        _only_faults(monkeypatch)
        said = cli("selftest", "--oddity", "events-crlf")
        assert (0, "ok     events-crlf\n1 oddities, 0 alarms\n") == (said.code, said.out)

    def test_an_alarm(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What an oddity sets off is told, and the exit code is 1."""
        _only_faults(monkeypatch)
        monkeypatch.setattr(proof, "alarms", lambda _: ("fail of stream.done: none",))
        said = cli("selftest", "--oddity", "events-crlf", "-q")
        assert 1 == said.code
        assert "WRONG  events-crlf\n       fail of stream.done: none\n" == said.out
        assert "1 oddities, 1 alarms\n" == said.err

    def test_quiet(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """With -q only what is wrong is printed; the count goes to stderr."""
        _only_faults(monkeypatch)
        said = cli("selftest", "--fault", "stream-done-twice", "-q")
        assert (0, "", "1 faults, 0 wrong\n") == (said.code, said.out, said.err)

    def test_unnoticed_fault(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A check that misses its fault is told, and so is one that is set off by another's."""
        _only_faults(monkeypatch)
        noticed = proof.noticed

        def wrongly(judgement: object) -> frozenset[str]:
            seen = noticed(judgement)  # type: ignore[arg-type]
            return frozenset({"stream.done"} if seen else seen)

        monkeypatch.setattr(proof, "noticed", wrongly)
        said = cli("selftest", "--fault", "stream-done-twice")
        assert 1 == said.code
        assert re.search(r"^WRONG  stream-done-twice", said.out, re.M)
        assert "missed by stream.done-once" in said.out
        assert "also set off stream.done\n" in said.out


def _only_faults(patch: pytest.MonkeyPatch) -> None:
    """Leaves out the run against the correct server, which another test has seen."""
    patch.setattr(proof, "clean", lambda *_: frozenset())
