"""What a profile claims of each parameter: taken, with its effect; refused, ignored or cut where it says so.

A check belongs to one parameter and its members, and looks at the requests that are about it.
Its effect is looked for in every ordinary request that has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from conformance.model.finding import Hindrance, Level, Problem, Unjudged
from conformance.model.profile import Confidence, Parameter, Profile, Reaction, Support
from conformance.spec.claims import (
    Departure,
    Way,
    effect_expected,
    shown,
    standing,
    steps,
)
from conformance.wire.answer import said
from conformance.wire.reading import Reading

from . import chat, chunk
from .effects import VISIBLE, Effect, Seen
from .errors import client_error, error_with_success, members_came
from .fields import broken
from .givens import RECORDING, answered, completion, finished_stream
from .kinds import departing, ordinary_chat, probe
from .registry import MAY, MUST, SHOULD, Claimed, Kind, Problems, Scope, check

LIMITS = ("max_tokens", "max_completion_tokens")
NAMES = (
    *("stream", "stream_options", "temperature", "top_p", "n", "max_completion_tokens"),
    *("max_tokens", "stop", "frequency_penalty", "presence_penalty", "logit_bias", "logprobs"),
    *("top_logprobs", "response_format", "tools", "tool_choice", "parallel_tool_calls"),
    *("functions", "function_call", "seed", "reasoning_effort", "verbosity", "service_tier"),
    *("store", "metadata", "user", "safety_identifier", "prompt_cache_key"),
    *("prompt_cache_retention", "prompt_cache_options", "modalities", "audio", "prediction"),
    *("web_search_options", "moderation"),
)
"""Every optional parameter of chat completions."""


def slug(name: str) -> str:
    """A parameter's name as part of an id."""
    return name.replace("_", "-")


def model_of(x: Reading) -> str | None:
    """The model that a request names."""
    model = x.asked.body.get("model")
    return model if isinstance(model, str) else None


def top_of(name: str) -> str:
    """The parameter that a dotted name is a member of."""
    return steps(name)[0]


# What is claimed


def taken(name: str) -> Claimed:
    """Whether the profile leaves room for a parameter."""

    def claimed(profile: Profile) -> str | None:
        none = profile.parameter(name).support is Support.NONE
        return "the profile says that the parameter is not supported" if none else None

    return claimed


def stated(name: str, way: Way) -> Claimed:
    """Whether the profile says what is done with a departure of a parameter or one of its members."""

    def claimed(profile: Profile) -> str | None:
        for claim in _claims(name, profile):
            if _policy_known(claim, way, profile):
                return None
        return _UNSAID[way]

    return claimed


_UNSAID = {
    Way.RANGE: "the profile has no range for the parameter, or does not say what is done outside it",
    Way.TYPE: "the profile has no types for the parameter, or does not say what is done with others",
    Way.COMBINATION: "the profile names no companions of the parameter, or not what is done without",
    Way.UNSUPPORTED: "the profile does not list the parameter as unsupported",
}


def _claims(name: str, profile: Profile) -> list[Parameter]:
    """All claims about a parameter and its members, for any model."""
    tables: list[Mapping[str, Parameter]] = [profile.parameters]
    tables += [variant.parameters for variant in profile.models.variants]
    return [c for table in tables for n, c in table.items() if top_of(n) == name]


def _policy_known(claim: Parameter, way: Way, profile: Profile) -> bool:
    none = claim.support is Support.NONE
    if (way is Way.UNSUPPORTED) is not none:
        return False
    own = {
        Way.RANGE: claim.out_of_range or profile.out_of_range,
        Way.TYPE: claim.wrong_type or profile.wrong_type,
        Way.COMBINATION: claim.combination or profile.combination,
        Way.UNSUPPORTED: claim.unsupported or profile.unsupported,
    }
    limited = {
        Way.RANGE: _bounded(claim),
        Way.TYPE: bool(claim.types),
        Way.COMBINATION: bool(claim.requires or claim.excludes or claim.only_with_stream),
        Way.UNSUPPORTED: True,
    }
    return own[way].known and limited[way]


def _bounded(claim: Parameter) -> bool:
    bounds = (
        *(claim.minimum, claim.maximum, claim.min_items, claim.max_items),
        *(claim.min_length, claim.max_length, claim.max_properties, claim.pattern),
    )
    return bool(claim.values) or any(bound is not None for bound in bounds)


def firmness(claim: Parameter, profile: Profile) -> Level | None:
    """How much a broken claim matters: all of it, less where the claim was inferred, a note where none is made."""
    if claim.support is not Support.FULL:
        return MAY
    founded = profile.confidence(claim.source) if claim.source else claim.confidence
    return SHOULD if Confidence.INFERRED in (founded, claim.confidence) else None


# Accepted


