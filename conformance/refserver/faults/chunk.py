"""Faults of chunks: their members, roles, finish reasons and usage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.refserver.completion import Answer
from conformance.refserver.exchange import Obj
from conformance.refserver.faults.altering import (
    before_finish,
    delta_of,
    each,
    each_choice,
    is_call,
    is_finish,
    is_text,
    one_text,
    usage_with,
    where,
    with_delta,
    without,
)
from conformance.refserver.faults.registry import Facts, Stage, fault

Chunks = list[Obj]


@fault("chunk-id-missing", "chunk.id", on=Stage.CHUNKS)
def chunk_id_missing(chunks: Chunks, facts: Facts) -> Chunks:
    """Chunks have no id."""
    return [without(chunk, "id") for chunk in chunks]


@fault("chunk-id-null", "chunk.id", on=Stage.CHUNKS)
def chunk_id_null(chunks: Chunks, facts: Facts) -> Chunks:
    """The id of chunks is null."""
    return each(chunks, id=None)


@fault("chunk-id-number", "chunk.id", on=Stage.CHUNKS)
def chunk_id_number(chunks: Chunks, facts: Facts) -> Chunks:
    """The id of chunks is a number."""
    return each(chunks, id=1234)


@fault("chunk-id-empty", "chunk.id", on=Stage.CHUNKS)
def chunk_id_empty(chunks: Chunks, facts: Facts) -> Chunks:
    """The id of chunks is empty."""
    return each(chunks, id="")


@fault("chunk-message-null", "chunk.message", on=Stage.CHUNKS)
def chunk_message_null(chunks: Chunks, facts: Facts) -> Chunks:
    """Choices of chunks have a message that is null."""
    return [each_choice(chunk, lambda c: {**c, "message": None}) for chunk in chunks]


@fault("chunk-message-empty", "chunk.message", on=Stage.CHUNKS)
def chunk_message_empty(chunks: Chunks, facts: Facts) -> Chunks:
    """Choices of chunks have a message without members."""
    return [each_choice(chunk, lambda c: {**c, "message": {}}) for chunk in chunks]


@fault("chunk-id-changes", "chunk.id-constant", on=Stage.CHUNKS)
def chunk_id_changes(chunks: Chunks, facts: Facts) -> Chunks:
    """Every chunk has an id of its own."""
    return [{**chunk, "id": f"{chunk['id']}-{at}"} for at, chunk in enumerate(chunks)]


@fault("chunk-object-missing", "chunk.object", on=Stage.CHUNKS)
def chunk_object_missing(chunks: Chunks, facts: Facts) -> Chunks:
    """Chunks have no object member."""
    return [without(chunk, "object") for chunk in chunks]


@fault("chunk-object-of-completion", "chunk.object", on=Stage.CHUNKS)
def chunk_object_of_completion(chunks: Chunks, facts: Facts) -> Chunks:
    """Chunks call themselves chat.completion."""
    return each(chunks, object="chat.completion")


@fault("chunk-created-missing", "chunk.created", on=Stage.CHUNKS)
def chunk_created_missing(chunks: Chunks, facts: Facts) -> Chunks:
    """Chunks have no created time."""
    return [without(chunk, "created") for chunk in chunks]


@fault("chunk-created-text", "chunk.created", on=Stage.CHUNKS)
def chunk_created_text(chunks: Chunks, facts: Facts) -> Chunks:
    """The created time of chunks is a string."""
    return [{**chunk, "created": str(chunk["created"])} for chunk in chunks]


@fault("chunk-created-changes", "chunk.created-constant", on=Stage.CHUNKS)
def chunk_created_changes(chunks: Chunks, facts: Facts) -> Chunks:
    """The created time grows from chunk to chunk."""
    return [{**chunk, "created": chunk["created"] + at} for at, chunk in enumerate(chunks)]


@fault("chunk-model-missing", "chunk.model", on=Stage.CHUNKS)
def chunk_model_missing(chunks: Chunks, facts: Facts) -> Chunks:
    """Chunks do not say which model answers."""
    return [without(chunk, "model") for chunk in chunks]


@fault("chunk-model-null", "chunk.model", on=Stage.CHUNKS)
def chunk_model_null(chunks: Chunks, facts: Facts) -> Chunks:
    """The model of chunks is null."""
    return each(chunks, model=None)


@fault("chunk-model-changes", "chunk.model-constant", on=Stage.CHUNKS)
def chunk_model_changes(chunks: Chunks, facts: Facts) -> Chunks:
    """The last chunk names another model."""
    return [*chunks[:-1], {**chunks[-1], "model": chunks[-1]["model"] + "-b"}]


@fault("chunk-choices-missing", "chunk.choices", on=Stage.CHUNKS)
def chunk_choices_missing(chunks: Chunks, facts: Facts) -> Chunks:
    """The chunk with the usage has no choices at all."""
    return where(chunks, lambda c: not c["choices"], lambda c: without(c, "choices"))


@fault("chunk-choices-null", "chunk.choices", on=Stage.CHUNKS)
def chunk_choices_null(chunks: Chunks, facts: Facts) -> Chunks:
    """The chunk with the usage has null for choices."""
    return where(chunks, lambda c: not c["choices"], lambda c: {**c, "choices": None})


@fault("chunk-choice-index-missing", "chunk.choice-index", on=Stage.CHUNKS)
def chunk_choice_index_missing(chunks: Chunks, facts: Facts) -> Chunks:
    """A choice in the middle of the text has no index."""
    return one_text(chunks, lambda chunk: each_choice(chunk, lambda c: without(c, "index")))


@fault("chunk-choice-index-text", "chunk.choice-index", on=Stage.CHUNKS)
def chunk_choice_index_text(chunks: Chunks, facts: Facts) -> Chunks:
    """The index of a choice in the middle of the text is a string."""
    return one_text(chunks, lambda chunk: each_choice(chunk, lambda c: {**c, "index": "0"}))


@fault("chunk-delta-missing", "chunk.delta", on=Stage.CHUNKS)
def chunk_delta_missing(chunks: Chunks, facts: Facts) -> Chunks:
    """The chunk with the finish reason has no delta."""
    return where(chunks, is_finish, lambda ch: each_choice(ch, lambda c: without(c, "delta")))


@fault("chunk-delta-null", "chunk.delta", on=Stage.CHUNKS)
def chunk_delta_null(chunks: Chunks, facts: Facts) -> Chunks:
    """The delta of the chunk with the finish reason is null."""
    return where(chunks, is_finish, lambda chunk: with_delta(chunk, None))


@fault("chunk-delta-text", "chunk.delta", on=Stage.CHUNKS)
def chunk_delta_text(chunks: Chunks, facts: Facts) -> Chunks:
    """A delta in the middle of the text is a bare string."""
    return one_text(chunks, lambda chunk: with_delta(chunk, delta_of(chunk)["content"]))


def _finish(chunks: Chunks, reason: Any) -> Chunks:
    change: Callable[[Obj], Obj] = lambda c: {**c, "finish_reason": reason}  # noqa: E731
    return where(chunks, is_finish, lambda chunk: each_choice(chunk, change))


def _is_text_stream(chunks: Chunks) -> bool:
    return not any(map(is_call, chunks))


@fault("chunk-finish-eos", "chunk.finish-reason", on=Stage.CHUNKS)
def chunk_finish_eos(chunks: Chunks, facts: Facts) -> Chunks:
    """The finish reason of streamed texts is one of the server's own."""
    return _finish(chunks, "eos") if _is_text_stream(chunks) else chunks


