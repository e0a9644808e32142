"""Faults of answers that are well formed and still wrong: ids, times, choices, scores, counts, delivery."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from conformance.refserver.completion import Answer, counted
from conformance.refserver.exchange import Frame, Obj, Reply
from conformance.refserver.faults.altering import (
    delta_of,
    each,
    each_choice,
    each_message,
    in_the_middle,
    is_call,
    is_finish,
    is_text,
    one_text,
    usage_with,
    where,
    with_delta,
    with_header,
)
from conformance.refserver.faults.registry import Facts, Stage, fault
from conformance.refserver.mistakes import Decision, Mistake
from conformance.refserver.writing import KEEP_ALIVE, event

Chunks = list[Obj]
_CALL = {"id": "call_0", "type": "function", "function": {"name": "search", "arguments": "{}"}}


# Ids and times


@fault(
    "answers-same-id",
    "chat.response.ids-unique",
    "chat.response.call-ids-unique",
    on=Stage.ANSWER,
)
def answers_same_id(answer: Answer, facts: Facts) -> Answer:
    """All answers have one id, and so have their tool calls."""
    return replace(answer, stamp="1")


@fault("answers-created-zero", "chat.response.created-plausible", on=Stage.COMPLETION)
def answers_created_zero(answer: Obj, facts: Facts) -> Obj:
    """The creation time is 0."""
    return {**answer, "created": 0}


@fault("answers-chunks-created-zero", "chunk.created-plausible", on=Stage.CHUNKS)
def answers_chunks_created_zero(chunks: Chunks, facts: Facts) -> Chunks:
    """The creation time of chunks is that of an old template."""
    return each(chunks, created=1_677_652_288)


# Content and calls


@fault("answers-null-content", "chat.response.says-something", on=Stage.COMPLETION)
def answers_null_content(answer: Obj, facts: Facts) -> Obj:
    """Where two choices are asked for, their text is lost and null."""
    if facts.body.get("n") != 2:
        return answer
    return each_message(answer, lambda message: {**message, "content": None})


@fault("answers-nothing-to-results", "chat.response.says-something", on=Stage.COMPLETION)
def answers_nothing_to_results(answer: Obj, facts: Facts) -> Obj:
    """To the result of a tool the answer is an empty text, for no tokens."""
    if "tool" not in facts.roles:
        return answer
    emptied = each_message(answer, lambda message: {**message, "content": ""})
    usage = counted(answer["usage"]["prompt_tokens"], 0)
    return {**_stopped(emptied), "usage": usage}


@fault("answers-nothing-to-streamed-results", "chunk.says-something", on=Stage.CHUNKS)
def answers_nothing_to_streamed_results(chunks: Chunks, facts: Facts) -> Chunks:
    """To the result of a tool the stream carries nothing, for no tokens."""
    if "tool" not in facts.roles:
        return chunks
    ended = where([c for c in chunks if not is_text(c)], is_finish, _stopped)
    return [
        {**c, "usage": counted(c["usage"]["prompt_tokens"], 0)} if c.get("usage") else c
        for c in ended
    ]


def _stopped(holder: Obj) -> Obj:
    return each_choice(holder, lambda choice: {**choice, "finish_reason": "stop"})


@fault("answers-text-lost-in-stream", "chunk.says-something", on=Stage.CHUNKS)
def answers_text_lost_in_stream(chunks: Chunks, facts: Facts) -> Chunks:
    """Streams with usage lose all their text."""
    return [c for c in chunks if not is_text(c)] if facts.asks_usage else chunks


@fault("answers-calls-undeclared", "chat.response.calls-undeclared", on=Stage.COMPLETION)
def answers_calls_undeclared(answer: Obj, facts: Facts) -> Obj:
    """A tool is called although none was declared, where two choices are asked for."""
    if facts.body.get("n") != 2:
        return answer
    return each_message(answer, lambda message: {**message, "tool_calls": [_CALL]})


@fault("answers-stream-calls-undeclared", "chunk.calls-undeclared", on=Stage.CHUNKS)
def answers_stream_calls_undeclared(chunks: Chunks, facts: Facts) -> Chunks:
    """A stream of two choices calls a tool although none was declared."""
    if facts.body.get("n") != 2:
        return chunks
    return one_text(
        chunks, lambda c: with_delta(c, {**delta_of(c), "tool_calls": [{"index": 0, **_CALL}]})
    )


@fault(
    "answers-snapshots",
    "chunk.deltas-not-snapshots",
    "param.max-tokens.effective",
    on=Stage.CHUNKS,
)
def answers_snapshots(chunks: Chunks, facts: Facts) -> Chunks:
    """Deltas of streams with usage repeat all text so far."""
    if not facts.asks_usage:
        return chunks
    said = ""
    for at, chunk in enumerate(chunks):
        if is_text(chunk):
            said += delta_of(chunk)["content"]
            chunks[at] = with_delta(chunk, {**delta_of(chunk), "content": said})
    return chunks


# Several choices


@fault("answers-n-ignored", "param.n.effective", on=Stage.ANSWER)
def answers_n_ignored(answer: Answer, facts: Facts) -> Answer:
    """One choice comes, however many are asked for."""
    return replace(answer, choices=answer.choices[:1])


@fault("answers-n-ignored-in-streams", "param.n.effective", "parity.choices", on=Stage.ANSWER)
def answers_n_ignored_in_streams(answer: Answer, facts: Facts) -> Answer:
    """Streams have one choice, however many are asked for."""
    return replace(answer, choices=answer.choices[:1]) if answer.request.stream else answer


@fault("answers-choice-1-first", "chunk.choice-order", on=Stage.CHUNKS)
def answers_choice_1_first(chunks: Chunks, facts: Facts) -> Chunks:
    """Of two choices the second is streamed first."""
    if facts.body.get("n") != 2:
        return chunks
    return sorted(chunks, key=lambda c: -c["choices"][0]["index"] if c["choices"] else 1)


@fault(
    "answers-choices-under-one-index",
    "chunk.choices-apart",
    "parity.choices",
    "param.n.effective",
    on=Stage.CHUNKS,
)
def answers_choices_under_one_index(chunks: Chunks, facts: Facts) -> Chunks:
    """In streams of two choices the pieces of both come as the first's, one of each by turns."""
    if facts.body.get("n") != 2 or facts.body.get("stop"):
        return chunks
    said = [[c for c in chunks if is_text(c) and c["choices"][0]["index"] == i] for i in (0, 1)]
    by_turns = [c for pair in zip_longest(*said) for c in pair if c is not None]
    rest = [c for c in chunks if not is_text(c) and not _of_the_second(c)]
    ending = [c for c in rest if is_finish(c) or not c["choices"]]
    opening = [c for c in rest if c not in ending]
    made = [*opening, *by_turns, *ending]
    return [each_choice(chunk, lambda choice: {**choice, "index": 0}) for chunk in made]


