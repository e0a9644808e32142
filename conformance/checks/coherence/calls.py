"""Tool calls beside one another: ids that tell them apart, and names that were declared."""

from __future__ import annotations

from conformance.checks.calls import name_problems
from conformance.checks.chat.calls import call_ids_came
from conformance.checks.chunk.calls import calls_came
from conformance.checks.givens import RECORDING
from conformance.checks.kinds import probe, streams, with_tools
from conformance.checks.registry import MAY, MUST, SHOULD, Problems, Scope, check
from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.json import JSON
from conformance.model.profile import Profile
from conformance.wire.chunks import spoken, streamed_calls
from conformance.wire.completion import calls_of, messages_of
from conformance.wire.reading import Reading

PARALLEL = ("text.stream.tool",)
FORCED = ("tools.required", "tools.named")


@check(
    "chat.response.call-ids-unique",
    level=MAY,
    on=probe(*FORCED),
    given=call_ids_came,
    scope=Scope.LINKED,
    probes=FORCED,
)
def call_ids_tell_answers_apart(xs: tuple[Reading, ...], profile: Profile) -> Problems:
    """Tool calls of two answers have different ids."""
    earlier: dict[str, str] = {}
    for x in xs:
        ids = {c["id"] for _, _, m in messages_of(x) for c in calls_of(m) if "id" in c}
        for name in sorted(i for i in ids if isinstance(i, str) and i):
            if name in earlier:
                yield Problem(
                    "/choices/0/message/tool_calls",
                    expected="an id of its own",
                    actual=f"{name!r}, the id of a call in the answer to {earlier[name]}",
                    exchange=x.id,
                )
            earlier.setdefault(name, x.id)


def several_calls_came(x: Reading, profile: Profile) -> Unjudged | None:
    """The stream makes more than one call in one choice."""
    if (reason := calls_came(x, profile)) is not None:
        return reason
    several = any(len(choice.tools) > 1 for choice in spoken(x))
    return None if several else Unjudged("the model made one call", Hindrance.MODEL)


@check(
    "chunk.tool-call-ids",
    level=MUST,
    on=with_tools(streams),
    given=several_calls_came,
    probes=PARALLEL,
)
def streamed_call_ids_tell_calls_apart(x: Reading, profile: Profile) -> Problems:
    """Tool calls of one stream have different ids."""
    for choice in spoken(x):
        earlier: dict[JSON, int] = {}
        for index in choice.tool_order:
            first = choice.tools[index].first
            name = first.entry.get("id")
            if isinstance(name, str) and name in earlier:
                yield Problem(
                    f"event {first.event}: tool call {index}",
                    expected="an id of its own",
                    actual=f"{name!r}, the id of tool call {earlier[name]}",
                )
            elif isinstance(name, str) and name:
                earlier[name] = index


def functions_called(x: Reading, profile: Profile) -> Unjudged | None:
    """The stream calls a function by name, where functions were declared."""
    if (reason := calls_came(x, profile)) is not None:
        return reason
    if not x.asked.tool_names:
        return Unjudged("the request declares no functions", RECORDING)
    named = any(call.name for _, call in streamed_calls(x))
    return None if named else Unjudged("the calls name no function")


@check(
    "chunk.tool-call-names",
    level=SHOULD,
    on=with_tools(streams),
    given=functions_called,
    probes=("tools.stream.required", *PARALLEL),
)
def streamed_functions_were_declared(x: Reading, profile: Profile) -> Problems:
    """A call in a stream names a function that the request declared."""
    declared = x.asked.tool_names
    for _, call in streamed_calls(x):
        if call.name:
            at = f"event {call.first.event}: tool call {call.index}"
            yield from name_problems(call.name, declared, at)
