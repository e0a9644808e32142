"""Carries out a plan: sends its steps in threads, and hands over one exchange for each.

One thread coordinates and calls the caller's functions; each running step has a thread of its own, that only sends.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue

from conformance.engine.budget import Budget, BudgetExhausted
from conformance.engine.pace import Gate, Health, Ramp, server_failed
from conformance.engine.retry import RetryPolicy
from conformance.engine.terms import Terms
from conformance.model.exchange import Attempt, Ended, Exchange
from conformance.model.plan import Stage, Step
from conformance.model.request import Operation, Request
from conformance.recording.jsonl import End

Send = Callable[[Request], Attempt]
BuildAfter = Callable[[Step, Mapping[str, Exchange]], Request | str]

INTERRUPTED = "interrupted"

MOST_QUIET = 60.0
"""Seconds of quiet that the endpoint may ask for in all, before its refusals are taken as they are."""
_TICK = 0.1
"""Seconds between two looks at whether we are to stop."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is; ``paused`` is how many seconds the endpoint asked us to wait still."""

    done: int
    total: int
    running: int
    paused: float = 0.0


@dataclass(slots=True)
class _Running:
    step: Step
    request: Request
    attempts: list[Attempt] = field(default_factory=list)
    error: BaseException | None = None


def execute(
    steps: Sequence[Step],
    send: Send,
    *,
    on_exchange: Callable[[Exchange], None],
    build_after: BuildAfter,
    on_progress: Callable[[Progress], None] | None = None,
    budget: Budget | None = None,
    concurrency: int = 8,
    rate: float | None = None,
    retry: RetryPolicy | None = None,
    tokens_used: Callable[[Exchange], int | None] | None = None,
    known: Mapping[str, Exchange] | None = None,
    failures: int = 5,
    terms: Terms | None = None,
    stop: threading.Event | None = None,
    grace: float = 3.0,
) -> End:
    """Sends every step and returns how it ended; each step yields one exchange, sent or not.

    ``on_exchange`` gets them as they complete, in the calling thread, as are the other callbacks called.
    ``build_after`` makes the request of a step without one, or says in a sentence why it cannot.
    ``known`` are exchanges of an earlier run: their steps are not sent again.
    ``failures`` is how many 5xx or connection failures in a row end the ordinary requests.
    ``terms`` are limits and pace that other sending shares; they take the place of those named one by one.
    ``stop`` (or Ctrl-C) ends the run: nothing new is sent, and what runs is waited for ``grace`` seconds.
    What our own code raises is raised here, after the running requests have ended.
    """
    terms = terms or Terms(
        budget=budget or Budget(),
        ramp=Ramp(concurrency),
        gate=Gate(rate),
        health=Health(failures),
        retry=retry or RetryPolicy(),
    )
    run = _Run(
        steps=steps,
        send=send,
        on_exchange=on_exchange,
        build_after=build_after,
        on_progress=on_progress or (lambda _: None),
        budget=terms.budget,
        ramp=terms.ramp,
        gate=terms.gate,
        retry=terms.retry,
        tokens_used=tokens_used or (lambda _: None),
        finished=dict(known or {}),
        health=terms.health,
        stop=stop or threading.Event(),
        grace=grace,
    )
    return run.run()


