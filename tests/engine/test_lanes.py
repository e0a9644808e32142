"""Work that sends as it goes keeps to the budget, the pace and the health of the run."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from conformance.engine.budget import Budget
from conformance.engine.lanes import Lanes
from conformance.engine.pace import Gate, Health, Ramp
from conformance.engine.retry import RetryPolicy
from conformance.engine.terms import Terms
from conformance.model.errors import NotSent
from conformance.model.exchange import Attempt, Ended, Exchange
from conformance.model.request import Operation, Request
from conformance.recording.jsonl import End

OK = Attempt(200)
QUICK = RetryPolicy(first_wait=0.01)


def request_to(path: str) -> Request:
    """A chat request whose path tells it apart."""
    return Request("POST", f"/{path}", Operation.CHAT, (), b"{}")


@dataclass
class Run:
    """Lanes over a function that answers, and what came of them."""

    answer: Callable[[str], Attempt] = lambda path: OK
    terms: Terms = field(default_factory=lambda: Terms(retry=QUICK))
    exchanges: list[Exchange] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    most_at_once: int = 0
    stop: threading.Event = field(default_factory=threading.Event)
    threads: set[int] = field(default_factory=set)
    end: End | None = None
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def _send(self, request: Request) -> Attempt:
        with self._lock:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            return self.answer(request.path[1:])
        finally:
            with self._lock:
                self._now -= 1

    def __call__(self, *chains: list[str], tokens: int = 0, ordinary: bool = True) -> Run:
        """Sends each chain one after the other, the chains side by side."""
        lanes = Lanes(self._send, self.terms, stop=self.stop)

        def work(chain: list[str]) -> Callable[[], None]:
            def go() -> None:
                for name in chain:
                    try:
                        sent = lanes.send(name, request_to(name), tokens, ordinary=ordinary)
                    except NotSent as reason:
                        self.refused.append(str(reason))
                        raise
                    assert sent.last is not None

            return go

        def take(exchange: Exchange) -> None:
            self.threads.add(threading.get_ident())
            self.exchanges.append(exchange)

        lanes.run([work(chain) for chain in chains], take)
        self.end = lanes.end
        return self


def test_all_is_sent_and_handed_over_in_the_thread_that_waits() -> None:
    """Each request becomes one exchange, and the file is written by one thread."""
    run = Run()(["a", "b"], ["c"])

    assert ["a", "b", "c"] == sorted(x.id for x in run.exchanges)
    assert {threading.get_ident()} == run.threads
    assert End.COMPLETE is run.end


def test_never_more_at_once_than_the_ramp_allows() -> None:
    """Chains run side by side, as many as the concurrency says."""

    def slow(path: str) -> Attempt:
        time.sleep(0.01)
        return OK

    run = Run(slow, Terms(ramp=Ramp(3)))(*[[f"{n}.{m}" for m in range(4)] for n in range(8)])

    assert 3 == run.most_at_once
    assert 32 == len(run.exchanges)


def test_the_rate_holds_for_all_of_them() -> None:
    """Eight requests at a hundred a second take seventy milliseconds."""
    began = time.monotonic()
    Run(terms=Terms(ramp=Ramp(8), gate=Gate(100)))(*[[f"{n}"] for n in range(8)])

    assert 0.06 <= time.monotonic() - began


@pytest.mark.parametrize(
    ("budget", "tokens", "sent"),
    [(Budget(max_requests=3), 0, 3), (Budget(max_output_tokens=50), 16, 3)],
    ids=["requests", "tokens"],
)
def test_the_budget_ends_them(budget: Budget, tokens: int, sent: int) -> None:
    """What is over is not sent, and the reason names the limit."""
    run = Run(terms=Terms(budget=budget))(["a", "b", "c", "d"], ["e", "f"], tokens=tokens)

    assert sent == len(run.exchanges)
    assert {True} == {reason.startswith("budget: --max-") for reason in run.refused}
    assert End.BUDGET is run.end


def test_a_refused_request_is_sent_again_as_the_endpoint_asks() -> None:
    """429 and then an answer are two attempts of one exchange, and two requests of the budget."""
    answers = iter([Attempt(429, (("Retry-After", "0.01"),)), OK])
    terms = Terms(retry=QUICK)
    run = Run(lambda path: next(answers), terms)(["a"])

    assert [429, 200] == [a.status for a in run.exchanges[0].attempts]
    assert 2 == terms.budget.requests


def test_the_quiet_asked_for_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the plan has waited counts; after that a refusal stands."""
    monkeypatch.setattr("conformance.engine.lanes.MOST_QUIET", 0.25)
    terms = Terms(retry=QUICK)
    terms.gate.quiet(0.1)
    busy = Attempt(429, (("Retry-After", "0.1"),))

    run = Run(lambda path: busy, terms)(["a", "b"])

    assert [2, 1] == [len(exchange.attempts) for exchange in run.exchanges]


