"""Faults by which the parts of an answer contradict one another, or text and calls are lost, doubled or mixed."""

from __future__ import annotations

from conformance.model.request import Operation
from conformance.refserver.exchange import Obj
from conformance.refserver.faults.altering import (
    before_finish,
    delta_of,
    each,
    each_call,
    each_choice,
    each_text_choice,
    each_text_message,
    each_tool_delta,
    is_call,
    is_finish,
    is_text,
    where,
    with_delta,
    without,
)
from conformance.refserver.faults.registry import Facts, Stage, fault
from conformance.refserver.mistakes import Decision, Mistake

Chunks = list[Obj]
_LARGE = 1_000_000
"""Bytes of a body, above which a server with a small buffer gives up."""


# Refusals and finishes


@fault("coherence-refusal-and-text", "chat.response.refusal-alone", on=Stage.COMPLETION)
def coherence_refusal_and_text(answer: Obj, facts: Facts) -> Obj:
    """Messages refuse and answer at once."""
    return each_text_message(answer, lambda message: {**message, "refusal": "I cannot do that."})


@fault("coherence-stream-refusal-and-text", "chunk.refusal-alone", on=Stage.CHUNKS)
def coherence_stream_refusal_and_text(chunks: Chunks, facts: Facts) -> Chunks:
    """Streams refuse after they have answered."""
    texts = any(map(is_text, chunks)) and not facts.body.get("logprobs")
    return before_finish(chunks, {"refusal": "I cannot do that."}) if texts else chunks


@fault("coherence-length-at-stop-words", "chat.response.finish-length", on=Stage.COMPLETION)
def coherence_length_at_stop_words(answer: Obj, facts: Facts) -> Obj:
    """A stop sequence ends an answer with the finish reason of the limit."""
    if not facts.body.get("stop"):
        return answer
    return each_text_choice(answer, lambda choice: {**choice, "finish_reason": "length"})


@fault("coherence-stream-length-with-usage", "chunk.finish-length", on=Stage.CHUNKS)
def coherence_stream_length_with_usage(chunks: Chunks, facts: Facts) -> Chunks:
    """Streams of text that count their tokens finish as if the limit had cut them."""
    texts = any(map(is_text, chunks)) and facts.body.get("stream_options")
    return where(chunks, is_finish, lambda chunk: _finishing(chunk, "length")) if texts else chunks


def _finishing(chunk: Obj, reason: str) -> Obj:
    return each_choice(chunk, lambda choice: {**choice, "finish_reason": reason})


@fault(
    "coherence-stop-at-limit",
    "chat.response.finish-at-limit",
    "parity.finish-reason",
    on=Stage.COMPLETION,
)
def coherence_stop_at_limit(answer: Obj, facts: Facts) -> Obj:
    """Answers that the limit cuts finish with "stop"."""
    cut = [choice for choice in answer["choices"] if choice["finish_reason"] == "length"]
    if not cut:
        return answer
    return each_text_choice(answer, lambda choice: {**choice, "finish_reason": "stop"})


@fault(
    "coherence-finish-function-call",
    "chat.response.finish-without-function-call",
    on=Stage.COMPLETION,
)
def coherence_finish_function_call(answer: Obj, facts: Facts) -> Obj:
    """Texts end with function_call although no function is called."""
    return each_text_choice(answer, lambda choice: {**choice, "finish_reason": "function_call"})


@fault(
    "coherence-stream-finish-function-call", "chunk.finish-without-function-call", on=Stage.CHUNKS
)
def coherence_stream_finish_function_call(chunks: Chunks, facts: Facts) -> Chunks:
    """Streamed texts end with function_call although no function is called."""
    if any(map(is_call, chunks)):
        return chunks
    old = {"finish_reason": "function_call"}
    return where(chunks, is_finish, lambda chunk: each_choice(chunk, lambda c: {**c, **old}))


# Roles, finishes and usage in streams


@fault("coherence-role-user", "chunk.role", on=Stage.CHUNKS)
def coherence_role_user(chunks: Chunks, facts: Facts) -> Chunks:
    """The role of streamed answers is that of the last message of the request."""
    return [with_delta(chunks[0], {**delta_of(chunks[0]), "role": "user"}), *chunks[1:]]


