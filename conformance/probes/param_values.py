"""Requests with a parameter that keep to its claim, those in which its effect shows first."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.model.json import JSON
from conformance.model.plan import Suite
from conformance.model.profile import Parameter, Profile, Support
from conformance.model.target import Target
from conformance.spec.claims import Standing, standing
from conformance.spec.names import slug, top_of

from .claim_values import inside, sample
from .registry import LIMIT, Case, Cases, filled
from .samples import EXAMPLES, STREAMED, TELLING, Fields, around

MAIN = (
    "n",
    "stop",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "response_format",
    "tools",
    "tool_choice",
    "logprobs",
    "stream_options",
    "presence_penalty",
    "frequency_penalty",
    "top_logprobs",
    "seed",
    "parallel_tool_calls",
)
"""The parameters that most clients send, the most telling first: they are tried more closely in a core run."""


_IN_STREAMS_TOO = ("n", "stop", "max_tokens", "response_format")
_EXPLORING = ("say-", "object", "required", "named")
"""Cases that tell more where nothing is claimed: with the plainest prompt, and of the forms apart."""
_ALIKE = ("presence_penalty", "frequency_penalty")
_BOUNDED = ("temperature", "top_p", *_ALIKE)
FORMS = ("response_format.type", "tools[].type", "tool_choice.type", "tool_choice.mode")
"""Members that say what the others are: each of their values goes with members of its own, so it is told there."""


def members(top: str, profile: Profile) -> list[str]:
    """A parameter and those of its members that the profile speaks of."""
    return [top, *(name for name in profile.parameters if name != top and top_of(name) == top)]


def values(top: str) -> Cases:
    """Requests that keep to a claim, those whose effect shows first."""

    def cases(profile: Profile, target: Target) -> Iterator[Case]:
        claim = profile.parameter(top, target.model)
        if claim.support is Support.NONE or top == "model":
            return
        seen: list[JSON] = []
        for number, (name, body) in enumerate(ordinary(top, claim)):
            kept = companied(top, body, claim)
            if not standing_of(kept, top, profile, target).departures:
                seen.append(kept)
                # Where the bound itself is sent, core has no need of a value inside as well.
                core = (number == 0 and (top not in _ALIKE or claim.maximum is None)) or (
                    top in _IN_STREAMS_TOO and name.startswith("stream-") and "inside" not in name
                )
                core |= name == "repeated" or (
                    name.startswith(_EXPLORING) and claim.support is Support.UNKNOWN
                )
                yield Case(name, kept, suite_of(core=core), worth_of(top, 10 - number))
        if claim.support is Support.UNKNOWN:
            return
        for member in members(top, profile):
            inner = profile.parameter(member, target.model)
            tried = inner.support is not Support.NONE and member not in FORMS
            for name, value in inside(inner) if tried else ():
                body = cheap(companied(top, around(member, value), claim))
                if body in seen or standing_of(body, top, profile, target).departures:
                    continue
                seen.append(body)
                bound = name == "maximum" and member in _BOUNDED
                yield Case(cased(top, member, name), body, suite_of(core=bound), worth_of(top, 2))

    return cases


def ordinary(top: str, claim: Parameter) -> Iterator[tuple[str, Fields]]:
    """The requests in which a parameter's effect shows, or one with an ordinary value."""
    for name, fields in TELLING.get(top, {}).items():
        body = around(top, fields.get(top, EXAMPLES[top]))
        body.update(fields)
        yield name, {**body, top: _fitting(body[top], claim)} if top in body else body
    if top not in TELLING:
        yield "ordinary", around(top, EXAMPLES[top] if top in EXAMPLES else sample(claim))


def _fitting(value: JSON, claim: Parameter) -> JSON:
    """As much of a list as the claim allows: its end, where the item is that has an effect."""
    most = claim.max_items
    return value[-most:] if isinstance(value, list) and most and len(value) > most else value


def standing_of(body: Fields, top: str, profile: Profile, target: Target) -> Standing:
    """How a body stands to the profile; the limit that every request has is no matter of another parameter."""
    found = standing(filled(body, target), profile, target.model)
    if LIMIT not in body:
        return found
    limit = target.limit_parameter
    return Standing(
        tuple(d for d in found.departures if d.parameter != limit),
        tuple(name for name in found.unclaimed if name != limit),
    )


def companied(top: str, body: Fields, claim: Parameter) -> dict[str, JSON]:
    """The body with what the profile says that the parameter requires, and without what it excludes."""
    made = {name: value for name, value in body.items() if name not in claim.excludes}
    for other, wanted in claim.requires.items():
        if other not in made and other in EXAMPLES:
            made[other] = EXAMPLES[other] if wanted is None else wanted
    return {**made, **STREAMED} if claim.only_with_stream else made


def cheap(body: dict[str, JSON]) -> dict[str, JSON]:
    """The body with as small a limit as many choices leave room for."""
    n = body.get("n")
    return {**body, LIMIT: 1} if isinstance(n, int) and n > 2 and LIMIT in body else body


def cased(top: str, member: str, name: str) -> str:
    """A case's name: that of a member begins with the member's own."""
    return name if member == top else f"{slug(member)[len(slug(top)) + 1 :]}-{name}"


def suite_of(*, core: bool) -> Suite:
    """Core, or full alone."""
    return Suite.CORE if core else Suite.FULL


def worth_of(top: str, more: int) -> int:
    """What a case is worth where not all can be sent: more where most clients send the parameter."""
    return more + (20 if top in MAIN else 0)
