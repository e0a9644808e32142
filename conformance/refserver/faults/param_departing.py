"""Values outside a claim that are taken, cut or refused otherwise than the profile says."""

from __future__ import annotations

from dataclasses import replace

from conformance.model.profile import Parameter, Policy, Reaction, Support
from conformance.refserver.exchange import Obj
from conformance.refserver.faults.param_accepted import FREE, TOP_K
from conformance.refserver.faults.param_changes import (
    about,
    cuts,
    incomplete,
    made,
    out_of_range,
    passes,
    refuses_where,
    unaccompanied,
)
from conformance.refserver.faults.registry import Facts, Stage, fault
from conformance.refserver.mistakes import Decision
from conformance.spec.names import slug

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
CLAMPED = {
    "temperature": 2,
    "top_p": 1,
    "presence_penalty": 2,
    "frequency_penalty": 2,
    "top_logprobs": 20,
}
"""Parameters with a maximum, which a server may take in place of what is above it."""


for _name in BOUNDED:
    made(
        __name__,
        f"param-{slug(_name)}-unbounded",
        f"`{_name}` is accepted outside its range.",
        (f"param.{slug(_name)}.range",),
        Stage.DECISION,
        passes(_name, out_of_range),
        deep=(f"param.{slug(_name)}.range",),
    )
for _name, _most in CLAMPED.items():
    made(
        __name__,
        f"param-{slug(_name)}-cut-to-maximum",
        f"`{_name}` above its maximum becomes the maximum, without a word.",
        (f"param.{slug(_name)}.range",),
        Stage.SENT,
        cuts(_name, _most),
        deep=(f"param.{slug(_name)}.range",),
    )
for _name in TYPED:
    made(
        __name__,
        f"param-{slug(_name)}-untyped",
        f"`{_name}` is accepted with values of other types.",
        (f"param.{slug(_name)}.type",),
        Stage.DECISION,
        passes(_name, lambda mistake: mistake.code == "invalid_type"),
        deep=(f"param.{slug(_name)}.type",),
    )
for _name in ("stream_options", "max_tokens", "top_logprobs", "tool_choice"):
    made(
        __name__,
        f"param-{slug(_name)}-unaccompanied",
        f"`{_name}` is accepted without what it requires, or beside what it excludes.",
        (f"param.{slug(_name)}.combination",),
        Stage.DECISION,
        passes(_name, unaccompanied),
        deep=(f"param.{slug(_name)}.combination",),
    )
_REJECT = Policy((Reaction.REJECT,))
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
    made(
        __name__,
        f"param-{slug(_claim.name)}-unaccompanied",
        f"`{_claim.name}` is accepted without what it requires, or beside what it excludes.",
        (f"param.{slug(_claim.name)}.combination",),
        Stage.DECISION,
        passes(_claim.name, unaccompanied),
        deep=(f"param.{slug(_claim.name)}.combination",),
        # Of two that exclude each other one says so, so that there is one departure.
        claims=(_claim, *(Parameter(other, Support.FULL) for other in _claim.excludes)),
    )
for _name in (
    *("response_format", "tools", "tool_choice", "functions", "function_call"),
    *("audio", "prediction", "moderation"),
):
    made(
        __name__,
        f"param-{slug(_name)}-incomplete",
        f"`{_name}` is accepted without a member that it must have.",
        (f"param.{slug(_name)}.missing",),
        Stage.DECISION,
        passes(_name, incomplete),
        deep=(f"param.{slug(_name)}.missing",),
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
    made(
        __name__,
        f"param-{slug(_name)}-unbounded",
        f"`{_name}` is accepted outside its range.",
        (f"param.{slug(_name)}.range",),
        Stage.DECISION,
        passes(_name, out_of_range),
        deep=(f"param.{slug(_name)}.range",),
        claims=(_claim,),
    )


@fault("param-refused-with-422", "param.temperature.range", on=Stage.DECISION)
def refused_with_422(decision: Decision, facts: Facts) -> Decision:
    """A temperature out of range is refused with 422, although the profile says 400."""
    if decision is not None and about(decision, "temperature") and out_of_range(decision):
        return replace(decision, status=422, policy=None)
    return decision


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


for _name, _check, _which in (
    ("unbounded", "range", out_of_range),
    ("untyped", "type", lambda mistake: mistake.code == "invalid_type"),
):
    made(
        __name__,
        f"param-vendor-{_name}",
        f"A parameter that only this vendor has is accepted outside its {_check}.",
        (f"param.vendor.{_check}",),
        Stage.DECISION,
        passes("top_k", _which),
        deep=(f"param.vendor.{_check}",),
        claims=(TOP_K,),
    )
made(
    __name__,
    "param-vendor-cut-to-maximum",
    "A parameter that only this vendor has, above its maximum, becomes the maximum, without a word.",
    ("param.vendor.range",),
    Stage.SENT,
    cuts("top_k", 100),
    deep=("param.vendor.range",),
    claims=(TOP_K,),
)
made(
    __name__,
    "param-vendor-not-ignored",
    "A parameter that only this vendor has is refused above its maximum, where the profile says ignored.",
    ("param.vendor.range",),
    Stage.DECISION,
    refuses_where("top_k", lambda body: body.get("top_k") == 101),
    deep=("param.vendor.range",),
    claims=(replace(TOP_K, out_of_range=Policy((Reaction.IGNORE,), ())),),
)
