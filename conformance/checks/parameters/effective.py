"""Parameters have their effect where they are accepted: looked for in every ordinary request that has one."""

from __future__ import annotations

from conformance.checks.chat.fields import COMPLETION
from conformance.checks.chat.fields import FIELDS as OF_COMPLETIONS
from conformance.checks.chunk.fields import CHUNK
from conformance.checks.chunk.fields import FIELDS as OF_CHUNKS
from conformance.checks.effects.seen import Effect
from conformance.checks.effects.visible import VISIBLE
from conformance.checks.fields import Field, broken, field_problems, owner_of
from conformance.checks.givens import RECORDING, completion, finished_stream
from conformance.checks.kinds import ordinary_chat
from conformance.checks.registry import MAY, MUST, Kind, Problems, Scope, check
from conformance.model.finding import Hindrance, Level, Problem, Unjudged
from conformance.model.json import JSON
from conformance.model.profile import Profile, Support
from conformance.spec.claims import effect_expected
from conformance.spec.names import slug
from conformance.spec.phrase import cut
from conformance.wire.answer import said
from conformance.wire.chunks import content_chunks
from conformance.wire.reading import Reading

from .accepted import value_shown
from .claims import firmness, model_of, taken


def has(name: str) -> Kind:
    """Ordinary chat requests in which the effect of a parameter would show."""
    visible = VISIBLE[name]

    def asked(x: Reading) -> bool:
        return ordinary_chat(x) and name in x.asked.body and visible.shows(x.asked.body)

    return asked


def came(x: Reading, profile: Profile) -> Unjudged | None:
    """An answer came in the form asked for, to its end."""
    return (finished_stream if x.asked.streams else completion)(x, profile)


_READ = ("content", "refusal", "tool_calls", "function_call")
"""Members of a message or a delta that effects are read from."""


def unreadable(x: Reading) -> str | None:
    """The first place of an answer that keeps effects from being read, and the check that speaks of it."""
    if not x.asked.streams:
        return _misformed(x, COMPLETION, OF_COMPLETIONS, [(0, x.object or {})])
    for number, _, parsed in x.parsed_events:
        if not isinstance(parsed.value, dict):
            return f"event {number} is no object"
    return _misformed(x, CHUNK, OF_CHUNKS, content_chunks(x))


def _misformed(
    x: Reading, schema: str, fields: tuple[Field, ...], values: list[tuple[int, dict[str, JSON]]]
) -> str | None:
    for place, those in broken(x, schema, [value for _, value in values]):
        number, value = values[place]
        for violation in (one for one in those if _is_read(one.path)):
            field = next(one for one in fields if one.id == owner_of(violation.path, fields))
            for problem in field_problems(field, fields, value, [violation]):
                # What reads like absent, such as `"tool_calls": null`, hides no effect.
                if (problem.level or field.level) is MUST or problem.at.endswith("/index"):
                    event = f"event {number}: " if number else ""
                    return f"{event}{problem.at} is malformed, which {field.id} tells"
    return None


def _is_read(path: tuple[str | int, ...]) -> bool:
    if path[:1] != ("choices",) or len(path) < 3:
        return False
    member = path[3] if len(path) > 3 else None
    return path[2] == "index" or (path[2] in ("message", "delta") and member in (None, *_READ))


def _declare_effective(name: str) -> None:
    visible = VISIBLE[name]

    def clear(x: Reading, profile: Profile) -> Unjudged | None:
        """Something can be told of the effect."""
        if (reason := came(x, profile)) is not None:
            return reason
        claim = profile.parameter(name, model_of(x))
        if claim.support is Support.NONE:
            return Unjudged("not supported", RECORDING)
        if (place := unreadable(x)) is not None:
            return Unjudged(place)
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
                seen.at or value_shown(x, name),
                expected=visible.expected(x.asked.body),
                actual=f"accepted and {seen.how}: {seen.said}",
                level=_weaker(seen.level, firm),
                claims=profile.cited(profile.parameter(name, model_of(x)).source),
            )


def _weaker(*levels: Level | None) -> Level | None:
    return min((one for one in levels if one), key=lambda one: one.rank, default=None)


for _name, _visible in VISIBLE.items():
    if _visible.certain:
        _declare_effective(_name)


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
                expected=cut(f"{theirs}, the answer to {earlier.id}"),
                actual=cut(f"{ours}"),
                exchange=x.id,
            )


def _fingerprint(x: Reading) -> str:
    body = x.chunks[0][1] if x.asked.streams and x.chunks else x.object or {}
    return str(body.get("system_fingerprint"))