@fault("chunk-finish-number", "chunk.finish-reason", on=Stage.CHUNKS)
def chunk_finish_number(chunks: Chunks, facts: Facts) -> Chunks:
    """The finish reason of streamed texts is a number."""
    return _finish(chunks, 1) if _is_text_stream(chunks) else chunks


@fault("chunk-finish-empty-while-open", "chunk.finish-reason", on=Stage.CHUNKS)
def chunk_finish_empty_while_open(chunks: Chunks, facts: Facts) -> Chunks:
    """Chunks before the last have an empty finish reason instead of null."""
    empty: Callable[[Obj], Obj] = lambda c: {**c, "finish_reason": ""}  # noqa: E731
    return where(chunks, lambda ch: not is_finish(ch), lambda ch: each_choice(ch, empty))


@fault("chunk-finish-missing", "chunk.finish-present", on=Stage.CHUNKS)
def chunk_finish_missing(chunks: Chunks, facts: Facts) -> Chunks:
    """Streams never give a finish reason."""
    return _finish(chunks, None)


@fault("chunk-finish-twice", "chunk.finish-once", on=Stage.CHUNKS)
def chunk_finish_twice(chunks: Chunks, facts: Facts) -> Chunks:
    """Streams give the same finish reason twice."""
    return [again for chunk in chunks for again in [chunk] * (1 + is_finish(chunk))]