@dataclass(slots=True, kw_only=True)
class _Run:
    steps: Sequence[Step]
    send: Send
    on_exchange: Callable[[Exchange], None]
    build_after: BuildAfter
    on_progress: Callable[[Progress], None]
    budget: Budget
    ramp: Ramp
    gate: Gate
    retry: RetryPolicy
    tokens_used: Callable[[Exchange], int | None]
    finished: dict[str, Exchange]
    health: Health
    stop: threading.Event
    grace: float
    planned: frozenset[str] = frozenset()
    """Everything that has or will have an exchange."""
    awaited: frozenset[str] = frozenset()
    """Everything that something else is built from."""
    waiting: list[Step] = field(default_factory=list)
    running: dict[str, _Running] = field(default_factory=dict)
    returned: SimpleQueue[_Running] = field(default_factory=SimpleQueue)
    ctrl_c: list[bool] = field(default_factory=list)
    stopped_at: float | None = None
    over_budget: bool = False
    sent_any: bool = False

    def run(self) -> End:
        """Goes round until every step has its exchange."""
        self.planned = frozenset(self.finished).union(step.id for step in self.steps)
        self.awaited = frozenset(earlier for step in self.steps for earlier in step.after)
        self.waiting = sorted(
            (step for step in self.steps if step.id not in self.finished),
            key=lambda step: step.stage,
        )
        with ctrl_c_noted(self.ctrl_c):
            try:
                while self.waiting or self.running:
                    self._round()
            except BaseException:
                self._let_the_running_end()
                raise
        return self._end()

    def _end(self) -> End:
        if self.stopped_at is not None:
            return End.INTERRUPTED
        if self.health.gone is not None:
            return End.ENDPOINT_GONE
        if self.health.verdict is not None or self.health.given_up:
            return End.ENDPOINT_FAILING
        return End.BUDGET if self.over_budget else End.COMPLETE

    def _round(self) -> None:
        try:
            if self.ctrl_c:
                self.stop.set()
            if self.stop.is_set():
                self._stop()
            else:
                self._start_what_may_start()
            self._collect()
        except KeyboardInterrupt:  # where the caller has a handler of its own
            self.stop.set()

    # What may start

    def _start_what_may_start(self) -> None:
        for step in tuple(self.waiting):
            reason = self._never(step)
            if reason is not None:
                self._not_sent(step, reason)
            elif not all(earlier in self.finished for earlier in step.after):
                continue
            elif not self._has_room(step):
                return
            else:
                self._begin(step)

    def _never(self, step: Step) -> str | None:
        """Why a step will not be sent, now or later."""
        if self.health.gone is not None:
            return self.health.gone
        if self.health.verdict is not None and step.stage >= Stage.CHAT:
            return self.health.verdict
        if not step.after:
            return None
        missing = next((earlier for earlier in step.after if earlier not in self.planned), None)
        return f"{missing}: not in the plan" if missing else None

    def _has_room(self, step: Step) -> bool:
        # The pilot is alone, and so is whatever comes first, because the ramp begins at one.
        pilots = step.stage is Stage.PILOT or any(
            other.step.stage is Stage.PILOT for other in self.running.values()
        )
        limit = 1 if pilots else self.ramp.limit
        return len(self.running) < limit and self.gate.wait() <= 0

    def _begin(self, step: Step) -> None:
        request = step.request
        if request is None:
            built = self.build_after(step, self.finished)
            if isinstance(built, str):
                self._not_sent(step, built)
                return
            request = built
        # What others wait for is sent all the same, so that they are not lost with it.
        given_up = self.health.given_up.get(kind_of(request))
        if given_up is not None and not any(step.id in other.after for other in self.waiting):
            self._not_sent(step, given_up, request)
            return
        try:
            self.budget.reserve(step.max_output_tokens)
        except BudgetExhausted as exhausted:
            if not (self.running and self.budget.waits(step.max_output_tokens)):
                self.over_budget = True
                self._not_sent(step, str(exhausted), request)
            return
        self.gate.take()
        self._launch(_Running(step, request))

    def _launch(self, job: _Running) -> None:
        self.waiting.remove(job.step)
        self.running[job.step.id] = job
        # A daemon: a name lookup that hangs must not keep the program from ending.
        threading.Thread(
            target=self._work, args=(job,), name=f"send {job.step.id}", daemon=True
        ).start()
        self._tell()

    # In the thread of a step

    def _work(self, job: _Running) -> None:
        try:
            while True:
                job.attempts.append(self.send(job.request))
                if not self._again(job):
                    break
        except BaseException as error:  # noqa: BLE001 - raised again by the coordinating thread
            job.error = error
        self.returned.put(job)

    def _again(self, job: _Running) -> bool:
        """Waits as the endpoint asked; whether to send it once more."""
        wait = self.retry.wait(job.attempts[-1], len(job.attempts))
        if wait is None or self.stop.is_set() or self.budget.refusal() is not None:
            return False
        if self.gate.asked + wait > MOST_QUIET:
            return False
        self.gate.quiet(wait)
        if self.stop.wait(wait) or self.stop.wait(self.gate.take(in_quiet=True)):
            return False
        try:
            self.budget.reserve()
        except BudgetExhausted:
            return False
        return True

    # What has come back

    def _collect(self) -> None:
        """Waits a moment for a step to end, and takes all that have."""
        if not self.running:
            if self.waiting:
                self._idle()
            return
        try:
            self._returned(self.returned.get(timeout=_TICK))
            while self.running:
                self._returned(self.returned.get_nowait())
        except Empty:
            pass

    def _idle(self) -> None:
        wait = self.gate.wait()
        startable = any(all(e in self.finished for e in step.after) for step in self.waiting)
        if wait <= 0 and not startable:
            stuck = ", ".join(step.id for step in self.waiting)
            raise ValueError(f"steps wait for each other: {stuck}")
        time.sleep(min(wait, _TICK))

    def _returned(self, job: _Running) -> None:
        if self.running.pop(job.step.id, None) is None:
            return  # given up before
        if job.error is not None:
            raise job.error
        exchange = Exchange(job.step.id, job.request, tuple(job.attempts), probe=job.step.probe)
        last = job.attempts[-1]
        ok = last.status is not None and 200 <= last.status < 300
        self.budget.settle(job.step.max_output_tokens, self.tokens_used(exchange) if ok else 0)
        self.ramp.went(well=not server_failed(last) and last.status != 429)
        ordinary = job.step.stage is not Stage.FREE
        kind = kind_of(exchange.request)
        self.health.saw(
            last,
            ordinary=ordinary,
            first=not self.sent_any,
            kind=kind,
            unusual=job.step.is_case,
            id=exchange.id,
        )
        self.sent_any = True
        self._finish(exchange)

    def _not_sent(self, step: Step, reason: str, request: Request | None = None) -> None:
        self.waiting.remove(step)
        request = request or step.request or self._stand_in(step)
        self._finish(Exchange(step.id, request, probe=step.probe, not_sent=reason))

    def _stand_in(self, step: Step) -> Request:
        """A request for an exchange whose own was never built: the earlier one without its body."""
        for earlier in reversed(step.after):
            if earlier in self.finished:
                return replace(self.finished[earlier].request, body=None)
        return Request("POST", "", Operation.CHAT)

    def _finish(self, exchange: Exchange) -> None:
        # Answers that nothing is built from are let go.
        kept = exchange if exchange.id in self.awaited else replace(exchange, attempts=())
        self.finished[exchange.id] = kept
        self.on_exchange(exchange)
        self._tell()

    def _tell(self) -> None:
        total = len(self.steps)
        running = len(self.running)
        done = total - len(self.waiting) - running
        self.on_progress(Progress(done, total, running, self.gate.paused))

    # Stopping

    def _stop(self) -> None:
        if self.stopped_at is None:
            self.stopped_at = time.monotonic()
        for step in tuple(self.waiting):
            self._not_sent(step, INTERRUPTED)
        if time.monotonic() - self.stopped_at > self.grace:
            for job in tuple(self.running.values()):
                self._give_up(job)

    def _give_up(self, job: _Running) -> None:
        del self.running[job.step.id]
        cut = Attempt(None, ended=Ended.INTERRUPTED, detail=INTERRUPTED)
        attempts = (*job.attempts, cut)
        self._finish(Exchange(job.step.id, job.request, attempts, probe=job.step.probe))

    def _let_the_running_end(self) -> None:
        """Before an error of ours is raised, so that nobody sends through a closed transport."""
        self.stop.set()
        until = time.monotonic() + self.grace
        while self.running and (left := until - time.monotonic()) > 0:
            try:
                self.running.pop(self.returned.get(timeout=left).step.id, None)
            except Empty:
                return


def kind_of(request: Request) -> str:
    """What a request asks for, in words; an endpoint may fail at one kind and be well otherwise."""
    if b'"stream":true' in (request.body or b""):
        return "a stream"
    return {Operation.CHAT: "one answer", Operation.MODELS: "the model list"}.get(
        request.operation, "something else"
    )


@contextmanager
def ctrl_c_noted(noted: list[bool]) -> Iterator[None]:
    """Ctrl-C is noted and acted upon between two steps, never in the middle of writing a line.

    A second one interrupts at once.
    """
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return

    def note(number: int, frame: object) -> None:
        if noted:
            raise KeyboardInterrupt
        noted.append(True)

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
