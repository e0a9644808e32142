"""What is not supported, or unknown, and is dealt with otherwise than the profile says."""

from __future__ import annotations

from conformance.model.profile import Parameter, Policy, Reaction, Support
from conformance.refserver.faults.param_changes import made, refuses, refuses_where
from conformance.refserver.faults.registry import Facts, Stage, fault
from conformance.refserver.mistakes import Decision
from conformance.spec.names import slug

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
    made(
        __name__,
        f"param-{slug(_name)}-not-ignored",
        f"`{_name}` is refused, although the profile says that it is ignored.",
        (
            f"param.{slug(_name)}.unsupported",
            *(("parity.status",) if _name == "stream_options" else ()),
        ),
        Stage.DECISION,
        refuses(_name),
        deep=(f"param.{slug(_name)}.unsupported",),
        profile="meingpt",
    )
_IGNORE = Policy((Reaction.IGNORE,), ())
for _name, _with in (
    ("temperature", ()),
    ("response_format", ()),
    ("tool_choice", ()),
    ("tools", ("tool_choice",)),
):
    made(
        __name__,
        f"param-{slug(_name)}-not-ignored",
        f"`{_name}` is refused, although the profile says that it is ignored.",
        (f"param.{slug(_name)}.unsupported",),
        Stage.DECISION,
        refuses(_name),
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
    return refuses_where("max_tokens", lambda body: body.get("max_tokens") == 5)(decision, facts)


@fault("param-unknown-field-taken", "param.unknown-field.unsupported", on=Stage.DECISION)
def unknown_field_taken(decision: Decision, facts: Facts) -> Decision:
    """Fields that nobody knows are passed over in silence."""
    return None if decision and decision.code == "unknown_parameter" else decision


@fault("param-nested-field-taken", "param.unknown-field.unsupported", on=Stage.DECISION)
def nested_field_taken(decision: Decision, facts: Facts) -> Decision:
    """Fields that nobody knows are passed over inside other objects."""
    nested = decision and decision.code == "unknown_parameter" and "." in (decision.param or "")
    return None if nested else decision
