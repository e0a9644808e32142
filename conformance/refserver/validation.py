"""Which mistakes a chat request holds, by the profile's claims and, where it is silent, as OpenAI has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from conformance.model.profile import Cause, Parameter, Policy, Profile, Reaction, Support
from conformance.refserver.exchange import Obj
from conformance.refserver.limits import (
    has_type,
    ill_typed,
    nearest,
    out_of_range,
    spoken,
    type_name,
)
from conformance.refserver.messages import message_mistakes
from conformance.refserver.mistakes import Mistake, bad_value, combination, missing, wrong_type
from conformance.refserver.parameters import CLOSED, OPENAI, TOP_LEVEL, WORDS, effective
from conformance.refserver.places import Place, places

_DEPTH = 128
_NEEDED_WITH_TYPE = {
    "tools[].function": "function",
    "tools[].custom": "custom",
    "tool_choice.function": "function",
    "response_format.json_schema": "json_schema",
}


def body_mistakes(raw: bytes, body: Obj) -> Iterator[Mistake]:
    """Reads a body into ``body``; yields what is wrong with it as JSON."""
    try:
        value = json.loads(raw.decode(), parse_constant=_refuse)
        _measure(value)
    except (ValueError, RecursionError):
        text = "We could not parse the JSON body of your request."
        yield Mistake(text, Cause.MALFORMED_JSON)
        return
    if isinstance(value, dict):
        body.update(value)
    else:
        kind = type_name(value)
        yield Mistake(f"The body must be a JSON object, not {kind}.", Cause.NOT_AN_OBJECT)


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _measure(value: Any) -> None:
    level = [value]
    for _ in range(_DEPTH):
        level = [
            inner
            for outer in level
            if isinstance(outer, list | dict)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise ValueError("nested too deeply")


def chat_mistakes(
    body: Obj, profile: Profile, models: tuple[str, ...], *, lenient: bool = False
) -> Iterator[Mistake]:
    """What is wrong with a chat request, one at a time, in OpenAI's order.

    The body is altered on the way: what is ignored, stripped or clamped is gone afterwards.
    Whoever goes on after a mistake finds it mended.
    """
    yield from _model(body, models)
    yield from _messages(body)
    yield from _unknown_fields(body, profile)
    for name in _names(profile):
        yield from _parameter(name, body, profile, lenient=lenient)
    for name in _names(profile):
        yield from _companions(name, body, profile)
    yield from _undeclared(body)
    yield from message_mistakes(body, profile, lenient=lenient)
    _translate(body, profile)


def _model(body: Obj, models: tuple[str, ...]) -> Iterator[Mistake]:
    model = body.get("model")
    if model is None or model == "":
        yield Mistake("you must provide a model parameter", Cause.MISSING_MODEL)
        body["model"] = models[0]
    elif not isinstance(model, str):
        yield wrong_type("model", "a string", spoken(model))
        body["model"] = models[0]
    elif model not in models:
        text = f"The model `{model[:100]}` does not exist or you do not have access to it."
        yield Mistake(text, Cause.UNKNOWN_MODEL, code="model_not_found", status=404)


def _messages(body: Obj) -> Iterator[Mistake]:
    messages = body.get("messages")
    if messages is None:
        yield missing("messages", Cause.MISSING_MESSAGES)
    elif not isinstance(messages, list):
        found = wrong_type("messages", "an array of objects", spoken(messages))
        yield Mistake(found.message, Cause.WRONG_TYPE_MESSAGES, "messages", found.code)
    elif not messages:
        text = "Invalid 'messages': empty array. Expected an array with minimum length 1."
        yield Mistake(text, Cause.EMPTY_MESSAGES, "messages", "empty_array")
    if not isinstance(messages, list):
        body["messages"] = [] if messages is None else [{"role": "user", "content": str(messages)}]


def _unknown_fields(body: Obj, profile: Profile) -> Iterator[Mistake]:
    known = {*TOP_LEVEL, *profile.parameters}
    known |= {claim.renamed_to for claim in profile.parameters.values() if claim.renamed_to}
    found = [Place(name, body, name) for name in body if name not in known]
    for closed in CLOSED:
        members = places(body, f"{closed}.*")
        found += [p for p in members if p.label not in known and p.label not in OPENAI]
    for place in found:
        policy = profile.unknown_field
        if _reaction(policy) is Reaction.REJECT:
            name = place.label[:100]
            text = f"Unknown parameter: '{name}'."
            yield Mistake(text, param=name, code="unknown_parameter", policy=policy)
        place.drop()


def _names(profile: Profile) -> list[str]:
    """All parameters with a claim or a known form, OpenAI's first and in its order."""
    others = [*profile.parameters]
    others += [claim.renamed_to for claim in profile.parameters.values() if claim.renamed_to]
    for variant in profile.models.variants:
        others += variant.parameters
    names = [*OPENAI, *dict.fromkeys(name for name in others if name not in OPENAI)]
    return [name for name in names if name not in ("model", "messages")]


def _claim(name: str, body: Obj, profile: Profile) -> Parameter:
    stated = profile.parameter(name, str(body.get("model")))
    if stated == Parameter(name) and name in OPENAI:
        return OPENAI[name]
    return effective(stated, stated.alias_of or _renamed_from(name, profile))


def _renamed_from(name: str, profile: Profile) -> str | None:
    if name in OPENAI:
        return None
    claims = profile.parameters.items()
    return next((old for old, claim in claims if claim.renamed_to == name), None)


