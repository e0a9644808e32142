"""The deltas of tool calls: their indexes, the first and the later ones, and the arguments they join to."""

from __future__ import annotations

from conformance.checks.calls import CUT, argument_problems
from conformance.checks.givens import read_to_the_end
from conformance.checks.kinds import streams, unnamed_tools, with_tools
from conformance.checks.registry import MUST, SHOULD, Problems, check
from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.profile import Profile
from conformance.wire.chunks import called_again, spoken, streamed_calls
from conformance.wire.deltas import ChoiceParts, ToolCallParts
from conformance.wire.reading import Reading

from . import TOOLS


def calls_came(x: Reading, profile: Profile) -> Unjudged | None:
    """The stream calls a tool, in deltas that can be told apart by index."""
    if (reason := read_to_the_end(x, profile)) is not None:
        return reason
    if not any(choice.tools for choice in x.choices.values()):
        return Unjudged("the model made no tool call", Hindrance.MODEL)
    return None


@check("chunk.tool-index", level=MUST, on=with_tools(streams), given=calls_came, probes=TOOLS)
def call_indexes_count_from_zero(x: Reading, profile: Profile) -> Problems:
    """Tool call indexes start at 0 and grow by 1 in the order in which calls appear."""
    for choice in spoken(x):
        if choice.tool_order != list(range(len(choice.tool_order))):
            yield Problem(
                f"event {choice.tools[choice.tool_order[0]].first.event}",
                expected=f"indexes {list(range(len(choice.tool_order)))}",
                actual=f"{choice.tool_order}",
            )


@check("chunk.tool-first-delta", level=MUST, on=with_tools(streams), given=calls_came, probes=TOOLS)
def first_delta_introduces_the_call(x: Reading, profile: Profile) -> Problems:
    """The first delta of a tool call carries its id, type and function name."""
    for _, call in streamed_calls(x):
        entry, at = call.first.entry, f"event {call.first.event}: tool call {call.index}"
        if not entry.get("id"):
            yield Problem(at, expected="an id", actual=f"id {entry.get('id')!r}")
        if not entry.get("type"):
            yield Problem(at, expected='type "function"', actual=f"type {entry.get('type')!r}")
        if entry.get("type") != "custom" and not call.first.function.get("name"):
            yield Problem(
                at, expected="function.name", actual=f"name {call.first.function.get('name')!r}"
            )


def later_deltas_came(x: Reading, profile: Profile) -> Unjudged | None:
    """The stream calls a tool in more than one delta, all of one call."""
    if (reason := calls_came(x, profile)) is not None:
        return reason
    if not any(len(call.fragments) > 1 for _, call in streamed_calls(x)):
        return Unjudged("each call comes in one delta", Hindrance.RECORDING)
    mixed = all(
        called_again(call) is not None for _, call in streamed_calls(x) if len(call.fragments) > 1
    )
    return Unjudged("two calls share an index") if mixed else None


@check(
    "chunk.tool-later-deltas",
    level=SHOULD,
    on=with_tools(streams),
    given=later_deltas_came,
    probes=TOOLS,
)
def later_deltas_only_add(x: Reading, profile: Profile) -> Problems:
    """Later deltas of a call repeat neither id nor name, and send neither id nor type as null."""
    for _, call in streamed_calls(x):
        if called_again(call) is not None:
            continue
        for fragment in call.fragments[1:]:
            entry, at = fragment.entry, f"event {fragment.event}: tool call {call.index}"
            if entry.get("id"):
                yield Problem(
                    at, expected="no id after the first delta", actual=f"id {entry['id']!r} again"
                )
            elif fragment.function.get("name"):
                yield Problem(
                    at,
                    expected="no name after the first delta",
                    actual=f"name {fragment.function['name']!r} again",
                )
            elif any(name in entry and entry[name] is None for name in ("id", "type")):
                yield Problem(at, expected="no id or type after the first delta", actual="null")
            else:
                continue
            break


@check(
    "chunk.tool-index-shared", level=MUST, on=with_tools(streams), given=calls_came, probes=TOOLS
)
def calls_do_not_share_an_index(x: Reading, profile: Profile) -> Problems:
    """Two tool calls of one answer have two indexes."""
    for _, call in streamed_calls(x):
        again = called_again(call)
        if again is not None:
            yield Problem(
                f"event {again[0]}: tool call {call.index}",
                expected=f"only call {call.first.entry.get('id')!r} under this index",
                actual=f"call {again[1]!r}",
            )


def whole_calls(x: Reading) -> list[tuple[ChoiceParts, ToolCallParts]]:
    """The calls of functions in finished choices that no limit cut and no other call is mixed with."""
    return [
        (choice, call)
        for choice, call in streamed_calls(x)
        if choice.finish is not None
        and choice.finish not in CUT
        and call.first.entry.get("type") != "custom"
        and called_again(call) is None
        and all(isinstance(f.function.get("arguments"), str | None) for f in call.fragments)
    ]


def whole_calls_came(x: Reading, profile: Profile) -> Unjudged | None:
    """The stream calls a function, and no limit cut it."""
    if (reason := calls_came(x, profile)) is not None:
        return reason
    if whole_calls(x):
        return None
    if any(called_again(call) is not None for _, call in streamed_calls(x)):
        return Unjudged("two calls share an index")
    return Unjudged("no call of a function that is whole", Hindrance.MODEL)


@check(
    "chunk.tool-arguments",
    level=SHOULD,
    on=with_tools(streams),
    given=whole_calls_came,
    probes=TOOLS,
)
def argument_fragments_join(x: Reading, profile: Profile) -> Problems:
    """The argument fragments of a call join to the text of a JSON object, unless the token limit cut them."""
    for choice, call in whole_calls(x):
        yield from argument_problems(
            call.arguments, f"choice {choice.index}: tool call {call.index}"
        )


@check(
    "chunk.finish-without-tool-calls", level=MUST, on=streams, given=read_to_the_end, probes=TOOLS
)
def finish_tool_calls_has_calls(x: Reading, profile: Profile) -> Problems:
    """A stream's finish_reason "tool_calls" comes after tool calls."""
    for choice in spoken(x):
        mentioned = any(delta.get("tool_calls") for _, delta in choice.deltas)
        if choice.finish == "tool_calls" and not mentioned:
            yield Problem(
                f"event {choice.finishes[-1][0]}",
                expected="tool calls before it",
                actual="none in the stream",
            )


@check(
    "chunk.tool-calls-finish",
    level=SHOULD,
    on=unnamed_tools(streams),
    given=calls_came,
    probes=TOOLS,
)
def calls_finish_with_tool_calls(x: Reading, profile: Profile) -> Problems:
    """A stream that calls tools finishes with "tool_calls"; a tool named by the request may finish with "stop"."""
    for choice in spoken(x):
        if choice.tools and choice.finish == "stop":
            yield Problem(
                f"event {choice.finishes[-1][0]}", expected='"tool_calls"', actual='"stop"'
            )
