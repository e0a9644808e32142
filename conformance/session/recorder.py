"""Carrying out a plan: everything is sent once, and recorded as it comes back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from conformance.engine.budget import Budget
from conformance.engine.execute import execute
from conformance.engine.lanes import Lanes
from conformance.engine.pace import Gate, Ramp
from conformance.engine.terms import Terms
from conformance.engine.transport import Transport
from conformance.judging import suite_facts, usage_of
from conformance.model.errors import RecordingError
from conformance.model.exchange import Attempt, Exchange
from conformance.model.plan import Plan
from conformance.model.request import Request
from conformance.profiles.load import profile_to_json
from conformance.recording import jsonl
from conformance.recording.jsonl import End, Header, Reader, Writer

from .planning import over_budget, plan_as_json
from .resuming import answered_for_good, has_content, made_for, spend
from .searching import past_of, search
from .setup import Setup
from .trial import LIMIT_PROBE, MODEL_LIST, REFUSED_LIMIT, Trial, limited_otherwise


class Sender(Protocol):
    """What sends a request once and tells what came of it."""

    def send(self, request: Request) -> Attempt:
        """Raises nothing for what a peer does."""


@dataclass(slots=True)
class Recorder:
    """Carries out a plan and writes the recording as it goes."""

    setup: Setup
    plan: Plan
    path: Path
    on_exchange: Callable[[Exchange], None] = lambda _: None
    stop: threading.Event = field(default_factory=threading.Event)
    sender: Sender | None = None
    """What sends, in place of a transport to the target."""
    exchanges: dict[str, Exchange] = field(default_factory=dict)
    """What was recorded; the answers are kept only of those that others are built from."""

    def run(self) -> Reader:
        """Send everything; the recording is on disk when it returns, however it ended."""
        began = time.perf_counter()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            writer = self._writer()
        except OSError as error:
            raise RecordingError(
                f"cannot write the recording {self.path}: {error.strerror or error}"
            ) from None
        with writer:
            end = self._send(writer)
            if end is End.COMPLETE and over_budget(self.plan):
                end = End.BUDGET
            seconds = self._earlier + time.perf_counter() - began
            footer = writer.finish(end, round(seconds, 4))
        made = Reader(self.path)
        made.footer = footer
        return made

    def _writer(self) -> Writer:
        """A new file, or that of an earlier run with what was answered then."""
        if not self.setup.options.resume or not has_content(self.path):
            return Writer(self.path, self._header())
        recorded = jsonl.read(self.path)
        if (other := made_for(recorded.header, self._header())) is not None:
            raise RecordingError(
                f"{self.path} cannot be resumed: it was recorded {other}; "
                "leave out --resume, or name another file with --recording"
            )
        self._created = recorded.header.created
        kept = tuple(x for x in recorded.exchanges if answered_for_good(x))
        self.exchanges = {x.id: x for x in kept}
        self._earlier = max((a.started + a.seconds for x in kept for a in x.attempts), default=0.0)
        if REFUSED_LIMIT in self.exchanges:
            self.setup = limited_otherwise(self.setup)
        for exchange in kept:
            self.on_exchange(exchange)
        return Writer.resumed(self.path, replace(recorded, exchanges=kept))

    def _send(self, writer: Writer) -> End:
        terms = self._terms()
        needed = {earlier for step in self.plan.steps for earlier in step.after}
        needed |= {LIMIT_PROBE, REFUSED_LIMIT}

        def remember(exchange: Exchange) -> None:
            whole = exchange.id in needed or exchange.probe == MODEL_LIST
            self.exchanges[exchange.id] = exchange if whole else replace(exchange, attempts=())

        past = past_of(self.setup, self.plan, self.exchanges.values())
        for exchange in tuple(self.exchanges.values()):
            remember(exchange)
        trial = Trial(self.setup, self.plan, self.exchanges)

        def write(made: Exchange) -> None:
            remember(made)
            writer.append(made)
            self.on_exchange(made)

        def keep(exchange: Exchange) -> None:
            for made in trial.settled(exchange):
                if past is not None:
                    past.saw(made)
                write(made)

        with self._connected() as transport:
            try:
                end = execute(
                    trial.steps(),
                    transport.send,
                    on_exchange=keep,
                    build_after=trial.build,
                    terms=terms,
                    tokens_used=_tokens_used,
                    known=self.exchanges,
                    stop=self.stop,
                )
            finally:
                self.setup = trial.setup
            if past is None:
                return end
            lanes = Lanes(transport.send, terms, tokens_used=_tokens_used, stop=self.stop)
            return search(self.setup, self.plan.searches, past, end, lanes, write)

    def _terms(self) -> Terms:
        """What may be sent how fast, less what an earlier run has used."""
        options = self.setup.options
        budget = Budget(
            max_requests=options.max_requests, max_output_tokens=options.max_output_tokens
        )
        spend(budget, self.plan, self.exchanges.values())
        return Terms(budget=budget, ramp=Ramp(options.concurrency), gate=Gate(options.rate))

    def _connected(self) -> AbstractContextManager[Sender]:
        if self.sender is not None:
            return nullcontext(self.sender)
        return Transport(
            self.setup.target.origin,
            secret=self.setup.secret,
            headers=self.setup.profile.endpoint.headers,
            timeout=self.setup.options.timeout,
            stop=self.stop,
            began=time.perf_counter() - self._earlier,
        )

    def _header(self) -> Header:
        target, options = self.setup.target, self.setup.options
        return Header(
            created=self._created,
            suite=suite_facts(),
            target={
                "base_url": target.base_url,
                "model": target.model,
                "limit_parameter": target.limit_parameter,
            },
            profile=profile_to_json(self.setup.profile),
            plan=plan_as_json(self.plan),
            seed=options.seed,
            limits={
                "suite": options.suite,
                "concurrency": options.concurrency,
                "rate": options.rate,
                "max_requests": options.max_requests,
                "max_output_tokens": options.max_output_tokens,
                "timeout": options.timeout,
            },
        )

    _earlier: float = 0.0
    """Seconds that the runs took which this one goes on with."""
    _created: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))


def _tokens_used(exchange: Exchange) -> int | None:
    """Output tokens that an answer took by its own word."""
    return usage_of(exchange)[1] or None
