"""The check of half-buffered streams, by arrival times."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from conformance.checks.arrival import Block, blocks
from conformance.model.exchange import Chunk, Exchange
from conformance.model.finding import Hindrance, Outcome
from conformance.wire.reading import Reading
from tests.builders import (
    NOTE,
    WARN,
    Case,
    a_stream,
    a_usage,
    an_exchange,
    breaks,
    finding,
    holds,
    text_chunks,
    usage_chunk,
    verify,
)

CHECK = "stream.unbuffered"
WORDS = 60
BODY = a_stream(
    [{**c, "usage": None} for c in text_chunks(*["word "] * WORDS)]
    + [usage_chunk(usage=a_usage(9, 61))]
)
EVENTS = [event + b"\n\n" for event in BODY.split(b"\n\n")[:-1]]
"""Role, words, finish, usage and [DONE]."""


def arriving(pieces: Iterable[tuple[float, bytes]]) -> Exchange:
    """A long stream whose pieces come at these times."""
    made = an_exchange("chat.stream.long", stream=BODY)
    attempt = replace(made.attempts[0], chunks=tuple(Chunk(at, data) for at, data in pieces))
    return replace(made, attempts=(attempt,))


def one_by_one(
    pace: float, first: float = 0.3, events: list[bytes] = EVENTS
) -> list[tuple[float, bytes]]:
    """Events at a steady pace."""
    return [(first + n * pace, event) for n, event in enumerate(events)]


def in_groups(size: int, pause: float, first: float = 0.5) -> list[tuple[float, bytes]]:
    """So many events at a time."""
    groups = [b"".join(EVENTS[n : n + size]) for n in range(0, len(EVENTS), size)]
    return [(first + n * pause, group) for n, group in enumerate(groups)]


def cut_at(size: int, pause: float = 0.4) -> list[tuple[float, bytes]]:
    """So many bytes at a time."""
    return [
        (pause * (1 + n), BODY[at : at + size]) for n, at in enumerate(range(0, len(BODY), size))
    ]


def held(count: int, first: float, pace: float) -> list[tuple[float, bytes]]:
    """The first events at once, the others one by one."""
    return [(first, b"".join(EVENTS[:count])), *one_by_one(pace, first + pace, EVENTS[count:])]


def stalled(at: int, seconds: float) -> list[tuple[float, bytes]]:
    """A steady stream that is read late once: what came meanwhile is one block."""
    steady = one_by_one(0.03)
    until = steady[at][0] + seconds
    late = [data for when, data in steady[at:] if when <= until]
    return [*steady[:at], (until, b"".join(late)), *steady[at + len(late) :]]


CASES = [
    holds(CHECK, "one by one", arriving(one_by_one(0.02))),
    holds(CHECK, "one by one after a long wait", arriving(one_by_one(0.02, first=5))),
    holds(CHECK, "four at a time, as with speculation", arriving(in_groups(4, 0.08))),
    holds(CHECK, "large blocks without a pause", arriving(in_groups(16, 0.15, first=1))),
    holds(CHECK, "large blocks within a second, as a busy machine reads them", arriving(in_groups(16, 0.2, first=0.3))),
    holds(CHECK, "one pause", arriving([*one_by_one(0.02)[:30], *((at + 2, d) for at, d in one_by_one(0.02)[30:])])),
    *(holds(CHECK, f"read late at event {at}", arriving(stalled(at, 0.5))) for at in (1, 20, 40, 60)),
    holds(CHECK, "a few at the beginning", arriving(held(6, 1, 0.03))),
    holds(CHECK, "half at the beginning, with no time to have held it", arriving(held(30, 0.1, 0.05))),
    breaks(CHECK, "blocks of 4096 bytes", arriving(cut_at(4096)), at="arrival times", outcome=WARN, actual="64 events in 4 blocks (18, 18, 18, 10 events), 3 of which end inside an event"),
    breaks(CHECK, "blocks of events", arriving(in_groups(16, 0.5)), at="arrival times", outcome=NOTE, actual="64 events in 4 blocks (16, 16, 16, 16 events)"),
    breaks(CHECK, "the first half held back", arriving(held(32, 1.0, 0.03)), at="arrival times", outcome=WARN, actual="the first 32 of 64 events at once after 1.0 s, the others until 2.0 s"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_arrival(case: Case) -> None:
    """The check gives the verdict of the row, and no other check joins in."""
    verify(case)


@pytest.mark.parametrize(
    ("exchange", "hindrance"),
    [
        (arriving(one_by_one(0.002, first=0.05)), Hindrance.MODEL),
        (arriving([(2.0, BODY)]), Hindrance.ENDPOINT),
        (an_exchange("chat.stream.long"), Hindrance.MODEL),
    ],
    ids=["too quick", "all at once", "too short"],
)
def test_what_tells_nothing(exchange: Exchange, hindrance: Hindrance) -> None:
    """Short and quick streams leave the rule open, and a stream that came at once is another check's."""
    found = finding(CHECK, exchange)

    assert (Outcome.INCONCLUSIVE, hindrance) == (found.outcome, found.hindrance)


def test_reads_close_together_are_one_block() -> None:
    """What the network parts by a few milliseconds was sent together."""
    pieces = [(1.0, EVENTS[0]), (1.01, EVENTS[1][:20]), (1.025, EVENTS[1][20:]), (1.5, EVENTS[2])]

    assert [Block(1.0, 2, False), Block(1.5, 1, False)] == blocks(Reading(arriving(pieces)))
