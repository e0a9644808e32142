"""The matrix of parameters: each refused, passed over, left unchecked, or treated otherwise than its policy says.

The faults of one way differ in the parameter alone, so they are made from lists.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.model.profile import Parameter, Policy, Reaction, Support
from conformance.model.request import Operation
from conformance.refserver.completion import Answer
from conformance.refserver.exchange import Obj
from conformance.refserver.faults.registry import Facts, Stage, fault
from conformance.refserver.mistakes import Decision, Mistake

FREE = (
    *("temperature", "top_p", "presence_penalty", "frequency_penalty", "logit_bias", "seed"),
    *("reasoning_effort", "verbosity", "service_tier", "store", "metadata", "user"),
    *("safety_identifier", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options"),
    *("modalities", "audio", "prediction", "web_search_options", "moderation", "stop"),
    *("response_format", "parallel_tool_calls", "functions", "function_call", "top_logprobs"),
)
"""Parameters that only their own requests have."""
BOUNDED = (
    *("temperature", "top_p", "presence_penalty", "frequency_penalty", "n", "top_logprobs"),
    *("max_tokens", "max_completion_tokens", "stop", "seed", "tools", "functions", "metadata"),
    *("logit_bias", "service_tier", "reasoning_effort", "verbosity", "safety_identifier"),
    *("prompt_cache_key", "prompt_cache_retention", "response_format", "tool_choice"),
    *("function_call", "modalities", "audio", "prompt_cache_options", "prediction"),
    *("web_search_options",),
)
"""Parameters with a range, a length or a list somewhere in them."""
TYPED = (
    *FREE,
    *("model", "n", "logprobs", "max_tokens", "max_completion_tokens", "tools", "tool_choice"),
    *("stream", "stream_options"),
)
IGNORED = {
    "n": (),
    "stop": (),
    "max_completion_tokens": (),
    "top_logprobs": (),
    "response_format": (),
    "parallel_tool_calls": (),
    "function_call": (),
    "logit_bias": (),
}
"""Parameters whose effect shows, and what else notices that it is missing."""

_VALUES = ("invalid_value", "empty_", "_value", "_length", "_properties")
"""What the codes of a value out of range hold."""


CLAMPED = {
    "temperature": 2,
    "top_p": 1,
    "presence_penalty": 2,
    "frequency_penalty": 2,
    "top_logprobs": 20,
}
"""Parameters with a maximum, which a server may take in place of what is above it."""


def slug(name: str) -> str:
    """A parameter's name in the name of a fault or check."""
    return name.replace("_", "-")


def _made(
    name: str,
    title: str,
    checks: tuple[str, ...],
    stage: Stage,
    change: Callable[[Any, Facts], Any],
    **more: Any,
) -> None:
    """Declares one fault of a list."""

    def altered(data: Any, facts: Facts) -> Any:
        return change(data, facts)

    altered.__doc__, altered.__module__ = title, __name__
    fault(name, *checks, on=stage, **more)(altered)


def _about(mistake: Mistake | None, name: str) -> bool:
    """Whether a mistake is one of a parameter or of its members."""
    return mistake is not None and (mistake.param or "").replace("[", ".").split(".")[0] == name


def _out_of_range(mistake: Mistake) -> bool:
    return mistake.code is not None and any(part in mistake.code for part in _VALUES)


def _unaccompanied(mistake: Mistake) -> bool:
    others = ("invalid_type", "unknown_parameter")
    return not _out_of_range(mistake) and mistake.code not in others


def _refuses(name: str) -> Callable[[Decision, Facts], Decision]:
    def change(decision: Decision, facts: Facts) -> Decision:
        if decision is None and facts.operation is Operation.CHAT and name in facts.body:
            text = f"Unsupported parameter: '{name}' is not supported with this model."
            return Mistake(text, param=name, code="unsupported_parameter")
        return decision

    return change