def _of_the_second(chunk: Obj) -> bool:
    return any(choice["index"] == 1 for choice in chunk["choices"])


@fault("answers-choices-mixed", "chunk.choices-apart", on=Stage.CHUNKS)
def answers_choices_mixed(chunks: Chunks, facts: Facts) -> Chunks:
    """In streams of two choices a piece of the second comes as one of the first."""
    if facts.body.get("n") != 2 or facts.body.get("stop"):
        return chunks
    texts = [(at, c["choices"][0]["index"]) for at, c in enumerate(chunks) if is_text(c)]
    first = [at for at, index in texts if index == 0]
    second = [at for at, index in texts if index == 1]
    if len(second) > 1:
        moved = each_choice(chunks.pop(second[-1]), lambda choice: {**choice, "index": 0})
        chunks.insert(first[-1], moved)
    return chunks


@fault(
    "answers-second-call-lost",
    "parity.call-count",
    on=Stage.CHUNKS,
    deep=("param.parallel-tool-calls.value",),
)
def answers_second_call_lost(chunks: Chunks, facts: Facts) -> Chunks:
    """Of two parallel calls a stream loses the second."""
    return [
        chunk
        for chunk in chunks
        if not is_call(chunk) or delta_of(chunk)["tool_calls"][0]["index"] < 1
    ]


# Log probabilities


@fault(
    "answers-logprobs-ignored",
    "param.logprobs.effective",
    on=Stage.ANSWER,
)
def answers_logprobs_ignored(answer: Answer, facts: Facts) -> Answer:
    """Log probabilities are never sent."""
    return replace(answer, request=replace(answer.request, logprobs=False))


@fault(
    "answers-logprobs-only-whole", "param.logprobs.effective", "parity.logprobs", on=Stage.CHUNKS
)
def answers_logprobs_only_whole(chunks: Chunks, facts: Facts) -> Chunks:
    """Streams leave log probabilities out."""
    return [each_choice(chunk, lambda choice: {**choice, "logprobs": None}) for chunk in chunks]


@fault(
    "answers-logprobs-unasked",
    "chat.response.logprobs-unasked",
    "chunk.logprobs-unasked",
    on=Stage.ANSWER,
)
def answers_logprobs_unasked(answer: Answer, facts: Facts) -> Answer:
    """Log probabilities are always sent."""
    return replace(answer, request=replace(answer.request, logprobs=True))


