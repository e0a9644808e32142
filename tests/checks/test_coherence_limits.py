"""The checks of what finish_reason says of the limit."""

from __future__ import annotations

import pytest

from conformance.model.exchange import Exchange
from conformance.model.finding import Hindrance, Outcome
from tests.builders import (
    WARN,
    Case,
    a_choice,
    a_completion,
    a_message,
    a_stream,
    a_usage,
    an_exchange,
    breaks,
    finding,
    finish_chunk,
    holds,
    text_chunks,
    usage_chunk,
    verify,
)

R = "chat.response"
COUNT = (
    "one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen, fourteen, "
    "fifteen, sixteen, seventeen, eighteen, nineteen"
)


def answered(
    finish: str, tokens: int, text: str = "OK.", probe: str = "chat.long", **more: object
) -> Exchange:
    """An answer to a request with a limit of 64 tokens."""
    choice = a_choice(a_message(text), finish=finish)
    return an_exchange(probe, json=a_completion(choices=[choice], usage=a_usage(9, tokens)), **more)


def streamed(finish: str, tokens: int, *words: str) -> Exchange:
    """The same as a stream."""
    chunks = [
        *text_chunks(*words)[:-1],
        finish_chunk(finish),
        usage_chunk(usage=a_usage(9, tokens)),
    ]
    return an_exchange("chat.stream.long", stream=a_stream(chunks))


def reasoned(details: dict[str, object], **message: object) -> Exchange:
    """A short answer that the limit cut after reasoning."""
    choice = a_choice(a_message("OK.", **message), finish="length")
    usage = a_usage(9, 2, completion_tokens_details=details)
    return an_exchange("chat.long", json=a_completion(choices=[choice], usage=usage))


CASES: list[Case] = [
    holds(f"{R}.finish-length", "at the limit", answered("length", 64, COUNT)),
    holds(f"{R}.finish-length", "counted by another tokenizer", answered("length", 43)),
    holds(f"{R}.finish-length", "a long text that is counted as little", answered("length", 3, 4 * COUNT), also=(f"{R}.usage-plausible",)),
    holds(f"{R}.finish-length", "reasoning counted beside the answer", reasoned({"reasoning_tokens": 62}), also=(f"{R}.usage-bounds",)),
    holds(f"{R}.finish-length", "characters of several tokens each", answered("length", 3, "\u4e00" * 40)),
    breaks(f"{R}.finish-length", "far from it", answered("length", 2), at="/choices/0/finish_reason", outcome=WARN),
    holds("chunk.finish-length", "at the limit", streamed("length", 64, COUNT)),
    breaks("chunk.finish-length", "far from it", streamed("length", 2), at="choice 0", outcome=WARN),
    holds(f"{R}.finish-at-limit", "length", answered("length", 64, COUNT)),
    breaks(f"{R}.finish-at-limit", "stop", answered("stop", 64, COUNT), at="/choices/0/finish_reason", outcome=WARN),
    holds("chunk.finish-at-limit", "length", streamed("length", 64, COUNT)),
    breaks("chunk.finish-at-limit", "stop", streamed("stop", 64, COUNT), at="choice 0", outcome=WARN),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_limits(case: Case) -> None:
    """The check gives the verdict of the row, and no other check joins in."""
    verify(case)


@pytest.mark.parametrize(
    ("check", "exchange", "hindrance"),
    [
        (f"{R}.finish-length", answered("length", 0), Hindrance.ENDPOINT),
        (f"{R}.finish-length", answered("length", 2, ""), Hindrance.MODEL),
        (f"{R}.finish-length", reasoned({}, reasoning_content="Hm."), Hindrance.MODEL),
        (f"{R}.finish-at-limit", answered("stop", 64, "Well, I would rather not."), Hindrance.MODEL),
        (f"{R}.finish-at-limit", answered("stop", 64, f"{COUNT}."), Hindrance.MODEL),
        (f"{R}.finish-at-limit", answered("stop", 63, COUNT), Hindrance.MODEL),
        (f"{R}.finish-at-limit", answered("stop", 64, "… ninety-nine, one hundred"), Hindrance.MODEL),
        ("chunk.finish-at-limit", streamed("stop", 3), Hindrance.MODEL),
    ],
    ids=["uncounted", "no text", "reasoning", "something else", "a sentence that ends", "ended before", "counted to the end", "a short stream"],
)  # fmt: skip
def test_what_does_not_show_the_limit_is_not_judged(
    check: str, exchange: Exchange, hindrance: Hindrance
) -> None:
    """Without a count, or where the answer came to its own end, the reason may be right."""
    found = finding(check, exchange)

    assert (Outcome.INCONCLUSIVE, hindrance) == (found.outcome, found.hindrance)


@pytest.mark.parametrize(
    "exchange",
    [
        answered("stop", 2),
        answered("length", 2, asks={"max_tokens": 64, "n": 2}),
        an_exchange("chat.long", json=a_completion(choices=[a_choice(a_message("x"), finish="length")], usage=a_usage(5000, 2))),
    ],
    ids=["another reason", "several choices", "a long prompt"],
)  # fmt: skip
def test_what_may_have_another_limit_is_left_alone(exchange: Exchange) -> None:
    """A context that is full ends an answer too, and a limit for two choices is shared as servers like."""
    assert Outcome.SKIP is finding(f"{R}.finish-length", exchange).outcome
