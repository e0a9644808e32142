"""Faults by which a stream differs from the whole answer to the same request."""

from __future__ import annotations

from dataclasses import replace
from zlib import crc32

from conformance.refserver.brain import Said
from conformance.refserver.completion import Answer
from conformance.refserver.exchange import Obj
from conformance.refserver.faults.altering import each, usage_with
from conformance.refserver.faults.registry import Facts, Stage, fault
from conformance.refserver.mistakes import Decision, Mistake
from conformance.refserver.tokens import pieces


@fault("parity-tools-only-whole", "parity.status", "generated.valid-accepted", on=Stage.DECISION)
def parity_tools_only_whole(decision: Decision, facts: Facts) -> Decision:
    """Requests with tools are refused when they ask for a stream."""
    if decision is None and facts.has_tools and facts.wants_stream:
        return Mistake("Tools cannot be streamed.", param="stream", code="unsupported_value")
    return decision


@fault("parity-prompt-tokens", "parity.prompt-tokens", on=Stage.CHUNKS)
def parity_prompt_tokens(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """Streams count more prompt tokens than whole answers."""
    for at, chunk in enumerate(chunks):
        if usage := chunk.get("usage"):
            more = {name: usage[name] + 5 for name in ("prompt_tokens", "total_tokens")}
            chunks[at] = usage_with(chunk, **more)
    return chunks


@fault("parity-prompt-moves", "parity.prompt-repeated", on=Stage.COMPLETION)
def parity_prompt_moves(answer: Obj, facts: Facts) -> Obj:
    """The server's own prompt is longer in one request than in the next."""
    if "seed" not in facts.body or not answer.get("usage"):
        return answer
    more = crc32(answer["id"].encode()) % 10_000
    counted = {n: answer["usage"][n] + more for n in ("prompt_tokens", "total_tokens")}
    return usage_with(answer, **counted)


@fault("parity-model", "chat.response.model-asked", "parity.model", on=Stage.CHUNKS)
def parity_model(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """Streams are answered by another model than whole answers."""
    return each(chunks, model="reference-streaming")


def _talks(answer: Answer) -> Answer:
    said = tuple(
        Said(pieces("I would call a tool.")) if one.calls else one for one in answer.choices
    )
    return replace(answer, choices=said)


@fault("parity-stream-talks", "parity.tool-calls", "param.tool-choice.effective", on=Stage.ANSWER)
def parity_stream_talks(answer: Answer, facts: Facts) -> Answer:
    """Where a tool must be called, streams only talk."""
    return _talks(answer) if answer.request.stream else answer


@fault(
    "parity-whole-talks",
    "parity.tool-calls",
    "param.tool-choice.effective",
    "param.function-call.effective",
    on=Stage.ANSWER,
)
def parity_whole_talks(answer: Answer, facts: Facts) -> Answer:
    """Where a tool must be called, whole answers only talk."""
    return answer if answer.request.stream else _talks(answer)
