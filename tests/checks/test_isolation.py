"""The checks of isolation: what belongs to one request shows in no other's answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.checks.answers import SMALLEST
from conformance.checks.isolation import AT_ONCE
from conformance.model.canary import ALL, CANARIES, canaries_in
from conformance.model.exchange import Chunk, Ended, Exchange
from conformance.model.finding import Hindrance, Outcome
from conformance.model.json import JSON
from tests.builders import (
    INCONCLUSIVE,
    WARN,
    Case,
    a_choice,
    a_completion,
    a_message,
    a_stream,
    a_usage,
    an_error,
    an_exchange,
    breaks,
    calling,
    finding,
    holds,
    idle,
    request_of,
    text_chunks,
    unanswered,
    verify,
    with_own_id,
)

ONE, TWO, STREAM = "isolation.canary.one", "isolation.canary.two", "isolation.stream.canary"
SYSTEM, RESULT = "isolation.system", "isolation.tool-result"
MIXED, CARRIED = "isolation.answers-not-mixed", "isolation.nothing-carried-over"
LIMITS = "isolation.limits-not-carried-over"
HALF_READ, NEXT, STOPPED = "isolation.half-read", "isolation.next", "isolation.stop"
AFTER, STOP = "isolation.after-half-read", "isolation.stop-not-carried-over"
FORM = "isolation.form-not-carried-over"
UNIQUE = "isolation.ids-unique"


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


def limited(
    long: int, first: int, then: int, finish: str = "length", last: int = 16
) -> tuple[Exchange, ...]:
    """The four requests about limits, with the tokens of each answer."""
    return (
        counted("chat.long", long),
        counted("isolation.limits", first),
        counted(SYSTEM, then, finish),
        counted(NEXT, last),
    )


def left(**how: object) -> Exchange:
    """A stream that its client left after the first event."""
    first = text_chunks()[:1]
    return an_exchange(
        HALF_READ, **{"stream": a_stream(first, done=b""), "ended": Ended.LEFT, **how}
    )


def counting(stopped: str, then: str) -> tuple[Exchange, Exchange]:
    """The count with a stop word and the same without."""
    return saying(STOPPED, stopped), saying(NEXT, then)


def at_once(**ids: str) -> tuple[Exchange, ...]:
    """The requests that are sent side by side, each with an id of its own but for those given."""
    made = [with_own_id(an_exchange(probe)) for probe in (*SMALLEST, *AT_ONCE)]
    taken = {"isolation.limits": ids.get("limits"), "chat.stream.basic": ids.get("stream")}
    return tuple(x if (id := taken.get(x.id)) is None else renamed(x, id) for x in made)


def renamed(exchange: Exchange, id: str) -> Exchange:
    """The exchange with another id in its answer."""
    attempt = exchange.attempts[0]
    body = attempt.body.replace(f"chatcmpl-{exchange.id}".encode(), id.encode())
    return replace(exchange, attempts=(replace(attempt, chunks=(Chunk(0.1, body),)),))


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
    idle(LIMITS, "everything is cut", *limited(1, 1, 1), outcome=INCONCLUSIVE, also=("chat.response.finish-length",)),
    breaks(LIMITS, "still cut", *limited(64, 1, 1), at="/usage/completion_tokens", also=("chat.response.finish-length",)),
    breaks(LIMITS, "cut as in a cache", *limited(64, 1, 16, last=1), at="/usage/completion_tokens", also=("chat.response.finish-length",)),
    holds(AFTER, "answered", left(), an_exchange(NEXT)),
    holds(AFTER, "refused in order", left(), an_exchange(NEXT, status=400, json=an_error())),
    breaks(AFTER, "hangs", left(), unanswered(NEXT, detail="nothing came for 4 s"), at="response", actual="nothing came for 4 s"),
    breaks(AFTER, "crashes", left(), an_exchange(NEXT, status=502, json=an_error()), at="response", actual="status 502"),
    breaks(CARRIED, "the rest of a stream that was left", saying(NEXT, f"one {CANARIES[HALF_READ]}"), at="answer"),
    holds(STOP, "goes on", *counting("one, two, ", "one, two, three, four")),
    holds(STOP, "counts by lines", *counting("One\nTwo\n", "One\nTwo\nThree")),
    holds(STOP, "another answer that ends alike", *counting("One, two, ", "I only count to two")),
    breaks(STOP, "cut as well", *counting("One, two, ", "One, two"), at="/choices/0/message/content", actual="'one, two', cut like isolation.stop"),
    holds(FORM, "words", saying(NEXT, "one, two")),
    holds(FORM, "a number, which is JSON too", saying(NEXT, "10")),
    holds(FORM, "words with braces", saying(NEXT, 'one {"two": 2}')),
    breaks(FORM, "an object", saying(NEXT, '\n{"count": 10}'), at="/choices/0/message/content", outcome=WARN, actual='\n{"count": 10}'),
    breaks(FORM, "an object in pieces", an_exchange("chat.stream.basic", stream=text_chunks('{"count"', ": 10}")), at="choice 0", outcome=WARN),
    holds(UNIQUE, "all different", *at_once()),
    breaks(UNIQUE, "one id for two at once", *at_once(limits="chatcmpl-isolation.system"), at="/id", outcome=WARN, actual="'chatcmpl-isolation.system', the id of the answer to isolation.limits"),
    holds(UNIQUE, "repeated without load", *at_once(stream="chatcmpl-chat.basic"), also=("chat.response.ids-unique",)),
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
        (LIMITS, (*limited(64, 1, 1)[:2], an_exchange(SYSTEM, json=a_completion(usage=None)), counted(NEXT, 16)), Outcome.INCONCLUSIVE, Hindrance.ENDPOINT),
        (LIMITS, (counted("chat.long", 64), an_exchange("isolation.limits", status=400, json=an_error()), counted(SYSTEM, 1), counted(NEXT, 16)), Outcome.INCONCLUSIVE, Hindrance.ENDPOINT),
        (AFTER, (left(ended=Ended.COMPLETE), an_exchange(NEXT)), Outcome.INCONCLUSIVE, Hindrance.MODEL),
        (AFTER, (an_exchange(HALF_READ, status=400, json=an_error()), an_exchange(NEXT, status=500)), Outcome.INCONCLUSIVE, Hindrance.ENDPOINT),
        (AFTER, (an_exchange(status=503), left(), an_exchange(NEXT, status=503)), Outcome.INCONCLUSIVE, Hindrance.ENDPOINT),
        (AFTER, (left(), an_exchange(NEXT, status=429, json=an_error())), Outcome.INCONCLUSIVE, Hindrance.RUN),
        (STOP, counting("I cannot count.", "I cannot count."), Outcome.INCONCLUSIVE, Hindrance.MODEL),
        (STOP, counting("one, two, three", "one, two"), Outcome.INCONCLUSIVE, Hindrance.MODEL),
        (STOP, (an_exchange(STOPPED, status=400, json=an_error()), an_exchange(NEXT)), Outcome.INCONCLUSIVE, Hindrance.ENDPOINT),
    ],
    ids=["not repeated", "refused", "one missing", "uncounted", "limit refused", "nothing to leave", "stream refused", "always 503", "a rate limit", "cannot count", "stop ignored", "stop refused"],
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


@pytest.mark.parametrize(
    "asks",
    [
        {"response_format": {"type": "json_object"}},
        {"messages": [{"role": "user", "content": "Say it as JSON."}]},
        {"messages": [{"role": "user", "content": "Use the tool."}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}]},
        {"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "{}"}, {"role": "user", "content": "And?"}]},
        {"tools": []},
    ],
    ids=["a format", "JSON in words", "a tool in words", "parts", "a history", "tools"],
)  # fmt: skip
def test_where_json_may_be_meant_its_form_is_not_judged(asks: dict[str, JSON]) -> None:
    """Models answer with JSON of their own accord where a request so much as hints at it."""
    answered = an_exchange(
        "chat.basic", asks=asks, json=a_completion(choices=[a_choice(a_message("{}"))])
    )

    assert () == finding(FORM, answered).judged


def test_traffic_of_others_is_not_judged() -> None:
    """Only our own requests are known to be strangers to each other."""
    foreign = an_exchange(None, json=calling())

    assert () == finding(CARRIED, foreign).judged


def test_words_stand_in_one_request_alone() -> None:
    """Each word is in the request of its probe and in no other."""
    found = {p: canaries_in((request_of(p).body or b"").decode()) for p in CANARIES}

    assert len(ALL) == sum(map(len, found.values()))
    assert all(CANARIES[probe] in words for probe, words in found.items())
