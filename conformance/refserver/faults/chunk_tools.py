"""Faults of tool calls in streams."""

from __future__ import annotations

from conformance.refserver.exchange import Obj
from conformance.refserver.faults.altering import (
    before_finish,
    each_choice,
    each_tool_delta,
    is_call,
    is_finish,
    where,
    without,
)
from conformance.refserver.faults.registry import Facts, Stage, fault

Chunks = list[Obj]


def _function(piece: Obj, **members: object) -> Obj:
    return {**piece, "function": {**piece["function"], **members}}


@fault("tool-delta-object", "chunk.tool-calls", on=Stage.CHUNKS)
def tool_delta_object(chunks: Chunks, facts: Facts) -> Chunks:
    """The tool calls of a delta are an object instead of an array."""
    extra = {"tool_calls": {"index": 0, "function": {"arguments": ""}}}
    return before_finish(chunks, extra) if any(map(is_call, chunks)) else chunks


@fault("tool-delta-index-text", "chunk.tool-calls", on=Stage.CHUNKS)
def tool_delta_index_text(chunks: Chunks, facts: Facts) -> Chunks:
    """The index of a tool call piece is a string."""
    extra = {"tool_calls": [{"index": "0", "function": {"arguments": ""}}]}
    return before_finish(chunks, extra) if any(map(is_call, chunks)) else chunks


@fault("tool-delta-index-missing", "chunk.tool-calls", on=Stage.CHUNKS)
def tool_delta_index_missing(chunks: Chunks, facts: Facts) -> Chunks:
    """Tool call pieces have no index."""
    return each_tool_delta(chunks, lambda piece: without(piece, "index"))


@fault("tool-index-from-one", "chunk.tool-index", on=Stage.CHUNKS)
def tool_index_from_one(chunks: Chunks, facts: Facts) -> Chunks:
    """Tool calls are counted from one."""
    return each_tool_delta(chunks, lambda piece: {**piece, "index": piece["index"] + 1})


def _second_call(chunks: Chunks, index: int, facts: Facts) -> Chunks:
    """One more call of the weather after the first, where several are allowed."""
    if facts.body.get("parallel_tool_calls") is False or "get_weather" not in str(
        facts.body.get("tools")
    ):
        return chunks
    call = {"id": "call_second", "type": "function"}
    opening = {"index": index, **call, "function": {"name": "get_weather", "arguments": ""}}
    rest = {"index": index, "function": {"arguments": '{"city":"text"}'}}
    deltas = ({"tool_calls": [opening]}, {"tool_calls": [rest]})
    return before_finish(chunks, *deltas) if any(map(is_call, chunks)) else chunks


@fault("tool-index-gap", "chunk.tool-index", on=Stage.CHUNKS)
def tool_index_gap(chunks: Chunks, facts: Facts) -> Chunks:
    """The second tool call has the index 2."""
    return _second_call(chunks, 2, facts)


@fault("tool-index-shared", "chunk.tool-index-shared", on=Stage.CHUNKS)
def tool_index_shared(chunks: Chunks, facts: Facts) -> Chunks:
    """Two tool calls share the index 0."""
    return _second_call(chunks, 0, facts)


@fault("tool-first-without-id", "chunk.tool-first-delta", on=Stage.CHUNKS)
def tool_first_without_id(chunks: Chunks, facts: Facts) -> Chunks:
    """The first piece of a tool call has no id."""
    return each_tool_delta(chunks, lambda piece: without(piece, "id"))


@fault("tool-first-without-type", "chunk.tool-first-delta", on=Stage.CHUNKS)
def tool_first_without_type(chunks: Chunks, facts: Facts) -> Chunks:
    """The first piece of a tool call has no type."""
    return each_tool_delta(chunks, lambda piece: without(piece, "type"))


@fault("tool-first-without-name", "chunk.tool-first-delta", on=Stage.CHUNKS)
def tool_first_without_name(chunks: Chunks, facts: Facts) -> Chunks:
    """The first piece of a tool call does not name the function."""
    return each_tool_delta(
        chunks, lambda piece: {**piece, "function": without(piece["function"], "name")}
    )


@fault("tool-later-repeat", "chunk.tool-later-deltas", on=Stage.CHUNKS)
def tool_later_repeat(chunks: Chunks, facts: Facts) -> Chunks:
    """Every piece of a tool call repeats its id, type and name."""
    head: Obj = {}

    def headed(piece: Obj) -> Obj:
        head.update({name: piece[name] for name in ("id", "type") if name in piece})
        name = head.setdefault("name", piece["function"].get("name"))
        return _function({**piece, "id": head["id"], "type": head["type"]}, name=name)

    return each_tool_delta(chunks, headed)


@fault("tool-later-nulls", "chunk.tool-later-deltas", on=Stage.CHUNKS)
def tool_later_nulls(chunks: Chunks, facts: Facts) -> Chunks:
    """Later pieces of a tool call have null for id, type and name."""
    nulls = {"id": None, "type": None}
    return each_tool_delta(
        chunks, lambda p: p if "id" in p else _function({**p, **nulls}, name=None)
    )


@fault("tool-arguments-cut", "chunk.tool-arguments", on=Stage.CHUNKS)
def tool_arguments_cut(chunks: Chunks, facts: Facts) -> Chunks:
    """The last piece of the arguments never comes."""
    last = max((at for at, chunk in enumerate(chunks) if is_call(chunk)), default=len(chunks))
    return [*chunks[:last], *chunks[last + 1 :]]


@fault("tool-arguments-cumulated", "chunk.tool-arguments", on=Stage.CHUNKS)
def tool_arguments_cumulated(chunks: Chunks, facts: Facts) -> Chunks:
    """Every piece of the arguments repeats all before it."""
    said = ""

    def grown(piece: Obj) -> Obj:
        nonlocal said
        said += piece["function"]["arguments"]
        return _function(piece, arguments=said)

    return each_tool_delta(chunks, grown)


@fault("tool-stream-finish-stop", "chunk.tool-calls-finish", on=Stage.CHUNKS)
def tool_stream_finish_stop(chunks: Chunks, facts: Facts) -> Chunks:
    """Streams that call tools end with stop, whether or not the call was named."""
    if not any(map(is_call, chunks)):
        return chunks
    return where(
        chunks, is_finish, lambda ch: each_choice(ch, lambda c: {**c, "finish_reason": "stop"})
    )
