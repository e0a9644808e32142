"""The lazily parsed view of one exchange that checks work on."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from functools import cached_property
from weakref import ref

from conformance.model.exchange import Attempt, Ended, Exchange
from conformance.model.json import JSON
from conformance.model.request import Operation
from conformance.wire import sse, strict_json
from conformance.wire.coding import Undecodable, decode
from conformance.wire.deltas import ChoiceParts, fold
from conformance.wire.envelope import Envelope, envelope_of
from conformance.wire.strict_json import Parsed

DONE = "[DONE]"
_LARGE = 1 << 18
"""Bytes of a body from which on what was read of it is held only while few others are."""
_HELD: deque[ref[Reading]] = deque()
_MOST_HELD = 1


class Asked:
    """What a request asked for, read from its own bytes."""

    def __init__(self, exchange: Exchange) -> None:
        self.request = exchange.request
        self.operation = exchange.request.operation
        self.method = exchange.request.method

    @cached_property
    def parsed(self) -> Parsed:
        """The request's body as JSON."""
        return strict_json.parse(self.request.body or b"")

    @property
    def body(self) -> dict[str, JSON]:
        """The request's JSON object; empty if it is none."""
        return self.parsed.value if isinstance(self.parsed.value, dict) else {}

    @property
    def streams(self) -> bool:
        """Whether a stream was asked for."""
        return self.body.get("stream") is True

    @property
    def chat(self) -> bool:
        """Whether it is a POST to chat completions."""
        return self.operation is Operation.CHAT and self.method == "POST"

    @property
    def n(self) -> int:
        """How many choices were asked for."""
        n = self.body.get("n")
        return n if isinstance(n, int) and not isinstance(n, bool) else 1

    @property
    def usage(self) -> bool:
        """Whether ``stream_options.include_usage`` is true."""
        options = self.body.get("stream_options")
        return isinstance(options, dict) and options.get("include_usage") is True

    @property
    def named_tool(self) -> str | None:
        """The function that ``tool_choice`` names."""
        choice = self.body.get("tool_choice")
        function = choice.get("function") if isinstance(choice, dict) else None
        name = function.get("name") if isinstance(function, dict) else None
        return name if isinstance(name, str) else None

    @property
    def tool_names(self) -> tuple[str, ...]:
        """The functions declared in ``tools``."""
        tools = self.body.get("tools")
        found = []
        for tool in tools if isinstance(tools, list) else []:
            function = tool.get("function") if isinstance(tool, dict) else None
            if isinstance(function, dict) and isinstance(function.get("name"), str):
                found.append(str(function["name"]))
        return tuple(found)

    @property
    def audio(self) -> bool:
        """Whether audio output was asked for."""
        modalities = self.body.get("modalities")
        return isinstance(modalities, list) and "audio" in modalities