def replied(x: Reading, profile: Profile) -> Unjudged | None:
    """It was answered, with neither a server error nor for want of quota."""
    if (reason := answered(x, profile)) is not None:
        return reason
    status = x.status or 0
    if status in (402, 429):
        return Unjudged(f"status {status}", Hindrance.RUN)
    if status < 300 and error_with_success(x) and not profile.errors.with_status_200:
        return Unjudged(f"an error with status {status}")
    return Unjudged(f"status {status}") if status >= 500 else None


def not_found(x: Reading, about: Iterable[str]) -> Unjudged | None:
    """What is not found may be anything, unless the refusal says that it is about parameters or one of these words."""
    if x.status != 404:
        return None
    told = (*(x.envelope.members.get(member) for member in ("code", "type", "param")),)
    text = " ".join(str(one) for one in (x.envelope.message, *told) if one).lower()
    words = "|".join(re.escape(word.rstrip("s")) for word in about)
    if re.search(rf"(?<![a-z])(?:param(?:eter)?|{words})s?(?![a-z])", text):
        return None
    return Unjudged("status 404, which may be about the model or the prompt")


def _declare_accepted(name: str) -> None:
    family = f"param.{slug(name)}.value"

    def blamed(x: Reading, profile: Profile) -> Unjudged | None:
        """It was answered, and not refused for another parameter that goes with this one."""
        if (reason := replied(x, profile)) is not None:
            return reason
        named = x.envelope.members.get("param") if (x.status or 0) >= 400 else None
        other = top_of(named) if isinstance(named, str) and named else name
        if other != name and other in x.asked.body and other in NAMES:
            return Unjudged(f"refused because of {other}")
        return not_found(x, (name, *name.split("_")))

    @check(
        f"param.{slug(name)}.accepted",
        level=MUST,
        on=probe(family),
        given=blamed,
        claimed=taken(name),
        probes=(family,),
        clause="param.accepted",
        title=f"`{name}` is accepted with every value that the profile claims.",
        presupposes="chat.basic",
    )
    def accepted(x: Reading, profile: Profile) -> Problems:
        status = x.status or 0
        if 200 <= status < 300 and not error_with_success(x):
            return
        found = standing(x.asked.body, profile, model_of(x))
        others = [n for n in found.unclaimed if top_of(n) != name and n not in LIMITS]
        firm = firmness(profile.parameter(name, model_of(x)), profile)
        unclaimed = bool(others) or any(top_of(n) == name for n in found.unclaimed)
        yield Problem(
            f"status, for {_shown(x, name)}",
            expected="200",
            actual=refusal_of(x),
            level=MAY if unclaimed else firm,
            evidence=x.body[:300].decode("utf-8", "replace"),
            claims=profile.cited(profile.parameter(name, model_of(x)).source),
        )


def _shown(x: Reading, name: str) -> str:
    value = x.asked.body.get(name)
    text = shown(value)
    return f"{name} = {text if len(text) <= 80 else text[:77] + '...'}"


def refusal_of(x: Reading) -> str:
    """Status and message of a refusal."""
    message = x.envelope.message
    return f"{x.status}" + (f": {message[:160]}" if isinstance(message, str) else "")


# Effective


def has(name: str) -> Kind:
    """Ordinary chat requests in which the effect of a parameter would show."""
    visible = VISIBLE[name]

    def asked(x: Reading) -> bool:
        return ordinary_chat(x) and name in x.asked.body and visible.shows(x.asked.body)

    return asked


def came(x: Reading, profile: Profile) -> Unjudged | None:
    """An answer came in the form asked for, to its end."""
    return (finished_stream if x.asked.streams else completion)(x, profile)


_READ = {"content", "tool_calls", "function_call", "index", "message", "delta"}
"""Members of a choice that effects are read from."""


def well_formed(x: Reading) -> bool:
    """Whether what effects are read from has its types; where it has not, other checks say so."""
    if x.asked.streams:
        if any(not isinstance(parsed.value, dict) for _, _, parsed in x.parsed_events):
            return False
        found = broken(x, chunk.SCHEMA, [c for _, c in chunk.content_chunks(x)])
    else:
        found = broken(x, chat.SCHEMA, [x.object or {}])
    paths = (violation.path for _, those in found for violation in those)
    return not any(path[:1] == ("choices",) and _READ & set(path) for path in paths)


