"""The tool calls of a chat completion: the finish that goes with them, their ids, arguments and names."""

from __future__ import annotations

from conformance.checks.calls import CUT, argument_problems, name_problems
from conformance.checks.givens import completion
from conformance.checks.kinds import completions, unnamed_tools, with_tools
from conformance.checks.registry import MUST, SHOULD, Problems, check
from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.json import JSON
from conformance.model.profile import Profile
from conformance.wire.completion import calls_of, function_of, messages_of
from conformance.wire.reading import Reading

from . import TOOLS


def tool_calls_came(x: Reading, profile: Profile) -> Unjudged | None:
    """The model called a tool."""
    if (reason := completion(x, profile)) is not None:
        return reason
    if not any(calls_of(m) for _, _, m in messages_of(x)):
        return Unjudged("the model made no tool call", Hindrance.MODEL)
    return None


@check(
    "chat.response.finish-without-tool-calls",
    level=MUST,
    on=completions,
    given=completion,
    probes=(*TOOLS, "tools.auto"),
)
def finish_tool_calls_has_calls(x: Reading, profile: Profile) -> Problems:
    """finish_reason "tool_calls" comes with tool calls."""
    for at, choice, message in messages_of(x):
        if choice.get("finish_reason") == "tool_calls" and not message.get("tool_calls"):
            yield Problem(f"{at}/message/tool_calls", expected="at least one call", actual="none")


@check(
    "chat.response.tool-calls-finish",
    level=SHOULD,
    on=unnamed_tools(completions),
    given=tool_calls_came,
    probes=TOOLS,
)
def calls_finish_with_tool_calls(x: Reading, profile: Profile) -> Problems:
    """An answer that calls tools finishes with "tool_calls"; a tool named by the request may finish with "stop"."""
    for at, choice, message in messages_of(x):
        if calls_of(message) and choice.get("finish_reason") == "stop":
            yield Problem(f"{at}/finish_reason", expected='"tool_calls"', actual='"stop"')


def call_ids_came(x: Reading, profile: Profile) -> Unjudged | None:
    """The model called a tool, with ids that are text."""
    if (reason := tool_calls_came(x, profile)) is not None:
        return reason
    named = any(isinstance(c.get("id"), str) for _, _, m in messages_of(x) for c in calls_of(m))
    return None if named else Unjudged("the tool calls have no ids that are text")


@check(
    "chat.response.tool-call-ids",
    level=MUST,
    on=completions,
    given=call_ids_came,
    probes=TOOLS,
)
def call_ids_tell_calls_apart(x: Reading, profile: Profile) -> Problems:
    """Tool calls of one answer have ids that are not empty and differ."""
    for at, _, message in messages_of(x):
        ids = [call["id"] for call in calls_of(message) if isinstance(call.get("id"), str)]
        earlier: set[JSON] = set()
        for position, call_id in enumerate(ids):
            if call_id == "":
                yield Problem(
                    f"{at}/message/tool_calls/{position}/id", expected="an id", actual='""'
                )
            elif call_id in earlier:
                yield Problem(
                    f"{at}/message/tool_calls/{position}/id",
                    expected="an id of its own",
                    actual=f"{call_id!r}, the id of an earlier call",
                )
            earlier.add(call_id)


def whole_arguments_came(x: Reading, profile: Profile) -> Unjudged | None:
    """The model called a function, with arguments that are text and not cut."""
    if (reason := tool_calls_came(x, profile)) is not None:
        return reason
    calls = [(c, call) for _, c, m in messages_of(x) for call in calls_of(m)]
    texts = [c for c, call in calls if isinstance(function_of(call).get("arguments"), str)]
    if not texts:
        return Unjudged("the calls have no arguments that are text")
    cut = all(choice.get("finish_reason") in CUT for choice in texts)
    return Unjudged("the token limit cut the calls", Hindrance.MODEL) if cut else None


@check(
    "chat.response.tool-call-arguments",
    level=SHOULD,
    on=completions,
    given=whole_arguments_came,
    probes=TOOLS,
)
def arguments_are_json_objects(x: Reading, profile: Profile) -> Problems:
    """The arguments of a call are the text of a JSON object, unless the token limit cut them."""
    for at, choice, message in messages_of(x):
        if choice.get("finish_reason") in CUT:
            continue
        for position, call in enumerate(calls_of(message)):
            arguments = function_of(call).get("arguments")
            if isinstance(arguments, str):
                yield from argument_problems(arguments, f"{at}/message/tool_calls/{position}")


def call_names_came(x: Reading, profile: Profile) -> Unjudged | None:
    """The model called a function by a name, where functions were declared."""
    if (reason := tool_calls_came(x, profile)) is not None:
        return reason
    if not x.asked.tool_names:
        return Unjudged("the request declares no functions", Hindrance.RECORDING)
    functions = [function_of(call) for _, _, m in messages_of(x) for call in calls_of(m)]
    named = any(isinstance(function.get("name"), str) for function in functions)
    return None if named else Unjudged("the calls name no function")


@check(
    "chat.response.tool-call-names",
    level=SHOULD,
    on=with_tools(completions),
    given=call_names_came,
    probes=(*TOOLS, "tools.named"),
)
def called_functions_were_declared(x: Reading, profile: Profile) -> Problems:
    """A call names a function that the request declared."""
    declared = x.asked.tool_names
    for at, _, message in messages_of(x):
        for position, call in enumerate(calls_of(message)):
            name = function_of(call).get("name")
            if isinstance(name, str):
                at_name = f"{at}/message/tool_calls/{position}/function/name"
                yield from name_problems(name, declared, at_name)