class Reading:
    """One exchange, parsed as far as somebody asks; equal for equal recordings."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.id = exchange.id
        self.kept = exchange.kept
        self.asked = Asked(exchange)
        self.attempt: Attempt | None = exchange.last
        """The attempt that counts."""

    def __repr__(self) -> str:
        return f"Reading({self.id!r})"

    def _hold(self) -> None:
        """Lets an earlier large answer be forgotten: it is read again when it is asked for."""
        _HELD.append(ref(self))
        while len(_HELD) > _MOST_HELD:
            other = _HELD.popleft()()
            if other is not None and other is not self:
                other._forget()

    def _forget(self) -> None:
        for name in _READ & self.__dict__.keys():
            del self.__dict__[name]

    @property
    def status(self) -> int | None:
        """The HTTP status, None if no head arrived."""
        return self.attempt.status if self.attempt else None

    @property
    def ended(self) -> Ended | None:
        """How the body ended."""
        return self.attempt.ended if self.attempt else None

    def header(self, name: str) -> str | None:
        """A response header, several joined with a comma (RFC 9110 §5.3); None if absent."""
        if not self.attempt:
            return None
        found = [v for n, v in self.attempt.headers if n.lower() == name.lower()]
        return ", ".join(found) if found else None

    @cached_property
    def media_type(self) -> str:
        """The media type in lower case without parameters; empty if none was sent."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @property
    def says_json(self) -> bool:
        """Whether the media type is a JSON one."""
        return self.media_type == "application/json" or self.media_type.endswith("+json")

    @property
    def says_events(self) -> bool:
        """Whether the media type is the event stream's."""
        return self.media_type == "text/event-stream"

    @property
    def sent(self) -> bytes:
        """The body's bytes as they were sent, with their content coding."""
        return self.attempt.body if self.attempt else b""

    @cached_property
    def body(self) -> bytes:
        """The body's bytes, as a client reads them: without a content coding that can be undone."""
        body = self.sent
        if self.coding:
            with suppress(Undecodable):
                body = decode(body, self.coding)
        if len(body) > _LARGE:
            self._hold()
        return body

    @property
    def whole(self) -> bool:
        """Whether the body arrived to its end."""
        return self.ended in (Ended.COMPLETE, Ended.HELD_OPEN)

    @property
    def coding(self) -> str:
        """The content coding that the answer was sent with, in lower case; empty if none."""
        if not self.kept.arrival:
            return ""  # recorders of other people's traffic store the decoded body
        coding = (self.header("content-encoding") or "").strip().lower()
        return "" if coding == "identity" else coding

    @cached_property
    def undecodable(self) -> str | None:
        """Why the content coding cannot be undone; None if there is none, or it can."""
        if not self.coding or not self.sent:
            return None
        try:
            decode(self.sent, self.coding)
        except Undecodable as error:
            return str(error)
        return None

    @cached_property
    def json(self) -> Parsed:
        """The body as one JSON text."""
        return strict_json.parse(self.body)

    @property
    def object(self) -> dict[str, JSON] | None:
        """The body's JSON object, None if it is none."""
        return self.json.value if isinstance(self.json.value, dict) else None

    @cached_property
    def envelope(self) -> Envelope:
        """The body taken as an error."""
        return envelope_of(self.json.value)

    @cached_property
    def looks_like_events(self) -> bool:
        """Whether the body is written as an event stream, whatever its media type."""
        head = self.body.removeprefix(b"\xef\xbb\xbf").lstrip()[:64].lower()
        return head.startswith((b"data", b"event:", b"id:", b"retry:", b":")) or bool(
            self.stream.events
        )

    @cached_property
    def stream(self) -> sse.Stream:
        """The body as an event stream."""
        return sse.read_stream(self.body)

    @cached_property
    def parsed_events(self) -> list[tuple[int, sse.Event, Parsed]]:
        """Events before [DONE] with their numbers (from 1) and their data as JSON; clients read no further."""
        return [
            (n, event, strict_json.parse_text(event.data))
            for n, event in enumerate(self.stream.events[: self.done_at], 1)
            if not is_done(event.data)
        ]

    @cached_property
    def error_events(self) -> list[tuple[int, dict[str, JSON]]]:
        """Events that carry an error, with their numbers."""
        return [
            (n, parsed.value)
            for n, event, parsed in self.parsed_events
            if isinstance(parsed.value, dict)
            and (
                parsed.value.get("error")
                or (event.type == "error" and "choices" not in parsed.value)
            )
        ]

    @cached_property
    def chunks(self) -> list[tuple[int, dict[str, JSON]]]:
        """Chunk objects with their event numbers, in order; errors are not among them."""
        errors = {n for n, _ in self.error_events}
        return [
            (n, parsed.value)
            for n, _, parsed in self.parsed_events
            if isinstance(parsed.value, dict) and n not in errors
        ]

    @cached_property
    def choices(self) -> dict[int, ChoiceParts]:
        """The choices that the chunks add up to."""
        return fold(self.chunks)

    @property
    def done_at(self) -> int | None:
        """The number of the first [DONE] event, None if there is none."""
        return next((n for n, e in enumerate(self.stream.events, 1) if e.data == DONE), None)

    def arrival(self, offset: int) -> float:
        """When the byte at an offset of the body arrived, in seconds since the request was begun."""
        reached = 0
        chunks = self.attempt.chunks if self.attempt else ()
        for chunk in chunks:
            reached += len(chunk.data)
            if offset < reached:
                return chunk.at
        return chunks[-1].at if chunks else 0.0


_READ = {name for name, made in vars(Reading).items() if isinstance(made, cached_property)}


def is_done(data: str) -> bool:
    """Whether an event's data is the end marker or an attempt at it."""
    return data.strip().strip("[]").strip().upper() == "DONE"