@fault("coherence-role-null", "chunk.role-present", on=Stage.CHUNKS)
def coherence_role_null(chunks: Chunks, facts: Facts) -> Chunks:
    """The role of streamed answers is null."""
    return where(
        chunks,
        lambda chunk: "role" in delta_of(chunk),
        lambda chunk: with_delta(chunk, {**delta_of(chunk), "role": None}),
    )


@fault("coherence-finish-empty", "chunk.finish-reason", on=Stage.CHUNKS)
def coherence_finish_empty(chunks: Chunks, facts: Facts) -> Chunks:
    """Streams end with an empty finish reason."""
    empty = {"finish_reason": ""}
    return where(chunks, is_finish, lambda chunk: each_choice(chunk, lambda c: {**c, **empty}))


@fault("coherence-finish-with-text", "chunk.finish-once", on=Stage.CHUNKS)
def coherence_finish_with_text(chunks: Chunks, facts: Facts) -> Chunks:
    """The last piece of a streamed text carries the finish reason, and so does the chunk after it."""
    stop = {"finish_reason": "stop"}
    texts = [at for at, chunk in enumerate(chunks) if is_text(chunk)][-1:]
    return [
        each_choice(chunk, lambda c: {**c, **stop}) if at in texts else chunk
        for at, chunk in enumerate(chunks)
    ]


def _usage_at(chunks: Chunks) -> int | None:
    ends = not chunks[-1]["choices"] and bool(chunks[-1].get("usage"))
    return len(chunks) - 1 if ends else None


@fault("coherence-finish-key-missing", "chunk.finish-present", on=Stage.CHUNKS)
def coherence_finish_key_missing(chunks: Chunks, facts: Facts) -> Chunks:
    """No chunk has a finish reason, not even null."""
    return [each_choice(chunk, lambda c: without(c, "finish_reason")) for chunk in chunks]


