"""Calls that the limit cut and the server closed: whole to look at, and without what was asked for."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.checks.answers import completion_tokens, limit_of
from conformance.checks.chat.calls import tool_calls_came
from conformance.checks.chunk.calls import calls_came
from conformance.checks.givens import RECORDING
from conformance.checks.kinds import completions, streams, with_tools
from conformance.checks.registry import SHOULD, Given, Problems, check
from conformance.model.finding import Problem, Unjudged
from conformance.model.json import JSON
from conformance.model.profile import Profile
from conformance.spec.phrase import quoted
from conformance.wire import strict_json
from conformance.wire.answer import Call, said, stated_usage
from conformance.wire.reading import Reading

_ENDED = ("tool_calls", "stop")
"""What an answer finishes with that says it is whole."""


def at_the_limit(came: Given) -> Given:
    """A call came whose answer took exactly as many tokens as it might."""

    def given(x: Reading, profile: Profile) -> Unjudged | None:
        if (reason := came(x, profile)) is not None:
            return reason
        spent, limit = completion_tokens(stated_usage(x)), limit_of(x)
        if limit is None or spent is None or x.asked.n != 1:
            return Unjudged("the answer does not say how many tokens it has", RECORDING)
        if spent[0] == limit:
            return None
        return Unjudged("no call took all tokens of its limit", RECORDING)

    return given


def _required(x: Reading) -> dict[str, list[str]]:
    """The members that each declared function requires."""
    found = {}
    for function in _functions(x.asked.body.get("tools")):
        schema = function.get("parameters")
        names = schema.get("required") if isinstance(schema, dict) else None
        if isinstance(names, list):
            found[str(function.get("name"))] = [n for n in names if isinstance(n, str)]
    return found


def _functions(tools: JSON) -> Iterator[dict[str, JSON]]:
    for tool in tools if isinstance(tools, list) else []:
        function = tool.get("function") if isinstance(tool, dict) else None
        if isinstance(function, dict):
            yield function


def _missing(call: Call, required: dict[str, list[str]]) -> str | None:
    """A member that a call should have and has not; None too where it is no JSON object, which has a rule of its own."""
    value = strict_json.parse_text(call.arguments).value
    if not isinstance(value, dict):
        return None
    return next((name for name in required.get(call.name, []) if name not in value), None)


def _closed(x: Reading) -> Problems:
    for one in said(x):
        # Only the last call can have been cut.
        missing = _missing(one.calls[-1], _required(x)) if one.calls else None
        if one.finish in _ENDED and missing is not None:
            yield Problem(
                one.at if x.asked.streams else f"{one.at}/finish_reason",
                expected=f'"length": all {limit_of(x)} tokens of the limit were used',
                actual=f'"{one.finish}", with {quoted(one.calls[-1].arguments)}'
                f" where {missing!r} is required",
            )


@check(
    "chat.response.calls-at-limit",
    level=SHOULD,
    on=with_tools(completions),
    given=at_the_limit(tool_calls_came),
    probes=("tools.required",),
)
def cut_calls_finish_with_length(x: Reading, profile: Profile) -> Problems:
    """A call that the limit cut, so that a required argument is missing, finishes with "length"."""
    yield from _closed(x)


@check(
    "chunk.calls-at-limit",
    level=SHOULD,
    on=with_tools(streams),
    given=at_the_limit(calls_came),
    probes=("tools.stream.required",),
)
def streamed_cut_calls_finish_with_length(x: Reading, profile: Profile) -> Problems:
    """A streamed call that the limit cut, so that a required argument is missing, finishes with "length"."""
    yield from _closed(x)