def _passes(name: str, which: Callable[[Mistake], bool]) -> Callable[[Decision, Facts], Decision]:
    def change(decision: Decision, facts: Facts) -> Decision:
        if decision is not None and _about(decision, name) and which(decision):
            return None
        return decision

    return change


def _drops(name: str) -> Callable[[Obj, Facts], Obj]:
    return lambda body, facts: {key: value for key, value in body.items() if key != name}


def _cuts(name: str, most: int) -> Callable[[Obj, Facts], Obj]:
    def change(body: Obj, facts: Facts) -> Obj:
        value = body.get(name)
        above = isinstance(value, int | float) and not isinstance(value, bool) and value > most
        return {**body, name: most} if above else body

    return change


for _name in FREE:
    _made(
        f"param-{slug(_name)}-refused",
        f"A request with `{_name}` is refused, whatever its value.",
        (f"param.{slug(_name)}.accepted",),
        Stage.DECISION,
        _refuses(_name),
        deep=(f"param.{slug(_name)}.value",),
    )

for _name, _others in IGNORED.items():
    _made(
        f"param-{slug(_name)}-ignored",
        f"`{_name}` is accepted and has no effect.",
        (f"param.{slug(_name)}.effective", *_others),
        Stage.TAKEN,
        _drops(_name),
        deep=(f"param.{slug(_name)}.value",),
    )

for _name in BOUNDED:
    _made(
        f"param-{slug(_name)}-unbounded",
        f"`{_name}` is accepted outside its range.",
        (f"param.{slug(_name)}.range",),
        Stage.DECISION,
        _passes(_name, _out_of_range),
        deep=(f"param.{slug(_name)}.range",),
    )

for _name, _most in CLAMPED.items():
    _made(
        f"param-{slug(_name)}-cut-to-maximum",
        f"`{_name}` above its maximum becomes the maximum, without a word.",
        (f"param.{slug(_name)}.range",),
        Stage.SENT,
        _cuts(_name, _most),
        deep=(f"param.{slug(_name)}.range",),
    )

for _name in TYPED:
    _made(
        f"param-{slug(_name)}-untyped",
        f"`{_name}` is accepted with values of other types.",
        (f"param.{slug(_name)}.type",),
        Stage.DECISION,
        _passes(_name, lambda mistake: mistake.code == "invalid_type"),
        deep=(f"param.{slug(_name)}.type",),
    )

for _name in ("stream_options", "max_tokens", "top_logprobs", "tool_choice"):
    _made(
        f"param-{slug(_name)}-unaccompanied",
        f"`{_name}` is accepted without what it requires, or beside what it excludes.",
        (f"param.{slug(_name)}.combination",),
        Stage.DECISION,
        _passes(_name, _unaccompanied),
        deep=(f"param.{slug(_name)}.combination",),
    )

UNSUPPORTED = (
    *("top_p", "n", "max_completion_tokens", "stop", "frequency_penalty", "presence_penalty"),
    *("logit_bias", "logprobs", "top_logprobs", "parallel_tool_calls", "functions"),
    *("function_call", "seed", "reasoning_effort", "verbosity", "service_tier", "store"),
    *("metadata", "user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention"),
    *("prompt_cache_options", "modalities", "audio", "prediction", "web_search_options"),
    *("moderation", "stream_options"),
)
"""What one of the shipped profiles says is ignored."""

for _name in UNSUPPORTED:
    _made(
        f"param-{slug(_name)}-not-ignored",
        f"`{_name}` is refused, although the profile says that it is ignored.",
        (
            f"param.{slug(_name)}.unsupported",
            *(("parity.status",) if _name == "stream_options" else ()),
        ),
        Stage.DECISION,
        _refuses(_name),
        deep=(f"param.{slug(_name)}.unsupported",),
        profile="meingpt",
    )


def _refuses_where(
    name: str, shows: Callable[[Obj], bool]
) -> Callable[[Decision, Facts], Decision]:
    def change(decision: Decision, facts: Facts) -> Decision:
        if decision is None and facts.operation is Operation.CHAT and shows(facts.body):
            return Mistake(f"Invalid '{name}'.", param=name, code="invalid_value")
        return decision

    return change


