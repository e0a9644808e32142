"""Faults of schemas: one kind of shape is taken and not obeyed, in arguments or in answers, or does harm.

The faults of one kind differ in what carries the schema alone, so they are made from a list.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from conformance.refserver.brain import Call, Said
from conformance.refserver.completion import Answer
from conformance.refserver.faults.registry import Facts, Stage, fault
from conformance.refserver.mistakes import Decision, Mistake
from conformance.refserver.tokens import pieces
from conformance.refserver.writing import json_text

_LOOSE = (
    *("allOf", "if", "not", "patternProperties", "dependentRequired", "contains"),
    *("minProperties", "propertyNames"),
)
_TEXTUAL = ("pattern", "format", "minLength", "maxLength")
_MANY = 15
_LONG = 200
"""Characters of a long description."""
_LONG_NAME = 40


def kind_of(schema: Any) -> str:
    """What is unusual in a schema, as far as these faults tell shapes apart; empty where nothing is."""
    inner = [*_schemas(schema)]
    words = {word for one in inner for word in one}
    texts = [str(one.get("description", "")) for one in inner]
    root = schema if isinstance(schema, dict) else {}
    members = {name for one in inner for name in _members(one)}
    beyond = {*_LOOSE} & words or "anyOf" in root or (root and root.get("type") != "object")
    told = (
        ("loose", beyond),
        ("references", "$ref" in words),
        ("unions", {"anyOf", "oneOf"} & words),
        ("enums", {"enum", "const"} & words),
        ("strings", {*_TEXTUAL} & words),
        ("numbers", {"integer", "number"} & {str(one.get("type")) for one in inner}),
        ("sizes", len(members) > _MANY or any(len(text) > _LONG for text in texts)),
        ("optional", any(_leaves_open(one) for one in inner)),
        ("arrays", "array" in {str(one.get("type")) for one in inner}),
        ("nesting", _depth(schema) > 3),
        ("nothing", not members),
        ("names", any(not name.isidentifier() or not name.isascii() for name in members)),
    )
    return next((name for name, found in told if found), "")


def _schemas(value: Any) -> Iterator[Any]:
    """A schema and all that it is made of."""
    if isinstance(value, list):
        for item in value:
            yield from _schemas(item)
    if not isinstance(value, dict):
        return
    yield value
    for word, inner in value.items():
        named = word in ("properties", "$defs", "definitions", "patternProperties")
        if named and isinstance(inner, dict):
            yield from _schemas([*inner.values()])
        elif word not in ("enum", "const", "default", "examples", "required"):
            yield from _schemas(inner)


def _leaves_open(schema: Any) -> bool:
    listed = isinstance(schema.get("type"), list)
    required = schema.get("required")
    needed = {*map(str, required if isinstance(required, list) else ())}
    return listed or {*_members(schema)} != needed


def _depth(schema: Any) -> int:
    inner = _members(schema).values() if isinstance(schema, dict) else ()
    return 1 + max((_depth(one) for one in inner), default=0)


def _members(schema: Any) -> dict[str, Any]:
    """The properties of a schema, none where they are not an object."""
    value = schema.get("properties")
    return value if isinstance(value, dict) else {}


# What is made of a value


def _deepest_as_text(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = any(isinstance(one, dict) for one in value.values())
    return {k: _deepest_as_text(v) for k, v in value.items()} if inner else json_text(value)


def _each(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A change of every member of the outermost object."""
    return lambda value: {k: change(v) for k, v in value.items()} if value else {"x": 1}


_UNDONE: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
    ("nesting", "innermost objects are text", _deepest_as_text),
    ("arrays", "lists are text", _each(json_text)),
    ("enums", "values are not of the list", _each(lambda _: "no such value")),
    ("unions", "a member is of none of the schemas", _each(lambda _: 7)),
    ("references", "parts that are defined elsewhere are null", _each(lambda _: None)),
    ("optional", "members that may be null are numbers", _each(lambda _: 0)),
    ("numbers", "numbers are text", _each(str)),
    ("strings", "texts are numbers", _each(lambda _: 0)),
    ("names", "values are numbers", _each(lambda _: 0)),
    ("sizes", "every member is a number", _each(lambda _: 0)),
    ("nothing", "members come that nobody asked for", lambda _: {"x": 1}),
    ("loose", "every value is false", _each(lambda _: False)),
)
"""Kinds of shapes, and what is made of values that should have them."""


def _answered(kind: str, change: Callable[[Any], Any]) -> Callable[[Answer, Facts], Answer]:
    def changed(answer: Answer, facts: Facts) -> Answer:
        schema = answer.request.schema
        if answer.request.format != "json_schema" or kind_of(schema) != kind:
            return answer
        return replace(answer, choices=tuple(_resaid(one, change) for one in answer.choices))

    return changed


def _resaid(one: Said, change: Callable[[Any], Any]) -> Said:
    if one.finish == "length":
        return one
    value = json.loads(one.text)
    return replace(one, tokens=pieces(json_text(change(value) if isinstance(value, dict) else 7)))


