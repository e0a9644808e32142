"""Streams whose chunks are cut otherwise, come in another order, or say less or more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.refserver.exchange import Obj
from conformance.refserver.faults.altering import delta_of, is_call, is_finish, is_text, with_delta
from conformance.refserver.oddities.registry import Facts, Stage, oddity

_SDKS = "read alike by the official clients of 2024 to 2026 (observed)"
_RECORDED = "recorded at api.openai.com"
_MANY = "recorded at many endpoints; breaks no official client"
_FEW = 30
"""Chunks of a stream that may be cut into letters: at the pace of its events a longer one would take too long."""


def _choice(chunk: Obj, **members: Any) -> Obj:
    return {**chunk, "choices": [{**choice, **members} for choice in chunk["choices"]]}


def _opens(chunk: Obj) -> bool:
    return "role" in delta_of(chunk)


def _alone(chunks: list[Obj]) -> bool:
    """Whether the stream has one choice."""
    return all(choice["index"] == 0 for chunk in chunks for choice in chunk["choices"])


@oddity("chunk-role-and-content-together", on=Stage.CHUNKS, because=_SDKS, only_one="opening")
def role_and_content_together(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """The role comes in one chunk with the first content."""
    if not _alone(chunks) or len(chunks) < 2 or not is_text(chunks[1]):
        return chunks
    return [with_delta(chunks[1], {**delta_of(chunks[0]), **delta_of(chunks[1])}), *chunks[2:]]


@oddity("chunk-role-alone", on=Stage.CHUNKS, because=_SDKS, only_one="opening")
def role_alone(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """The delta with the role has nothing else."""
    return [with_delta(c, {"role": "assistant"}) if _opens(c) else c for c in chunks]


@oddity("chunk-role-with-content-null", on=Stage.CHUNKS, because=_SDKS, only_one="opening")
def role_with_content_null(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """The delta with the role has content null."""
    return [
        with_delta(c, {"role": "assistant", "content": None}) if _opens(c) else c for c in chunks
    ]


@oddity("chunk-role-null-afterwards", on=Stage.CHUNKS, because=_MANY)
def role_null_afterwards(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """Deltas after the first of a choice say null for the role."""
    return [with_delta(c, {"role": None, **delta_of(c)}) if c["choices"] else c for c in chunks]


@oddity("chunk-finish-with-empty-content", on=Stage.CHUNKS, because=_MANY, only_one="finish")
def finish_with_empty_content(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """The delta with the finish_reason has content that is empty."""
    return [with_delta(c, {"content": ""}) if is_finish(c) else c for c in chunks]


@oddity("chunk-finish-with-content-null", on=Stage.CHUNKS, because=_MANY, only_one="finish")
def finish_with_content_null(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """The delta with the finish_reason has content null."""
    return [with_delta(c, {"content": None}) if is_finish(c) else c for c in chunks]


@oddity("chunk-open-finish-absent", on=Stage.CHUNKS, because=_MANY)
def open_finish_absent(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """As long as a choice is open its chunks have no finish_reason at all."""
    for chunk in chunks:
        for choice in chunk["choices"]:
            if choice.get("finish_reason") is None:
                choice.pop("finish_reason", None)
    return chunks


@oddity("chunk-empty-deltas", on=Stage.CHUNKS, because=_SDKS)
def empty_deltas(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """Between pieces of text come deltas without members."""
    blank = {"logprobs": None}
    return [
        made
        for c in chunks
        for made in ((c, _choice(with_delta(c, {}), **blank)) if is_text(c) else (c,))
    ]


@oddity("chunk-empty-texts", on=Stage.CHUNKS, because=_SDKS)
def empty_texts(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """Between pieces of text come empty ones."""
    blank = {"logprobs": None}
    return [
        made
        for c in chunks
        for made in ((_choice(with_delta(c, {"content": ""}), **blank), c) if is_text(c) else (c,))
    ]


@oddity("chunk-letter-by-letter", on=Stage.CHUNKS, only_one="size of pieces")
def letter_by_letter(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """Short texts come one character at a time."""
    if facts.body.get("logprobs") or len(chunks) > _FEW:
        return chunks
    return [
        made
        for c in chunks
        for made in (
            (with_delta(c, {"content": letter}) for letter in delta_of(c)["content"])
            if is_text(c)
            else (c,)
        )
    ]


@oddity("chunk-pieces-of-three-tokens", on=Stage.CHUNKS, only_one="size of pieces")
def pieces_of_three_tokens(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """Three tokens come in each chunk."""
    if not _alone(chunks) or facts.body.get("logprobs"):
        return chunks
    made: list[Obj] = []
    for number, chunk in enumerate(chunks):
        if number % 3 and is_text(chunk) and made and is_text(made[-1]):
            text = delta_of(made[-1])["content"] + delta_of(chunk)["content"]
            made[-1] = with_delta(made[-1], {"content": text})
        else:
            made.append(chunk)
    return made


@oddity("chunk-usage-null-unasked", on=Stage.CHUNKS, because=_SDKS, only_one="usage null")
def usage_null_unasked(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """Chunks say usage null although nobody asked."""
    return [{**c, "usage": c.get("usage")} for c in chunks]


@oddity("chunk-usage-without-null-before", on=Stage.CHUNKS, because=_SDKS, only_one="usage null")
def usage_without_null_before(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """Only the chunk with the usage has the member."""
    return [
        {name: value for name, value in c.items() if name != "usage" or value is not None}
        for c in chunks
    ]


@oddity("chunk-obfuscation", on=Stage.CHUNKS, because=_RECORDED, only_one="obfuscation")
def obfuscation(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """Chunks carry padding of varying length."""
    return [{**c, "obfuscation": "aB3xY9"[: n % 7]} for n, c in enumerate(chunks)]


@oddity("chunk-obfuscation-short", on=Stage.CHUNKS, because=_MANY, only_one="obfuscation")
def obfuscation_short(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """Chunks carry padding under the name p."""
    return [{**c, "p": "abcdefghijk"[: n % 11]} for n, c in enumerate(chunks)]


@oddity(
    "chunk-first-without-choices",
    on=Stage.CHUNKS,
    because="Azure OpenAI opens streams with its prompt filter results",
    only_one="first chunk",
)
def first_without_choices(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """The first chunk has no choices."""
    return [{**chunks[0], "choices": []}, *chunks]


@oddity(
    "chunk-first-of-azure",
    on=Stage.CHUNKS,
    because="recorded in every stream of Azure OpenAI, whose clients are the official ones",
    only_one="first chunk",
)
def first_of_azure(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """The first chunk has no choices, and id, object and model are empty."""
    blank = {"id": "", "object": "", "created": 0, "model": "", "prompt_filter_results": []}
    return [{**chunks[0], **blank, "choices": []}, *chunks]


@oddity(
    "chunk-moderation-last",
    on=Stage.CHUNKS,
    because="recorded at api.openai.com: behind the usage when moderation was asked for",
)
def moderation_last(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """A last chunk has no choices and no usage, but the findings of a moderation."""
    last = {name: value for name, value in chunks[-1].items() if name != "usage"}
    return [*chunks, {**last, "choices": [], "moderation": {"flagged": False}}]


def _call_of(chunk: Obj) -> Obj:
    (call,) = delta_of(chunk)["tool_calls"]
    found: Obj = call
    return found


def _with_call(chunk: Obj, call: Obj) -> Obj:
    return with_delta(chunk, {**delta_of(chunk), "tool_calls": [call]})


def _plain_call(chunk: Obj) -> bool:
    return is_call(chunk) and "function" in _call_of(chunk)


def _saying(chunk: Obj, text: str) -> Obj:
    call = _call_of(chunk)
    return _with_call(chunk, {**call, "function": {**call["function"], "arguments": text}})


@oddity("chunk-arguments-at-once", on=Stage.CHUNKS, because=_SDKS, only_one="size of arguments")
def arguments_at_once(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """A tool call comes whole in one delta."""
    made: list[Obj] = []
    for chunk in chunks:
        if made and all(map(_plain_call, (chunk, made[-1]))) and not _call_of(chunk).get("id"):
            earlier = _call_of(made[-1])["function"]["arguments"]
            made[-1] = _saying(made[-1], earlier + _call_of(chunk)["function"]["arguments"])
        else:
            made.append(chunk)
    return made


@oddity("chunk-arguments-by-letter", on=Stage.CHUNKS, only_one="size of arguments")
def arguments_by_letter(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """Arguments come one character at a time."""

    def cut(chunk: Obj) -> Iterator[Obj]:
        if not _plain_call(chunk) or _call_of(chunk).get("id"):
            yield chunk
            return
        for letter in _call_of(chunk)["function"]["arguments"]:
            yield _saying(chunk, letter)

    return [made for chunk in chunks for made in cut(chunk)]


@oddity("chunk-arguments-empty-between", on=Stage.CHUNKS, because=_SDKS)
def arguments_empty_between(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """Between the pieces of arguments come empty ones."""
    return [
        made
        for c in chunks
        for made in ((_saying(c, ""), c) if _plain_call(c) and not _call_of(c).get("id") else (c,))
    ]


@oddity("chunk-arguments-in-first", on=Stage.CHUNKS, because=_SDKS, only_one="size of arguments")
def arguments_in_first(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """The first delta of a tool call brings the first piece of its arguments."""
    made: list[Obj] = []
    for chunk in chunks:
        opening = made and _plain_call(made[-1]) and _plain_call(chunk)
        if opening and not _call_of(made[-1])["function"].get("arguments"):
            made[-1] = _saying(made[-1], _call_of(chunk)["function"]["arguments"])
        else:
            made.append(chunk)
    return made


@oddity("chunk-call-type-again", on=Stage.CHUNKS, because=_SDKS)
def call_type_again(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """Later deltas of a tool call say its type again."""
    return [
        _with_call(c, {**_call_of(c), "type": "function"}) if _plain_call(c) else c for c in chunks
    ]


@oddity("chunk-calls-interleaved", on=Stage.CHUNKS, because=_SDKS, only_one="number of calls")
def calls_interleaved(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """Two tool calls come at the same time, their pieces by turns."""

    alone = facts.body.get("parallel_tool_calls") is False
    if alone or any(_plain_call(c) and _call_of(c)["index"] for c in chunks):
        return chunks

    def twin(chunk: Obj) -> Obj:
        call = {**_call_of(chunk), "index": 1}
        return _with_call(chunk, {**call, "id": call["id"] + "b"} if "id" in call else call)

    return [made for c in chunks for made in ((c, twin(c)) if _plain_call(c) else (c,))]


@oddity("chunk-call-in-first", on=Stage.CHUNKS, because=_SDKS)
def call_in_first(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """The role comes in one chunk with the opening of the first tool call."""
    if len(chunks) < 2 or not _alone(chunks) or not is_call(chunks[1]) or is_call(chunks[0]):
        return chunks
    return [with_delta(chunks[1], {**delta_of(chunks[1]), **delta_of(chunks[0])}), *chunks[2:]]


@oddity("chunk-two-choices-in-one", on=Stage.CHUNKS, because="choices is an array")
def two_choices_in_one(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """Where there are two choices, both come in the same chunks."""
    made: list[Obj] = []
    for chunk in chunks:
        before = made[-1]["choices"] if made else []
        if len(before) == 1 and [c["index"] for c in chunk["choices"]] == [before[0]["index"] + 1]:
            made[-1] = {**made[-1], "choices": [*before, *chunk["choices"]]}
        else:
            made.append(chunk)
    return made


@oddity("chunk-choices-one-after-another", on=Stage.CHUNKS, because=_SDKS)
def choices_one_after_another(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """Where there are two choices, the second begins when the first is done."""
    return sorted(chunks, key=lambda c: c["choices"][0]["index"] if c["choices"] else 99)


@oddity("chunk-finish-with-last-content", on=Stage.CHUNKS, because=_MANY, only_one="finish")
def finish_with_last_content(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """The finish_reason comes with the last piece of text or arguments."""
    at = next((n for n, c in enumerate(chunks) if is_finish(c)), 0)
    if not _alone(chunks) or at < 2 or not (is_text(chunks[at - 1]) or is_call(chunks[at - 1])):
        return chunks
    reason = chunks[at]["choices"][0]["finish_reason"]
    last = _choice(chunks[at - 1], finish_reason=reason)
    return [*chunks[: at - 1], last, *chunks[at + 1 :]]