def _is_null(name: str) -> Callable[[Obj], bool]:
    return lambda body: name in body and body[name] is None


def _chooses_allowed(body: Obj) -> bool:
    choice = body.get("tool_choice")
    return isinstance(choice, dict) and choice.get("type") == "allowed_tools"


def _has_custom(body: Obj) -> bool:
    tools = body.get("tools")
    return isinstance(tools, list) and any(
        isinstance(one, dict) and one.get("type") == "custom" for one in tools
    )


_FORMS: tuple[tuple[str, str, Callable[[Obj], bool]], ...] = (
    ("n", "of one", lambda body: body.get("n") == 1),
    ("logprobs", "of false", lambda body: body.get("logprobs") is False),
    ("tools", "that are custom", _has_custom),
    ("tool_choice", "among allowed tools", _chooses_allowed),
    ("stream", "of null", _is_null("stream")),
    ("stream_options", "of null", _is_null("stream_options")),
    ("max_tokens", "of null", _is_null("max_tokens")),
    ("max_completion_tokens", "of null", _is_null("max_completion_tokens")),
)
"""Parameters that other requests have as well, each with a form of which only its own requests make use."""

for _name, _form, _shows in _FORMS:
    _made(
        f"param-{slug(_name)}-{slug(_form).replace(' ', '-')}-refused",
        f"`{_name}` {_form} is refused, though it is claimed.",
        (f"param.{slug(_name)}.accepted",),
        Stage.DECISION,
        _refuses_where(_name, _shows),
        deep=(f"param.{slug(_name)}.value",),
    )

_REJECT = Policy((Reaction.REJECT,))
_IGNORE = Policy((Reaction.IGNORE,), ())
_COMPANIONS = (
    Parameter("audio", Support.FULL, types=("object",), requires={"modalities": None}),
    Parameter("function_call", Support.FULL, requires={"functions": None}),
    Parameter("max_completion_tokens", Support.FULL, types=("integer",), excludes=("max_tokens",)),
    Parameter("metadata", Support.FULL, types=("object",), requires={"store": True}),
    Parameter(
        "parallel_tool_calls",
        Support.FULL,
        types=("boolean",),
        requires={"tools": None},
        combination=_REJECT,
    ),
)
for _claim in _COMPANIONS:
    _made(
        f"param-{slug(_claim.name)}-unaccompanied",
        f"`{_claim.name}` is accepted without what it requires, or beside what it excludes.",
        (f"param.{slug(_claim.name)}.combination",),
        Stage.DECISION,
        _passes(_claim.name, _unaccompanied),
        deep=(f"param.{slug(_claim.name)}.combination",),
        # Of two that exclude each other one says so, so that there is one departure.
        claims=(_claim, *(Parameter(other, Support.FULL) for other in _claim.excludes)),
    )

_RANGES = (
    ("user", Parameter("user", Support.FULL, types=("string",), max_length=32)),
    (
        "moderation",
        Parameter(
            "moderation.model",
            Support.FULL,
            types=("string",),
            values=("omni-moderation-latest",),
        ),
    ),
)
for _name, _claim in _RANGES:
    _made(
        f"param-{slug(_name)}-unbounded",
        f"`{_name}` is accepted outside its range.",
        (f"param.{slug(_name)}.range",),
        Stage.DECISION,
        _passes(_name, _out_of_range),
        deep=(f"param.{slug(_name)}.range",),
        claims=(_claim,),
    )

for _name, _with in (
    ("temperature", ()),
    ("response_format", ()),
    ("tool_choice", ()),
    ("tools", ("tool_choice",)),
):
    _made(
        f"param-{slug(_name)}-not-ignored",
        f"`{_name}` is refused, although the profile says that it is ignored.",
        (f"param.{slug(_name)}.unsupported",),
        Stage.DECISION,
        _refuses(_name),
        deep=(f"param.{slug(_name)}.unsupported",),
        claims=tuple(
            Parameter(name, Support.NONE, unsupported=_IGNORE) for name in (_name, *_with)
        ),
    )


