"""The pace of a stream: whether events are delivered while the answer is produced."""

from __future__ import annotations

from conformance.checks.givens import RECORDING, arrival_kept, whole_stream
from conformance.checks.kinds import streams
from conformance.checks.registry import SHOULD, Problems, check
from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.profile import Profile
from conformance.wire.reading import Reading

from . import LONG

FEW = 40
"""Chunks that are too few to tell how they were delivered; more than an answer of 32 tokens has."""
LET_GO = 0.01
"""Seconds in which a buffer is let go; sixteen chunks at a thousand tokens a second take longer."""


def long_enough(x: Reading, profile: Profile) -> Unjudged | None:
    """Enough events over enough time to tell buffering from speed."""
    if (x.exchange.probe or "").startswith("generated."):
        return Unjudged(
            "requests are made up at the same time, which takes time as well", RECORDING
        )
    for given in (whole_stream, arrival_kept):
        if (reason := given(x, profile)) is not None:
            return reason
    if len(x.chunks) < FEW:
        return Unjudged(f"only {len(x.chunks)} chunks, too few to tell", Hindrance.MODEL)
    return Unjudged("answered too quickly to tell", Hindrance.MODEL) if quick(x) else None


def quick(x: Reading) -> bool:
    """Whether a stream came so fast that a busy machine explains its times as well as the endpoint does."""
    took = x.arrival(x.stream.length - 1)
    times = [x.arrival(x.stream.events[at].start) for at in (0, -1)]
    return took < 0.2 or (took < 0.5 and (times[1] - times[0] < 0.05 or came_at_once(x)))


def came_at_once(x: Reading) -> bool:
    """Whether all events came in a moment, after the time in which they were produced."""
    events = x.stream.events
    times = [x.arrival(event.start) for event in events]
    first, last = times[0], times[-1]
    spread, reads = last - first, len(set(times))
    # A long wait before the first token followed by quick ones is no buffering, so the wait alone says nothing:
    # a buffer that is let go comes in a moment, or in a few large reads.
    return spread < LET_GO or (reads <= max(3, len(events) // 16) and spread < 0.1 * first)


@check("stream.incremental", level=SHOULD, on=streams, given=long_enough, probes=LONG)
def delivers_while_producing(x: Reading, profile: Profile) -> Problems:
    """Events are delivered while the answer is produced, not all at its end."""
    if came_at_once(x):
        first, last = (x.arrival(x.stream.events[at].start) for at in (0, -1))
        yield Problem(
            "arrival times",
            expected="events spread over the time the answer takes",
            actual=f"{len(x.stream.events)} events between {first:.3f} s and {last:.3f} s after the request",
        )