@fault("chunk-finish-changes", "chunk.finish-once", on=Stage.CHUNKS)
def chunk_finish_changes(chunks: Chunks, facts: Facts) -> Chunks:
    """Streamed texts give a finish reason and then another."""
    at = next(at for at, chunk in enumerate(chunks) if is_finish(chunk))
    if not _is_text_stream(chunks):
        return chunks
    return [*chunks[: at + 1], *_finish([chunks[at]], "content_filter"), *chunks[at + 1 :]]


@fault("chunk-finish-too-early", "chunk.finish-last", on=Stage.CHUNKS)
def chunk_finish_too_early(chunks: Chunks, facts: Facts) -> Chunks:
    """Streamed texts go on after their finish reason."""
    at = next(at for at, chunk in enumerate(chunks) if is_finish(chunk))
    if not is_text(chunks[at - 1]):
        return chunks
    return [*chunks[: at - 1], chunks[at], chunks[at - 1], *chunks[at + 1 :]]


@fault("chunk-finish-tool-calls-on-text", "chunk.finish-without-tool-calls", on=Stage.CHUNKS)
def chunk_finish_tool_calls_on_text(chunks: Chunks, facts: Facts) -> Chunks:
    """Streamed texts end with tool_calls although nothing is called."""
    return _finish(chunks, "tool_calls") if _is_text_stream(chunks) else chunks


@fault("chunk-role-bot", "chunk.role", on=Stage.CHUNKS)
def chunk_role_bot(chunks: Chunks, facts: Facts) -> Chunks:
    """The role of streamed answers is bot."""
    return [with_delta(chunks[0], {**delta_of(chunks[0]), "role": "bot"}), *chunks[1:]]


@fault("chunk-role-number", "chunk.role", on=Stage.CHUNKS)
def chunk_role_number(chunks: Chunks, facts: Facts) -> Chunks:
    """The role of streamed answers is a number."""
    return [with_delta(chunks[0], {**delta_of(chunks[0]), "role": 1}), *chunks[1:]]


@fault("chunk-role-missing", "chunk.role-present", on=Stage.CHUNKS)
def chunk_role_missing(chunks: Chunks, facts: Facts) -> Chunks:
    """Streams never give a role."""
    return [with_delta(chunks[0], without(delta_of(chunks[0]), "role")), *chunks[1:]]


@fault("chunk-role-late", "chunk.role-first", on=Stage.CHUNKS)
def chunk_role_late(chunks: Chunks, facts: Facts) -> Chunks:
    """The role comes only after the first piece of the answer."""
    first, second, third, *rest = chunks
    third = with_delta(third, {"role": "assistant", **delta_of(third)})
    return [with_delta(first, without(delta_of(first), "role")), second, third, *rest]


@fault("chunk-role-repeated", "chunk.role-once", on=Stage.CHUNKS)
def chunk_role_repeated(chunks: Chunks, facts: Facts) -> Chunks:
    """Every delta repeats the role."""
    return where(
        chunks,
        lambda chunk: bool(chunk["choices"]),
        lambda chunk: with_delta(chunk, {"role": "assistant", **delta_of(chunk)}),
    )


@fault("chunk-content-number", "chunk.content", on=Stage.CHUNKS)
def chunk_content_number(chunks: Chunks, facts: Facts) -> Chunks:
    """A piece of a streamed text is a number."""
    return one_text(chunks, lambda chunk: with_delta(chunk, {"content": 7}))


@fault("chunk-content-parts", "chunk.content", on=Stage.CHUNKS)
def chunk_content_parts(chunks: Chunks, facts: Facts) -> Chunks:
    """A piece of a streamed text is an array of parts."""
    return one_text(
        chunks, lambda ch: with_delta(ch, {"content": [{"type": "text", "text": " the"}]})
    )


@fault("chunk-refusal-false", "chunk.refusal", on=Stage.CHUNKS)
def chunk_refusal_false(chunks: Chunks, facts: Facts) -> Chunks:
    """The refusal of a delta is false instead of null."""
    return before_finish(chunks, {"refusal": False})


@fault("chunk-function-call-text", "chunk.function-call", on=Stage.CHUNKS)
def chunk_function_call_text(chunks: Chunks, facts: Facts) -> Chunks:
    """The function_call of a delta is a string."""
    return before_finish(chunks, {"function_call": "none"})


@fault("chunk-logprobs-text", "chunk.logprobs", on=Stage.CHUNKS)
def chunk_logprobs_text(chunks: Chunks, facts: Facts) -> Chunks:
    """The logprobs of chunks are a string."""
    return [each_choice(chunk, lambda c: {**c, "logprobs": "none"}) for chunk in chunks]


