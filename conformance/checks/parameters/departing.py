"""What departs from a claim is dealt with as the profile says: refused, ignored or cut.

A check belongs to one parameter and its members, and looks at the requests that are about it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from conformance.checks.effects.seen import Effect, Seen
from conformance.checks.effects.visible import VISIBLE
from conformance.checks.errors.status import error_with_success
from conformance.checks.givens import RECORDING
from conformance.checks.kinds import probe
from conformance.checks.registry import MUST, Claimed, Given, Problems, check
from conformance.model.finding import Problem, Unjudged
from conformance.model.profile import Profile, Reaction
from conformance.spec.claims import Departure, Way, standing
from conformance.spec.names import LIMITS, NAMES, of_vendor, slug, top_of
from conformance.wire.reading import Reading

from .accepted import refusal_of, replied
from .claims import model_of, stated, unknown_fields_stated, vendor_stated


def departure_of(x: Reading, profile: Profile) -> Departure | None:
    """The one thing in which a request departs from the profile.

    The limit that every request has is meant only where nothing else departs or is left open.
    """
    found = standing(x.asked.body, profile, model_of(x))
    meant = tuple(d for d in found.departures if d.parameter not in LIMITS)
    if not meant and set(found.unclaimed) <= set(LIMITS):
        meant = found.departures
    return meant[0] if len(meant) == 1 else None


def departs(x: Reading, profile: Profile) -> Unjudged | None:
    """It departs in one way, of which the profile says what is done."""
    if (reason := replied(x, profile)) is not None:
        return reason
    departure = departure_of(x, profile)
    if departure is None or not departure.policy.known:
        return Unjudged("the profile does not say what is done with it", RECORDING)
    return None


def departs_in(about: Callable[[str], bool], way: Way | None = None) -> Given:
    """That a request departs in such a parameter, and in this way: it may have been made for another profile."""

    def departs_so(x: Reading, profile: Profile) -> Unjudged | None:
        """It departs in what it is about."""
        if (reason := departs(x, profile)) is not None:
            return reason
        departure = departure_of(x, profile)
        if departure and about(top_of(departure.parameter)) and way in (None, departure.way):
            return None
        return Unjudged("the profile does not rule it out", RECORDING)

    return departs_so


def refused(x: Reading, profile: Profile) -> bool:
    """Whether a request was turned down."""
    status = x.status or 0
    if profile.errors.with_status_200 and status == 200:
        return error_with_success(x)
    return 400 <= status < 500


def departure_problems(x: Reading, profile: Profile) -> Problems:
    """A problem unless one of the reactions that the profile allows was seen."""
    departure = departure_of(x, profile)
    if departure is None:
        return
    claim = profile.parameter(departure.parameter, model_of(x))
    claims = profile.cited(claim.source, departure.policy.source)
    for problem in _otherwise(x, departure, profile):
        yield replace(problem, claims=claims)


def _otherwise(x: Reading, departure: Departure, profile: Profile) -> Problems:
    reactions, at = departure.policy.reactions, departure.at
    if refused(x, profile):
        if Reaction.REJECT not in reactions:
            yield Problem(at, expected=_allowed(departure), actual=f"refused: {refusal_of(x)}")
        elif (statuses := departure.policy.statuses) and x.status not in (*statuses, 200):
            expected = f"status {' or '.join(map(str, statuses))}"
            yield Problem(at, expected=expected, actual=refusal_of(x))
        return
    seen = effect_of(x, top_of(departure.parameter))
    effect = f" ({seen.said})" if seen and seen.effect is not Effect.UNCLEAR else ""
    if set(reactions) == {Reaction.REJECT}:
        expected = f"a refusal, since the profile claims {departure.expected}"
        yield Problem(at, expected=expected, actual=f"accepted with status {x.status}{effect}")
    elif set(reactions) <= {Reaction.IGNORE, Reaction.STRIP, Reaction.REJECT} and (
        seen and seen.effect is Effect.SEEN and seen.telling and departure.way is Way.UNSUPPORTED
    ):
        yield Problem(at, expected=_allowed(departure), actual=f"it has an effect: {seen.said}")


def effect_of(x: Reading, name: str) -> Seen | None:
    """What an answer shows of a parameter; None where nothing would show or no answer came."""
    visible = VISIBLE.get(name)
    if visible is None or name not in x.asked.body or not visible.shows(x.asked.body):
        return None
    if not 200 <= (x.status or 0) < 300 or error_with_success(x):
        return None
    return visible.look(x)


def _allowed(departure: Departure) -> str:
    words = {
        Reaction.REJECT: "a refusal",
        Reaction.IGNORE: "success without an effect",
        Reaction.STRIP: "success without an effect",
        Reaction.CLAMP: "success with the nearest value",
        Reaction.TRUNCATE: "success with what fits",
    }
    return " or ".join(dict.fromkeys(words[r] for r in departure.policy.reactions))


_TITLES = {
    Way.RANGE: "`{}` outside its range is dealt with as the profile says.",
    Way.TYPE: "`{}` of another type is dealt with as the profile says.",
    Way.COMBINATION: "`{}` without its companions is dealt with as the profile says.",
    Way.MISSING: "`{}` without a member that it must have is dealt with as the profile says.",
    Way.UNSUPPORTED: "`{}`, which is not supported, is dealt with as the profile says.",
}
_ENDINGS = {way: way.value for way in (Way.RANGE, Way.TYPE, Way.COMBINATION, Way.MISSING)}
_FLAGS = ("stream", "stream_options", "logprobs", "parallel_tool_calls", "store")
"""Parameters that are true or false, or hold nothing else, and so have no range."""
_COMPANIONED = (
    *("stream_options", "max_tokens", "max_completion_tokens", "top_logprobs", "tool_choice"),
    *("parallel_tool_calls", "function_call", "audio", "metadata"),
)
"""Parameters that go with others somewhere."""
_COMPOSED = (
    *("response_format", "tools", "tool_choice", "functions", "function_call"),
    *("audio", "prediction", "moderation"),
)
"""Parameters with members that they must have."""


def _declare_departure(
    word: str,
    way: Way,
    title: str,
    about: Callable[[str], bool],
    claimed: Claimed,
    clause: str = "",
) -> None:
    family = f"param.{word}.{_ENDINGS.get(way, 'unsupported')}"

    @check(
        family,
        level=MUST,
        on=probe(family),
        given=departs_in(about, way),
        claimed=claimed,
        probes=(family,),
        clause=clause or f"param.{_ENDINGS.get(way, 'unsupported')}",
        title=title,
        presupposes="chat.basic",
    )
    def dealt_with_as_stated(x: Reading, profile: Profile) -> Problems:
        yield from departure_problems(x, profile)


def _declare(name: str, way: Way) -> None:
    def about(top: str) -> bool:
        return top == name

    title = _TITLES[way].format(name)
    _declare_departure(slug(name), way, title, about, stated(about, way))


for _name in NAMES:
    if _name not in _FLAGS:
        _declare(_name, Way.RANGE)
    _declare(_name, Way.TYPE)
    if _name in _COMPANIONED:
        _declare(_name, Way.COMBINATION)
    if _name in _COMPOSED:
        _declare(_name, Way.MISSING)
    if _name != "stream":  # whether there are streams at all is a claim of its own
        _declare(_name, Way.UNSUPPORTED)
_declare("model", Way.TYPE)
_declare_departure(
    "vendor",
    Way.RANGE,
    "A parameter that only this vendor has, outside its range, is dealt with as the profile says.",
    of_vendor,
    vendor_stated(Way.RANGE),
    "param.vendor.range",
)
_declare_departure(
    "vendor",
    Way.TYPE,
    "A parameter that only this vendor has, of another type, is dealt with as the profile says.",
    of_vendor,
    vendor_stated(Way.TYPE),
    "param.vendor.type",
)


@check(
    "param.unknown-field.unsupported",
    level=MUST,
    on=probe("param.unknown-field.unsupported"),
    given=departs_in(lambda top: True, Way.UNKNOWN_FIELD),
    claimed=unknown_fields_stated,
    probes=("param.unknown-field.unsupported",),
    clause="param.unsupported",
    presupposes="chat.basic",
)
def unknown_fields_are_dealt_with_as_stated(x: Reading, profile: Profile) -> Problems:
    """A field that no API knows is dealt with as the profile says."""
    yield from departure_problems(x, profile)
