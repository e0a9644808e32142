"""Whether schemas of many shapes are obeyed where they are taken: one check for each kind of shape.

A schema that is refused with a 4xx status is refused honestly.
One that was sent with ``strict: true`` and taken is to be obeyed; of others the model makes what it can.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from conformance.model.finding import Hindrance, Level, Problem, Unjudged
from conformance.model.json import JSON
from conformance.model.profile import Profile, Support
from conformance.spec.shapes import topics
from conformance.wire.reading import Reading

from .effects.form import strict_answer
from .effects.seen import Effect
from .kinds import probe
from .messages import turned_down
from .obedience import Look, of_answer, of_arguments, strict_arguments
from .parameters.accepted import refusal_of, replied
from .parameters.claims import model_of, taken
from .parameters.effective import came
from .registry import MAY, MUST, SHOULD, Problems, check


@dataclass(frozen=True, slots=True)
class _Kind:
    """What carries a schema, and how it is looked at."""

    name: str
    parameter: str
    flag: str
    """The claim about its ``strict``."""
    plainest: str
    """The family that carries the plainest schema: where that is refused as well, nothing is told of shapes."""
    look: Look
    strict: Callable[[Mapping[str, JSON]], bool]
    title: str


_KINDS = (
    _Kind(
        "output",
        "response_format",
        "response_format.json_schema.strict",
        "param.response-format.value",
        of_answer,
        strict_answer,
        "Answers obey the schema of a strict response format: {}.",
    ),
    _Kind(
        "tool",
        "tools",
        "tools[].function.strict",
        "param.tool-choice.value",
        of_arguments,
        strict_arguments,
        "Arguments obey the schema of a strict function: {}.",
    ),
)


def _weight(kind: _Kind, x: Reading, profile: Profile) -> Level | None:
    """How much a broken schema matters: all of it where it is strict and strictness is claimed."""
    claims = [profile.parameter(name, model_of(x)) for name in (kind.parameter, kind.flag)]
    if not kind.strict(x.asked.body) or claims[0].support is not Support.FULL:
        return MAY
    return None if claims[1].support is Support.FULL else SHOULD


def _declare(kind: _Kind, topic: str, says: str, *, strict: bool = True) -> None:
    family = f"schema.{kind.name}.{topic}"

    def told(x: Reading, profile: Profile) -> Unjudged | None:
        """An answer came from which something can be told, or a claimed schema was refused."""
        if (reason := replied(x, profile)) is not None:
            return reason
        if turned_down(x):
            # Whether streams are refused is told by other rules.
            claimed = _weight(kind, x, profile) is None and not x.asked.streams
            return None if claimed else Unjudged(f"refused honestly (status {x.status})")
        if (reason := came(x, profile)) is not None:
            return reason
        seen = kind.look(x)
        return Unjudged(seen.said, Hindrance.MODEL) if seen.effect is Effect.UNCLEAR else None

    @check(
        family,
        level=MUST if strict else MAY,
        on=probe(family),
        given=told,
        claimed=taken(kind.parameter),
        probes=(family,),
        clause=f"schema.{kind.name}",
        title=kind.title.format(says),
        presupposes=kind.plainest,
    )
    def obeyed(x: Reading, profile: Profile) -> Problems:
        if turned_down(x):
            yield Problem("status", expected="200", actual=refusal_of(x), level=MAY)
            return
        seen = kind.look(x)
        if seen.effect is Effect.MISSING:
            strict = kind.strict(x.asked.body)
            yield Problem(
                seen.at,
                expected="JSON that obeys the schema" + (", which is strict" if strict else ""),
                actual=seen.said,
                level=_weight(kind, x, profile),
            )


for _kind in _KINDS:
    for _topic in topics().values():
        _strict = any(shape.strict for shape in _topic.shapes)
        _said = _topic.says[0].lower() + _topic.says[1:].rstrip(".")
        _declare(_kind, _topic.name, _said, strict=_strict)
    if _kind.name == "tool":
        _declare(_kind, "limits", "names and descriptions at their limits")
