"""An answer as ``chat.completion.chunk`` objects and as events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Any

from conformance.model.profile import Profile, Sends, Streaming, UsagePlace
from conformance.refserver.brain import Call
from conformance.refserver.completion import Answer, counted, logprobs, tool_call
from conformance.refserver.exchange import Obj
from conformance.refserver.writing import DONE, KEEP_ALIVE, event_of


def chunks(answer: Answer, profile: Profile) -> list[Obj]:
    """All chunks of a stream in order."""
    turns = [list(_choice_chunks(answer, index)) for index in range(len(answer.choices))]
    found = [chunk for turn in zip_longest(*turns) for chunk in turn if chunk is not None]
    if profile.streaming.role in ("every", "never"):
        _set_roles(found, every=profile.streaming.role == "every")
    _add_usage(found, answer, profile.streaming)
    if profile.streaming.finish_reason_key == "absent":
        _drop_open_finishes(found)
    return found


def events(found: Iterable[str], profile: Profile) -> list[bytes]:
    """The chunks' texts as events, with comments and an end where the profile has them."""
    written = [event_of(text) for text in found]
    if profile.streaming.comments is Sends.ALWAYS:
        written = [KEEP_ALIVE, *written[:1], KEEP_ALIVE, *written[1:]]
    return written if profile.streaming.done is Sends.NEVER else [*written, DONE]


def chunk(answer: Answer, choices: list[Obj]) -> Obj:
    """One chunk."""
    return {
        "id": answer.id,
        "object": "chat.completion.chunk",
        "created": answer.created,
        "model": answer.request.model,
        "service_tier": answer.service_tier,
        "system_fingerprint": answer.system_fingerprint,
        "choices": choices,
    }


def _choice_chunks(answer: Answer, index: int) -> Iterator[Obj]:
    said = answer.choices[index]
    opening = {"role": "assistant", "content": None if said.calls else "", "refusal": None}
    yield _delta(answer, index, opening)
    for token in said.tokens:
        yield _delta(answer, index, {"content": token}, tokens=(token,))
    for at, call in enumerate(said.calls):
        for delta in _call_deltas(answer, index, at, call):
            yield _delta(answer, index, delta)
    yield _delta(answer, index, {}, said.finish)


def _delta(
    answer: Answer,
    index: int,
    delta: Obj,
    finish: str | None = None,
    tokens: tuple[str, ...] = (),
) -> Obj:
    scores = logprobs(answer, tokens) if tokens else None
    choice = {"index": index, "delta": delta, "logprobs": scores, "finish_reason": finish}
    return chunk(answer, [choice])


def _call_deltas(answer: Answer, index: int, at: int, call: Call) -> Iterator[Obj]:
    """First who is called, with nothing to say yet, then the arguments piece by piece."""
    kind = call.tool.kind
    text = "input" if kind == "custom" else "arguments"
    if kind == "legacy":
        yield {"function_call": {"name": call.tool.name, "arguments": ""}}
        for fragment in call.fragments:
            yield {"function_call": {"arguments": fragment}}
        return
    opening = tool_call(answer, index, at, call)
    yield {"tool_calls": [{"index": at, **opening, kind: {"name": call.tool.name, text: ""}}]}
    for fragment in call.fragments:
        yield {"tool_calls": [{"index": at, kind: {text: fragment}}]}


def _set_roles(found: list[Obj], *, every: bool) -> None:
    for one in found:
        for choice in one["choices"]:
            choice["delta"].pop("role", None)
            if every:
                choice["delta"] = {"role": "assistant", **choice["delta"]}


def _drop_open_finishes(found: list[Obj]) -> None:
    for one in found:
        for choice in one["choices"]:
            if choice["finish_reason"] is None:
                del choice["finish_reason"]


def _add_usage(found: list[Obj], answer: Answer, streaming: Streaming) -> None:
    asked = answer.request.include_usage
    if streaming.usage is Sends.NEVER or not (asked or streaming.usage is Sends.ALWAYS):
        return
    if asked:
        for one in found:
            one["usage"] = None
    place = next(iter(streaming.usage_places), UsagePlace.OWN_CHUNK)
    if place is UsagePlace.EVERY_CHUNK:
        _run_usage(found, answer.usage)
    elif place is UsagePlace.FINISH_CHUNK:
        found[-1]["usage"] = answer.usage
    else:
        empty: Any = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": None}
        choices = [empty] if place is UsagePlace.OWN_CHUNK_WITH_CHOICES else []
        found.append({**chunk(answer, choices), "usage": answer.usage})


def _run_usage(found: list[Obj], usage: Obj) -> None:
    """A usage that grows from chunk to chunk and is whole on the last."""
    spent = usage["completion_tokens"]
    for number, one in enumerate(found):
        one["usage"] = counted(usage["prompt_tokens"], min(number, spent))
    if found:
        found[-1]["usage"] = usage