@fault("coherence-error-line", "stream.no-bare-json", on=Stage.EVENTS)
def coherence_error_line(events: list[bytes], facts: Facts) -> list[bytes]:
    """Long streams break off with an error that is a bare line of JSON."""
    if not facts.asks_usage:
        return events
    line = b'{"error": {"message": "Overloaded.", "type": "server_error"}}\n\n'
    return [*events[: len(events) // 2], line]


@fault("coherence-usage-twice", "chunk.usage-once", on=Stage.CHUNKS)
def coherence_usage_twice(chunks: Chunks, facts: Facts) -> Chunks:
    """The chunk with the usage comes twice."""
    return chunks if _usage_at(chunks) is None else [*chunks, chunks[-1]]


@fault("coherence-usage-with-choices", "chunk.usage-place", on=Stage.CHUNKS)
def coherence_usage_with_choices(chunks: Chunks, facts: Facts) -> Chunks:
    """The chunk with the usage has a choice without content."""
    if _usage_at(chunks) is None:
        return chunks
    empty = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": None}
    return [*chunks[:-1], {**chunks[-1], "choices": [empty]}]


# Text


@fault("coherence-pieces-twice", "chunk.text-once", "param.max-tokens.effective", on=Stage.CHUNKS)
def coherence_pieces_twice(chunks: Chunks, facts: Facts) -> Chunks:
    """Every piece of a long streamed text is sent twice."""
    if not facts.asks_usage:
        return chunks
    return [again for chunk in chunks for again in [chunk] * (1 + is_text(chunk))]


@fault("coherence-text-again-at-the-end", "chunk.text-once", on=Stage.CHUNKS)
def coherence_text_again_at_the_end(chunks: Chunks, facts: Facts) -> Chunks:
    """The last delta of a long streamed text is the whole text again."""
    said = "".join(delta_of(chunk)["content"] for chunk in chunks if is_text(chunk))
    # An answer that a limit cut would be longer than it then.
    cut = any(c.get("finish_reason") == "length" for chunk in chunks for c in chunk["choices"])
    whole = facts.asks_usage and said and not cut
    return before_finish(chunks, {"content": said}) if whole else chunks


@fault(
    "coherence-text-so-far",
    "chunk.text-once",
    "chunk.usage-plausible",
    "param.max-tokens.effective",
    on=Stage.CHUNKS,
)
def coherence_text_so_far(chunks: Chunks, facts: Facts) -> Chunks:
    """Of a long streamed text every fifth delta is all text so far."""
    if not facts.asks_usage:
        return chunks
    text, made = "", []
    for place, chunk in enumerate(chunks):
        text += delta_of(chunk).get("content") or ""
        again = is_text(chunk) and place % 5 == 0
        made.append(with_delta(chunk, {"content": text}) if again else chunk)
    return made


def _judged_otherwise(facts: Facts) -> bool:
    """Whether another rule would miss a lost piece of the text as well."""
    return any(facts.body.get(name) for name in ("logprobs", "n", "response_format"))


@fault("coherence-text-in-one-piece", "stream.in-pieces", on=Stage.CHUNKS)
def coherence_text_in_one_piece(chunks: Chunks, facts: Facts) -> Chunks:
    """Streamed texts come in one delta, as from a server that streams nothing itself."""
    if facts.body.get("n") or facts.body.get("logprobs"):
        return chunks
    texts = [chunk for chunk in chunks if is_text(chunk)]
    said = "".join(delta_of(chunk)["content"] for chunk in texts)
    kept = [chunk for chunk in chunks if chunk not in texts[1:]]
    return where(
        kept, is_text, lambda chunk: with_delta(chunk, {**delta_of(chunk), "content": said})
    )


@fault("coherence-first-piece-lost", "chunk.text-whole", on=Stage.CHUNKS)
def coherence_first_piece_lost(chunks: Chunks, facts: Facts) -> Chunks:
    """The first piece of streamed texts is lost."""
    if _judged_otherwise(facts):
        return chunks
    first = next((at for at, chunk in enumerate(chunks) if is_text(chunk)), len(chunks))
    return [*chunks[:first], *chunks[first + 1 :]]


@fault("coherence-last-piece-lost", "chunk.text-whole", on=Stage.CHUNKS)
def coherence_last_piece_lost(chunks: Chunks, facts: Facts) -> Chunks:
    """The last piece of streamed texts is lost."""
    if _judged_otherwise(facts):
        return chunks
    last = max((at for at, chunk in enumerate(chunks) if is_text(chunk)), default=len(chunks))
    return [*chunks[:last], *chunks[last + 1 :]]


@fault("coherence-scored-piece-lost", "chunk.logprobs-bytes", on=Stage.CHUNKS)
def coherence_scored_piece_lost(chunks: Chunks, facts: Facts) -> Chunks:
    """A piece of a text with log probabilities is lost, though not its score."""
    texts = [at for at, chunk in enumerate(chunks) if is_text(chunk)]
    if not facts.body.get("logprobs") or len(texts) < 2:
        return chunks
    at = texts[0]
    return [*chunks[:at], with_delta(chunks[at], {"content": ""}), *chunks[at + 1 :]]


# Tool calls


def _function(piece: Obj, **members: object) -> Obj:
    return {**piece, "function": {**piece["function"], **members}}


@fault("coherence-call-ids-constant", "chat.response.call-ids-unique", on=Stage.COMPLETION)
def coherence_call_ids_constant(answer: Obj, facts: Facts) -> Obj:
    """Tool calls of all answers have the same id."""
    return each_call(answer, lambda call: {**call, "id": "call_0"})


@fault("coherence-call-ids-of-functions", "chunk.tool-call-ids", on=Stage.CHUNKS)
def coherence_call_ids_of_functions(chunks: Chunks, facts: Facts) -> Chunks:
    """The id of a streamed tool call is made of its function's name."""

    def named(piece: Obj) -> Obj:
        return {**piece, "id": f"call_{piece['function']['name']}"} if "id" in piece else piece

    return each_tool_delta(chunks, named)


@fault("coherence-call-undeclared", "chunk.tool-call-names", on=Stage.CHUNKS)
def coherence_call_undeclared(chunks: Chunks, facts: Facts) -> Chunks:
    """Streams call functions that were not declared."""
    return each_tool_delta(
        chunks, lambda p: _function(p, name="no_such_function") if "id" in p else p
    )


@fault("coherence-call-id-empty", "chunk.tool-first-delta", on=Stage.CHUNKS)
def coherence_call_id_empty(chunks: Chunks, facts: Facts) -> Chunks:
    """The id of streamed tool calls is an empty string."""
    return each_tool_delta(chunks, lambda p: {**p, "id": ""} if "id" in p else p)


@fault("coherence-call-name-empty", "chunk.tool-first-delta", on=Stage.CHUNKS)
def coherence_call_name_empty(chunks: Chunks, facts: Facts) -> Chunks:
    """The name in streamed tool calls is an empty string."""
    return each_tool_delta(chunks, lambda p: _function(p, name="") if "id" in p else p)


@fault("coherence-call-name-changes", "chunk.tool-later-deltas", on=Stage.CHUNKS)
def coherence_call_name_changes(chunks: Chunks, facts: Facts) -> Chunks:
    """Later pieces of a streamed tool call name another function."""
    return each_tool_delta(chunks, lambda p: p if "id" in p else _function(p, name="get_time"))


@fault("coherence-call-id-changes", "chunk.tool-index-shared", on=Stage.CHUNKS)
def coherence_call_id_changes(chunks: Chunks, facts: Facts) -> Chunks:
    """Each piece of a streamed tool call has an id of its own."""
    made = iter(range(10_000))
    return each_tool_delta(chunks, lambda piece: {**piece, "id": f"call_{next(made)}"})


@fault("coherence-calls-merged", "chunk.tool-index-shared", on=Stage.CHUNKS)
def coherence_calls_merged(chunks: Chunks, facts: Facts) -> Chunks:
    """Parallel tool calls of a stream all have the index 0."""
    return each_tool_delta(chunks, lambda piece: {**piece, "index": 0})


@fault("coherence-calls-glued", "chunk.tool-arguments", on=Stage.CHUNKS)
def coherence_calls_glued(chunks: Chunks, facts: Facts) -> Chunks:
    """The second of two parallel tool calls is lost, and its arguments follow those of the first."""

    def second(chunk: Obj) -> bool:
        return is_call(chunk) and any(
            "id" in p and p["index"] for p in delta_of(chunk)["tool_calls"]
        )

    kept = [chunk for chunk in chunks if not second(chunk)]
    return each_tool_delta(kept, lambda piece: {**piece, "index": 0})


@fault(
    "coherence-call-index-shifts", "chunk.tool-first-delta", "chunk.tool-arguments", on=Stage.CHUNKS
)
def coherence_call_index_shifts(chunks: Chunks, facts: Facts) -> Chunks:
    """Later pieces of a streamed tool call have the index of the next one."""
    if not facts.has_tools or '"Zürich"' in str(facts.body.get("messages")):
        return chunks
    return each_tool_delta(chunks, lambda p: p if "id" in p else {**p, "index": p["index"] + 1})


@fault("coherence-arguments-object", "chunk.tool-calls", on=Stage.CHUNKS)
def coherence_arguments_object(chunks: Chunks, facts: Facts) -> Chunks:
    """The arguments of streamed tool calls are an object."""
    opened = [chunk for chunk in chunks if not is_call(chunk) or "id" in _first(chunk)]
    return each_tool_delta(opened, lambda piece: _function(piece, arguments={"city": "text"}))


def _first(chunk: Obj) -> Obj:
    piece: Obj = delta_of(chunk)["tool_calls"][0]
    return piece


@fault("coherence-arguments-never", "chunk.tool-arguments", on=Stage.CHUNKS)
def coherence_arguments_never(chunks: Chunks, facts: Facts) -> Chunks:
    """The arguments of streamed tool calls never come."""
    return [chunk for chunk in chunks if not is_call(chunk) or "id" in _first(chunk)]


@fault("coherence-arguments-again", "chunk.tool-arguments", on=Stage.CHUNKS)
def coherence_arguments_again(chunks: Chunks, facts: Facts) -> Chunks:
    """A streamed tool call ends with all its arguments again."""
    pieces = [_first(chunk) for chunk in chunks if is_call(chunk)]
    said = "".join(p["function"]["arguments"] for p in pieces if not p["index"])
    again = {"tool_calls": [{"index": 0, "function": {"arguments": said}}]}
    return before_finish(chunks, again) if said else chunks


# Both forms


@fault("coherence-named-call-finish", "parity.named-call-finish", on=Stage.CHUNKS)
def coherence_named_call_finish(chunks: Chunks, facts: Facts) -> Chunks:
    """Streams finish with tool_calls where the tool was named, and whole answers with stop."""
    if not isinstance(facts.body.get("tool_choice"), dict):
        return chunks
    calls = {"finish_reason": "tool_calls"}
    return where(chunks, is_finish, lambda chunk: each_choice(chunk, lambda c: {**c, **calls}))


@fault("coherence-fingerprint-only-whole", "parity.structure", on=Stage.CHUNKS)
def coherence_fingerprint_only_whole(chunks: Chunks, facts: Facts) -> Chunks:
    """Only whole answers have a system fingerprint."""
    return each(chunks, system_fingerprint=None)


@fault("coherence-details-only-whole", "parity.structure", on=Stage.CHUNKS)
def coherence_details_only_whole(chunks: Chunks, facts: Facts) -> Chunks:
    """Only the usage of whole answers has details."""
    return where(
        chunks,
        lambda c: bool(c.get("usage")),
        lambda c: {**c, "usage": without(c["usage"], "completion_tokens_details")},
    )


@fault("coherence-reasoning-only-streamed", "parity.structure", on=Stage.CHUNKS)
def coherence_reasoning_only_streamed(chunks: Chunks, facts: Facts) -> Chunks:
    """Only streams say what the model reasoned."""
    long = facts.asks_usage and not facts.has_tools
    return before_finish(chunks, {"reasoning_content": "Numbers."}) if long else chunks


# The next turn


def _assistant(facts: Facts) -> Obj:
    messages = facts.body.get("messages")
    found = [m for m in messages if isinstance(m, dict)] if isinstance(messages, list) else []
    return next((m for m in found if m.get("role") == "assistant"), {})


@fault("coherence-nulls-refused", "turn.dumped-message", on=Stage.DECISION)
def coherence_nulls_refused(decision: Decision, facts: Facts) -> Decision:
    """An assistant message is refused where its audio is null."""
    if decision is None and "audio" in _assistant(facts):
        return Mistake("Unknown parameter: 'messages[1].audio'.", param="messages[1].audio")
    return decision


@fault("coherence-parallel-results-refused", "turn.parallel-results", on=Stage.DECISION)
def coherence_parallel_results_refused(decision: Decision, facts: Facts) -> Decision:
    """Of several results only the first is taken for an answer to a call."""
    if decision is None and facts.roles.count("tool") > 1:
        text = "Invalid parameter: messages with role 'tool' must follow one with 'tool_calls'."
        return Mistake(text, param="messages.[3].role")
    return decision


# Mistakes


@fault("coherence-large-body-fatal", "errors.no-server-error", on=Stage.DECISION)
def coherence_large_body_fatal(decision: Decision, facts: Facts) -> Decision:
    """A body of more than a megabyte is a server error."""
    large = facts.operation is Operation.CHAT and len(facts.request.body) > _LARGE
    return Mistake("Out of buffer space.", status=500) if large else decision


@fault("coherence-number-content-fatal", "errors.no-server-error", on=Stage.DECISION)
def coherence_number_content_fatal(decision: Decision, facts: Facts) -> Decision:
    """A message whose content is a number is a server error."""
    messages = facts.body.get("messages")
    first = messages[0] if isinstance(messages, list) and messages else None
    numeric = isinstance(first, dict) and isinstance(first.get("content"), int)
    return Mistake("The server had an error.", status=500) if numeric else decision


@fault("coherence-orphan-result-fatal", "errors.no-server-error", on=Stage.DECISION)
def coherence_orphan_result_fatal(decision: Decision, facts: Facts) -> Decision:
    """A tool's result that answers no call is a server error."""
    orphan = facts.roles == ("user", "tool")
    return Mistake("The server had an error.", status=500) if orphan else decision