def _declare_effective(name: str) -> None:
    visible = VISIBLE[name]

    def clear(x: Reading, profile: Profile) -> Unjudged | None:
        """Something can be told of the effect."""
        if (reason := came(x, profile)) is not None:
            return reason
        claim = profile.parameter(name, model_of(x))
        if claim.support is Support.NONE:
            return Unjudged("not supported", RECORDING)
        if not well_formed(x):
            return Unjudged("the answer is malformed")
        if not effect_expected(claim, x.asked.body):
            return Unjudged("another parameter of the request takes its effect away", RECORDING)
        seen = visible.look(x)
        return Unjudged(seen.said, Hindrance.MODEL) if seen.effect is Effect.UNCLEAR else None

    @check(
        f"param.{slug(name)}.effective",
        level=visible.level,
        on=has(name),
        given=clear,
        claimed=taken(name),
        probes=(f"param.{slug(name)}.value",),
        clause=f"param.effective.{slug(name)}",
        title=f"`{name}` has its effect where it is accepted.",
    )
    def effective(x: Reading, profile: Profile) -> Problems:
        seen = visible.look(x)
        if seen.effect is Effect.MISSING:
            firm = firmness(profile.parameter(name, model_of(x)), profile)
            yield Problem(
                seen.at or _shown(x, name),
                expected=visible.expected(x.asked.body),
                actual=f"accepted and {seen.how}: {seen.said}",
                level=_weaker(seen.level, firm),
                claims=profile.cited(profile.parameter(name, model_of(x)).source),
            )


def _weaker(*levels: Level | None) -> Level | None:
    return min((one for one in levels if one), key=lambda one: one.rank, default=None)


# Departures


def departure_of(x: Reading, profile: Profile) -> Departure | None:
    """The one thing in which a request departs from the profile; the limit that every request has aside."""
    found = standing(x.asked.body, profile, model_of(x)).departures
    # `param.n.range` and `generated.defect:n#7` are about n.
    about = re.split(r"[.:#]", x.id)[2 if x.exchange.probe == "generated.defect" else 1 :][:1]
    found = tuple(d for d in found if d.parameter not in LIMITS or [slug(d.parameter)] == about)
    return found[0] if len(found) == 1 else None


def departs(x: Reading, profile: Profile) -> Unjudged | None:
    """It departs in one way, of which the profile says what is done."""
    if (reason := replied(x, profile)) is not None:
        return reason
    departure = departure_of(x, profile)
    if departure is None or not departure.policy.known:
        return Unjudged("the profile does not say what is done with it", RECORDING)
    return None


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
    Way.UNSUPPORTED: "`{}`, which is not supported, is dealt with as the profile says.",
}
_ENDINGS = {Way.RANGE: "range", Way.TYPE: "type", Way.COMBINATION: "combination"}
_FLAGS = ("stream", "stream_options", "logprobs", "parallel_tool_calls", "store")
"""Parameters that are true or false, or hold nothing else, and so have no range."""
_COMPANIONED = (
    *("stream_options", "max_tokens", "max_completion_tokens", "top_logprobs", "tool_choice"),
    *("parallel_tool_calls", "function_call", "audio", "metadata"),
)
"""Parameters that go with others somewhere."""


def _declare_departure(name: str, way: Way) -> None:
    family = f"param.{slug(name)}.{_ENDINGS.get(way, 'unsupported')}"

    @check(
        family,
        level=MUST,
        on=probe(family),
        given=departs,
        claimed=stated(name, way),
        probes=(family,),
        clause=f"param.{_ENDINGS.get(way, 'unsupported')}",
        title=_TITLES[way].format(name),
        presupposes="chat.basic",
    )
    def dealt_with_as_stated(x: Reading, profile: Profile) -> Problems:
        yield from departure_problems(x, profile)


for _name in NAMES:
    _declare_accepted(_name)
    if _name in VISIBLE and VISIBLE[_name].certain:
        _declare_effective(_name)
    if _name not in _FLAGS:
        _declare_departure(_name, Way.RANGE)
    _declare_departure(_name, Way.TYPE)
    if _name in _COMPANIONED:
        _declare_departure(_name, Way.COMBINATION)
    if _name != "stream":  # whether there are streams at all is a claim of its own
        _declare_departure(_name, Way.UNSUPPORTED)
_declare_departure("model", Way.TYPE)


def repeated(x: Reading) -> bool:
    """Requests that ask for an answer that can be repeated, and are sent again."""
    return x.exchange.probe == "param.seed.value" and x.asked.body.get("temperature") == 0


@check(
    "param.seed.effective",
    level=MAY,
    on=repeated,
    given=came,
    claimed=taken("seed"),
    scope=Scope.LINKED,
    probes=("param.seed.value",),
    clause="param.effective.seed",
)
def equal_seeds_give_equal_answers(xs: tuple[Reading, ...], profile: Profile) -> Problems:
    """Two equal requests with `seed` and temperature 0, answered by one system_fingerprint, get one answer."""
    first: dict[str, Reading] = {}
    for x in xs:
        earlier = first.setdefault(_fingerprint(x), x)
        ours, theirs = ([one.text for one in said(reading)] for reading in (x, earlier))
        if ours != theirs:
            yield Problem(
                "/choices",
                expected=f"{theirs}, the answer to {earlier.id}"[:200],
                actual=f"{ours}"[:200],
                exchange=x.id,
            )