def _called(kind: str, change: Callable[[Any], Any]) -> Callable[[Answer, Facts], Answer]:
    def changed(answer: Answer, facts: Facts) -> Answer:
        return _recalled(answer, lambda call: kind_of(call.tool.schema) == kind, change)

    return changed


def _recalled(
    answer: Answer, wanted: Callable[[Call], bool], change: Callable[[Any], Any]
) -> Answer:
    """An answer in which the arguments of some whole calls of functions are changed."""

    def recalled(call: Call) -> Call:
        if call.tool.kind != "function" or call.tool.schema is None or not wanted(call):
            return call
        return replace(call, fragments=pieces(json_text(change(json.loads(call.arguments)))))

    choices = [
        one if one.finish == "length" else replace(one, calls=tuple(map(recalled, one.calls)))
        for one in answer.choices
    ]
    return replace(answer, choices=tuple(choices))


def _declare(kind: str, says: str, change: Callable[[Any], Any]) -> None:
    for carrier, where, making in (
        ("output", "answers", _answered),
        ("tool", "arguments", _called),
    ):
        check = f"schema.{carrier}.{kind}"
        made = making(kind, change)
        made.__doc__ = f"In {where} of schemas with unusual {kind}, {says}."
        made.__module__ = __name__
        fault(f"schemas-{carrier}-{kind}", check, on=Stage.ANSWER, deep=(check,))(made)


for _kind, _says, _change in _UNDONE:
    _declare(_kind, _says, _change)


@fault("schemas-tool-limits", "schema.tool.limits", on=Stage.ANSWER)
def schemas_tool_limits(answer: Answer, facts: Facts) -> Answer:
    """Functions with long names are called without arguments."""
    return _recalled(answer, lambda call: len(call.tool.name) > _LONG_NAME, lambda _: {})


# Other forms of harm


def _asked(facts: Facts, *kinds: str) -> bool:
    """Whether an answer or arguments of these kinds are asked for."""
    tools = facts.body.get("tools")
    functions = [_member(tool, "function") for tool in (tools if isinstance(tools, list) else ())]
    given = _member(facts.body.get("response_format"), "json_schema")
    schemas = [_member(given, "schema"), *(_member(one, "parameters") for one in functions)]
    return any(schema and kind_of(schema) in kinds for schema in schemas)


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _wanting(decision: Decision, facts: Facts, *kinds: str) -> bool:
    return decision is None and _asked(facts, *kinds)


@fault("schemas-references-fatal", "http.no-server-error", on=Stage.DECISION)
def schemas_references_fatal(decision: Decision, facts: Facts) -> Decision:
    """Schemas with references are a server error."""
    fatal = Mistake("The server had an error.", status=500)
    return fatal if _wanting(decision, facts, "references") else decision


@fault(
    "schemas-recursion-fatal",
    "http.no-server-error",
    on=Stage.DECISION,
    deep=("schema.output.references", "schema.tool.references"),
)
def schemas_recursion_fatal(decision: Decision, facts: Facts) -> Decision:
    """Schemas that refer to themselves are a server error."""
    fatal = Mistake("maximum recursion depth exceeded", status=500)
    recursive = _asked(facts, "references") and "children" in str(facts.body)
    return fatal if recursive and decision is None else decision


@fault("schemas-empty-fatal", "http.no-server-error", on=Stage.DECISION)
def schemas_empty_fatal(decision: Decision, facts: Facts) -> Decision:
    """Functions without parameters are a server error."""
    fatal = Mistake("The server had an error.", status=500)
    return fatal if _wanting(decision, facts, "nothing") and facts.has_tools else decision


@fault(
    "schemas-unions-refused",
    "schema.output.unions",
    "schema.tool.unions",
    on=Stage.DECISION,
    deep=("schema.output.unions", "schema.tool.unions"),
)
def schemas_unions_refused(decision: Decision, facts: Facts) -> Decision:
    """Unions are refused honestly, although strict schemas are claimed."""
    refusal = Mistake("anyOf is not supported.", param="response_format")
    return refusal if _wanting(decision, facts, "unions") else decision


@fault("schemas-fenced", "param.response-format.effective", on=Stage.ANSWER)
def schemas_fenced(answer: Answer, facts: Facts) -> Answer:
    """Nested JSON comes in a code fence."""
    if answer.request.format != "json_schema" or kind_of(answer.request.schema) != "nesting":
        return answer
    fenced = [
        replace(one, tokens=pieces(f"```json\n{one.text}\n```")) if one.finish == "stop" else one
        for one in answer.choices
    ]
    return replace(answer, choices=tuple(fenced))


@fault(
    "schemas-no-arguments-empty",
    "chat.response.tool-call-arguments",
    on=Stage.ANSWER,
)
def schemas_no_arguments_empty(answer: Answer, facts: Facts) -> Answer:
    """Functions without parameters are called with an empty text for arguments."""

    def emptied(call: Call) -> Call:
        bare = call.tool.kind == "function" and kind_of(call.tool.schema) == "nothing"
        return replace(call, fragments=()) if bare else call

    choices = [replace(one, calls=tuple(map(emptied, one.calls))) for one in answer.choices]
    return replace(answer, choices=tuple(choices))
