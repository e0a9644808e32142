"""How fast we go, and when we stop: do no harm."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from threading import Lock

from conformance.model.exchange import Attempt, Ended

_UNANSWERED = (Ended.REFUSED, Ended.RESET, Ended.CUT, Ended.TIMEOUT)


def server_failed(attempt: Attempt) -> bool:
    """Whether the endpoint answered 5xx, or gave no answer at all."""
    if attempt.status is None:
        return attempt.ended in _UNANSWERED
    return attempt.status >= 500


class Ramp:
    """How many requests may run at once: 1, then one more for each good answer, halved when one is not.

    As in TCP's slow start, that doubles them with each round of answers, and no slot waits for a round to end.
    """

    def __init__(self, most: int) -> None:
        self.most = max(1, most)
        self.limit = 1

    def went(self, *, well: bool) -> None:
        """Takes note of a finished exchange."""
        self.limit = min(self.most, self.limit + 1) if well else max(1, self.limit // 2)


class Gate:
    """When the next request may leave: not above the rate, and not while the endpoint asked for quiet."""

    def __init__(
        self, rate: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._gap = 1 / rate if rate else 0.0
        self._clock = clock
        self._next = 0.0
        self._quiet_until = 0.0
        self.asked = 0.0
        """Seconds of quiet in all so far."""
        self._lock = Lock()

    def quiet(self, seconds: float) -> None:
        """Lets no new request leave for so long."""
        with self._lock:
            now = self._clock()
            until = max(self._quiet_until, now + seconds)
            self.asked += until - max(now, self._quiet_until)
            self._quiet_until = until

    @property
    def paused(self) -> float:
        """Seconds of quiet left."""
        with self._lock:
            return max(0.0, self._quiet_until - self._clock())

    def wait(self) -> float:
        """Seconds until a request may leave; 0 means now."""
        with self._lock:
            return max(0.0, max(self._next, self._quiet_until) - self._clock())

    def take(self, *, in_quiet: bool = False) -> float:
        """Takes the next free place: seconds until it comes. A repeated request may leave ``in_quiet``."""
        with self._lock:
            now = self._clock()
            at = max(now, self._next, 0.0 if in_quiet else self._quiet_until)
            self._next = at + self._gap
            return at - now


PATIENCE = 40
"""How many times as many failures in a row are borne where they are answers to what is unusual."""


class Health:
    """Counts failures in a row; ``verdict`` says why ordinary requests are no longer sent.

    Where only one kind of request (say streams) gets no answer, only that kind is given up: ``given_up`` says why.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._row: list[Attempt] = []
        self._plain = 0
        """How many of the row ask for nothing unusual."""
        self._silent: dict[str, list[Attempt]] = {}
        self._hung: list[str] = []
        self.given_up: dict[str, str] = {}
        """Kinds of request that are no longer sent, and why."""
        self._refused: list[Attempt] = []
        self._reached: tuple[str, ...] = ()
        """The last exchange that was answered, or those since then that were sent and were not."""
        self._answered = True
        self.verdict: str | None = None
        self.gone: str | None = None
        """Why no request at all can be sent: no connection is to be had."""

    def saw(
        self,
        attempt: Attempt,
        *,
        ordinary: bool,
        first: bool,
        kind: str = "",
        unusual: bool = False,
        id: str = "",
    ) -> None:
        """Takes note of a finished exchange; ``ordinary`` ones are no deliberate mistakes.

        An ``unusual`` one tries what the endpoint may not know: that it breaks on it says little of its health.
        """
        attempt = replace(attempt, chunks=())  # rows may be long, and bodies large
        self._refused = [*self._refused, attempt] if attempt.ended is Ended.REFUSED else []
        if self._refused and (first or len(self._refused) >= self._most):
            why = attempt.detail or "no connection was made"
            self.gone = f"endpoint unreachable: {why}{self._since()}"
        if self._refused:
            return  # of which kind a request is and what it asks for, nobody was told
        self._saw_silence(attempt, ordinary, kind)
        self._reach(id, attempt)
        if not ordinary or kind in self.given_up:
            return
        failed = server_failed(attempt)
        self._row = [*self._row, attempt] if failed else []
        self._plain = self._plain + (not unusual or attempt.status is None) if failed else 0
        ill = self._plain >= self._most or len(self._row) >= PATIENCE * self._most
        if ill and self.verdict is None:
            self.verdict = f"stopped: {self._said()}"

    def _saw_silence(self, attempt: Attempt, ordinary: bool, kind: str) -> None:
        # To a deliberate mistake a closed connection is an answer of a kind; an hour of hanging is none.
        hung = attempt.ended is Ended.TIMEOUT
        silent = hung or (ordinary and attempt.status is None and server_failed(attempt))
        row = self._silent[kind] = [*self._silent.get(kind, ()), attempt] if silent else []
        if kind and len(row) >= self._most:
            self.given_up.setdefault(
                kind, f"stopped: {len(row)} requests in a row for {kind} were not answered"
            )
        self._hung = [*self._hung, kind] if hung else []
        if len(self._hung) >= self._most and len(set(self._hung)) > 1 and self.gone is None:
            self.gone = f"stopped: {len(self._hung)} requests in a row were not answered in time"

    def _reach(self, id: str, attempt: Attempt) -> None:
        answered = attempt.status is not None
        before = () if answered or self._answered else self._reached
        self._reached, self._answered = (*before, id)[-self._most :], answered

    def _since(self) -> str:
        """Which requests it may have gone away at."""
        names = ", ".join(filter(None, self._reached))
        if not names:
            return ""
        return f"; the last that it got: {names}{'' if self._answered else ' (no answer)'}"

    def _said(self) -> str:
        if all(attempt.status is not None for attempt in self._row):
            return f"the endpoint answered 5xx {len(self._row)} times in a row"
        return f"{len(self._row)} requests in a row were answered 5xx or not at all"
