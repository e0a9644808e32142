"""How fast we go, and when we stop: do no harm."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

from conformance.model.exchange import Attempt, Ended

_UNANSWERED = (Ended.REFUSED, Ended.RESET, Ended.CUT, Ended.TIMEOUT)


def server_failed(attempt: Attempt) -> bool:
    """Whether the endpoint answered 5xx, or gave no answer at all."""
    if attempt.status is None:
        return attempt.ended in _UNANSWERED
    return attempt.status >= 500


class Ramp:
    """How many requests may run at once: 1, then doubled while all goes well, halved when it does not."""

    def __init__(self, most: int) -> None:
        self.most = max(1, most)
        self.limit = 1
        self._good = 0

    def went(self, *, well: bool) -> None:
        """Takes note of a finished exchange."""
        if not well:
            self.limit, self._good = max(1, self.limit // 2), 0
            return
        self._good += 1
        if self._good >= self.limit:
            self.limit, self._good = min(self.most, self.limit * 2), 0


class Gate:
    """When the next request may leave: not above the rate, and not while the endpoint asked for quiet."""

    def __init__(
        self, rate: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._gap = 1 / rate if rate else 0.0
        self._clock = clock
        self._next = 0.0
        self._quiet_until = 0.0
        self._lock = Lock()

    def quiet(self, seconds: float) -> None:
        """Lets no new request leave for so long."""
        with self._lock:
            self._quiet_until = max(self._quiet_until, self._clock() + seconds)

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


class Health:
    """Counts failures in a row; ``verdict`` says why ordinary requests are no longer sent."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._row: list[Attempt] = []
        self._refused: list[Attempt] = []
        self.verdict: str | None = None
        self.gone: str | None = None
        """Why no request at all can be sent: no connection is to be had."""

    def saw(self, attempt: Attempt, *, ordinary: bool, first: bool) -> None:
        """Takes note of a finished exchange; ``ordinary`` ones are no deliberate mistakes."""
        self._refused = [*self._refused, attempt] if attempt.ended is Ended.REFUSED else []
        if self._refused and (first or len(self._refused) >= self._most):
            self.gone = f"endpoint unreachable: {attempt.detail or 'no connection was made'}"
        if not ordinary:
            return
        self._row = [*self._row, attempt] if server_failed(attempt) else []
        if len(self._row) >= self._most and self.verdict is None:
            self.verdict = f"stopped: {self._said()}"

    def _said(self) -> str:
        if all(attempt.status is not None for attempt in self._row):
            return f"the endpoint answered 5xx {len(self._row)} times in a row"
        return f"{len(self._row)} requests in a row were answered 5xx or not at all"
