"""Answers that are calls: of tools, of one tool, of none, of functions as they were before."""

from __future__ import annotations

import re
from collections.abc import Mapping

from conformance.checks.asked import last_text
from conformance.model.json import JSON
from conformance.wire.answer import said
from conformance.wire.reading import Reading

from .seen import Body, Seen, Visible, as_ever, effect_seen, missing, unclear


def _named(choice: JSON) -> str | None:
    function = choice.get("function") if isinstance(choice, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    return name if isinstance(name, str) else None


def _allowed(choice: JSON) -> tuple[str, tuple[str, ...]]:
    """The mode of ``allowed_tools`` and the functions it leaves."""
    allowed = choice.get("allowed_tools") if isinstance(choice, dict) else None
    if not isinstance(allowed, dict):
        return "", ()
    tools = allowed.get("tools")
    names = [_named(tool) for tool in tools] if isinstance(tools, list) else []
    return str(allowed.get("mode")), tuple(name for name in names if name)


def _tool_choice(x: Reading) -> Seen:
    choice, choices = x.asked.body.get("tool_choice"), said(x)
    if not choices:
        return unclear("no choices at all")
    called = [call.name for one in choices for call in one.calls]
    told = f"calls of {', '.join(called)}" if called else "no tool call"
    if not set(called) <= set(x.asked.tool_names):
        return unclear(f"{told}, which are not declared")
    if choice == "none":
        return missing(told) if called else as_ever(told)
    mode, allowed = _allowed(choice)
    wanted = (name,) if (name := _named(choice)) else allowed
    if wanted and not set(called) <= set(wanted):
        return missing(told)
    if mode == "auto" or (not called and any(one.finish == "length" for one in choices)):
        return unclear("the model made no call") if not called else effect_seen(told)
    if not called:
        return missing(told)
    return as_ever(told) if _suggested(called, x.asked.body) else effect_seen(told)


def _suggested(called: list[str], body: Body) -> bool:
    """Whether the prompt asks for these calls, so that a model may make them of its own accord."""
    prompt, tools = last_text(body).lower(), body.get("tools")
    words = {word for name in called for word in re.split(r"[^a-z]+", name.lower())}
    # To be told to use a tool does not suggest one of several.
    chosen = _named(body.get("tool_choice")) and isinstance(tools, list) and len(tools) > 1
    words |= set() if chosen else {"tool", "function", "call"}
    return any(len(word) > 3 and word in prompt for word in words)


def _chooses(body: Body) -> bool:
    choice = body.get("tool_choice")
    return bool(body.get("tools")) and (
        choice in ("none", "required") or bool(_named(choice) or _allowed(choice)[1])
    )


def _tool_choice_expected(body: Body) -> str:
    choice = body.get("tool_choice")
    if choice == "none":
        return "no tool call"
    wanted = (name,) if (name := _named(choice)) else _allowed(choice)[1]
    return f"a call of {' or '.join(wanted)}" if wanted else "a tool call"


def _declared(body: Body) -> set[str]:
    """The names of the tools that a request declares, of either kind."""
    tools = body.get("tools")
    listed = [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    holders = [holder for tool in listed for holder in (tool.get("function"), tool.get("custom"))]
    return {str(holder.get("name")) for holder in holders if isinstance(holder, dict)}


def _tools(x: Reading) -> Seen:
    called = [call.name for one in said(x) for call in one.calls]
    if called and not _declared(x.asked.body) & set(called):
        return unclear(f"calls of {', '.join(called)}, which are not declared")
    return effect_seen("a tool call came") if called else unclear("the model made no call")


def _parallel(x: Reading) -> Seen:
    # A piece without a name is a part of another call, whatever index it came under.
    most = max((sum(bool(c.name) for c in one.calls) for one in said(x)), default=0)
    if most > 1:
        return missing(f"{most} calls in one answer")
    return as_ever("one call") if most else unclear("the model made no call")


def _functions(x: Reading) -> Seen:
    if any(one.function_call for one in said(x)):
        return effect_seen("a function call came")
    return unclear("the model made no call")


def _function_call(x: Reading) -> Seen:
    wish, choices = x.asked.body.get("function_call"), said(x)
    called = [one.function_call.name for one in choices if one.function_call]
    told = f"calls of {', '.join(called)}" if called else "no function call"
    if wish == "none":
        return missing(told) if called else as_ever(told)
    if not choices or (not called and any(one.finish == "length" for one in choices)):
        return unclear(told)
    wanted = wish.get("name") if isinstance(wish, dict) else None
    return effect_seen(told) if called and set(called) <= {wanted} else missing(told)


CALLING: Mapping[str, Visible] = {
    "tools": Visible(
        lambda b: bool(b.get("tools")), lambda b: "a tool call", _tools, certain=False
    ),
    "tool_choice": Visible(_chooses, _tool_choice_expected, _tool_choice),
    "parallel_tool_calls": Visible(
        lambda b: b.get("parallel_tool_calls") is False and bool(b.get("tools")),
        lambda b: "one tool call at most",
        _parallel,
    ),
    "functions": Visible(
        lambda b: bool(b.get("functions")), lambda b: "a function call", _functions, certain=False
    ),
    "function_call": Visible(
        lambda b: (
            bool(b.get("functions"))
            and (b.get("function_call") == "none" or isinstance(b.get("function_call"), dict))
        ),
        lambda b: (
            "no function call" if b.get("function_call") == "none" else "that function's call"
        ),
        _function_call,
    ),
}
"""Parameters that make an answer a call."""
