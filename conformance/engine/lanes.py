"""Sending for work that decides as it goes what it asks next: from many threads, each waiting for its answer.

Lanes keep to the same budget, rate, ramp and health as the plan that was carried out before them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import Empty, SimpleQueue

from conformance.engine.budget import BudgetExhausted
from conformance.engine.execute import INTERRUPTED, MOST_QUIET, ctrl_c_noted, kind_of
from conformance.engine.pace import server_failed
from conformance.engine.terms import Terms
from conformance.model.errors import NotSent
from conformance.model.exchange import Attempt, Ended, Exchange
from conformance.model.request import Request
from conformance.recording.jsonl import End

_TICK = 0.1
"""Seconds between two looks at whether there is room."""
_GRACE = 5.0
"""Seconds that running work has to end after it was told to stop."""


class Lanes:
    """Runs pieces of work side by side; ``send`` may be called from all of them."""

    def __init__(
        self,
        send: Callable[[Request], Attempt],
        terms: Terms,
        *,
        tokens_used: Callable[[Exchange], int | None] = lambda _: None,
        stop: threading.Event | None = None,
    ) -> None:
        self._send = send
        self._terms = terms
        self._tokens_used = tokens_used
        self._stop = stop or threading.Event()
        self._room = threading.Condition()
        self._running = 0
        self._finished: SimpleQueue[Exchange] = SimpleQueue()
        self._errors: list[BaseException] = []
        self._over_budget = False

    @property
    def end(self) -> End:
        """How the sending ended."""
        health = self._terms.health
        if self._stop.is_set():
            return End.INTERRUPTED
        if health.gone is not None:
            return End.ENDPOINT_GONE
        if health.verdict is not None or health.given_up:
            return End.ENDPOINT_FAILING
        return End.BUDGET if self._over_budget else End.COMPLETE

    def run(
        self, works: Sequence[Callable[[], None]], on_exchange: Callable[[Exchange], None]
    ) -> None:
        """Carries out all work; ``on_exchange`` is called in this thread, for each exchange as it completes.

        Ctrl-C and errors end it: ``send`` then raises NotSent, and an error of ours is raised here at the end.
        """
        threads = [threading.Thread(target=self._work, args=(w,), daemon=True) for w in works]
        noted: list[bool] = []
        with ctrl_c_noted(noted):
            for thread in threads:
                thread.start()
            try:
                self._attend(threads, noted, on_exchange)
            except BaseException:
                self._stop.set()
                raise
        if self._errors:
            raise self._errors[0]

    def _attend(
        self,
        threads: Sequence[threading.Thread],
        noted: Sequence[bool],
        on_exchange: Callable[[Exchange], None],
    ) -> None:
        stopped: float | None = None
        while True:
            alive = any(thread.is_alive() for thread in threads)
            try:
                on_exchange(self._finished.get(timeout=_TICK if alive else 0))
                continue
            except Empty:
                if not alive:
                    return
            if noted or self._errors:
                self._stop.set()
            if self._stop.is_set():
                stopped = stopped or time.monotonic()
                if time.monotonic() - stopped > _GRACE:
                    return

    def _work(self, work: Callable[[], None]) -> None:
        try:
            work()
        except NotSent:
            pass
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that runs us
            self._errors.append(error)

    # In the thread of a piece of work

    def send(
        self,
        id: str,
        request: Request,
        max_output_tokens: int = 0,
        *,
        probe: str | None = None,
        ordinary: bool = True,
    ) -> Exchange:
        """The exchange of a request, sent as soon as there is room; NotSent says why nothing more is.

        ``ordinary`` requests are no deliberate mistakes: if they fail in a row, the endpoint is left alone.
        """
        kind = kind_of(request)
        with self._place(kind, max_output_tokens, ordinary=ordinary):
            exchange = Exchange(id, request, tuple(self._attempts(request)), probe=probe)
            last = exchange.attempts[-1]
            ok = last.status is not None and 200 <= last.status < 300
            used = self._tokens_used(exchange) if ok else 0
            self._terms.budget.settle(max_output_tokens, used)
            with self._room:
                self._terms.ramp.went(well=not server_failed(last) and last.status != 429)
                self._terms.health.saw(last, ordinary=ordinary, first=False, kind=kind, id=id)
        self._finished.put(exchange)
        if last.ended is Ended.INTERRUPTED:
            raise NotSent(INTERRUPTED)
        return exchange

    def note(self, exchange: Exchange) -> None:
        """Hands over an exchange that was not sent."""
        self._finished.put(exchange)

    @contextmanager
    def _place(self, kind: str, tokens: int, *, ordinary: bool) -> Iterator[None]:
        with self._room:
            while not self._may_go(kind, tokens, ordinary=ordinary):
                self._room.wait(_TICK)
            self._running += 1
        try:
            yield
        finally:
            with self._room:
                self._running -= 1
                self._room.notify_all()

    def _may_go(self, kind: str, tokens: int, *, ordinary: bool) -> bool:
        """Whether a request may leave now, and is paid for; NotSent if it never will."""
        health, budget = self._terms.health, self._terms.budget
        why = health.gone or health.given_up.get(kind) or (health.verdict if ordinary else None)
        if self._stop.is_set():
            why = INTERRUPTED
        if why is not None:
            raise NotSent(why)
        if self._running >= self._terms.ramp.limit or self._terms.gate.paused > 0:
            return False
        try:
            budget.reserve(tokens)
        except BudgetExhausted as exhausted:
            if budget.waits(tokens):
                return False
            self._over_budget = True
            raise NotSent(str(exhausted)) from None
        return True

    def _attempts(self, request: Request) -> Iterator[Attempt]:
        if self._stop.wait(self._terms.gate.take()):
            raise NotSent(INTERRUPTED)
        for made in range(1, self._terms.retry.retries + 2):
            attempt = self._send(request)
            yield attempt
            if not self._again(attempt, made):
                return

    def _again(self, attempt: Attempt, made: int) -> bool:
        """Waits as the endpoint asked; whether to send it once more."""
        budget, gate = self._terms.budget, self._terms.gate
        wait = self._terms.retry.wait(attempt, made)
        if wait is None or self._stop.is_set() or gate.asked + wait > MOST_QUIET:
            return False
        gate.quiet(wait)
        if self._stop.wait(wait) or self._stop.wait(gate.take(in_quiet=True)):
            return False
        try:
            budget.reserve()
        except BudgetExhausted:
            return False
        return True
