"""Faults by which messages, parts and choices vanish from what is counted, and the limit from what is said."""

from __future__ import annotations

from conformance.refserver.exchange import Obj
from conformance.refserver.faults.altering import (
    each_call,
    each_tool_delta,
    is_call,
    usage_with,
)
from conformance.refserver.faults.registry import Facts, Stage, fault

Chunks = list[Obj]
_FEW = 8
"""Tokens of a limit that cuts a call."""


# Messages and parts


def _only(body: Obj, kept: list[Obj]) -> Obj:
    """The body with those messages alone, unless none is left."""
    return {**body, "messages": kept} if kept else body


@fault("counts-developer-dropped", "message.role.counted", on=Stage.TAKEN)
def counts_developer_dropped(body: Obj, facts: Facts) -> Obj:
    """Developer messages are taken and never reach the model."""
    return _only(body, [m for m in body["messages"] if m.get("role") != "developer"])


@fault("counts-first-system-alone", "message.order.counted", on=Stage.TAKEN)
def counts_first_system_alone(body: Obj, facts: Facts) -> Obj:
    """Of several system messages only the first reaches the model."""
    systems = [m for m in body["messages"] if m.get("role") == "system"]
    return _only(body, [m for m in body["messages"] if m not in systems[1:]])


@fault("counts-image-dropped", "message.part.counted", on=Stage.TAKEN)
def counts_image_dropped(body: Obj, facts: Facts) -> Obj:
    """Images beside a text are taken and never reach the model."""

    def blind(message: Obj) -> Obj:
        content = message.get("content")
        parts = content if isinstance(content, list) else []
        seen = [part for part in parts if part.get("type") != "image_url"]
        return {**message, "content": seen} if seen else message

    return {**body, "messages": [blind(message) for message in body["messages"]]}


# Choices


@fault("counts-one-choice", "chat.response.usage-choices", on=Stage.COMPLETION)
def counts_one_choice(answer: Obj, facts: Facts) -> Obj:
    """Of several choices only one is counted."""
    spent = answer["usage"]["completion_tokens"] // len(answer["choices"])
    total = answer["usage"]["prompt_tokens"] + spent
    return usage_with(answer, completion_tokens=spent, total_tokens=total)


# The limit


def _small(facts: Facts) -> int:
    """A limit that a model reaches in the middle of a call; 0 where there is none."""
    limits = [facts.body.get(name) for name in ("max_completion_tokens", "max_tokens")]
    tools = facts.body.get("tools") and "tool" not in facts.roles
    return next((n for n in limits if isinstance(n, int) and 0 < n <= _FEW and tools), 0)


def _spent(value: Obj, limit: int) -> Obj:
    """A completion or chunk whose usage, where it has one, says that the limit was reached."""
    prompt = (value.get("usage") or {}).get("prompt_tokens", 0)
    return usage_with(value, completion_tokens=limit, total_tokens=prompt + limit)


@fault("counts-cut-call-closed", "chat.response.calls-at-limit", on=Stage.COMPLETION)
def counts_cut_call_closed(answer: Obj, facts: Facts) -> Obj:
    """A call that the limit cuts loses its broken arguments and finishes as if it were whole."""
    limit = _small(facts)
    if not limit or not any("tool_calls" in choice["message"] for choice in answer["choices"]):
        return answer
    emptied = each_call(
        answer, lambda call: {**call, "function": {**call["function"], "arguments": "{}"}}
    )
    return _spent(emptied, limit)


@fault("counts-stream-cut-call-closed", "chunk.calls-at-limit", on=Stage.CHUNKS)
def counts_stream_cut_call_closed(chunks: Chunks, facts: Facts) -> Chunks:
    """A streamed call that the limit cuts loses its broken arguments and finishes as if it were whole."""
    limit = _small(facts)
    if not limit or not any(map(is_call, chunks)):
        return chunks
    given = iter(["{}"])

    def emptied(piece: Obj) -> Obj:
        arguments = "" if "id" in piece else next(given, "")
        return {**piece, "function": {**piece["function"], "arguments": arguments}}

    return [_spent(chunk, limit) for chunk in each_tool_delta(chunks, emptied)]
