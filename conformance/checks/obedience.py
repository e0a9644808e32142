"""What an answer shows of a schema that its request carried, for arguments and for whole answers.

What is no JSON at all is the matter of other rules, and so is a call that did not come: here it is unclear.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from conformance.model.json import JSON
from conformance.spec.phrase import quoted
from conformance.spec.structured import breach, unheeded
from conformance.wire import strict_json
from conformance.wire.answer import said
from conformance.wire.reading import Reading

from .effects.form import schema_of
from .effects.seen import Effect, Seen

Look = Callable[[Reading], Seen]
_CUT = ("length", "content_filter")
_CALL = "a call of a declared function"


def of_answer(x: Reading) -> Seen:
    """Whether the answer obeys the schema of its response format."""
    whole = [one for one in said(x) if one.finish not in _CUT and not one.refusal and not one.calls]
    texts = [(f"{one.at}/message/content", one.text) for one in whole]
    return _of_texts(((at, text, schema_of(x.asked.body)) for at, text in texts), "an answer")


def of_arguments(x: Reading) -> Seen:
    """Whether the arguments of the calls obey the schemas of their functions."""
    schemas = {name: function.get("parameters") for name, function in functions_of(x.asked.body)}
    calls = [
        (f"{one.at}/message/tool_calls/{place}", call.arguments, schemas[call.name])
        for one in said(x)
        if one.finish not in _CUT
        for place, call in enumerate(one.calls)
        if call.name in schemas
    ]
    return _of_texts(iter(calls), _CALL)


def _of_texts(texts: Iterator[tuple[str, str, JSON]], wanted: str) -> Seen:
    last = ""
    for at, text, schema in texts:
        parsed = strict_json.parse_text(text)
        shown = quoted(text)
        if parsed.error is not None:
            return Seen(Effect.UNCLEAR, f"no JSON came: {shown}")
        if wanted == _CALL and not isinstance(parsed.value, dict):
            return Seen(Effect.UNCLEAR, f"the arguments are no object: {shown}")
        if wanted != _CALL and unheeded(schema, parsed.value):
            return Seen(Effect.UNCLEAR, f"nothing of the schema came: {shown}")
        if (broken := breach({} if schema is None else schema, parsed.value)) is not None:
            return Seen(Effect.MISSING, f"{broken}: {shown}", at)
        last = shown
    return Seen(Effect.SEEN, last) if last else Seen(Effect.UNCLEAR, f"{wanted} did not come whole")


def functions_of(body: Mapping[str, JSON]) -> Iterator[tuple[str, Mapping[str, JSON]]]:
    """The functions that a request declares, by name."""
    tools = body.get("tools")
    for tool in tools if isinstance(tools, list) else []:
        function = tool.get("function") if isinstance(tool, dict) else None
        if isinstance(function, dict):
            yield str(function.get("name")), function


def strict_arguments(body: Mapping[str, JSON]) -> bool:
    """Whether the request wants the schema of the function that it names to be obeyed strictly."""
    choice = body.get("tool_choice")
    chosen = choice.get("function") if isinstance(choice, dict) else None
    name = chosen.get("name") if isinstance(chosen, dict) else None
    found = [f for n, f in functions_of(body) if name in (None, n)]
    return bool(found) and all(function.get("strict") is True for function in found)
