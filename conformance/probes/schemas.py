"""Schemas of many shapes, as the parameters of a function that must be called and as the form of an answer.

Every shape is sent both ways, once plainly and once as a stream; the next shape the other way round.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.model.json import JSON
from conformance.model.plan import Suite
from conformance.model.profile import Profile
from conformance.model.target import Target
from conformance.spec.claims import standing
from conformance.spec.shapes import LIMIT as TOKENS
from conformance.spec.shapes import Shape, Topic, topics

from .registry import LIMIT, MODEL, Case, Cases, family, filled, user
from .samples import STREAMED, WEATHER

CORE = (
    "tool:no-members",
    "tool:nullable-truth",
    "tool:above-below",
    "tool:longest-name",
    "output:three-levels",
    "output:few-words",
    "output:definition-twice",
    "output:two-objects",
)
"""What a core run tries: shapes whose answers are short, and between them most of the topics."""
NAME = "n" * 64
"""The longest name that a function may have."""
MANY = 128
"""The most tools that a request may declare."""

Body = dict[str, JSON]


def as_output(shape: Shape) -> Body:
    """A request for an answer of a shape."""
    form: JSON = {"name": "answer", "strict": shape.strict, "schema": shape.schema}
    return {
        "model": MODEL,
        "messages": [user(f"{shape.ask} Answer in JSON.")],
        "response_format": {"type": "json_schema", "json_schema": form},
        LIMIT: shape.limit,
    }


def as_tool(shape: Shape, **more: JSON) -> Body:
    """A request for a call whose arguments have a shape; more are members of the function."""
    function: Body = {"name": "submit", "description": "Submit the answer."}
    function |= {"parameters": shape.schema, "strict": shape.strict, **more}
    return _calling(f"{shape.ask} Use the tool.", function, shape.limit)


def _calling(ask: str, function: Body, limit: int = TOKENS) -> Body:
    return {
        "model": MODEL,
        "messages": [user(ask)],
        "tools": [{"type": "function", "function": function}],
        "tool_choice": {"type": "function", "function": {"name": function["name"]}},
        LIMIT: limit,
    }


def _kept(body: Body, profile: Profile, target: Target) -> Body | None:
    """The body without what the profile rules out beside the schema itself; None where it rules that out."""
    for _ in range(3):
        found = standing(filled(body, target), profile, target.model).departures
        gone = {d.parameter for d in found} - {target.limit_parameter}
        if not gone:
            return body
        body = _without(body, gone)
    return None


def _without(body: Body, gone: set[str]) -> Body:
    """The body without parameters that matter little here."""
    kept: Body = {k: v for k, v in body.items() if k not in gone & {"tool_choice", "stream"}}
    tools = kept.get("tools")
    if "tools[].function.strict" in gone and isinstance(tools, list):
        kept["tools"] = [_loosened(tool) for tool in tools]
    return kept


def _loosened(tool: JSON) -> JSON:
    function = tool.get("function") if isinstance(tool, dict) else None
    if not isinstance(tool, dict) or not isinstance(function, dict):
        return tool
    return {**tool, "function": {k: v for k, v in function.items() if k != "strict"}}


def _cases(kind: str, bodies: tuple[tuple[str, Body], ...]) -> Cases:
    """The requests that a profile leaves possible; every second is a stream."""

    def cases(profile: Profile, target: Target) -> Iterator[Case]:
        for number, (name, plain) in enumerate(bodies):
            streamed = number % 2 == (kind == "tool")
            body = _kept({**plain, **STREAMED} if streamed else plain, profile, target)
            if body is not None:
                core = f"{kind}:{name}" in CORE
                form = "stream-" if body.get("stream") else ""
                yield Case(f"{form}{name}", body, Suite.CORE if core else Suite.FULL, 7 * core)

    return cases


def _sent(kind: str, topic: Topic) -> tuple[tuple[str, Body], ...]:
    made = as_output if kind == "output" else as_tool
    return tuple((s.name, made(s)) for s in topic.shapes if s.only in ("", kind))


_WORD: Body = {
    "type": "object",
    "properties": {"word": {"type": "string"}},
    "required": ["word"],
    "additionalProperties": False,
}


def _limits() -> tuple[tuple[str, Body], ...]:
    """Functions with the longest name, a long description, no parameters, and as many as there may be."""
    plain: Body = {"name": "submit", "parameters": _WORD, "strict": True}
    ask = "Submit a word. Use the tool."
    many = _calling(ask, plain)
    others: list[JSON] = [_renamed(f"other_{n}") for n in range(MANY - 1)]
    return (
        ("longest-name", _calling(ask, {**plain, "name": NAME})),
        ("longest-name-in-capitals", _calling(ask, {**plain, "name": NAME.upper()})),
        ("name-of-one-letter", _calling(ask, {**plain, "name": "f"})),
        ("digits-and-dashes", _calling(ask, {**plain, "name": "7-up_and-0"})),
        ("long-description", _calling(ask, {**plain, "description": "It submits. " * 80})),
        ("no-description", _calling(ask, plain)),
        ("no-parameters", _calling("Do it. Use the tool.", {"name": "submit"})),
        ("most-tools", {**many, "tools": [*others, {"type": "function", "function": plain}]}),
    )


def _renamed(name: str) -> JSON:
    function = WEATHER["function"] if isinstance(WEATHER, dict) else {}
    return {"type": "function", "function": {"name": name, "parameters": _parameters(function)}}


def _parameters(function: JSON) -> JSON:
    return function.get("parameters") if isinstance(function, dict) else None


def _row(kind: str, topic: str) -> str:
    return f"schemas: {topic} ({'arguments' if kind == 'tool' else 'answers'})"


for _topic in topics().values():
    _lower = _topic.says[0].lower() + _topic.says[1:]
    family(
        f"schema.output.{_topic.name}",
        f"Answers in JSON of a given schema: {_lower}",
        _cases("output", _sent("output", _topic)),
        row=_row("output", _topic.name),
    )
    family(
        f"schema.tool.{_topic.name}",
        f"Arguments of a function with a given schema: {_lower}",
        _cases("tool", _sent("tool", _topic)),
        row=_row("tool", _topic.name),
    )
family(
    "schema.tool.limits",
    "Functions with long names, long descriptions, no parameters, and many of them.",
    _cases("tool", _limits()),
    row=_row("tool", "limits"),
)
