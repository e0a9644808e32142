"""How a stream comes through what lies between: by arrival times, and by where its blocks end."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.profile import Profile
from conformance.wire.reading import Reading

from .kinds import streams
from .registry import MAY, SHOULD, Problems, check
from .stream import LONG
from .stream.pace import came_at_once, long_enough

_TOGETHER = 0.02
"""Seconds within which reads are one block: a busy machine and the network part what was sent together."""
_LASTING = 1.0
"""Seconds that a stream lasts of which something was held back; a busy machine can hold back what comes in less."""
_APART = 0.2
"""Seconds at least between blocks that a buffer let go."""
_MANY = 8
"""Events in a block that no model produces in one step."""
_HELD = 0.3
"""Seconds at least that held events would have taken one by one."""
_RECIPE = (
    "each event as soon as it is produced "
    "(proxies: X-Accel-Buffering: no, proxy_buffering off, no gzip; servers: flush after each event)"
)


@dataclass(frozen=True, slots=True)
class Block:
    """Events that came together."""

    at: float
    """Seconds after the request."""
    events: int
    """How many begin in it."""
    torn: bool
    """Whether it ends inside a line."""


def blocks(x: Reading) -> list[Block]:
    """The blocks in which a stream came, those without the beginning of an event left out."""
    starts = [event.start for event in x.stream.events]
    found: list[Block] = []
    offset, last = 0, None
    for chunk in x.attempt.chunks if x.attempt else ():
        begin, offset = offset, offset + len(chunk.data)
        begun = sum(begin <= start < offset for start in starts)
        torn = not chunk.data.endswith((b"\n", b"\r"))
        if found and last is not None and chunk.at - last < _TOGETHER:
            found[-1] = Block(found[-1].at, found[-1].events + begun, torn)
        else:
            found.append(Block(chunk.at, begun, torn))
        last = chunk.at
    return [block for block in found if block.events]


def lasting(x: Reading, profile: Profile) -> Unjudged | None:
    """A stream of many events came, not all of them at once."""
    if (reason := long_enough(x, profile)) is not None:
        return reason
    if len(x.stream.events) < 3 * _MANY:
        return Unjudged(f"only {len(x.stream.events)} events, too few to tell", Hindrance.MODEL)
    if came_at_once(x):
        return Unjudged("all events came at once")
    return None


def in_blocks(found: list[Block]) -> bool:
    """Whether all came in large blocks with pauses between them, the last one aside."""
    pauses = [later.at - block.at for block, later in pairwise(found)]
    large = all(block.events >= _MANY for block in found[:-1])
    return len(found) >= 3 and large and all(pause >= _APART for pause in pauses)


def first_held(found: list[Block]) -> bool:
    """Whether the first events came at once, after the time in which the others came one by one."""
    first, rest = found[0], found[1:]
    others = sum(block.events for block in rest)
    if first.events < max(_MANY + 4, 0.4 * others) or len(rest) < _MANY:
        return False
    took = first.events * (found[-1].at - first.at) / others
    return took >= _HELD and first.at >= 0.7 * took


@check("stream.unbuffered", level=SHOULD, on=streams, given=lasting, probes=LONG)
def nothing_is_held_back(x: Reading, profile: Profile) -> Problems:
    """Events come one after another as they are produced, not held back and let go in blocks."""
    found = blocks(x)
    total, end = len(x.stream.events), found[-1].at
    if end < _LASTING:
        return
    if in_blocks(found):
        sizes = ", ".join(str(block.events) for block in found[:8])
        torn = sum(block.torn for block in found[:-1])
        where = f", {torn} of which end inside an event" if torn else ""
        told = f"{total} events in {len(found)} blocks ({sizes} events){where}"
        # A model may produce whole blocks; only a buffer of bytes ends inside an event.
        yield Problem("arrival times", _RECIPE, told, level=None if torn else MAY)
    elif first_held(found):
        told = f"the first {found[0].events} of {total} events at once after {found[0].at:.1f} s, the others until {end:.1f} s"
        yield Problem("arrival times", _RECIPE, told)
