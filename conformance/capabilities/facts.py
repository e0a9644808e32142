"""What one exchange shows of the parameters in its request."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.checks.effects.seen import Effect
from conformance.checks.effects.visible import MEMBERS, VISIBLE, cut_to
from conformance.checks.errors.causes import CAUSE_OF
from conformance.checks.errors.status import refusable
from conformance.checks.givens import succeeded
from conformance.checks.kinds import departing, ordinary_chat
from conformance.checks.obedience import Look, of_answer, of_arguments
from conformance.checks.parameters.claims import model_of
from conformance.checks.parameters.departing import departure_of
from conformance.checks.parameters.effective import came
from conformance.checks.registry import Given
from conformance.model.finding import Hindrance, Unjudged
from conformance.model.profile import Cause, Profile
from conformance.probes.registry import Probe
from conformance.spec.claims import Way, effect_expected
from conformance.spec.names import LIMITS, NAMES, top_of
from conformance.wire.reading import Reading

from .fact import VENDOR, Aspect, Fact, Saw, fact_of, family_of_request, own_rows
from .refused import lost, members_of_error, refusal, turned_down

_OBEDIENCE: tuple[tuple[str, Look], ...] = (
    ("schema.output.", of_answer),
    ("schema.tool.", of_arguments),
)
"""How the answers to requests with schemas are looked at."""


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


_NOT_IMPLEMENTED = 501


# Ordinary requests


def _of_ordinary(x: Reading, profile: Profile) -> Iterator[Fact]:
    own = list(own_rows(x, family_of_request(x), profile))
    if (why := lost(x)) is not None or turned_down(x, profile):
        for row, area in own:
            yield fact_of(x, row, area, Saw.LOST if why else down(x), why or refusal(x))
        if not own and not why:
            yield from _named_in_refusal(x)
        return
    for row, area in own:
        if row not in MEMBERS or not MEMBERS[row].shows(x.asked.body):
            yield fact_of(x, row, area, *_taken(row, x, profile))
    rows = {row for row, _ in own}
    for name, value in x.asked.body.items():
        if name in NAMES and name not in ("stream", *rows) and value is not None:
            yield fact_of(x, name, "param", *_taken(name, x, profile), own=False)
    yield from _of_members(x, rows, profile)
    if came(x, profile) is None:
        yield fact_of(x, "model", "param", Saw.TAKEN, "answered", own=False)
        yield fact_of(x, "messages", "param", Saw.EFFECT, "answered", own=False)


def _of_members(x: Reading, rows: set[str], profile: Profile) -> Iterator[Fact]:
    for name, visible in MEMBERS.items():
        if visible.shows(x.asked.body):
            for row in dict.fromkeys((name, top_of(name))):
                seen = _told(visible.look, x, succeeded if name == "stream" else came, profile)
                yield fact_of(x, row, "param", *seen, own=row in rows)


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
        case Effect.MISSING if seen.beside is not Effect.MISSING:
            return Saw.EFFECT if seen.beside is Effect.SEEN else Saw.UNCLEAR, seen.said
        case Effect.MISSING:
            return Saw.MISSING, seen.said
        case _:
            return Saw.UNCLEAR, seen.said


def down(x: Reading) -> Saw:
    """What not being answered as asked comes to: a server error is no refusal, but for one that says so."""
    status = x.status or 0
    return Saw.BROKEN if status >= 500 and status != _NOT_IMPLEMENTED else Saw.REFUSED


def _named_in_refusal(x: Reading) -> Iterator[Fact]:
    """A refusal of a request that is about nothing in particular, put down to the parameter that it names."""
    named = members_of_error(x).get("param")
    top = top_of(named) if isinstance(named, str) else ""
    if top in NAMES and top in x.asked.body:
        yield fact_of(x, top, "param", down(x), refusal(x), own=False)


# Requests that depart from the claim, and mistakes


def _of_departure(x: Reading, profile: Profile) -> Iterator[Fact]:
    family = family_of_request(x)
    if family is None:
        return
    for row, area in _departing_rows(x, family, profile):
        aspect = _aspect(family.id) if area == "param" else Aspect.VALUE
        if (why := lost(x)) is not None:
            yield fact_of(x, row, area, Saw.LOST, why, aspect=aspect)
        elif turned_down(x, profile):
            yield fact_of(x, row, area, down(x), refusal(x), aspect=aspect)
        elif aspect is Aspect.RANGE and (cut := cut_to(row, x)) is not None:
            yield fact_of(x, row, area, Saw.CUT, cut, aspect=aspect)
        elif aspect is Aspect.VALUE:
            yield fact_of(x, row, area, *_taken(row, x, profile))
        else:
            yield fact_of(x, row, area, Saw.TAKEN, "", aspect=aspect)


def _departing_rows(x: Reading, family: Probe, profile: Profile) -> Iterator[tuple[str, str]]:
    """The row of what departs: of a member, where only the member is not supported."""
    departure = departure_of(x, profile)
    unsupported = departure is not None and departure.way is Way.UNSUPPORTED
    member = departure is not None and unsupported and departure.parameter not in NAMES
    if departure is not None and member and family.id.startswith("param."):
        yield departure.parameter, "param"
        return
    # What was done with a member's value outside its claim is told in the row of the parameter.
    own = list(own_rows(x, family, profile))
    yield from (
        own if _aspect(family.id) is Aspect.VALUE or family.id.startswith(VENDOR) else own[:1]
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
    # An error may come where the stream has begun already.
    late = x.asked.streams and x.looks_like_events and bool(x.error_events)
    failed = late or turned_down(x, profile)
    said = refusal(x) if failed else f"answered with status {x.status}"
    saw = down(x) if failed else Saw.TAKEN
    match cause:
        case Cause.UNKNOWN_MODEL:
            yield fact_of(x, "model", "param", *_of_unknown_name(saw, said, late=late))
        case Cause.MISSING_MODEL:
            yield fact_of(x, "model", "param", saw, said, aspect=Aspect.MISSING)
        case Cause.MISSING_MESSAGES | Cause.EMPTY_MESSAGES:
            yield fact_of(x, "messages", "param", saw, said, aspect=Aspect.MISSING)
        case Cause.WRONG_TYPE_MESSAGES:
            yield fact_of(x, "messages", "param", saw, said, aspect=Aspect.TYPE)
        case None:
            yield fact_of(x, "temperature", "param", saw, said, aspect=Aspect.TYPE)
        case _:
            return


def _of_unknown_name(saw: Saw, said: str, *, late: bool) -> tuple[Saw, str]:
    """What became of the name of a model that does not exist."""
    match saw:
        case Saw.BROKEN:
            return saw, said
        case Saw.REFUSED:
            return Saw.EFFECT, f"an unknown name is refused{', inside the stream' if late else ''}"
        case _:
            return Saw.MISSING, "an unknown name is answered as well"
