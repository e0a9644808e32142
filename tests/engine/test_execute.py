"""Every step ends in one exchange, whatever happens on the way."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import pytest

from conformance.engine.budget import Budget
from conformance.engine.execute import Progress, execute
from conformance.engine.retry import RetryPolicy
from conformance.engine.transport import Transport
from conformance.model.exchange import Attempt, Ended, Exchange
from conformance.model.plan import Stage, Step
from conformance.model.request import Operation, Request
from conformance.recording.jsonl import End

from .servers import Peer, answer, serving

QUICK = RetryPolicy(first_wait=0.01)
OK = Attempt(200)


def request_to(path: str) -> Request:
    """A chat request whose path tells it apart."""
    return Request("POST", path, Operation.CHAT, (), b"{}")


def a_step(name: str, stage: Stage = Stage.CHAT, *, tokens: int = 16) -> Step:
    """A step that asks for ``/name``."""
    return Step(name, name, stage, request_to(f"/{name}"), max_output_tokens=tokens)


def a_turn(name: str, *after: str) -> Step:
    """A step that is built from earlier ones."""
    return Step(name, name, Stage.NEXT_TURN, None, after)


def built(step: Step, earlier: Mapping[str, Exchange]) -> Request | str:
    """Says the path of all it follows, or which of them has no answer."""
    for name in step.after:
        last = earlier[name].last
        if last is None or last.status != 200:
            return f"{name}: no answer to send back"
    return request_to("/" + "+".join(earlier[name].request.path[1:] for name in step.after))


@dataclass
class Run:
    """Runs steps against a function that answers, and keeps what came of it."""

    answer: Callable[[str], Attempt] = lambda path: OK
    exchanges: list[Exchange] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    most_at_once: int = 0
    progress: list[Progress] = field(default_factory=list)
    end: End | None = None
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, request: Request) -> Attempt:
        """Answers one request, counting."""
        with self._lock:
            self.sent.append(request.path[1:])
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            return self.answer(request.path[1:])
        finally:
            with self._lock:
                self._now -= 1

    def __call__(self, *steps: Step, **options: object) -> Run:
        """Carries the steps out."""
        self.end = execute(
            steps,
            self.send,
            on_exchange=self.exchanges.append,
            build_after=built,
            on_progress=self.progress.append,
            **{"retry": QUICK, **options},  # type: ignore[arg-type]
        )
        return self

    def outcomes(self) -> dict[str, int | str | None]:
        """Status, or why it was not sent, by step."""
        return {
            x.id: x.not_sent or (x.last.status or x.last.ended.value if x.last else None)
            for x in self.exchanges
        }


def test_every_step_becomes_one_exchange() -> None:
    """With its id, probe and request, and the run is complete."""
    steps = [a_step(f"s{n}") for n in range(20)]

    run = Run()(*steps)

    assert End.COMPLETE is run.end
    assert {step.id: 200 for step in steps} == run.outcomes()
    assert sorted(s.id for s in steps) == sorted(x.probe or "" for x in run.exchanges)
    assert Progress(20, 20, 0) == run.progress[-1]


def test_nothing_planned_is_complete() -> None:
    """An empty plan ends at once."""
    assert End.COMPLETE is Run()().end


def test_the_pilot_is_alone_and_the_cheap_come_first() -> None:
    """Stages are begun in order, whatever the order of the plan."""
    steps = [a_step("chat"), a_step("free", Stage.FREE), a_step("pilot", Stage.PILOT)]

    run = Run()(*steps, concurrency=1)

    assert ["pilot", "free", "chat"] == run.sent


def test_concurrency_rises_step_by_step() -> None:
    """The first requests go alone, the later ones together, never more than allowed."""
    at_first: list[int] = []

    def slow(path: str) -> Attempt:
        if len(run.sent) <= 2:
            at_first.append(run.most_at_once)
        time.sleep(0.01)
        return OK

    run = Run(slow)
    run(*[a_step(f"s{n}") for n in range(30)], concurrency=4)

    assert 1 == at_first[0]
    assert 4 == run.most_at_once


def test_two_pilots_are_not_sent_together() -> None:
    """A pilot has the endpoint for itself."""

    def slow(path: str) -> Attempt:
        time.sleep(0.02)
        return OK

    run = Run(slow)(*[a_step(f"p{n}", Stage.PILOT) for n in range(4)])

    assert 1 == run.most_at_once


def test_a_step_after_others_is_built_from_them() -> None:
    """It waits for all of them."""
    run = Run()(a_turn("turn", "a", "b"), a_step("a"), a_step("b"))

    assert "a+b" == run.sent[-1]
    assert {"a": 200, "b": 200, "turn": 200} == run.outcomes()


def test_only_awaited_answers_are_kept() -> None:
    """What nothing is built from is not held in memory once it was handed over."""
    seen: dict[str, int] = {}

    def noted(step: Step, earlier: Mapping[str, Exchange]) -> Request:
        seen.update({name: len(x.attempts) for name, x in earlier.items()})
        return request_to("/turn")

    steps = [a_step("a"), a_step("b"), a_turn("turn", "a")]
    execute(steps, lambda _: OK, on_exchange=lambda _: None, build_after=noted, concurrency=1)

    assert {"a": 1, "b": 0} == seen


def test_a_step_that_cannot_be_built_is_not_sent() -> None:
    """Its exchange says why, in the words of the one who could not build it."""
    run = Run(lambda path: Attempt(400))(a_turn("turn", "a"), a_step("a"))

    assert {"a": 400, "turn": "a: no answer to send back"} == run.outcomes()
    assert End.COMPLETE is run.end
    assert ("/a", None) == (run.exchanges[-1].request.path, run.exchanges[-1].request.body)


def test_a_step_after_something_unplanned_is_not_sent() -> None:
    """What was deselected cannot be waited for."""
    run = Run()(a_turn("turn", "a"))

    assert {"turn": "a: not in the plan"} == run.outcomes()


def test_steps_that_wait_for_each_other_are_our_mistake() -> None:
    """Instead of waiting for ever."""
    with pytest.raises(ValueError, match="steps wait for each other: a, b"):
        Run()(a_turn("a", "b"), a_turn("b", "a"))


def test_known_exchanges_are_not_sent_again() -> None:
    """An earlier run's exchanges serve those that build on them."""
    known = Exchange("a", request_to("/a"), (OK,), probe="a")

    run = Run()(a_step("a"), a_turn("turn", "a"), known={"a": known})

    assert {"turn": 200} == run.outcomes()
    assert ["a"] == run.sent


