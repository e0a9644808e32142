"""Parameters that are refused although they are claimed: always, in one form, at a bound."""

from __future__ import annotations

from collections.abc import Callable

from conformance.model.profile import Parameter, Support
from conformance.refserver.exchange import Obj
from conformance.refserver.faults.param_changes import made, refuses, refuses_where
from conformance.refserver.faults.registry import Facts, Stage, fault
from conformance.refserver.mistakes import Decision, Mistake
from conformance.spec.names import slug

FREE = (
    *("temperature", "top_p", "presence_penalty", "frequency_penalty", "logit_bias", "seed"),
    *("reasoning_effort", "verbosity", "service_tier", "store", "metadata", "user"),
    *("safety_identifier", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options"),
    *("modalities", "audio", "prediction", "web_search_options", "moderation", "stop"),
    *("response_format", "parallel_tool_calls", "functions", "function_call", "top_logprobs"),
)
"""Parameters that only their own requests have."""


for _name in FREE:
    made(
        __name__,
        f"param-{slug(_name)}-refused",
        f"A request with `{_name}` is refused, whatever its value.",
        (f"param.{slug(_name)}.accepted",),
        Stage.DECISION,
        refuses(_name),
        deep=(f"param.{slug(_name)}.value",),
    )


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
    ("stop", "of four", lambda body: isinstance(body.get("stop"), list) and len(body["stop"]) == 4),
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
    made(
        __name__,
        f"param-{slug(_name)}-{slug(_form)}-refused",
        f"`{_name}` {_form} is refused, though it is claimed.",
        (f"param.{slug(_name)}.accepted",),
        Stage.DECISION,
        refuses_where(_name, _shows),
        deep=(f"param.{slug(_name)}.value",),
    )


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


TOP_K = Parameter(
    "top_k", Support.FULL, types=("integer",), minimum=1, maximum=100, vendor_only=True
)
"""A parameter that OpenAI does not have, as some vendors have it."""
made(
    __name__,
    "param-vendor-refused",
    "A parameter that only this vendor has is refused, whatever its value.",
    ("param.vendor.accepted",),
    Stage.DECISION,
    refuses("top_k"),
    deep=("param.vendor.value",),
    claims=(TOP_K,),
)
made(
    __name__,
    "param-vendor-bound-refused",
    "The highest value that is documented for a parameter that only this vendor has is refused.",
    ("param.vendor.accepted",),
    Stage.DECISION,
    refuses_where("top_k", lambda body: body.get("top_k") == 100),
    deep=("param.vendor.value",),
    claims=(TOP_K,),
)
