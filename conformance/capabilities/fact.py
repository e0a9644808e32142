"""One fact: what one exchange shows of one row of the table, and which rows it is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from hashlib import blake2b

from conformance.model.profile import Profile
from conformance.probes.registry import Probe, all_probes
from conformance.spec.names import of_vendor, places, slug, top_of
from conformance.spec.phrase import cut
from conformance.wire.reading import Reading

from .refused import Blame, blame_of, compact

VENDOR = "param.vendor."
"""How the families begin whose requests are about parameters that only one vendor has."""
_TEXT = 120
_OF_STREAMS = ("stream", "stream_options")
_VALUE = 24


class Aspect(StrEnum):
    """What about a parameter was tried."""

    VALUE = "value"
    """A value that is allowed, or any if nothing is."""
    RANGE = "outside its range"
    TYPE = "of another type"
    COMBINATION = "without its companions"
    MISSING = "left out"


class Saw(StrEnum):
    """What came of it."""

    EFFECT = "supported"
    TAKEN = "accepted"
    """Accepted, and no effect can be seen or told from an ordinary answer."""
    UNCLEAR = "unclear"
    """Accepted, and the model did not do what would show the effect."""
    OVER = "a little more than asked"
    """Less than ignored: endpoints differ in what they count as a token."""
    MISSING = "ignored"
    CUT = "cut"
    REFUSED = "rejected"
    BROKEN = "breaks"
    """Answered with a server error, which is no refusal."""
    LOST = "not seen"
    """Not sent, not answered, or not for a reason of its own."""


DOWN = frozenset({Saw.REFUSED, Saw.BROKEN})
"""Not answered as asked."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What one exchange shows of one row."""

    row: str
    area: str
    aspect: Aspect
    saw: Saw
    said: str
    """In words, cut to size."""
    case: str
    """Which request it was: the case of a family, or the probe; empty for traffic recorded elsewhere."""
    streamed: bool = False
    own: bool = True
    """Whether the request is about this row; otherwise the parameter merely went along."""
    status: int | None = None
    blame: Blame = Blame.ROW
    """What a refusal is about."""
    prompt: bytes = b""
    """A digest of the messages, to tell a refused prompt from a refused parameter."""


# Which rows


def own_rows(x: Reading, family: Probe | None, profile: Profile) -> Iterator[tuple[str, str]]:
    """The rows that a request is about: its family's, and a member's where the case names one."""
    if family is None:
        return
    area = family.id.partition(".")[0]
    if family.id.startswith(VENDOR):
        yield from ((name, area) for name in x.asked.body if of_vendor(name))
        return
    row = row_of(family, case_of(x))
    if not row:
        return
    yield row, area
    if area == "param" and (member := _member(row, case_of(x), x, profile)):
        yield member, area


def _member(top: str, case: str, x: Reading, profile: Profile) -> str | None:
    """The member that a case is named after and that its request has."""
    start = len(slug(top)) + 1
    found = [
        name
        for name in profile.parameters
        if name != top and top_of(name) == top and case.startswith(f"{slug(name)[start:]}-")
    ]
    longest = max(found, key=len, default=None)
    return longest if longest and places(x.asked.body, longest) else None


def family_of_request(x: Reading) -> Probe | None:
    """The family that a request is a case of; None where it is of none."""
    probe = probes().get(x.exchange.probe or "")
    return probe if probe is not None and probe.cases is not None else None


@cache
def probes() -> dict[str, Probe]:
    """Every probe; they do not change while the program runs."""
    return all_probes()


def row_of(family: Probe, case: str) -> str:
    """The row that a family's case belongs to; empty if to none."""
    return family.row(case) if callable(family.row) else family.row


# Making them


def fact_of(
    x: Reading,
    row: str,
    area: str,
    saw: Saw,
    said: str,
    *,
    aspect: Aspect = Aspect.VALUE,
    own: bool = True,
) -> Fact:
    """The fact that an exchange shows this of a row."""
    return Fact(
        row,
        area,
        aspect,
        saw,
        cut(said, _TEXT),
        _case(row, x, aspect, own=own),
        x.asked.streams and top_of(row) not in _OF_STREAMS,
        own,
        x.status,
        blame_of(row, x) if saw in DOWN else Blame.ROW,
        prompt_of(x) if own else b"",
    )


def _case(row: str, x: Reading, aspect: Aspect, *, own: bool) -> str:
    if aspect is not Aspect.VALUE:
        return _value_of(row, x)
    if x.exchange.probe is None:
        return ""
    return case_of(x) if own else x.id.partition("#")[0]


def prompt_of(x: Reading) -> bytes:
    """A digest of a request's messages."""
    said = compact(x.asked.body.get("messages"))
    return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def case_of(x: Reading) -> str:
    """Which request it was, in a word."""
    name = x.id.partition("#")[0]
    return name.partition(":")[2] or x.exchange.probe or ""


def _value_of(row: str, x: Reading) -> str:
    """The value that a request has for a row, in short."""
    top = top_of(row)
    if top not in x.asked.body:
        return "absent" if top in ("model", "messages") else case_of(x)
    value = x.asked.body[top]
    if not isinstance(value, dict) and len(text := compact(value)) <= _VALUE:
        return text
    return f"{len(value)} items" if isinstance(value, list) else case_of(x)