def _rescored(value: Obj, change: Callable[[Obj], Obj]) -> Obj:
    """A completion or chunk whose token entries are changed."""

    def choice(one: Obj) -> Obj:
        scores = one.get("logprobs")
        if not scores:
            return one
        return {**one, "logprobs": {**scores, "content": [change(e) for e in scores["content"]]}}

    return each_choice(value, choice)


def _above_zero(entry: Obj) -> Obj:
    top = [{**one, "logprob": 0.75} for one in entry["top_logprobs"][:1]]
    return {**entry, "logprob": 0.75, "top_logprobs": [*top, *entry["top_logprobs"][1:]]}


def _of_the_vocabulary(entry: Obj) -> Obj:
    return {**entry, "bytes": list(entry["token"].replace(" ", "Ġ").replace("R", "ĊR").encode())}


def _too_many(entry: Obj) -> Obj:
    return {**entry, "top_logprobs": entry["top_logprobs"] * 2}


def _one_more(entry: Obj) -> Obj:
    other = {"token": "tea", "logprob": -9.5, "bytes": [116, 101, 97]}
    return {**entry, "top_logprobs": [*entry["top_logprobs"], other]}


def _without_spaces(entry: Obj) -> Obj:
    token = entry["token"].strip()
    return {**entry, "token": token, "bytes": list(token.encode())}


def _without_bytes_and_spaces(entry: Obj) -> Obj:
    return {**_without_spaces(entry), "bytes": None}


def _unsorted(entry: Obj) -> Obj:
    return {**entry, "top_logprobs": entry["top_logprobs"][::-1]}


def _at_odds(entry: Obj) -> Obj:
    return {**entry, "logprob": entry["logprob"] - 0.5}


_DEPARTURES: tuple[tuple[str, str, Callable[[Obj], Obj], str], ...] = (
    ("above-zero", "values", _above_zero, "are above 0"),
    (
        "of-vocabulary",
        "bytes",
        _of_the_vocabulary,
        "have the bytes of the vocabulary, not of the text",
    ),
    ("without-spaces", "bytes", _without_spaces, "leave white space out"),
    (
        "tokens-without-spaces",
        "bytes",
        _without_bytes_and_spaces,
        "have tokens without bytes, which leave white space out",
    ),
    ("too-many", "top", _too_many, "have more alternatives than asked for"),
    ("one-more", "top", _one_more, "have one alternative more than asked for"),
    ("unsorted", "top", _unsorted, "have the least likely alternative first"),
    (
        "at-odds",
        "top",
        _at_odds,
        "differ from the value that their token has among the alternatives",
    ),
)


def _declare(name: str, topic: str, change: Callable[[Obj], Obj], what: str) -> None:
    def whole(answer: Obj, facts: Facts) -> Obj:
        return _rescored(answer, change)

    def streamed(chunks: Chunks, facts: Facts) -> Chunks:
        return [_rescored(chunk, change) for chunk in chunks]

    whole.__doc__ = f"Log probabilities of whole answers {what}."
    streamed.__doc__ = f"Log probabilities of streams {what}."
    fault(f"answers-logprobs-{name}", f"chat.response.logprobs-{topic}", on=Stage.COMPLETION)(whole)
    fault(f"answers-stream-logprobs-{name}", f"chunk.logprobs-{topic}", on=Stage.CHUNKS)(streamed)


for _departure in _DEPARTURES:
    _declare(*_departure)


# Usage


def _spending(value: Obj, tokens: int) -> Obj:
    """A completion or chunk whose usage, where it has one, counts that many completion tokens."""
    prompt = (value.get("usage") or {}).get("prompt_tokens", 0)
    return usage_with(value, completion_tokens=tokens, total_tokens=prompt + tokens)


@fault("answers-usage-counts-once", "chat.response.usage-plausible", on=Stage.COMPLETION)
def answers_usage_counts_once(answer: Obj, facts: Facts) -> Obj:
    """A whole answer counts as one token."""
    return _spending(answer, 1)


@fault("answers-stream-usage-counts-once", "chunk.usage-plausible", on=Stage.CHUNKS)
def answers_stream_usage_counts_once(chunks: Chunks, facts: Facts) -> Chunks:
    """A whole stream counts as one token."""
    return [_spending(chunk, 1) for chunk in chunks]


@fault(
    "answers-limit-overrun",
    "param.max-tokens.effective",
    "param.max-completion-tokens.effective",
    on=Stage.COMPLETION,
)
def answers_limit_overrun(answer: Obj, facts: Facts) -> Obj:
    """Whole answers spend more tokens than they may."""
    return _spending(answer, 500)


