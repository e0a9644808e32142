"""Parameters have their effect where they are accepted: looked for in every ordinary request that has one."""

from __future__ import annotations

from conformance.checks.chat.fields import COMPLETION
from conformance.checks.chunk.fields import CHUNK
from conformance.checks.effects.seen import Effect
from conformance.checks.effects.visible import VISIBLE
from conformance.checks.fields import broken
from conformance.checks.givens import RECORDING, completion, finished_stream
from conformance.checks.kinds import ordinary_chat
from conformance.checks.registry import MAY, Kind, Problems, Scope, check
from conformance.model.finding import Hindrance, Level, Problem, Unjudged
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


_READ = {"content", "tool_calls", "function_call", "index", "message", "delta"}
"""Members of a choice that effects are read from."""


def well_formed(x: Reading) -> bool:
    """Whether what effects are read from has its types; where it has not, other checks say so."""
    if x.asked.streams:
        if any(not isinstance(parsed.value, dict) for _, _, parsed in x.parsed_events):
            return False
        found = broken(x, CHUNK, [c for _, c in content_chunks(x)])
    else:
        found = broken(x, COMPLETION, [x.object or {}])
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
