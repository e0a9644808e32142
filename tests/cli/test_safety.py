"""What must never happen: a leaked key, foreign text that acts, a lost recording, a false verdict."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from conformance.recording.jsonl import End, read
from tests.doors import KEY, KEY_NAME, MODEL, Said, at, cli, command, environment, playing
from tests.engine.servers import always, answer, serving

NASTY = (
    "\x1b[31m\x07\u202e</td><script>alert(1)</script>[bold]x[/bold]`|<!--\n## Forged\n| pass | 1 |"
)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command runs in a directory of its own."""
    monkeypatch.chdir(tmp_path)


class TestKey:
    """The user's key is in nothing that is written or printed."""

    @pytest.mark.parametrize(
        "fault",
        [
            pytest.param(None, id="no-fault"),
            pytest.param("auth-key-in-message", id="echoed-in-errors"),
            pytest.param("auth-key-in-header", id="echoed-in-headers"),
            pytest.param("auth-key-across-frames", id="echoed-in-two-halves"),
        ],
    )
    def test_is_in_no_artefact(self, fault: str | None) -> None:
        """Not in the recording, the reports or the output, although the endpoint repeats it."""
        with playing(key=KEY, fault=fault) as server:
            said = cli("run", *at(server, "--profile", "openai", "--suite", "smoke"))
        again = cli("judge", "conformance-report/recording.jsonl")
        kept = read(Path("conformance-report/recording.jsonl"))
        blotted = sum(a.redactions for x in kept.exchanges for a in x.attempts)
        assert (fault is not None) == (blotted > 0)
        files = {path.name: path.read_text() for path in Path("conformance-report").iterdir()}
        assert 5 == len(files)
        made = {**files, "out": said.out, "err": said.err, "judge": again.out + again.err}
        assert [] == [name for name, text in made.items() if KEY in text]
        assert [] == [name for name, text in made.items() if KEY[3:12] in text]

    def test_echo_is_found(self) -> None:
        """That it was repeated is still a finding; its curl line names the variable instead."""
        with playing(key=KEY, fault="auth-key-in-header") as server:
            said = cli("run", *at(server, "--check", "auth.*"))
        assert 1 == said.code
        assert "1 is broken (auth.key-not-echoed)" in said.out
        assert f"Authorization: Bearer ${KEY_NAME}" in said.out


def _nasty_answer() -> bytes:
    message = {"role": NASTY, "content": NASTY}
    body = {
        "id": 7,
        "object": NASTY,
        "created": NASTY,
        "model": NASTY,
        "choices": [{"index": 0, "message": message, "finish_reason": NASTY}],
        "data": [{"id": NASTY, "object": NASTY}],
        "error": {"message": NASTY, "type": NASTY},
    }
    return json.dumps(body, ensure_ascii=False).encode()


@pytest.fixture(scope="module")
def nasty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Said, Path]:
    """A run against an endpoint that answers everything with control characters and markup."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("nasty"))
        with serving(always(answer(_nasty_answer(), "Content-Type: application/json"))) as server:
            said = cli("run", "--base-url", server.origin, "--model", "m", "--suite", "smoke")
        return said, Path("conformance-report").absolute()


class TestForeignText:
    """What an endpoint sends is data: shown escaped, never obeyed."""

    def test_terminal(self, nasty: tuple[Said, Path]) -> None:
        """No escape sequence reaches the terminal, and no line is forged."""
        said, _ = nasty
        assert 1 == said.code
        shown = said.out + said.err
        assert r"\x1b[31m" in shown
        assert [] == [c for c in shown if not c.isprintable() and c != "\n"]
        assert not re.search(r"^\s*## Forged", shown, re.M)

    def test_html(self, nasty: tuple[Said, Path]) -> None:
        """No tag of the endpoint's is in the page."""
        page = (nasty[1] / "report.html").read_text()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page or "&amp;lt;script&amp;gt;alert(1)" in page
        assert "\x1b" not in page

    def test_markdown(self, nasty: tuple[Said, Path]) -> None:
        """No heading, table row, link or tag of the endpoint's is in the summary."""
        summary = (nasty[1] / "summary.md").read_text()
        assert "script" in summary
        assert "<script>" not in summary
        assert "\x1b" not in summary
        assert not re.search(r"^## Forged|^\| pass \| 1 \|", summary, re.M)

    def test_files_for_machines(self, nasty: tuple[Said, Path]) -> None:
        """JUnit and results.json carry it escaped, and stay well-formed."""
        assert "\x1b" not in (nasty[1] / "junit.xml").read_text()
        text = (nasty[1] / "results.json").read_text()
        assert "\x1b" not in text
        assert json.loads(text)["results"]


class TestInterrupted:
    """Ctrl-C ends a run in order."""

    def test_keeps_and_judges_what_there_is(self) -> None:
        """The recording is whole, what was answered is judged, and exit code 3 says the rest was not."""
        recording = Path("kept.jsonl")
        with playing(latency=0.4) as server:
            run = subprocess.Popen(
                command("run", *at(server, "--recording", recording, "--json", "out.json")),
                env=environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            _wait_for(lambda: recording.exists() and recording.read_bytes().count(b"\n") > 3)
            run.send_signal(signal.SIGINT)
            out, err = run.communicate(timeout=20)
        assert 3 == run.returncode, err
        assert "Traceback" not in out + err
        assert "conformance: interrupted; judging what was answered until then" in err
        assert re.search("Conformance was not shown: [1-9]", out)
        kept = read(recording)
        assert kept.footer is not None
        assert End.INTERRUPTED is kept.footer.end
        assert any(x.last is not None for x in kept.exchanges)
        assert any(x.not_sent for x in kept.exchanges)
        assert 3 == cli("judge", recording, "--json", "again.json").code
        assert Path("out.json").read_bytes() == Path("again.json").read_bytes()


def _wait_for(there: object, seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not there():  # type: ignore[operator]
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a recording of a good stream and one of a bad one."""
    where = tmp_path_factory.mktemp("recorded")
    for name, fault in (("good.jsonl", None), ("bad.jsonl", "stream-without-done")):
        with playing(fault=fault) as server:
            cli("record", *at(server, "--check", "stream.done", "--recording", where / name))
    return where


class TestReaderLeaves:
    """``conformance … | head`` is not an error, and not a verdict either."""

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            pytest.param(["list"], 0, id="list"),
            pytest.param(["judge", "good.jsonl"], 0, id="judge-passes"),
            pytest.param(["judge", "good.jsonl", "-q"], 0, id="quiet-passes"),
            pytest.param(["judge", "bad.jsonl"], 1, id="judge-fails"),
        ],
    )
    def test_exit_code_stays(self, recorded: Path, arguments: list[str], code: int) -> None:
        """The exit code is the one that it would have been, and stderr stays silent."""
        reader, writer = os.pipe()
        os.close(reader)
        made = subprocess.run(
            command(*arguments),
            cwd=recorded,
            env=environment(),
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        os.close(writer)
        assert (code, "") == (made.returncode, made.stderr)


def test_no_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment is not asked: requests go to the endpoint alone."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with playing() as server:
        said = cli("run", "--base-url", server.base_url, "--model", MODEL, "--check", "models.list")
    assert 0 == said.code
