"""How far a run is."""

from __future__ import annotations

import io
import threading

import pytest

from conformance.report.progress import Progress

from .built import HOSTILE
from .test_text import Terminal


class Clock:
    """Time that passes when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def test_a_log_gets_a_line_now_and_then() -> None:
    """At most one every two seconds, and one at the end."""
    stream, clock = io.StringIO(), Clock()
    progress = Progress(stream, clock=clock)
    progress.start(10)
    for _ in range(10):
        clock.now += 0.5
        progress.advance("chat.basic", "200")
    progress.finish()
    progress.finish()

    expected = ["4/10 sent, 2.0 s", "8/10 sent, 4.0 s", "10/10 sent, 5.0 s"]
    assert expected == stream.getvalue().splitlines()


def test_quiet_is_quiet() -> None:
    """Not a byte, on a terminal neither."""
    for stream in (io.StringIO(), Terminal()):
        progress = Progress(stream, quiet=True)
        progress.start(1)
        progress.advance("a")
        progress.finish()

        assert "" == stream.getvalue()


def test_a_run_of_nothing_says_nothing() -> None:
    """Where nothing is sent, as in a replay, no line is written."""
    stream = io.StringIO()
    progress = Progress(stream)
    progress.start(0)
    progress.finish()

    assert "" == stream.getvalue()


def test_a_terminal_gets_a_live_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says how many are done, and goes when the run ends."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = Terminal()
    progress = Progress(stream)
    progress.start(3)
    progress.advance("chat.basic", "200")
    progress.finish()

    assert "1/3" in stream.getvalue()
    assert "chat.basic 200" in stream.getvalue()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_live_line_shows_hostile_text_as_text(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids of foreign traffic and reasons of a server do nothing to the terminal."""
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    progress = Progress(stream)
    progress.start(1)
    progress.advance(text, text)
    progress.finish()

    assert "\x1b]0;" not in stream.getvalue()
    assert "\u202e" not in stream.getvalue()
    assert "\x9b" not in stream.getvalue()
    assert stream.getvalue().encode()
    assert len(stream.getvalue()) < 5_000


def test_any_thread_may_advance() -> None:
    """No advance is lost."""
    stream = io.StringIO()
    progress = Progress(stream)
    progress.start(200)
    threads = [
        threading.Thread(target=lambda: [progress.advance("x") for _ in range(50)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    progress.finish()

    assert stream.getvalue().startswith("200/200 sent")
