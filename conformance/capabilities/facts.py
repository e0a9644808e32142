"""What one exchange shows of the parameters in its request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from hashlib import blake2b

from conformance.checks.effects import (
    MEMBERS,
    VISIBLE,
    Effect,
    cut_to,
)
from conformance.checks.errors import CAUSE_OF, error_with_success, refusable
from conformance.checks.givens import succeeded
from conformance.checks.kinds import departing, ordinary_chat
from conformance.checks.obedience import Look, of_answer, of_arguments
from conformance.checks.parameters import LIMITS, NAMES, came, departure_of, model_of, refused
from conformance.checks.registry import Given
from conformance.model.finding import Hindrance, Unjudged
from conformance.model.json import JSON
from conformance.model.profile import Cause, Profile
from conformance.probes.registry import Probe, all_probes
from conformance.spec.claims import Way, effect_expected, places, steps
from conformance.wire.envelope import envelope_of
from conformance.wire.reading import Reading

MESSAGE = 80
"""Characters of a refusal's message that a row shows."""
_TEXT = 120
_CODE = 40
_VENDOR = "param.vendor."
_OF_STREAMS = ("stream", "stream_options")
_VALUE = 24
_OBEDIENCE: tuple[tuple[str, Look], ...] = (
    ("schema.output.", of_answer),
    ("schema.tool.", of_arguments),
)
"""How the answers to requests with schemas are looked at."""
_OF_THE_REQUEST = (400, 413, 415, 422, 500, 501)
"""Statuses that speak of what the request says; others need the parameter's name to be put down to it."""


class Aspect(StrEnum):
    """What about a parameter was tried."""

    VALUE = "value"
    """A value that is allowed, or any if nothing is."""
    RANGE = "outside its range"
    TYPE = "of another type"
    COMBINATION = "without its companions"
    ABSENT = "left out"


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
    LOST = "not seen"
    """Not sent, not answered, or not for a reason of its own."""


class Blame(StrEnum):
    """What a refusal is about."""

    ROW = "row"
    """It names the parameter, or its status speaks of what the request says."""
    OTHER = "other"
    """It names another parameter of the request."""
    OPEN = "open"
    """It may be about anything, the prompt included."""


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


def facts(x: Reading, profile: Profile) -> Iterator[Fact]:
    """Everything that an exchange shows."""
    if not x.asked.chat:
        return
    probe = x.exchange.probe or ""
    if departing(x):
        yield from _of_departure(x, profile)
    elif probe in CAUSE_OF or probe == "errors.temperature-type":
        yield from _of_mistake(x, profile)
    elif ordinary_chat(x):
        yield from _of_ordinary(x, profile)


# Ordinary requests


def _of_ordinary(x: Reading, profile: Profile) -> Iterator[Fact]:
    own = list(_own_rows(x, _family(x), profile))
    if (why := lost(x)) is not None or turned_down(x, profile):
        for row, area in own:
            yield _made(x, row, area, Saw.LOST if why else Saw.REFUSED, why or refusal(x))
        if not own and not why:
            yield from _named_in_refusal(x)
        return
    for row, area in own:
        if row not in MEMBERS or not MEMBERS[row].shows(x.asked.body):
            yield _made(x, row, area, *_taken(row, x, profile))
    rows = {row for row, _ in own}
    for name, value in x.asked.body.items():
        if name in NAMES and name not in ("stream", *rows) and value is not None:
            yield _made(x, name, "param", *_taken(name, x, profile), own=False)
    yield from _of_members(x, rows, profile)
    if came(x, profile) is None:
        yield _made(x, "model", "param", Saw.TAKEN, "answered", own=False)
        yield _made(x, "messages", "param", Saw.EFFECT, "answered", own=False)


def _of_members(x: Reading, rows: set[str], profile: Profile) -> Iterator[Fact]:
    for name, visible in MEMBERS.items():
        if visible.shows(x.asked.body):
            for row in dict.fromkeys((name, steps(name)[0])):
                seen = _told(visible.look, x, succeeded if name == "stream" else came, profile)
                yield _made(x, row, "param", *seen, own=row in rows)


def _own_rows(x: Reading, family: Probe | None, profile: Profile) -> Iterator[tuple[str, str]]:
    """The rows that a request is about: its family's, and a member's where the case names one."""
    if family is None:
        return
    area = family.id.partition(".")[0]
    if family.id.startswith(_VENDOR):
        known = (*NAMES, "model", "messages")
        yield from ((name, area) for name in x.asked.body if name not in known)
        return
    row = row_of(family, case_of(x))
    if not row:
        return
    yield row, area
    if area == "param" and (member := _member(row, case_of(x), x, profile)):
        yield member, area


