"""Streams."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conformance.model.profile import Profile, Sends, Streaming, UsagePlace
from conformance.refserver.exchange import Reply

from .asking import COUNT, NAMED, PLAIN, WEATHER, chat, chunks, events, read, text

ASKED = {"stream": True, "stream_options": {"include_usage": True}}
JSON_FORM = {"response_format": {"type": "json_object"}}


def streaming(**habits: Any) -> Profile:
    """A profile whose streams look like this."""
    return replace(PLAIN, streaming=Streaming(**habits))


def choices(reply: Reply, index: int = 0) -> list[dict[str, Any]]:
    """One choice in all chunks."""
    return [c for chunk in chunks(reply) for c in chunk["choices"] if c["index"] == index]


@pytest.mark.parametrize(
    "body",
    [{}, {"messages": COUNT, "max_tokens": 64}, {"n": 3}, JSON_FORM],
    ids=["short", "cut", "three", "json"],
)
def test_a_stream_adds_up_to_the_whole_answer(body: dict[str, Any]) -> None:
    """Text, finish reason and number of choices are those of the whole answer."""
    whole, stream = read(chat(**body)), chat(**body, stream=True)

    for choice in whole["choices"]:
        index = choice["index"]
        finishes = [c["finish_reason"] for c in choices(stream, index) if c["finish_reason"]]
        assert choice["message"]["content"] == text(stream, index)
        assert [choice["finish_reason"]] == finishes


@pytest.mark.parametrize("wish", ["required", NAMED], ids=["required", "named"])
def test_streamed_calls_add_up(wish: Any) -> None:
    """The first piece of a call says who is called; the arguments follow."""
    body = {"tools": [WEATHER], "tool_choice": wish}
    call = read(chat(**body))["choices"][0]["message"]["tool_calls"][0]
    deltas = [c["delta"] for c in choices(chat(**body, stream=True))]
    first, *rest = [piece for delta in deltas for piece in delta.get("tool_calls", ())]
    fragments = [piece["function"]["arguments"] for piece in rest]

    assert {"role": "assistant", "content": None, "refusal": None} == deltas[0]
    assert {**call, "index": 0, "function": {"name": "get_weather", "arguments": ""}} == first
    assert call["function"]["arguments"] == "".join(fragments)
    assert all({"index", "function"} == set(piece) for piece in rest)


def test_a_stream_begins_and_ends_as_openai_s() -> None:
    """The role first, the finish on an empty delta, the end marker last, every event a frame."""
    reply = chat(stream=True)
    found = choices(reply)

    assert {"role": "assistant", "content": "", "refusal": None} == found[0]["delta"]
    assert ({}, "stop") == (found[-1]["delta"], found[-1]["finish_reason"])
    assert "[DONE]" == events(reply)[-1]
    assert len(events(reply)) == len(reply.frames)
    assert "text/event-stream; charset=utf-8" == reply.header("content-type")


def test_ids_are_those_of_one_answer() -> None:
    """Id, time and model do not change within a stream."""
    heads = {(c["id"], c["created"], c["model"], c["object"]) for c in chunks(chat(stream=True))}

    assert 1 == len(heads)


def test_usage_comes_when_asked_for() -> None:
    """One last chunk without choices has it, and null stands on all others."""
    *others, last = chunks(chat(**ASKED))

    assert all(chunk["usage"] is None for chunk in others)
    assert ([], read(chat())["usage"]) == (last["choices"], last["usage"])
    assert not any("usage" in chunk for chunk in chunks(chat(stream=True)))


@pytest.mark.parametrize(
    ("habit", "asked", "expected"),
    [
        (Sends.OPT_IN, True, 1),
        (Sends.OPT_IN, False, 0),
        (Sends.UNKNOWN, False, 0),
        (Sends.ALWAYS, False, 1),
        (Sends.ALWAYS, True, 1),
        (Sends.NEVER, True, 0),
    ],
)
def test_usage_comes_as_the_profile_says(habit: Sends, asked: bool, expected: int) -> None:
    """Opt-in, always or never."""
    reply = chat(streaming(usage=habit), **(ASKED if asked else {"stream": True}))

    assert expected == sum(1 for chunk in chunks(reply) if chunk.get("usage"))


@pytest.mark.parametrize(
    ("place", "last_choices", "others"),
    [
        (UsagePlace.OWN_CHUNK, 0, False),
        (UsagePlace.OWN_CHUNK_WITH_CHOICES, 1, False),
        (UsagePlace.FINISH_CHUNK, 1, False),
        (UsagePlace.EVERY_CHUNK, 1, True),
    ],
)
def test_usage_stands_where_the_profile_says(
    place: UsagePlace, last_choices: int, others: bool
) -> None:
    """In its own chunk, with the finish reason, or growing on every chunk."""
    profile = streaming(usage=Sends.ALWAYS, usage_places=(place,))
    *rest, last = chunks(chat(profile, stream=True))

    assert (last_choices, read(chat())["usage"]) == (len(last["choices"]), last["usage"])
    assert others == all(chunk.get("usage") for chunk in rest)


@pytest.mark.parametrize(("role", "expected"), [("first", 1), ("unknown", 1), ("never", 0)])
def test_the_role_comes_as_the_profile_says(role: str, expected: int) -> None:
    """Once, or never."""
    found = choices(chat(streaming(role=role), stream=True))

    assert expected == sum("role" in choice["delta"] for choice in found)


def test_the_role_may_come_with_every_delta() -> None:
    """Some endpoints repeat it."""
    found = choices(chat(streaming(role="every"), stream=True))

    assert all(choice["delta"]["role"] == "assistant" for choice in found)


@pytest.mark.parametrize(("key", "present"), [("null", True), ("absent", False)])
def test_open_chunks_may_lack_the_finish_reason(key: str, present: bool) -> None:
    """Before the end it is null or absent; at the end it is there."""
    *rest, last = choices(chat(streaming(finish_reason_key=key), stream=True))

    assert "stop" == last["finish_reason"]
    assert all(present == ("finish_reason" in choice) for choice in rest)


def test_streams_may_lack_their_end_marker_and_have_comments() -> None:
    """Both follow the profile."""
    reply = chat(streaming(done=Sends.NEVER, comments=Sends.ALWAYS), stream=True)

    assert b"[DONE]" not in reply.body
    assert reply.body.startswith(b": keep-alive\n\ndata: ")


def test_log_probabilities_are_those_of_each_delta() -> None:
    """Joined, they are those of the whole answer."""
    body = {"logprobs": True, "top_logprobs": 1}
    whole = read(chat(**body))["choices"][0]["logprobs"]["content"]
    parts = [c["logprobs"] for c in choices(chat(**body, stream=True))]

    assert whole == [entry for part in parts if part for entry in part["content"]]
