"""The checks of isolation: what belongs to one request shows in no other's answer."""

from __future__ import annotations

import pytest

from conformance.model.canary import ALL, CANARIES, canaries_in
from conformance.model.exchange import Exchange
from conformance.model.finding import Hindrance, Outcome
from tests.builders import (
    Case,
    a_choice,
    a_completion,
    a_message,
    a_usage,
    an_error,
    an_exchange,
    breaks,
    calling,
    finding,
    holds,
    request_of,
    text_chunks,
    verify,
)

ONE, TWO, STREAM = "isolation.canary.one", "isolation.canary.two", "isolation.stream.canary"
SYSTEM, RESULT = "isolation.system", "isolation.tool-result"
MIXED, CARRIED = "isolation.answers-not-mixed", "isolation.nothing-carried-over"
LIMITS = "isolation.limits-not-carried-over"


def saying(probe: str, text: str, **more: object) -> Exchange:
    """An answer that says this."""
    return an_exchange(probe, json=a_completion(choices=[a_choice(a_message(text))], **more))


def streaming(*words: str) -> Exchange:
    """A streamed answer that says this."""
    return an_exchange(STREAM, stream=text_chunks(*words))


def counted(probe: str, tokens: int, finish: str = "length") -> Exchange:
    """An answer of so many tokens."""
    choice = a_choice(a_message("one"), finish=finish)
    return an_exchange(probe, json=a_completion(choices=[choice], usage=a_usage(9, tokens)))


def limited(long: int, first: int, then: int, finish: str = "length") -> tuple[Exchange, ...]:
    """The three requests about limits, with the tokens of each answer."""
    return (
        counted("chat.long", long),
        counted("isolation.limits", first),
        counted(SYSTEM, then, finish),
    )


CASES = [
    holds(MIXED, "its own word", saying(ONE, CANARIES[ONE])),
    holds(MIXED, "its own word in pieces", streaming(CANARIES[STREAM][:5], CANARIES[STREAM][5:])),
    holds(MIXED, "a word that nobody sent", saying(ONE, f"{CANARIES[ONE]} CANARY-9-x")),
    breaks(MIXED, "another's word", saying(TWO, CANARIES[ONE]), at="answer", actual="CANARY-1-vokeluza, which only another request holds"),
    breaks(MIXED, "another's word in pieces", streaming(CANARIES[ONE][:5], CANARIES[ONE][5:]), at="answer"),
    breaks(MIXED, "both words", saying(ONE, f"{CANARIES[ONE]} {CANARIES[TWO]}"), at="answer"),
    holds(CARRIED, "nothing", an_exchange("chat.basic")),
    holds(CARRIED, "its own", saying(SYSTEM, CANARIES[SYSTEM])),
    breaks(CARRIED, "a system message", saying("chat.basic", f"I keep {CANARIES[SYSTEM]}."), at="answer"),
    breaks(CARRIED, "a tool result", saying("chat.system", CANARIES[RESULT]), at="answer"),
    breaks(CARRIED, "a tool result in a header of the answer", saying("chat.basic", "OK.", system_fingerprint=CANARIES[RESULT]), at="answer"),
    breaks(CARRIED, "a prompt in an error", an_exchange("errors.unknown-model", status=404, json=an_error(message=f"Prompt: {CANARIES[ONE]}", type="invalid_request_error", code="model_not_found")), at="answer"),
    breaks(CARRIED, "a prompt in a stream", an_exchange("chat.stream.basic", stream=text_chunks("CANARY-2-", "hidrowap")), at="answer"),
    holds(LIMITS, "kept apart", *limited(64, 1, 16)),
    holds(LIMITS, "a short answer", *limited(64, 1, 1, "stop")),
    holds(LIMITS, "everything is cut", *limited(1, 1, 1)),
    breaks(LIMITS, "still cut", *limited(64, 1, 1), at="/usage/completion_tokens"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_isolation(case: Case) -> None:
    """The check gives the verdict of the row, and no other check joins in."""
    verify(case)


@pytest.mark.parametrize(
    ("check", "exchanges", "outcome", "hindrance"),
    [
        (MIXED, (an_exchange(ONE),), Outcome.INCONCLUSIVE, Hindrance.MODEL),
        (MIXED, (an_exchange(ONE, status=400, json=an_error()),), Outcome.INCONCLUSIVE, Hindrance.ENDPOINT),
        (LIMITS, limited(64, 1, 1)[1:], Outcome.SKIP, None),
        (LIMITS, (*limited(64, 1, 1)[:2], an_exchange(SYSTEM, json=a_completion(usage=None))), Outcome.INCONCLUSIVE, Hindrance.ENDPOINT),
        (LIMITS, (counted("chat.long", 64), an_exchange("isolation.limits", status=400, json=an_error()), counted(SYSTEM, 1)), Outcome.INCONCLUSIVE, Hindrance.ENDPOINT),
    ],
    ids=["not repeated", "refused", "one missing", "uncounted", "limit refused"],
)  # fmt: skip
def test_what_shows_nothing_is_not_judged(
    check: str, exchanges: tuple[Exchange, ...], outcome: Outcome, hindrance: Hindrance | None
) -> None:
    """A model that does not repeat, or an endpoint that refuses, leaves the rule open."""
    found = finding(check, *exchanges)

    if outcome is Outcome.SKIP:  # what is not sent at all
        assert () == found.problems
    else:
        assert (outcome, hindrance) == (found.outcome, found.hindrance)


def test_traffic_of_others_is_not_judged() -> None:
    """Only our own requests are known to be strangers to each other."""
    foreign = an_exchange(None, json=calling())

    assert () == finding(CARRIED, foreign).judged


def test_words_stand_in_one_request_alone() -> None:
    """Each word is in the request of its probe and in no other."""
    found = {p: canaries_in((request_of(p).body or b"").decode()) for p in CANARIES}

    assert len(ALL) == sum(map(len, found.values()))
    assert all(CANARIES[probe] in words for probe, words in found.items())