@fault(
    "param-max-tokens-not-ignored",
    "param.max-tokens.unsupported",
    on=Stage.DECISION,
    profile="meingpt",
)
def max_tokens_not_ignored(decision: Decision, facts: Facts) -> Decision:
    """`max_tokens` of five is refused, although the profile says that it is ignored."""
    return _refuses_where("max_tokens", lambda body: body.get("max_tokens") == 5)(decision, facts)


@fault("param-refused-with-422", "param.temperature.range", on=Stage.DECISION)
def refused_with_422(decision: Decision, facts: Facts) -> Decision:
    """A temperature out of range is refused with 422, although the profile says 400."""
    if decision is not None and _about(decision, "temperature") and _out_of_range(decision):
        return replace(decision, status=422, policy=None)
    return decision


@fault("param-code-lost", "errors.parameter-code", on=Stage.DECISION)
def code_lost(decision: Decision, facts: Facts) -> Decision:
    """The refusal of a parameter has one code for everything."""
    if decision is not None and _about(decision, "top_p"):
        return replace(decision, code="bad_request", policy=None)
    return decision


@fault("param-other-named", "errors.parameter-named", on=Stage.DECISION)
def other_named(decision: Decision, facts: Facts) -> Decision:
    """The refusal of a parameter names another."""
    return replace(decision, param="model") if _about(decision, "n") and decision else decision


@fault("param-not-named", "errors.parameter-named", on=Stage.DECISION)
def not_named(decision: Decision, facts: Facts) -> Decision:
    """The refusal of a parameter names none."""
    return replace(decision, param=None) if _about(decision, "stop") and decision else decision


@fault("param-unknown-field-taken", "param.unknown-field.unsupported", on=Stage.DECISION)
def unknown_field_taken(decision: Decision, facts: Facts) -> Decision:
    """Fields that nobody knows are passed over in silence."""
    return None if decision and decision.code == "unknown_parameter" else decision


@fault("param-nested-field-taken", "param.unknown-field.unsupported", on=Stage.DECISION)
def nested_field_taken(decision: Decision, facts: Facts) -> Decision:
    """Fields that nobody knows are passed over inside other objects."""
    nested = decision and decision.code == "unknown_parameter" and "." in (decision.param or "")
    return None if nested else decision


@fault("param-n-clamped", "param.n.range", on=Stage.SENT)
def n_clamped(body: Obj, facts: Facts) -> Obj:
    """`n` above its maximum becomes the maximum."""
    n = body.get("n")
    return {**body, "n": 3} if isinstance(n, int) and n > 128 else body


@fault("param-stop-cut", "param.stop.range", on=Stage.SENT)
def stop_cut(body: Obj, facts: Facts) -> Obj:
    """Of five stop sequences the first four are taken."""
    stop = body.get("stop")
    return {**body, "stop": stop[:4]} if isinstance(stop, list) else body


@fault(
    "param-stop-across-tokens", "param.stop.effective", on=Stage.TAKEN, deep=("param.stop.value",)
)
def stop_across_tokens(body: Obj, facts: Facts) -> Obj:
    """A stop sequence that spans tokens is not found."""
    stop = body.get("stop")
    listed = stop if isinstance(stop, list) else [stop]
    return {**body, "stop": None} if any(" " in str(one) for one in listed) else body


@fault("param-stop-in-streams", "param.stop.effective", on=Stage.TAKEN)
def stop_in_streams(body: Obj, facts: Facts) -> Obj:
    """Stop sequences have no effect on streams."""
    return {**body, "stop": None} if body.get("stream") is True else body