def _member(top: str, case: str, x: Reading, profile: Profile) -> str | None:
    """The member that a case is named after and that its request has."""
    start = len(_slug(top)) + 1
    found = [
        name
        for name in profile.parameters
        if name != top and steps(name)[0] == top and case.startswith(f"{_slug(name)[start:]}-")
    ]
    longest = max(found, key=len, default=None)
    return longest if longest and places(x.asked.body, longest) else None


@cache
def _slug(name: str) -> str:
    kept = "".join(c if c.isalnum() else "-" for c in name.lower())
    return "-".join(part for part in kept.split("-") if part)


def _taken(row: str, x: Reading, profile: Profile) -> tuple[Saw, str]:
    """What an answer shows of a parameter that was taken."""
    visible = VISIBLE.get(row)
    look = next(
        (look for start, look in _OBEDIENCE if (x.exchange.probe or "").startswith(start)), None
    )
    if look is not None and row not in NAMES:
        return _told(look, x, came, profile)
    if visible is None or not visible.shows(x.asked.body):
        if (why := came(x, profile)) is not None:
            return _without_answer(why)
        return Saw.TAKEN, "" if visible is None else "this value has no effect that would show"
    if not effect_expected(profile.parameter(row, model_of(x)), x.asked.body):
        return Saw.TAKEN, "another parameter takes its effect away"
    return _told(visible.look, x, came, profile, slight=row in LIMITS)


def _without_answer(why: Unjudged) -> tuple[Saw, str]:
    return Saw.LOST if why.hindrance is Hindrance.RUN else Saw.UNCLEAR, why.reason


def _told(
    look: Look, x: Reading, given: Given, profile: Profile, *, slight: bool = False
) -> tuple[Saw, str]:
    if (why := given(x, profile)) is not None:
        return _without_answer(why)
    seen = look(x)
    match seen.effect:
        case Effect.SEEN:
            return Saw.EFFECT if seen.telling else Saw.TAKEN, seen.said
        case Effect.MISSING if slight and seen.level is not None:
            return Saw.OVER, seen.said
        case Effect.MISSING:
            return Saw.MISSING, seen.said
        case _:
            return Saw.UNCLEAR, seen.said


def _named_in_refusal(x: Reading) -> Iterator[Fact]:
    """A refusal of a request that is about nothing in particular, put down to the parameter that it names."""
    named = _members_of_error(x).get("param")
    top = _top(named) if isinstance(named, str) else ""
    if top in NAMES and top in x.asked.body:
        yield _made(x, top, "param", Saw.REFUSED, refusal(x), own=False)


# Requests that depart from the claim, and mistakes


def _of_departure(x: Reading, profile: Profile) -> Iterator[Fact]:
    family = _family(x)
    if family is None:
        return
    for row, area in _departing_rows(x, family, profile):
        aspect = _aspect(family.id) if area == "param" else Aspect.VALUE
        if (why := lost(x)) is not None:
            yield _made(x, row, area, Saw.LOST, why, aspect=aspect)
        elif turned_down(x, profile):
            yield _made(x, row, area, Saw.REFUSED, refusal(x), aspect=aspect)
        elif aspect is Aspect.RANGE and (cut := cut_to(row, x)) is not None:
            yield _made(x, row, area, Saw.CUT, cut, aspect=aspect)
        elif aspect is Aspect.VALUE:
            yield _made(x, row, area, *_taken(row, x, profile))
        else:
            yield _made(x, row, area, Saw.TAKEN, "", aspect=aspect)


def _departing_rows(x: Reading, family: Probe, profile: Profile) -> Iterator[tuple[str, str]]:
    """The row of what departs: of a member, where only the member is not supported."""
    departure = departure_of(x, profile)
    unsupported = departure is not None and departure.way is Way.UNSUPPORTED
    member = departure is not None and unsupported and departure.parameter not in NAMES
    if departure is not None and member and family.id.startswith("param."):
        yield departure.parameter, "param"
        return
    # What was done with a member's value outside its claim is told in the row of the parameter.
    own = list(_own_rows(x, family, profile))
    yield from (
        own if _aspect(family.id) is Aspect.VALUE or family.id.startswith(_VENDOR) else own[:1]
    )


def _aspect(family: str) -> Aspect:
    ending = family.rpartition(".")[2]
    return Aspect.VALUE if ending == "unsupported" else Aspect[ending.upper()]


