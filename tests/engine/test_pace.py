"""Going slowly first, and stopping before harm is done."""

from __future__ import annotations

import pytest

from conformance.engine.pace import PATIENCE, Gate, Health, Ramp, server_failed
from conformance.model.exchange import Attempt, Ended


def test_concurrency_rises_with_each_good_answer() -> None:
    """One alone, then one more for each good answer, up to the limit."""
    ramp = Ramp(6)
    limits = []
    for _ in range(16):
        limits.append(ramp.limit)
        ramp.went(well=True)

    assert [1, 2, 3, 4, 5, 6] == limits[:6]
    assert {6} == set(limits[6:])


def test_concurrency_is_halved_by_a_failure() -> None:
    """And never falls below one."""
    ramp = Ramp(8)
    for _ in range(8):
        ramp.went(well=True)
    limits = []
    for _ in range(4):
        ramp.went(well=False)
        limits.append(ramp.limit)

    assert [4, 2, 1, 1] == limits


def test_the_gate_keeps_the_rate() -> None:
    """Ten a second means a tenth of a second between two."""
    now = [50.0]
    gate = Gate(10, clock=lambda: now[0])

    assert 0 == gate.wait()
    assert 0 == gate.take()
    assert 0.1 == pytest.approx(gate.wait())
    assert 0.1 == pytest.approx(gate.take())
    now[0] += 1
    assert 0 == gate.wait()


def test_the_gate_is_shut_while_the_endpoint_asks_for_quiet() -> None:
    """Only the request that was told to wait may leave when its time comes."""
    now = [50.0]
    gate = Gate(clock=lambda: now[0])
    gate.quiet(3)

    assert (3, 3, 0) == (gate.wait(), gate.paused, gate.take(in_quiet=True))
    now[0] += 3
    assert (0, 0) == (gate.wait(), gate.paused)


@pytest.mark.parametrize(
    ("attempt", "failed"),
    [
        (Attempt(200), False),
        (Attempt(429), False),
        (Attempt(500), True),
        (Attempt(503), True),
        (Attempt(None, ended=Ended.RESET), True),
        (Attempt(None, ended=Ended.TIMEOUT), True),
        (Attempt(None, ended=Ended.NOT_HTTP), False),
        (Attempt(None, ended=Ended.INTERRUPTED), False),
    ],
    ids=["200", "429", "500", "503", "reset", "timeout", "not HTTP", "interrupted"],
)
def test_what_counts_as_the_servers_failure(attempt: Attempt, failed: bool) -> None:
    """5xx and silence do, refusals do not."""
    assert failed is server_failed(attempt)


def test_failures_must_be_in_a_row() -> None:
    """One good answer between them starts the count anew."""
    health = Health(3)
    for status in (200, 500, 500, 200, 500, 500):
        health.saw(Attempt(status), ordinary=True, first=False)

    assert health.verdict is None

    health.saw(Attempt(502), ordinary=True, first=False)

    assert "stopped: the endpoint answered 5xx 3 times in a row" == health.verdict


def test_what_is_unusual_says_little_of_health() -> None:
    """An endpoint that breaks on whatever it does not know is not down, until there is no end to it."""
    health = Health(2)
    for _ in range(2 * PATIENCE - 1):
        health.saw(Attempt(500), ordinary=True, first=False, unusual=True)

    assert health.verdict is None

    health.saw(Attempt(500), ordinary=True, first=False, unusual=True)

    assert f"stopped: the endpoint answered 5xx {2 * PATIENCE} times in a row" == health.verdict


def test_what_is_unusual_does_not_end_the_row() -> None:
    """Ordinary failures with others between them are in a row all the same; silence is one whatever was sent."""
    health = Health(3)
    for status, unusual in ((500, False), (500, True), (None, True)):
        ended = Ended.RESET if status is None else Ended.COMPLETE
        health.saw(Attempt(status, ended=ended), ordinary=True, first=False, unusual=unusual)

    assert health.verdict is None

    health.saw(Attempt(500), ordinary=True, first=False)

    assert "stopped: 4 requests in a row were answered 5xx or not at all" == health.verdict


def test_silence_is_named_as_such() -> None:
    """The reason is true to what was seen."""
    health = Health(2)
    health.saw(Attempt(500), ordinary=True, first=False)
    health.saw(Attempt(None, ended=Ended.RESET), ordinary=True, first=False)

    assert "stopped: 2 requests in a row were answered 5xx or not at all" == health.verdict


def test_deliberate_mistakes_do_not_count() -> None:
    """A 500 for broken JSON is a finding, not a reason to stop."""
    health = Health(2)
    for _ in range(5):
        health.saw(Attempt(500), ordinary=False, first=False)

    assert health.verdict is None


