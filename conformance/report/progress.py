"""How far a run is, for people who wait: a live line on a terminal, now and then a plain one in a log."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import IO

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Live

from conformance.report.escaping import encodable, visible
from conformance.report.text import console_for

EVERY = 2.0
"""Seconds between two plain lines."""
_LONGEST = 60


class Progress:
    """Shows on a stream, usually stderr, how many exchanges are done; any thread may advance it."""

    def __init__(
        self,
        stream: IO[str],
        *,
        quiet: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._quiet = quiet
        self._clock = clock
        self._lock = Lock()
        self._console = console_for(stream)
        self._live: Live | None = None
        self._total = self._done = 0
        self._begun = self._told = 0.0

    def start(self, total: int) -> None:
        """Begins; ``total`` is how many exchanges are planned."""
        with self._lock:
            self._total, self._done = total, 0
            self._begun = self._told = self._clock()
            if not self._quiet and self._console.is_interactive:
                self._live = self._started_line(total)

    def advance(self, exchange_id: str, status_text: str = "") -> None:
        """One exchange is done; the texts say which, and what came of it."""
        with self._lock:
            self._done += 1
            said = visible(f"{exchange_id} {status_text}".rstrip(), _LONGEST)
            if self._live is not None:
                shown = encodable(said, self._console.encoding)
                self._live.update(self._live.task_ids[0], advance=1, description=shown)
            elif self._clock() - self._told >= EVERY:
                self._tell()

    def finish(self) -> None:
        """Ends: removes the live line, or writes the last plain one. May be called twice."""
        with self._lock:
            if self._live is not None:
                self._live.stop()
                self._live = None
            elif self._total:
                self._tell()
            self._total = 0

    def _tell(self) -> None:
        self._told = self._clock()
        if not self._quiet:
            took = self._told - self._begun
            self._console.print(f"{self._done}/{self._total} sent, {took:.1f} s", soft_wrap=True)

    def _started_line(self, total: int) -> Live:
        live = Live(
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            console=self._console,
            transient=True,
        )
        live.add_task("", total=total)
        live.start()
        return live