def _parameter(name: str, body: Obj, profile: Profile, *, lenient: bool) -> Iterator[Mistake]:
    found = [one for one in places(body, name) if not (lenient and _of_a_turn(one))]
    if not found:
        return
    claim = _claim(name, body, profile)
    for place in found:
        if not place.present:
            policy = claim.missing or profile.missing
            if _needed(claim, place) and _reaction(policy) is Reaction.REJECT:
                yield missing(place.label, policy=policy)
        elif _unsupported(claim, place, profile):
            yield from _not_taken(claim, place, profile)
        else:
            yield from _value(claim, place, profile)


def _of_a_turn(place: Place) -> bool:
    """Whether a place is in a message after the first, which may be the server's own."""
    return place.label.startswith("messages[") and not place.label.startswith("messages[0]")


def _needed(claim: Parameter, place: Place) -> bool:
    if claim.required_where:
        return all(place.parent.get(name) == v for name, v in claim.required_where.items())
    wanted = _NEEDED_WITH_TYPE.get(claim.name)
    return claim.required if wanted is None else place.parent.get("type") == wanted


def _unsupported(claim: Parameter, place: Place, profile: Profile) -> bool:
    if claim.name == "stream":
        none = Support.NONE in (claim.support, profile.streaming.supported)
        return none and place.value is True
    return claim.support is Support.NONE


def _not_taken(claim: Parameter, place: Place, profile: Profile) -> Iterator[Mistake]:
    policy = claim.unsupported or profile.unsupported
    if _reaction(policy) is Reaction.REJECT:
        text = f"Unsupported parameter: '{place.label}' is not supported."
        if claim.renamed_to:
            text += f" Use '{claim.renamed_to}' instead."
        code = "unsupported_parameter"
        yield Mistake(text, param=place.label, code=code, policy=policy)
    place.drop()


def _value(claim: Parameter, place: Place, profile: Profile) -> Iterator[Mistake]:
    label, value = place.label, place.value
    if claim.name in WORDS and isinstance(value, str) and not claim.values:
        if value not in WORDS[claim.name]:
            listed = ", ".join(f"'{word}'" for word in WORDS[claim.name])
            yield bad_value(label, f"'{value[:40]}'", f"Supported values are: {listed}.")
            place.drop()
        return
    policy = claim.wrong_type or profile.wrong_type
    found = ill_typed(label, value, claim, policy)
    repaired = None
    if found is None:
        policy = claim.out_of_range or profile.out_of_range
        found = out_of_range(label, value, claim, policy)
        repaired = nearest(value, claim)
    if found is None:
        return
    reaction = _reaction(policy)
    if reaction is Reaction.REJECT:
        yield found
    if reaction in (Reaction.CLAMP, Reaction.TRUNCATE) and repaired is not None:
        place.put(repaired)
    else:
        place.drop()


def _companions(name: str, body: Obj, profile: Profile) -> Iterator[Mistake]:
    found = [one for one in places(body, name) if one.present and one.value is not None]
    if not found:
        return
    claim = _claim(name, body, profile)
    for place in found:
        if _overridden(claim, body):
            place.drop()
            continue
        if lonely := _lonely(claim, place, body, profile):
            if lonely.policy is None or _reaction(lonely.policy) is Reaction.REJECT:
                yield lonely
            place.drop()


def _undeclared(body: Obj) -> Iterator[Mistake]:
    for place in places(body, "tool_choice.function.name"):
        declared = [tool.value for tool in places(body, "tools[].function.name")]
        if place.present and place.value not in declared:
            text = f"Tool choice '{str(place.value)[:64]}' not found in 'tools' parameter."
            yield Mistake(text, param="tool_choice")
            body.pop("tool_choice")


def _overridden(claim: Parameter, body: Obj) -> bool:
    return any(_given(other, None, body) for other in claim.overridden_by) or any(
        _given(other, value, body) for other, value in claim.ignored_when.items()
    )


def _lonely(claim: Parameter, place: Place, body: Obj, profile: Profile) -> Mistake | None:
    label = place.label
    policy = claim.combination or profile.combination
    if claim.only_with_stream and body.get("stream") is not True:
        text = f"The '{label}' parameter is only allowed when 'stream' is enabled."
        return combination(label, text, policy=policy)
    for other, value in claim.requires.items():
        if not _given(other, value, body):
            text = f"The '{label}' parameter is only allowed when '{other}' is given."
            return combination(label, text, policy=policy)
    for other in claim.excludes:
        if _given(other, None, body):
            text = f"Setting '{label}' and '{other}' at the same time is not supported."
            return combination(label, text, "invalid_parameter_combination", policy)
    return None


def _given(name: str, value: Any, body: Obj) -> bool:
    found = [place.value for place in places(body, name) if place.present]
    if value is None:
        return any(one is not None and one != [] for one in found)
    return any(one == value and has_type(one, [type_name(value)]) for one in found)


def _reaction(policy: Policy) -> Reaction:
    return policy.reactions[0] if policy.reactions else Reaction.REJECT


def _translate(body: Obj, profile: Profile) -> None:
    """Gives aliases and renamed parameters the names by which the model knows them."""
    for name, claim in profile.parameters.items():
        if claim.alias_of and name in body:
            body.setdefault(claim.alias_of, body.pop(name))
        if claim.renamed_to and claim.renamed_to not in OPENAI and claim.renamed_to in body:
            body[name] = body.pop(claim.renamed_to)
