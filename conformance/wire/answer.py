"""What an answer said, whichever form it came in: one ``Said`` for each choice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from conformance.model.json import JSON
from conformance.wire.chunks import content_chunks, usage_chunks
from conformance.wire.deltas import ChoiceParts
from conformance.wire.reading import Reading


@dataclass(frozen=True, slots=True)
class Call:
    """One function that the answer calls, its arguments as the text that came."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Said:
    """One choice: its text, its calls, and why it ended."""

    index: int
    text: str = ""
    refusal: str = ""
    calls: tuple[Call, ...] = ()
    function_call: Call | None = None
    """A call of the old kind."""
    finish: JSON = None
    at: str = ""
    """Where it stands: a JSON pointer, or for a stream the choice's number."""


def said(x: Reading) -> tuple[Said, ...]:
    """The choices of an answer in the order of their indexes; what is malformed is left out."""
    found = _streamed(x) if x.asked.streams else _whole(x)
    return tuple(sorted(found, key=lambda one: one.index))


def _whole(x: Reading) -> Iterator[Said]:
    choices = (x.object or {}).get("choices")
    for place, choice in enumerate(choices if isinstance(choices, list) else []):
        message = choice.get("message") if isinstance(choice, dict) else None
        if not isinstance(choice, dict) or not isinstance(message, dict):
            continue
        index = choice.get("index")
        yield Said(
            index if isinstance(index, int) and not isinstance(index, bool) else place,
            _text(message.get("content")),
            _text(message.get("refusal")),
            tuple(_calls(message.get("tool_calls"))),
            _call(message.get("function_call")),
            choice.get("finish_reason"),
            f"/choices/{place}",
        )


def _calls(entries: JSON) -> Iterator[Call]:
    for entry in entries if isinstance(entries, list) else []:
        call = _call(entry.get("function")) if isinstance(entry, dict) else None
        if call is not None:
            yield call


def _call(function: JSON) -> Call | None:
    if not isinstance(function, dict):
        return None
    return Call(_text(function.get("name")), _text(function.get("arguments")))


def _streamed(x: Reading) -> Iterator[Said]:
    for index, parts in x.choices.items():
        yield Said(
            index,
            parts.text,
            "".join(text for _, text in parts.refusal),
            tuple(
                Call(parts.tools[i].name or "", parts.tools[i].arguments) for i in parts.tool_order
            ),
            _joined(parts) if parts.function_call else None,
            parts.finish,
            f"choice {index}",
        )


def _joined(parts: ChoiceParts) -> Call:
    name, arguments = "", ""
    for _, delta in parts.deltas:
        call = delta.get("function_call")
        if isinstance(call, dict):
            name = name or _text(call.get("name"))
            arguments += _text(call.get("arguments"))
    return Call(name, arguments)


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else ""


def member_of(x: Reading, name: str) -> JSON:
    """A member of an answer, as its body or its first chunk has it; None where it has none."""
    if not x.asked.streams:
        return (x.object or {}).get(name)
    chunks = content_chunks(x)
    return chunks[0][1].get(name) if chunks else None


def stated_usage(x: Reading) -> JSON:
    """The usage of an answer in either form; None where it says nothing."""
    if not x.asked.streams:
        return (x.object or {}).get("usage")
    carriers = usage_chunks(x)
    return carriers[-1][1]["usage"] if carriers else None