def _of_mistake(x: Reading, profile: Profile) -> Iterator[Fact]:
    """Mistakes in ``model``, ``messages`` and ``temperature`` that other checks have sent."""
    probe = x.exchange.probe or ""
    cause = CAUSE_OF.get(probe)
    if (why := refusable(x, profile)) is not None and why.hindrance is Hindrance.RUN:
        return
    down = turned_down(x, profile)
    said = refusal(x) if down else f"answered with status {x.status}"
    saw = Saw.REFUSED if down else Saw.TAKEN
    match cause:
        case Cause.UNKNOWN_MODEL:
            seen = Saw.EFFECT if down else Saw.MISSING
            told = f"an unknown name is {'refused' if down else 'answered as well'}"
            yield _made(x, "model", "param", seen, told)
        case Cause.MISSING_MODEL:
            yield _made(x, "model", "param", saw, said, aspect=Aspect.ABSENT)
        case Cause.MISSING_MESSAGES | Cause.EMPTY_MESSAGES:
            yield _made(x, "messages", "param", saw, said, aspect=Aspect.ABSENT)
        case Cause.WRONG_TYPE_MESSAGES:
            yield _made(x, "messages", "param", saw, said, aspect=Aspect.TYPE)
        case None:
            yield _made(x, "temperature", "param", saw, said, aspect=Aspect.TYPE)
        case _:
            return


# What became of a request


def lost(x: Reading) -> str | None:
    """Why nothing can be said of a request: it was not sent or not answered, or the account or server gave out."""
    if x.attempt is None:
        return x.exchange.not_sent or "not sent"
    status = x.status
    if status is None:
        return f"no answer ({x.ended})"
    if status in (401, 402, 408, 429, 502, 503, 504, 529) or 300 <= status < 400:
        return f"status {status}"
    return None


def turned_down(x: Reading, profile: Profile) -> bool:
    """Whether a request was refused, or answered with nothing but an error whatever the status."""
    if refused(x, profile) or (x.status or 0) >= 500:
        return True
    if x.asked.streams and x.looks_like_events:
        return bool(x.error_events) and not any(chunk.get("choices") for _, chunk in x.chunks)
    return error_with_success(x)


def _members_of_error(x: Reading) -> dict[str, JSON]:
    in_stream = x.asked.streams and x.looks_like_events and x.error_events
    return (envelope_of(x.error_events[0][1]) if in_stream else x.envelope).members


def refusal(x: Reading) -> str:
    """A refusal in words: status, code (or type), and the beginning of its message."""
    members = _members_of_error(x)
    code = next((members[n] for n in ("code", "type") if isinstance(members.get(n), str)), "")
    message = members.get("message")
    text = message if isinstance(message, str) else (_compact(message) if message else "")
    text = " ".join(text[: 10 * MESSAGE].split())
    short = text if len(text) <= MESSAGE else text[: MESSAGE - 1] + "…"
    named = f" {str(code)[:_CODE]}" if code and str(code) != str(x.status) else ""
    return f"{x.status}{named}{f': {short}' if short else ''}"


def _blame(row: str, x: Reading) -> Blame:
    members = _members_of_error(x)
    named = members.get("param")
    top = _top(named) if isinstance(named, str) else ""
    if _top(row) in NAMES and top in NAMES and top in x.asked.body and top != _top(row):
        return Blame.OTHER
    text = f"{named} {members.get('message')}"[:2_000].lower()
    words = (_top(row).lower(), _top(row).lower().replace("_", " ").rstrip("s"))
    clear = x.status in _OF_THE_REQUEST or (x.status or 0) < 300
    return Blame.ROW if clear or any(word in text for word in words) else Blame.OPEN


def _top(name: str) -> str:
    return (steps(name) or (name,))[0]


def _compact(value: JSON) -> str:
    return json.dumps(value, ensure_ascii=False)


# Making them


def _made(
    x: Reading,
    row: str,
    area: str,
    saw: Saw,
    said: str,
    *,
    aspect: Aspect = Aspect.VALUE,
    own: bool = True,
) -> Fact:
    return Fact(
        row,
        area,
        aspect,
        saw,
        said if len(said) <= _TEXT else said[: _TEXT - 1] + "…",
        _case(row, x, aspect, own=own),
        x.asked.streams and _top(row) not in _OF_STREAMS,
        own,
        x.status,
        _blame(row, x) if saw is Saw.REFUSED else Blame.ROW,
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
    said = _compact(x.asked.body.get("messages"))
    return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def case_of(x: Reading) -> str:
    """Which request it was, in a word."""
    name = x.id.partition("#")[0]
    return name.partition(":")[2] or x.exchange.probe or ""


def _value_of(row: str, x: Reading) -> str:
    """The value that a request has for a row, in short."""
    top = _top(row)
    if top not in x.asked.body:
        return "absent" if top in ("model", "messages") else case_of(x)
    value = x.asked.body[top]
    if not isinstance(value, dict) and len(text := _compact(value)) <= _VALUE:
        return text
    return f"{len(value)} items" if isinstance(value, list) else case_of(x)


def _family(x: Reading) -> Probe | None:
    probe = probes().get(x.exchange.probe or "")
    return probe if probe is not None and probe.cases is not None else None


@cache
def probes() -> dict[str, Probe]:
    """Every probe; they do not change while the program runs."""
    return all_probes()


def row_of(family: Probe, case: str) -> str:
    """The row that a family's case belongs to; empty if to none."""
    return family.row(case) if callable(family.row) else family.row