def test_no_connection_at_first_or_often_means_gone() -> None:
    """One refusal later on may be chance."""
    refused = Attempt(None, ended=Ended.REFUSED, detail="nothing listens at x port 1")
    first, later = Health(3), Health(3)
    first.saw(refused, ordinary=True, first=True)
    later.saw(Attempt(200), ordinary=True, first=True)
    later.saw(refused, ordinary=False, first=False)

    assert "endpoint unreachable: nothing listens at x port 1" == first.gone
    assert later.gone is None

    later.saw(refused, ordinary=False, first=False)
    later.saw(refused, ordinary=False, first=False)

    assert first.gone == later.gone


SILENT = Attempt(None, ended=Ended.RESET)
HUNG = Attempt(None, ended=Ended.TIMEOUT)


def saw(health: Health, *seen: tuple[str, Attempt], ordinary: bool = True) -> Health:
    """The health after exchanges, each named by its kind."""
    for kind, attempt in seen:
        health.saw(attempt, ordinary=ordinary, first=False, kind=kind)
    return health


def test_a_kind_that_gets_no_answer_is_given_up() -> None:
    """It alone, and what is well between its failures does not help it."""
    health = saw(Health(3), *[("a stream", SILENT), ("one answer", Attempt(200))] * 3)

    why = "stopped: 3 requests in a row for a stream were not answered"
    assert {"a stream": why} == health.given_up
    assert (None, None) == (health.verdict, health.gone)


@pytest.mark.parametrize(
    "between",
    [
        pytest.param(Attempt(200), id="an answer"),
        pytest.param(Attempt(500), id="a server error"),
        pytest.param(Attempt(None, ended=Ended.NOT_HTTP), id="bytes that are not HTTP"),
    ],
)
def test_a_kind_that_is_answered_now_and_then_is_not_given_up(between: Attempt) -> None:
    """Whatever the answer is."""
    row = [("a stream", SILENT)] * 2

    assert {} == saw(Health(3), *row, ("a stream", between), *row).given_up


@pytest.mark.parametrize(
    ("attempt", "given_up"),
    [(SILENT, set()), (HUNG, {"one answer"})],
    ids=["closed without an answer", "not answered in time"],
)
def test_only_hanging_is_no_answer_to_a_mistake(attempt: Attempt, given_up: set[str]) -> None:
    """To a deliberate mistake a closed connection is one, of a kind."""
    health = saw(Health(3), *[("one answer", attempt)] * 5, ordinary=False)

    assert given_up == set(health.given_up)


def test_a_kind_that_is_given_up_does_not_count_twice() -> None:
    """What of it is sent all the same says nothing of the rest."""
    health = Health(3)
    health.given_up["a stream"] = "stopped"
    saw(health, *[("a stream", SILENT)] * 5)

    assert health.verdict is None


def test_an_endpoint_that_hangs_at_whatever_kind_is_left_alone() -> None:
    """One kind alone is not enough, nor does an answer between leave the row whole."""
    one = saw(Health(3), *[("a stream", HUNG)] * 4)
    broken = saw(Health(3), ("a", HUNG), ("b", HUNG), ("a", Attempt(200)), ("b", HUNG))
    both = saw(Health(3), ("a", HUNG), ("b", HUNG), ("a", HUNG))

    assert (None, None) == (one.gone, broken.gone)
    assert "stopped: 3 requests in a row were not answered in time" == both.gone


REFUSED = Attempt(None, ended=Ended.REFUSED, detail="nothing listens at x port 1")


@pytest.mark.parametrize(
    ("before", "last"),
    [
        ([("a", Attempt(200)), ("b", SILENT)], "b (no answer)"),
        ([("a", SILENT), ("b", Attempt(200)), ("c", SILENT), ("d", SILENT)], "c, d (no answer)"),
        ([("a", SILENT), ("b", Attempt(500))], "b"),
        ([(f"{n}", SILENT) for n in range(9)], "6, 7, 8 (no answer)"),
    ],
    ids=["one without an answer", "two, sent together", "answered to the last", "a long row"],
)
def test_the_last_requests_that_it_got_are_named(
    before: list[tuple[str, Attempt]], last: str
) -> None:
    """It may have gone away at one of them."""
    health = Health(3)
    for name, attempt in [*before, *[("too late", REFUSED)] * 3]:
        health.saw(attempt, ordinary=False, first=False, id=name)

    why = "endpoint unreachable: nothing listens at x port 1"
    assert f"{why}; the last that it got: {last}" == health.gone


def test_what_reached_nobody_says_nothing_of_its_kind() -> None:
    """An endpoint that is gone is named as such, not as one that does not answer this or that."""
    health = saw(Health(3), ("a stream", SILENT), *[("a stream", REFUSED)] * 2)

    assert ({}, None, None) == (health.given_up, health.verdict, health.gone)

    saw(health, ("a stream", REFUSED))

    assert "endpoint unreachable: nothing listens at x port 1" == health.gone