def test_no_connection_for_the_first_ends_the_run() -> None:
    """Nothing else is tried, and every exchange says why."""
    refused = Attempt(None, ended=Ended.REFUSED, detail="nothing listens at x port 1")

    run = Run(lambda path: refused)(a_step("a"), a_step("p", Stage.PILOT), a_turn("t", "a"))

    why = "endpoint unreachable: nothing listens at x port 1"
    assert End.ENDPOINT_GONE is run.end
    assert {"p": "refused", "a": why, "t": why} == run.outcomes()
    assert ["p"] == run.sent


def test_five_failures_in_a_row_end_the_ordinary_requests() -> None:
    """We do no harm; deliberate mistakes are still sent, for they are refused without work."""

    def failing(path: str) -> Attempt:
        return Attempt(500)

    steps = [a_step(f"c{n}") for n in range(8)] + [a_step(f"f{n}", Stage.FREE) for n in range(7)]
    run = Run(failing)(*steps, concurrency=1)

    outcomes = run.outcomes()
    assert End.ENDPOINT_FAILING is run.end
    assert [500] * 7 == [outcomes[f"f{n}"] for n in range(7)]
    assert [500] * 5 == [outcomes[f"c{n}"] for n in range(5)]
    assert {"stopped: the endpoint answered 5xx 5 times in a row"} == {
        outcomes[f"c{n}"] for n in range(5, 8)
    }


def test_failures_of_many_cases_do_not_end_the_run() -> None:
    """A server that breaks on one feature is asked for all the others."""
    cases = [replace(a_step(f"family:{n}"), probe="family") for n in range(9)]
    run = Run(lambda path: Attempt(500 if "family" in path else 200))(
        *cases, a_step("plain"), concurrency=1
    )

    assert End.ENDPOINT_FAILING is not run.end
    assert 200 == run.outcomes()["plain"]


def test_requests_run_out() -> None:
    """What did not fit says so, and so does the end."""
    run = Run()(*[a_step(f"s{n}") for n in range(4)], budget=Budget(max_requests=2))

    assert End.BUDGET is run.end
    left_out = "budget: --max-requests 2 reached"
    assert ["200", "200", left_out, left_out] == sorted(map(str, run.outcomes().values()))


def test_the_last_request_is_taken_by_another_thread() -> None:
    """A repeated request may take it between two looks; the step is not sent, and the run goes on."""

    class Taken(Budget):
        def refusal(self, tokens: int = 0) -> str | None:
            return None

    run = Run()(a_step("a"), a_step("b"), budget=Taken(max_requests=1))

    assert End.BUDGET is run.end
    assert {"a": 200, "b": "budget: --max-requests 1 reached"} == run.outcomes()


