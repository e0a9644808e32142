"""Folds the chunks of a stream into the answer they add up to, keeping what each delta did on the way."""

from __future__ import annotations

from dataclasses import dataclass, field

from conformance.model.json import JSON


@dataclass(slots=True)
class ToolFragment:
    """One entry of a ``tool_calls`` delta."""

    event: int
    """Number of the event in the stream, from 1."""
    entry: dict[str, JSON]

    @property
    def function(self) -> dict[str, JSON]:
        """Its function object, empty if there is none."""
        value = self.entry.get("function")
        return value if isinstance(value, dict) else {}


@dataclass(slots=True)
class ToolCallParts:
    """All fragments of one tool call index."""

    index: int
    fragments: list[ToolFragment] = field(default_factory=list)

    @property
    def first(self) -> ToolFragment:
        """The fragment that opened it."""
        return self.fragments[0]

    @property
    def arguments(self) -> str:
        """The argument fragments joined."""
        parts = (f.function.get("arguments") for f in self.fragments)
        return "".join(p for p in parts if isinstance(p, str))

    @property
    def name(self) -> str | None:
        """The function's name as first given."""
        names = (f.function.get("name") for f in self.fragments)
        return next((n for n in names if isinstance(n, str) and n), None)


@dataclass(slots=True)
class ChoiceParts:
    """What a stream said about one choice. Event numbers count from 1."""

    index: int
    deltas: list[tuple[int, dict[str, JSON]]] = field(default_factory=list)
    roles: list[tuple[int, JSON]] = field(default_factory=list)
    """Role values other than null, with their events."""
    finishes: list[tuple[int, JSON]] = field(default_factory=list)
    """Finish reasons other than null and the empty string, which clients take for none."""
    blank_finish: bool = False
    """Whether a finish reason was something else that clients take for none, such as the empty string."""
    content: list[tuple[int, str]] = field(default_factory=list)
    refusal: list[tuple[int, str]] = field(default_factory=list)
    tools: dict[int, ToolCallParts] = field(default_factory=dict)
    tool_order: list[int] = field(default_factory=list)
    function_call: bool = False
    audio: bool = False

    @property
    def text(self) -> str:
        """The text joined."""
        return "".join(text for _, text in self.content)

    @property
    def finish(self) -> JSON:
        """The last finish reason."""
        return self.finishes[-1][1] if self.finishes else None

    @property
    def carries(self) -> list[tuple[int, str]]:
        """Events that carry content, refusal or tool calls that are not empty, and which of them."""
        seen = [(n, "content") for n, t in self.content if t]
        seen += [(n, "refusal") for n, t in self.refusal if t]
        seen += [(f.event, "tool_calls") for call in self.tools.values() for f in call.fragments]
        return sorted(seen)


def fold(chunks: list[tuple[int, dict[str, JSON]]]) -> dict[int, ChoiceParts]:
    """The choices of a stream by index; ``chunks`` are (event number, chunk). Malformed parts are left out."""
    choices: dict[int, ChoiceParts] = {}
    for number, chunk in chunks:
        entries = chunk.get("choices")
        for entry in entries if isinstance(entries, list) else []:
            if not isinstance(entry, dict) or not _is_index(entry.get("index")):
                continue
            index = entry["index"]
            assert isinstance(index, int)  # noqa: S101 - narrowed above
            parts = choices.setdefault(index, ChoiceParts(index))
            _take(parts, number, entry)
    return choices


def _is_index(value: JSON) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _take(parts: ChoiceParts, number: int, entry: dict[str, JSON]) -> None:
    reason = entry.get("finish_reason")
    if reason:
        parts.finishes.append((number, reason))
    elif reason is not None:
        parts.blank_finish = True
    delta = entry.get("delta")
    if not isinstance(delta, dict):
        return
    parts.deltas.append((number, delta))
    if delta.get("role") is not None:
        parts.roles.append((number, delta["role"]))
    for name, into in (("content", parts.content), ("refusal", parts.refusal)):
        text = delta.get(name)
        if isinstance(text, str):
            into.append((number, text))
    parts.function_call = parts.function_call or isinstance(delta.get("function_call"), dict)
    parts.audio = parts.audio or isinstance(delta.get("audio"), dict)
    calls = delta.get("tool_calls")
    for call in calls if isinstance(calls, list) else []:
        if isinstance(call, dict) and _is_index(call.get("index")):
            index = call["index"]
            assert isinstance(index, int)  # noqa: S101 - narrowed above
            if index not in parts.tools:
                parts.tools[index] = ToolCallParts(index)
                parts.tool_order.append(index)
            parts.tools[index].fragments.append(ToolFragment(number, call))