@fault("chunk-logprobs-of-old-api", "chunk.logprobs", on=Stage.CHUNKS)
def chunk_logprobs_of_old_api(chunks: Chunks, facts: Facts) -> Chunks:
    """The logprobs of chunks hold bare tokens."""
    bare = {"content": ["The"], "refusal": None}
    return [each_choice(chunk, lambda c: {**c, "logprobs": bare}) for chunk in chunks]


@fault("chunk-service-tier-number", "chunk.service-tier", on=Stage.CHUNKS)
def chunk_service_tier_number(chunks: Chunks, facts: Facts) -> Chunks:
    """The service tier of chunks is a number."""
    return each(chunks, service_tier=1)


@fault("chunk-fingerprint-number", "chunk.system-fingerprint", on=Stage.CHUNKS)
def chunk_fingerprint_number(chunks: Chunks, facts: Facts) -> Chunks:
    """The system fingerprint of chunks is a number."""
    return each(chunks, system_fingerprint=7)


@fault("chunk-usage-list", "chunk.usage", on=Stage.CHUNKS)
def chunk_usage_list(chunks: Chunks, facts: Facts) -> Chunks:
    """The usage of streams is an array."""
    return where(chunks, lambda c: bool(c.get("usage")), lambda c: {**c, "usage": [c["usage"]]})


@fault("chunk-usage-incomplete", "chunk.usage", on=Stage.CHUNKS)
def chunk_usage_incomplete(chunks: Chunks, facts: Facts) -> Chunks:
    """The usage of streams lacks the prompt tokens."""
    return where(
        chunks,
        lambda c: bool(c.get("usage")),
        lambda c: {**c, "usage": without(c["usage"], "prompt_tokens")},
    )


@fault("chunk-usage-text", "chunk.usage", on=Stage.CHUNKS)
def chunk_usage_text(chunks: Chunks, facts: Facts) -> Chunks:
    """The completion tokens of streams are a string."""
    return [usage_with(chunk, completion_tokens="8") for chunk in chunks]


@fault("chunk-usage-sum", "chunk.usage-sum", on=Stage.CHUNKS)
def chunk_usage_sum(chunks: Chunks, facts: Facts) -> Chunks:
    """The total tokens of streams are not the sum of the others."""
    return [usage_with(chunk, total_tokens=1) for chunk in chunks]


@fault("chunk-usage-withheld", "chunk.usage-asked", on=Stage.CHUNKS)
def chunk_usage_withheld(chunks: Chunks, facts: Facts) -> Chunks:
    """Streams give no usage although it was asked for."""
    return [without(chunk, "usage") for chunk in chunks if chunk["choices"]]


@fault("chunk-usage-unasked", "chunk.usage-unasked", on=Stage.ANSWER)
def chunk_usage_unasked(answer: Answer, facts: Facts) -> Answer:
    """Streams give their usage although it was not asked for."""
    return replace(answer, request=replace(answer.request, include_usage=True))


def _ends_with_usage(chunks: Chunks) -> bool:
    return not chunks[-1]["choices"] and bool(chunks[-1].get("usage"))


@fault("chunk-usage-first", "chunk.usage-place", on=Stage.CHUNKS)
def chunk_usage_first(chunks: Chunks, facts: Facts) -> Chunks:
    """The usage of streams comes before the text."""
    if not _ends_with_usage(chunks):
        return chunks
    return [chunks[-1], *(without(chunk, "usage") for chunk in chunks[:-1])]


@fault("chunk-usage-on-finish", "chunk.usage-place", on=Stage.CHUNKS)
def chunk_usage_on_finish(chunks: Chunks, facts: Facts) -> Chunks:
    """The usage of streams stands on the chunk with the finish reason."""
    if not _ends_with_usage(chunks):
        return chunks
    return [*chunks[:-2], {**chunks[-2], "usage": chunks[-1]["usage"]}]


@fault("chunk-usage-erased", "chunk.usage-kept", on=Stage.CHUNKS)
def chunk_usage_erased(chunks: Chunks, facts: Facts) -> Chunks:
    """After the usage comes one more chunk whose usage is null."""
    return [*chunks, {**chunks[-1], "usage": None}] if _ends_with_usage(chunks) else chunks


@fault("chunk-second-choice", "chunk.choice-count", on=Stage.CHUNKS)
def chunk_second_choice(chunks: Chunks, facts: Facts) -> Chunks:
    """Streams have two choices although one was asked for."""
    if facts.body.get("n"):
        return chunks
    second = [each_choice(chunk, lambda c: {**c, "index": 1}) for chunk in chunks]
    return [*(chunk for chunk in second if chunk["choices"]), *chunks]