def test_tokens_are_settled_by_usage() -> None:
    """Short answers leave room; a request waits for running ones rather than being left out."""

    def slow(path: str) -> Attempt:
        time.sleep(0.01)
        return OK

    steps = [a_step(f"s{n}", tokens=10) for n in range(10)]
    budget = Budget(max_output_tokens=20)
    run = Run(slow)(*steps, budget=budget, tokens_used=lambda x: 1)

    assert End.COMPLETE is run.end
    assert (10, 0) == (budget.output_tokens, budget.reserved)


def test_a_step_too_large_for_the_budget_does_not_stop_smaller_ones() -> None:
    """Each step is judged by its own worst case."""
    run = Run()(
        a_step("large", tokens=100),
        a_step("small", tokens=10),
        budget=Budget(max_output_tokens=50),
    )

    assert {"large": "budget: --max-output-tokens 50 reached", "small": 200} == run.outcomes()
    assert End.BUDGET is run.end


def test_refused_answers_cost_no_tokens() -> None:
    """Only a success generates."""
    budget = Budget(max_output_tokens=20)
    run = Run(lambda path: Attempt(400))(*[a_step(f"s{n}") for n in range(5)], budget=budget)

    assert (End.COMPLETE, 0) == (run.end, budget.output_tokens)


def test_attempts_that_were_told_to_wait_are_kept() -> None:
    """Each try is evidence; retries count as requests."""
    answers = [Attempt(429, (("Retry-After", "0"),)), Attempt(503, (("Retry-After", "0"),)), OK]
    budget = Budget()

    run = Run(lambda path: answers.pop(0))(a_step("a"), budget=budget)

    assert [429, 503, 200] == [attempt.status for attempt in run.exchanges[0].attempts]
    assert 3 == budget.requests


def test_retries_end_with_the_budget() -> None:
    """The last answer stands."""
    run = Run(lambda path: Attempt(429))(a_step("a"), budget=Budget(max_requests=2))

    assert [429, 429] == [attempt.status for attempt in run.exchanges[0].attempts]


def test_the_others_wait_while_a_retry_after_runs() -> None:
    """What was told to one holds for all."""
    times: dict[str, float] = {}
    answers = {"b": [Attempt(429, (("Retry-After", "0.3"),))]}

    def answered(path: str) -> Attempt:
        times.setdefault(path, time.monotonic())
        return answers.get(path, []).pop() if answers.get(path) else OK

    run = Run(answered)(a_step("a"), a_step("b"), a_step("c"), a_step("d"), a_step("e"))

    told = times["b"]
    assert min(times["d"], times["e"]) - told > 0.25
    assert any(p.paused > 0 for p in run.progress) or run.progress
    assert {200} == set(run.outcomes().values())