@fault("param-stop-first-only", "param.stop.effective", on=Stage.TAKEN, deep=("param.stop.value",))
def stop_first_only(body: Obj, facts: Facts) -> Obj:
    """Of several stop sequences only the first counts."""
    stop = body.get("stop")
    return {**body, "stop": stop[:1]} if isinstance(stop, list) else body


@fault("param-tool-choice-none-ignored", "param.tool-choice.effective", on=Stage.TAKEN)
def tool_choice_none_ignored(body: Obj, facts: Facts) -> Obj:
    """tool_choice "none" is taken for "auto"."""
    return {**body, "tool_choice": "auto"} if body.get("tool_choice") == "none" else body


@fault(
    "param-allowed-tools-ignored",
    "param.tool-choice.effective",
    on=Stage.TAKEN,
    deep=("param.tool-choice.value",),
)
def allowed_tools_ignored(body: Obj, facts: Facts) -> Obj:
    """Allowed tools leave all tools allowed."""
    choice = body.get("tool_choice")
    narrowed = isinstance(choice, dict) and choice.get("type") == "allowed_tools"
    return {**body, "tool_choice": "required"} if narrowed else body


@fault(
    "param-json-object-ignored",
    "param.response-format.effective",
    on=Stage.TAKEN,
    deep=("param.response-format.value",),
)
def json_object_ignored(body: Obj, facts: Facts) -> Obj:
    """json_object is accepted and prose comes."""
    form = body.get("response_format")
    prose = isinstance(form, dict) and form.get("type") == "json_object"
    return {**body, "response_format": None} if prose else body


@fault("param-schema-as-object", "param.response-format.effective", on=Stage.TAKEN)
def schema_as_object(body: Obj, facts: Facts) -> Obj:
    """json_schema is taken for json_object: the answer is JSON that does not obey the schema."""
    form = body.get("response_format")
    schema = isinstance(form, dict) and form.get("type") == "json_schema"
    return {**body, "response_format": {"type": "json_object"}} if schema else body


@fault("param-bounds-exclusive", "param.temperature.accepted", on=Stage.DECISION)
def bounds_exclusive(decision: Decision, facts: Facts) -> Decision:
    """The highest temperature that is documented is refused."""
    if decision is None and facts.body.get("temperature") == 2:
        return Mistake("temperature must be below 2.", param="temperature", code="invalid_value")
    return decision


@fault(
    "param-null-refused",
    "param.top-p.accepted",
    on=Stage.DECISION,
    deep=("param.top-p.value",),
)
def null_refused(decision: Decision, facts: Facts) -> Decision:
    """`top_p: null` is refused, although null means that it is left out."""
    if decision is None and "top_p" in facts.body and facts.body["top_p"] is None:
        return Mistake("top_p must be a number.", param="top_p", code="invalid_type")
    return decision


@fault(
    "param-integers-refused",
    "param.presence-penalty.accepted",
    on=Stage.DECISION,
    deep=("param.presence-penalty.value",),
)
def integers_refused(decision: Decision, facts: Facts) -> Decision:
    """A penalty that is a whole number is refused, although every integer is a number."""
    value = facts.body.get("presence_penalty")
    if decision is None and isinstance(value, int):
        text = "presence_penalty must be a float."
        return Mistake(text, param="presence_penalty", code="invalid_type")
    return decision


@fault("param-seed-ignored", "param.seed.effective", on=Stage.ANSWER)
def seed_ignored(answer: Answer, facts: Facts) -> Answer:
    """Equal requests with a seed get different answers."""
    if facts.body.get("seed") != 7 or facts.body.get("temperature") != 0:
        return answer
    said = answer.choices[0]
    other = replace(said, tokens=(f"{answer.stamp[-3:]} ", *said.tokens[1:]))
    return replace(answer, choices=(other, *answer.choices[1:]))


@fault("param-obfuscated", "param.stream-options.effective", on=Stage.CHUNKS)
def obfuscated(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """Chunks are padded although the request says that they should not be."""
    return [{**chunk, "obfuscation": "x7Qp"} for chunk in chunks]