def _fingerprint(x: Reading) -> str:
    body = x.chunks[0][1] if x.asked.streams and x.chunks else x.object or {}
    return str(body.get("system_fingerprint"))


def unknown_fields_stated(profile: Profile) -> str | None:
    """Whether the profile says what is done with fields that nobody knows."""
    known = profile.unknown_field.known
    return None if known else "the profile does not say what is done with unknown fields"


@check(
    "param.unknown-field.unsupported",
    level=MUST,
    on=probe("param.unknown-field.unsupported"),
    given=departs,
    claimed=unknown_fields_stated,
    probes=("param.unknown-field.unsupported",),
    clause="param.unsupported",
    presupposes="chat.basic",
)
def unknown_fields_are_dealt_with_as_stated(x: Reading, profile: Profile) -> Problems:
    """A field that no API knows is dealt with as the profile says."""
    yield from departure_problems(x, profile)


# What a refusal says


def code_promised(x: Reading, profile: Profile) -> Unjudged | None:
    """It was refused, and the profile states a code or type for that."""
    departure = departure_of(x, profile)
    policy = departure.policy if departure else None
    if departure is None or policy is None or Reaction.REJECT not in policy.reactions:
        return Unjudged("the profile promises no refusal", RECORDING)
    if not (departure.code or policy.type or policy.code_or_type):
        return Unjudged("the profile states no code for it", RECORDING)
    return client_error(x, profile) or members_came(x, profile)


ALL_FAMILIES = (
    *(
        f"param.{slug(name)}.{ending}"
        for name in NAMES
        for ending in ("range", "type", "combination", "unsupported")
    ),
    "param.unknown-field.unsupported",
)


@check(
    "errors.parameter-code",
    level=MUST,
    on=departing,
    given=code_promised,
    probes=ALL_FAMILIES,
)
def refused_parameters_have_their_code(x: Reading, profile: Profile) -> Problems:
    """The refusal of a parameter carries the code and type that the profile states for it."""
    departure = departure_of(x, profile)
    if departure is None:
        return
    members, at, policy = x.envelope.members, x.envelope.at, departure.policy
    claims = profile.cited(policy.source)
    for member, wanted in (("code", departure.code), ("type", policy.type)):
        if not isinstance(members.get(member), str | None):
            continue  # errors.code and errors.type say so
        if wanted is not None and members.get(member) != wanted:
            actual = f"{members[member]!r}"[:160] if member in members else "absent"
            yield Problem(f"{at}/{member}", expected=wanted, actual=actual, claims=claims)
    either = {str(members.get("code")), str(members.get("type"))}
    if policy.code_or_type and not either & set(policy.code_or_type):
        expected = " or ".join(policy.code_or_type)
        yield Problem(f"{at}/code", expected=expected, actual=f"{sorted(either)}", claims=claims)


def name_promised(x: Reading, profile: Profile) -> Unjudged | None:
    """It was refused, and the profile says that the refusal names the parameter."""
    departure = departure_of(x, profile)
    if departure is None or departure.policy.names_parameter is not True:
        return Unjudged("the profile does not say that it is named", RECORDING)
    if (reason := client_error(x, profile) or members_came(x, profile)) is not None:
        return reason
    members = x.envelope.members
    missing = "param" not in members and "param" in profile.errors.members
    if missing or not isinstance(members.get("param"), str | None):
        return Unjudged("`param` is missing or no text")  # errors.param says so
    return None


@check(
    "errors.parameter-named",
    level=MUST,
    on=departing,
    given=name_promised,
    probes=ALL_FAMILIES,
)
def refused_parameters_are_named(x: Reading, profile: Profile) -> Problems:
    """`param` of a refusal names the parameter that is to blame, where the profile says so."""
    departure = departure_of(x, profile)
    named = x.envelope.members.get("param")
    if departure is None or (isinstance(named, str) and _names(named, departure, x, profile)):
        return
    actual = f"{named!r}"[:160] if "param" in x.envelope.members else "absent"
    claims = profile.cited(departure.policy.source)
    yield Problem(f"{x.envelope.at}/param", expected=departure.at, actual=actual, claims=claims)


def _names(named: str, departure: Departure, x: Reading, profile: Profile) -> bool:
    """Whether a name is the place, a place inside it, or the parameter that holds it.

    Of parameters that do not go together each may be named.
    """
    meant = {top_of(departure.parameter)}
    if departure.way is Way.COMBINATION:
        claim = profile.parameter(departure.parameter, model_of(x))
        meant |= {top_of(other) for other in (*claim.requires, *claim.excludes)}
        meant |= {"stream"} if claim.only_with_stream else set()
    return bool(meant & set(steps(named)[:1]))