def test_the_quiet_asked_for_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint that refuses everything cannot hold us for hours: in the end its refusals stand."""
    monkeypatch.setattr("conformance.engine.execute.MOST_QUIET", 0.25)
    busy = Attempt(429, (("Retry-After", "0.1"),))

    run = Run(lambda path: busy)(*[a_step(f"s{n}") for n in range(4)], concurrency=1)

    assert [3, 1, 1, 1] == [len(exchange.attempts) for exchange in run.exchanges]


def test_a_kind_without_answers_is_given_up() -> None:
    """The others are sent, and so is what something else is built from."""

    def answered(path: str) -> Attempt:
        return Attempt(None, ended=Ended.RESET) if path.startswith("s") else OK

    body = b'{"stream":true}'
    streams = [
        replace(a_step(f"s{n}"), request=replace(request_to(f"/s{n}"), body=body)) for n in range(5)
    ]
    plain = [a_step(f"p{n}") for n in range(3)]
    row = [step for pair in zip(streams, plain, strict=False) for step in pair] + streams[3:]

    run = Run(answered)(*row, a_turn("t", "s4"), concurrency=1, failures=3)

    outcomes = run.outcomes()
    assert End.ENDPOINT_FAILING is run.end
    assert "stopped: 3 requests in a row for a stream were not answered" == outcomes["s3"]
    assert ["reset"] * 4 == [outcomes[name] for name in ("s0", "s1", "s2", "s4")]
    assert {200} == {outcomes[step.id] for step in plain}


def test_the_last_request_before_the_end_is_named() -> None:
    """Of an endpoint that dies in mid-run, what is not sent says which request it may have died of."""

    def talk(peer: Peer) -> None:
        while b"/killer" not in peer.request():
            peer.send(answer(b"{}"))
        peer.server.die()

    run = Run()
    steps = [a_step("before"), a_step("killer"), *[a_step(f"s{n}") for n in range(9)]]
    with serving(talk) as server, Transport(server.origin) as transport:
        execute(
            steps,
            transport.send,
            on_exchange=run.exchanges.append,
            build_after=built,
            concurrency=1,
        )

    nobody = f"nothing listens at 127.0.0.1 port {server.port}"
    killer = next(x.last for x in run.exchanges if x.id == "killer")
    assert killer is not None
    told = f"the connection was closed without an answer; when tried again: {nobody}"
    assert told == killer.detail
    why = f"endpoint unreachable: {nobody}; the last that it got: killer (no answer)"
    assert ["refused"] * 5 + [why] * 4 == [run.outcomes()[f"s{n}"] for n in range(9)]


def test_the_rate_is_kept() -> None:
    """Twenty a second means five take at least a fifth of a second."""
    began = time.monotonic()

    Run()(*[a_step(f"s{n}") for n in range(5)], rate=20)

    assert 0.2 <= time.monotonic() - began < 2


def test_what_our_own_code_raises_is_raised() -> None:
    """An exception is never swallowed into an exchange."""

    def broken(path: str) -> Attempt:
        raise ZeroDivisionError("ours")

    with pytest.raises(ZeroDivisionError, match="ours"):
        Run(broken)(a_step("a"), a_step("b"))


def test_an_error_in_a_callback_is_raised_after_the_running_have_ended() -> None:
    """Nobody sends through a transport that its owner has closed."""
    ended = []

    def slow(path: str) -> Attempt:
        if path == "c":
            time.sleep(0.2)
            ended.append(path)
        return OK

    def on_exchange(exchange: Exchange) -> None:
        if exchange.id == "b":
            raise ZeroDivisionError

    steps = [a_step(name) for name in "abc"]
    with pytest.raises(ZeroDivisionError):
        execute(steps, Run(slow).send, on_exchange=on_exchange, build_after=built)
    assert ["c"] == ended


def test_a_stopped_run_keeps_what_was_there() -> None:
    """What runs is waited for a little, the rest is not sent."""
    stop = threading.Event()

    def slow(path: str) -> Attempt:
        if path != "a":
            stop.set()
            time.sleep(0.1)
            return Attempt(200, ended=Ended.INTERRUPTED)
        return OK

    run = Run(slow)(a_step("a"), a_step("b"), a_step("c"), a_step("d"), stop=stop)

    assert End.INTERRUPTED is run.end
    outcomes = run.outcomes()
    assert (200, 200, "interrupted") == (outcomes["a"], outcomes["b"], outcomes["d"])


def test_a_send_that_does_not_return_is_given_up() -> None:
    """A hanging name lookup cannot hold the user's terminal."""
    stop, free = threading.Event(), threading.Event()

    def hanging(path: str) -> Attempt:
        stop.set()
        free.wait(5)
        return OK

    began = time.monotonic()
    run = Run(hanging)(a_step("a"), a_step("b"), stop=stop, grace=0.2)
    free.set()

    assert {"a": "interrupted", "b": "interrupted"} == run.outcomes()
    assert time.monotonic() - began < 2


def test_ctrl_c_ends_the_run_in_order() -> None:
    """The signal stops the run; it is not raised, and pytest's own handler is back afterwards."""

    def slow(path: str) -> Attempt:
        if path == "b":
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.15)
        return OK

    before = signal.getsignal(signal.SIGINT)
    run = Run(slow)(*[a_step(name) for name in "abcdef"])

    assert End.INTERRUPTED is run.end
    assert "interrupted" == run.outcomes()["f"]
    assert before is signal.getsignal(signal.SIGINT)


def test_a_keyboard_interrupt_of_another_handler_does_the_same() -> None:
    """Where the caller has its own handler, what it raises stops the run as well."""
    seen: list[str] = []

    def on_exchange(exchange: Exchange) -> None:
        seen.append(exchange.not_sent or "sent")
        if len(seen) == 1:
            raise KeyboardInterrupt

    end = execute(
        [a_step("a"), a_step("b")], lambda request: OK, on_exchange=on_exchange, build_after=built
    )

    assert (End.INTERRUPTED, ["sent", "interrupted"]) == (end, seen)


def test_with_real_sockets() -> None:
    """Told to wait, it waits and comes again; the exchange holds both attempts."""
    told: list[int] = []

    def talk(peer: Peer) -> None:
        while request := peer.request():
            if b"/limited" in request and not told:
                told.append(1)
                peer.send(answer(b"{}", "Retry-After: 0", status="429 Too Many Requests"))
            else:
                peer.send(answer(b'{"ok": true}'))

    run = Run()
    with serving(talk) as server, Transport(server.origin) as transport:
        end = execute(
            [a_step(f"s{n}") for n in range(20)] + [a_step("limited", Stage.FREE)],
            transport.send,
            on_exchange=run.exchanges.append,
            build_after=built,
        )

    attempts = {x.id: [a.status for a in x.attempts] for x in run.exchanges}
    assert End.COMPLETE is end
    assert [429, 200] == attempts["limited"]
    assert {(200,)} == {tuple(v) for k, v in attempts.items() if k != "limited"}