@fault("answers-prompt-constant", "chat.response.usage-grows", on=Stage.ANSWER)
def answers_prompt_constant(answer: Answer, facts: Facts) -> Answer:
    """Every prompt counts as nine tokens."""
    return replace(answer, usage=counted(9, answer.usage["completion_tokens"]))


@fault(
    "answers-stream-stops-at-limit",
    "chunk.finish-at-limit",
    "parity.finish-reason",
    on=Stage.CHUNKS,
)
def answers_stream_stops_at_limit(chunks: Chunks, facts: Facts) -> Chunks:
    """Streams that the limit cuts finish with "stop"."""

    def stopped(choice: Obj) -> Obj:
        return {**choice, "finish_reason": "stop"}

    def cut(chunk: Obj) -> bool:
        return any(choice.get("finish_reason") == "length" for choice in chunk["choices"])

    return where(chunks, cut, lambda chunk: each_choice(chunk, stopped))


# Delivery


@fault("answers-stream-compressed", "stream.not-compressed", on=Stage.REPLY)
def answers_stream_compressed(reply: Reply, facts: Facts) -> Reply:
    """Streams are compressed although the request accepts identity alone."""
    if not facts.streamed:
        return reply
    packed = replace(reply, frames=(Frame(gzip.compress(reply.body, mtime=0)),))
    return with_header(packed, "Content-Encoding", "gzip")


def _numbered(events: Iterable[bytes]) -> list[bytes]:
    return [b"id: %d\n" % number + one for number, one in enumerate(events, 1)]


@fault("answers-id-blank-lines", "stream.id-blank-lines", "stream.data-only", on=Stage.EVENTS)
def answers_id_blank_lines(events: list[bytes], facts: Facts) -> list[bytes]:
    """Events have ids and end with two blank lines."""
    return [one + b"\n" for one in _numbered(events)]


@fault("answers-id-comments", "stream.id-blank-lines", "stream.data-only", on=Stage.EVENTS)
def answers_id_comments(events: list[bytes], facts: Facts) -> list[bytes]:
    """Events have ids, and a comment keeps the stream alive."""
    return in_the_middle(_numbered(events), KEEP_ALIVE)


@fault("answers-goes-on-after-error", "stream.without-error", "stream.error-last", on=Stage.EVENTS)
def answers_goes_on_after_error(events: list[bytes], facts: Facts) -> list[bytes]:
    """An error stands in the middle of a stream, which goes on."""
    error: dict[str, Any] = {
        "message": "Overloaded.",
        "type": "server_error",
        "param": None,
        "code": None,
    }
    return in_the_middle(events, event({"error": error}))


# The next turn


def _of_a_stream(facts: Facts) -> bool:
    """Whether the request sends back a message that a client put together: it has no refusal member."""
    messages = facts.body.get("messages")
    found = [m for m in messages if isinstance(m, dict)] if isinstance(messages, list) else []
    return any(m.get("role") == "assistant" and "refusal" not in m for m in found)


@fault("answers-bare-message-refused", "turn.stream-message", on=Stage.DECISION)
def answers_bare_message_refused(decision: Decision, facts: Facts) -> Decision:
    """An assistant message with only role and content is refused."""
    if decision is None and _of_a_stream(facts) and "tool" not in facts.roles:
        return Mistake("Missing required parameter: 'messages[1].refusal'.", param="messages")
    return decision


@fault(
    "answers-null-beside-calls-refused",
    "turn.stream-tool-result",
    "message.calls.accepted",
    on=Stage.DECISION,
)
def answers_null_beside_calls_refused(decision: Decision, facts: Facts) -> Decision:
    """An assistant message whose content is null is refused, where it has tool calls and no refusal."""
    if decision is None and _of_a_stream(facts) and "tool" in facts.roles:
        return Mistake(
            "Invalid type for 'messages[1].content': expected a string.", param="messages"
        )
    return decision


@fault("answers-history-uncounted", "turn.history-counted", on=Stage.ANSWER)
def answers_history_uncounted(answer: Answer, facts: Facts) -> Answer:
    """Of a conversation without tools only the last message is counted."""
    said = [message.get("role") for message in facts.body["messages"]]
    if "assistant" not in said or "tool" in said:
        return answer
    return replace(answer, usage=counted(4, answer.usage["completion_tokens"]))


@fault("answers-other-model", "chat.response.model-asked", on=Stage.COMPLETION)
def answers_other_model(answer: Obj, facts: Facts) -> Obj:
    """A system message makes another model answer than the one asked for."""
    roles = [message.get("role") for message in facts.body["messages"]]
    return {**answer, "model": "gpt-3.5-turbo-0125"} if "system" in roles else answer
