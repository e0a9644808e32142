"""Small steps from which faults are made; each returns something new or the copy it was given."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from conformance.refserver.exchange import Frame, Obj, Reply
from conformance.refserver.faults.registry import Facts


def without(value: Obj, *names: str) -> Obj:
    """The object without these members."""
    return {name: member for name, member in value.items() if name not in names}


def each_choice(value: Obj, change: Callable[[Obj], Obj]) -> Obj:
    """A completion or chunk whose choices are changed."""
    return {**value, "choices": [change(choice) for choice in value["choices"]]}


def each_message(answer: Obj, change: Callable[[Obj], Obj]) -> Obj:
    """A completion whose messages are changed."""
    return each_choice(answer, lambda choice: {**choice, "message": change(choice["message"])})


def each_text_message(answer: Obj, change: Callable[[Obj], Obj]) -> Obj:
    """A completion whose messages are changed where they are text and not calls."""
    return each_message(answer, lambda m: m if "tool_calls" in m else change(m))


def each_text_choice(answer: Obj, change: Callable[[Obj], Obj]) -> Obj:
    """A completion whose choices are changed where they are text and not calls."""
    return each_choice(answer, lambda c: c if "tool_calls" in c["message"] else change(c))


def each_call(answer: Obj, change: Callable[[Obj], Obj]) -> Obj:
    """A completion whose tool calls are changed."""
    return each_message(
        answer,
        lambda m: (
            {**m, "tool_calls": [change(c) for c in m["tool_calls"]]} if "tool_calls" in m else m
        ),
    )


def usage_with(value: Obj, **members: Any) -> Obj:
    """A completion or chunk whose usage has these members, where it has one."""
    return {**value, "usage": {**value["usage"], **members}} if value.get("usage") else value


def each(chunks: Iterable[Obj], **members: Any) -> list[Obj]:
    """Chunks that all have these members."""
    return [{**chunk, **members} for chunk in chunks]


def delta_of(chunk: Obj) -> Obj:
    """The first delta of a chunk, empty where there is none."""
    delta: Obj = chunk["choices"][0]["delta"] if chunk["choices"] else {}
    return delta


def is_finish(chunk: Obj) -> bool:
    """Whether a chunk ends a choice."""
    return any(choice.get("finish_reason") is not None for choice in chunk["choices"])


def is_text(chunk: Obj) -> bool:
    """Whether a chunk carries text."""
    return bool(delta_of(chunk).get("content"))


def is_call(chunk: Obj) -> bool:
    """Whether a chunk carries a piece of a tool call."""
    return "tool_calls" in delta_of(chunk)


def with_delta(chunk: Obj, delta: Any) -> Obj:
    """A chunk with another delta."""
    return each_choice(chunk, lambda choice: {**choice, "delta": delta})


def where(
    chunks: list[Obj], wanted: Callable[[Obj], bool], change: Callable[[Obj], Obj]
) -> list[Obj]:
    """Chunks of which some are changed."""
    return [change(chunk) if wanted(chunk) else chunk for chunk in chunks]


def one_text(chunks: list[Obj], change: Callable[[Obj], Obj]) -> list[Obj]:
    """Chunks of which one in the middle of the text is changed, where there is text."""
    texts = [at for at, chunk in enumerate(chunks) if is_text(chunk)]
    if texts:
        at = texts[len(texts) // 2]
        chunks[at] = change(chunks[at])
    return chunks


def before_finish(chunks: list[Obj], *deltas: Any) -> list[Obj]:
    """Chunks with further deltas just before the end of the first choice."""
    at = next((at for at, chunk in enumerate(chunks) if is_finish(chunk)), None)
    if at is None:
        return chunks
    model = each_choice(chunks[at], lambda choice: {**choice, "finish_reason": None})
    return [*chunks[:at], *(with_delta(model, delta) for delta in deltas), *chunks[at:]]


def each_tool_delta(chunks: list[Obj], change: Callable[[Obj], Obj]) -> list[Obj]:
    """Chunks whose tool call pieces are changed."""

    def changed(chunk: Obj) -> Obj:
        pieces = [change(piece) for piece in delta_of(chunk)["tool_calls"]]
        return with_delta(chunk, {**delta_of(chunk), "tool_calls": pieces})

    return where(chunks, is_call, changed)


def in_the_middle(events: list[bytes], *more: bytes) -> list[bytes]:
    """Events with more of them half way."""
    at = len(events) // 2
    return [*events[:at], *more, *events[at:]]


def chunk_at(events: list[bytes]) -> int:
    """The place of the first event that holds a chunk."""
    return next((at for at, one in enumerate(events) if one.startswith(b"data: {")), 0)


def with_header(reply: Reply, name: str, value: str | None) -> Reply:
    """A reply with another value of a header, or without it."""
    kept = tuple(pair for pair in reply.headers if pair[0].lower() != name.lower())
    return replace(reply, headers=kept if value is None else (*kept, (name, value)))


def with_body(reply: Reply, body: bytes) -> Reply:
    """A reply with another body and the length of that."""
    reply = replace(reply, frames=(Frame(body),))
    return with_header(reply, "Content-Length", str(len(body)))


def of_completion(reply: Reply, facts: Facts, change: Callable[[bytes], bytes]) -> Reply:
    """A reply whose body is changed where it is a whole completion."""
    return with_body(reply, change(reply.body)) if facts.whole else reply