def test_a_row_of_server_errors_ends_what_is_ordinary() -> None:
    """The endpoint is left alone after five failures."""
    run = Run(lambda path: Attempt(500))([f"{n}" for n in range(20)])

    assert 5 == len(run.exchanges)
    assert ["stopped: the endpoint answered 5xx 5 times in a row"] == run.refused
    assert End.ENDPOINT_FAILING is run.end


def test_a_row_of_server_errors_does_not_end_what_provokes_them() -> None:
    """Whoever looks for the smallest request that crashes the server meets many."""
    run = Run(lambda path: Attempt(500))([f"{n}" for n in range(20)], ordinary=False)

    assert 20 == len(run.exchanges)


def test_an_endpoint_that_is_gone_ends_all() -> None:
    """No connection, five times in a row."""
    run = Run(lambda path: Attempt(None, ended=Ended.REFUSED))([f"{n}" for n in range(20)])

    assert 5 == len(run.exchanges)
    assert End.ENDPOINT_GONE is run.end


def test_the_last_request_before_the_end_is_named() -> None:
    """What is not sent any more says which request the endpoint may have died of."""
    dead = {"b": Attempt(None, ended=Ended.CUT)}
    refused = Attempt(None, ended=Ended.REFUSED, detail="nobody listens")
    run = Run(lambda path: OK if path == "a" else dead.get(path, refused))(
        ["a", "b", *(f"{n}" for n in range(6))], ordinary=False
    )

    why = "endpoint unreachable: nobody listens; the last that it got: b (no answer)"
    assert [why] == run.refused


def test_health_goes_on_from_the_plan() -> None:
    """What the plan has found out about the endpoint holds here too."""
    health = Health(1)
    health.saw(Attempt(500), ordinary=True, first=False, kind="one answer")

    assert [] == Run(terms=Terms(health=health))(["a"]).exchanges


def test_stopping_loses_nothing() -> None:
    """What was answered is handed over, nothing new is sent, and each piece of work hears why."""
    run = Run()

    def answer(path: str) -> Attempt:
        run.stop.set()
        return OK

    run.answer = answer
    run(["a", "b"], ["c", "d"])

    assert 1 <= len(run.exchanges) <= 2
    assert {"interrupted"} == set(run.refused)
    assert End.INTERRUPTED is run.end


def test_nothing_is_sent_that_waits_for_its_turn_when_all_is_stopped() -> None:
    """The rate makes the others wait, and then there is no turn."""
    sent: list[str] = []
    stop = threading.Event()

    def answered(path: str) -> Attempt:
        sent.append(path)
        threading.Timer(0.2, stop.set).start()
        return OK

    terms = Terms(retry=QUICK, gate=Gate(0.1), ramp=Ramp(4))
    terms.ramp.limit = 4
    run = Run(answered, terms, stop=stop)(["a"], ["b"], ["c"])

    assert (1, 1) == (len(sent), len(run.exchanges))
    assert ["interrupted"] * 2 == run.refused
    assert End.INTERRUPTED is run.end


def test_ctrl_c_stops_them() -> None:
    """The key is noted and acted upon between two exchanges."""
    run = Run()

    def answer(path: str) -> Attempt:
        if path == "a":
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.15)
        return OK

    run.answer = answer
    run(["a", *map(str, range(100))])

    assert len(run.exchanges) < 50
    assert End.INTERRUPTED is run.end


def test_an_interrupted_answer_is_handed_over_but_not_built_upon() -> None:
    """The work that waited for it ends."""
    run = Run(lambda path: Attempt(None, ended=Ended.INTERRUPTED))(["a", "b"])

    assert ["a"] == [x.id for x in run.exchanges]
    assert ["interrupted"] == run.refused


def test_an_error_of_ours_is_raised_when_all_have_ended() -> None:
    """A bug in one piece of work does not pass for an end."""

    def answer(path: str) -> Attempt:
        if path == "b":
            raise ZeroDivisionError
        return OK

    with pytest.raises(ZeroDivisionError):
        Run(answer)(["a", "b"], ["c"])


def test_work_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that does not end keeps nobody waiting once we are to stop."""
    monkeypatch.setattr("conformance.engine.lanes._GRACE", 0.2)
    release, run = threading.Event(), Run()

    def answer(path: str) -> Attempt:
        run.stop.set()
        release.wait(10)
        return OK

    run.answer = answer
    run(["a"])
    release.set()

    assert End.INTERRUPTED is run.end


def test_what_was_not_sent_is_handed_over_too() -> None:
    """A note takes the same way as an exchange."""
    lanes, taken = Lanes(lambda request: OK, Terms()), list[Exchange]()
    unsent = Exchange("a", request_to("a"), not_sent="budget")
    lanes.run([lambda: lanes.note(unsent)], taken.append)

    assert [unsent] == taken
