"""The chunks of a stream: which there are, what they say of each choice and call, and where usage stands."""

from __future__ import annotations

from conformance.model.json import JSON
from conformance.wire.deltas import ChoiceParts, ToolCallParts
from conformance.wire.reading import Reading

Numbered = tuple[int, dict[str, JSON]]
"""A chunk behind the number of its event."""


def is_prelude(chunk: dict[str, JSON]) -> bool:
    """An opening chunk of filter results: no choices and empty names; official helpers drop it by its object."""
    return (
        chunk.get("choices") == []
        and not chunk.get("object")
        and not isinstance(chunk.get("usage"), dict)
    )


def content_chunks(x: Reading) -> list[Numbered]:
    """The chunks without such an opening one."""
    return [(n, chunk) for n, chunk in x.chunks if not is_prelude(chunk)]


def spoken(x: Reading) -> list[ChoiceParts]:
    """The choices of a stream, by index."""
    return [x.choices[i] for i in sorted(x.choices)]


def streamed_calls(x: Reading) -> list[tuple[ChoiceParts, ToolCallParts]]:
    """Each tool call of each choice."""
    return [(choice, choice.tools[i]) for choice in spoken(x) for i in choice.tool_order]


def called_again(call: ToolCallParts) -> tuple[int, str] | None:
    """The event and value of an id that differs from the one before it: another call under the same index."""
    first = call.first.entry.get("id")
    for fragment in call.fragments[1:]:
        again = fragment.entry.get("id")
        if isinstance(again, str) and again and isinstance(first, str) and first and again != first:
            return fragment.event, again
    return None


def usage_chunks(x: Reading) -> list[Numbered]:
    """The chunks that carry a usage object."""
    return [(n, c) for n, c in x.chunks if isinstance(c.get("usage"), dict)]


def last_finish(x: Reading) -> int:
    """The event on which the last choice finished, 0 if none did."""
    return max((n for c in x.choices.values() for n, _ in c.finishes), default=0)
