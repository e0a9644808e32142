"""Parameters that are accepted and have no effect, or not all of it."""

from __future__ import annotations

from dataclasses import replace

from conformance.refserver.completion import Answer
from conformance.refserver.exchange import Obj
from conformance.refserver.faults.altering import before_finish, each_text_message
from conformance.refserver.faults.param_changes import drops, made
from conformance.refserver.faults.registry import Facts, Stage, fault
from conformance.spec.names import slug

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


for _name, _others in IGNORED.items():
    made(
        __name__,
        f"param-{slug(_name)}-ignored",
        f"`{_name}` is accepted and has no effect.",
        (f"param.{slug(_name)}.effective", *_others),
        Stage.TAKEN,
        drops(_name),
        deep=(f"param.{slug(_name)}.value",),
    )


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


@fault(
    "param-stop-beginning-left",
    "param.stop.effective",
    on=Stage.CHUNKS,
)
def stop_beginning_left(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """In streams the beginning of a stop sequence that spans tokens is let out."""
    stop = facts.body.get("stop")
    spans = isinstance(stop, str) and " " in stop
    return before_finish(chunks, {"content": str(stop).split(" ")[0]}) if spans else chunks


@fault("param-stop-kept", "param.stop.effective", on=Stage.COMPLETION)
def stop_kept(answer: Obj, facts: Facts) -> Obj:
    """A text is stopped at a stop sequence that is one word, and has it at its end."""
    stop = facts.body.get("stop")
    if stop != "gamma":
        return answer
    return each_text_message(answer, lambda m: {**m, "content": f"{m['content']}{stop}"})


@fault("param-stop-line-ignored", "param.stop.effective", on=Stage.TAKEN)
def stop_line_ignored(body: Obj, facts: Facts) -> Obj:
    """A line end is no stop sequence."""
    stop = body.get("stop")
    listed = stop if isinstance(stop, list) else [stop]
    kept = [one for one in listed if one and "\n" not in one]
    return {**body, "stop": kept or None} if stop else body


@fault("param-service-tier-another", "param.service-tier.effective", on=Stage.COMPLETION)
def service_tier_another(answer: Obj, facts: Facts) -> Obj:
    """A request for the default tier is served by a dearer one."""
    asked = facts.body.get("service_tier") == "default"
    return {**answer, "service_tier": "priority"} if asked else answer
